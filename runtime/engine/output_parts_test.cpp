// Many rows of products with `{field}` in their paths: written before the epoch ends, with few files open.
#include <gtest/gtest.h>

#include "runtime/base/sim_fs.h"
#include "runtime/engine/output_files.h"
#include "runtime/state/memory_store.h"

namespace braid {
namespace {

class Parts : public testing::Test {
 protected:
  Parts() {
    program_.products.push_back(
        {.domain = "t", .name = "p", .row = {{"k", optional_type(string_type())}, {"text", string_type()}}});
    bindings_[0] = {
        .path = "out/{k}.ndjson", .format = "json", .style = {}, .parts = PathTemplate::parse("out/{k}.ndjson")};
    EXPECT_TRUE(fs_.make_directories("data").ok());
  }
  std::unique_ptr<OutputFiles> open() {
    auto files = std::make_unique<OutputFiles>(fs_, program_, "data", bindings_);
    files->set_store({.id = "x", .path = "/data", .device = 1, .inode = 1}, false);
    EXPECT_TRUE(files->recover(store_).ok());
    EXPECT_TRUE(files->claim_products(store_).ok());
    files->claim_early([this]() -> Result<StateStore*> {
      ++early_;
      return &store_;
    });
    return files;
  }
  void write(OutputFiles& files, const std::vector<std::string>& keys, const std::string& text) {
    Arena arena;
    Block block = allocate_block(flatten(program_.products[0].row), static_cast<uint32_t>(keys.size()), arena);
    block.rows = static_cast<uint32_t>(keys.size());
    for (uint32_t row = 0; row < block.rows; ++row) {
      block.columns[0].as<uint8_t>()[row] = keys[row] != "null";
      block.columns[1].as<Bytes>()[row] = {keys[row].data(), keys[row].size()};
      block.columns[2].as<Bytes>()[row] = {text.data(), text.size()};
    }
    files.write(0, "", program_.products[0].row, block);
  }
  void commit(OutputFiles& files) {
    ASSERT_TRUE(files.freeze(store_).ok());
    StateBatch batch;
    std::vector<EpochOutput> epoch;
    files.collect(batch, epoch);
    ASSERT_TRUE(files.sync().ok());
    ASSERT_TRUE(store_.commit(batch).ok());
  }
  uint64_t size_of(const std::string& path) { return fs_.stat(path)->size; }

  SimFs fs_{1};
  MemoryStore store_;
  Program program_;
  std::map<int, OutputBinding> bindings_;
  int early_ = 0;
};

TEST_F(Parts, MuchIsWrittenBeforeTheEpochEnds) {
  auto files = open();
  std::vector<std::string> keys;
  for (int i = 0; i < 200; ++i) keys.push_back(std::to_string(100 + i));
  const std::string text(25'000, 'x');
  for (int round = 0; round < 5; ++round) write(*files, keys, text);
  EXPECT_GE(early_, 2);
  commit(*files);
  const uint64_t size = size_of("out/107.ndjson");
  EXPECT_GT(size, 5 * text.size());
  // What was written early and not committed is cut.
  for (int round = 0; round < 5; ++round) write(*files, keys, text);
  EXPECT_GT(size_of("out/107.ndjson") + size_of("out/108.ndjson"), 2 * size);
  files.reset();
  files = open();
  for (const std::string& key : keys) EXPECT_EQ(size_of("out/" + key + ".ndjson"), size);
  const auto written = files->written();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(written[0].rows, 1000);
  EXPECT_EQ(written[0].bytes, 200 * size);
  EXPECT_EQ(written[0].path, "out/{k}.ndjson (200 files)");
  write(*files, {"107", "null", "a/../b", "107"}, "y");
  commit(*files);
  EXPECT_EQ(*fs_.read_file("out/%null.ndjson"), "{\"k\":null,\"text\":\"y\"}\n");
  EXPECT_EQ(*fs_.read_file("out/a%2F..%2Fb.ndjson"), "{\"k\":\"a/../b\",\"text\":\"y\"}\n");
  EXPECT_GT(size_of("out/107.ndjson"), size);
}

TEST_F(Parts, AMissingFileStopsTheJob) {
  auto files = open();
  write(*files, {"a", "b"}, "text");
  commit(*files);
  files.reset();
  ASSERT_TRUE(fs_.remove("out/b.ndjson").ok());
  OutputFiles again(fs_, program_, "data", bindings_);
  again.set_store({.id = "x", .path = "/data", .device = 1, .inode = 1}, false);
  const Status recovered = again.recover(store_);
  ASSERT_FALSE(recovered.ok());
  EXPECT_EQ(recovered.error().code, 8007);
}

}  // namespace
}  // namespace braid
