#include "runtime/snapshot/folder_store.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "runtime/base/sim_fs.h"

namespace braid {
namespace {

using Names = std::vector<std::string>;

std::string big() {
  std::string content;
  while (content.size() < 2 * SnapshotStore::kPieceBytes + 100) content += std::to_string(content.size()) + ",";
  return content;
}

TEST(FolderStore, holds_objects_by_name) {
  SimFs fs(1);
  FolderStore store(fs, "/mnt/snapshots");
  EXPECT_EQ(*store.list("j/t/files"), Names{});
  ASSERT_TRUE(store.put_text("j/t/files/b", big()).ok());
  ASSERT_TRUE(store.put_text("j/t/files/a", "").ok());
  EXPECT_EQ(*store.list("j/t/files"), (Names{"a", "b"}));
  EXPECT_EQ(*store.get_text("j/t/files/b", 10 << 20), big());
  EXPECT_EQ(*store.get_text("j/t/files/a", 0), "");
  EXPECT_FALSE(store.get_text("j/t/files/b", 1000).ok());
  auto missing = store.get_text("j/t/files/c", 10);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, 8030);
  EXPECT_EQ(missing.error().system_error, ENOENT);
  ASSERT_TRUE(store.remove("j/t/files/b").ok());
  ASSERT_TRUE(store.remove("j/t/files/b").ok());
  EXPECT_EQ(*store.list("j/t/files"), (Names{"a"}));
}

TEST(FolderStore, errors_have_codes) {
  for (const auto& [system_error, code] : {std::pair(ENOSPC, 8032), std::pair(EDQUOT, 8032), std::pair(EACCES, 8031)}) {
    SimFs fs(1);
    FolderStore store(fs, "/mnt");
    fs.fail_operation(2, system_error);
    const Status put = store.put_text("j/a", "x");
    ASSERT_FALSE(put.ok());
    EXPECT_EQ(put.error().code, code);
    EXPECT_EQ(put.error().kind, ErrorKind::store);
    EXPECT_NE(put.error().message.find("/mnt"), std::string::npos);
    fs.fail_operation(fs.operations() + 1, EACCES);
    const auto listed = store.list("j");
    ASSERT_FALSE(listed.ok());
    EXPECT_EQ(listed.error().code, 8030);
  }
}

TEST(FolderStore, an_error_of_the_caller_stays_as_it_is_and_leaves_nothing) {
  SimFs fs(1);
  FolderStore store(fs, "/mnt");
  const Status put =
      store.put("j/a", 5, []() -> Result<std::string_view> { return Error{ErrorKind::input, "no", 1234, 0}; });
  EXPECT_EQ(put.error().code, 1234);
  EXPECT_EQ(*store.list("j"), Names{});
  EXPECT_EQ(*store.list_unfinished("j"), Names{});
}

/// Whatever fails and wherever the power goes: no object, or all of it.
TEST(FolderStore, an_object_is_there_as_a_whole_or_not_at_all) {
  uint64_t operations = 0;
  {
    SimFs fs(1);
    FolderStore store(fs, "/mnt");
    ASSERT_TRUE(store.put_text("j/a", big()).ok());
    operations = fs.operations();
  }
  bool unfinished_seen = false;
  for (uint64_t at = 1; at <= operations; ++at) {
    for (const bool power_cut : {false, true}) {
      SimFs fs(at);
      FolderStore store(fs, "/mnt");
      if (power_cut)
        fs.cut_power_at(at);
      else
        fs.fail_operation(at, ENOSPC);
      const bool put = store.put_text("j/a", big()).ok();
      EXPECT_FALSE(put);
      if (power_cut) fs.crash();
      const Names listed = *store.list("j");
      if (!listed.empty()) EXPECT_EQ(*store.get_text("j/a", 10 << 20), big());
      unfinished_seen = unfinished_seen || *store.list_unfinished("j") == Names{"a"};
      ASSERT_TRUE(store.remove("j/a").ok());
      EXPECT_EQ(*store.list_unfinished("j"), Names{});
    }
  }
  EXPECT_TRUE(unfinished_seen);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimFs fs(seed);
    FolderStore store(fs, "/mnt");
    ASSERT_TRUE(store.put_text("j/a", big()).ok());
    fs.crash();
    EXPECT_EQ(*store.get_text("j/a", 10 << 20), big()) << "what was put is durable";
  }
}

}  // namespace
}  // namespace braid
