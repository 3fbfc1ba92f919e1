// Snapshots of RocksDB on a real disk. BRAID_SNAPSHOT_MB: how large the store is; what it costs is printed.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/base/rng.h"
#include "runtime/snapshot/fetch.h"
#include "runtime/snapshot/folder_store.h"
#include "runtime/snapshot/upload.h"
#include "runtime/state/rocks_store.h"

namespace braid {
namespace {

namespace files = std::filesystem;

constexpr size_t kValueBytes = 100;
const SnapshotOwner kOwner = {"shop", "3"};

double cpu_seconds() {
  struct ::rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const ::timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Stopwatch {
 public:
  void print(const char* what, uint64_t bytes) const {
    std::printf("%-18s %6.2f s wall, %6.2f s CPU, %10.1f MB\n", what,
                static_cast<double>(system_clock().steady_us() - began_us_) / 1e6, cpu_seconds() - cpu_,
                static_cast<double>(bytes) / 1e6);
  }

 private:
  int64_t began_us_ = system_clock().steady_us();
  double cpu_ = cpu_seconds();
};

class RocksSnapshot : public testing::Test {
 protected:
  void SetUp() override {
    root_ = (files::temp_directory_path() / ("braid_snapshot_" + std::to_string(::getpid()))).string();
    files::remove_all(root_);
    files::create_directories(directory());
    open();
  }
  void TearDown() override {
    store_.reset();
    files::remove_all(root_);
  }
  std::string directory() const { return root_ + "/task"; }

  void open() {
    auto opened = open_rocks_store(directory() + "/state");
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = *std::move(opened);
  }
  /// Text that cannot be compressed, so that bytes are bytes.
  static std::string value(Rng& rng) {
    std::string value(kValueBytes, '\0');
    for (char& c : value) c = static_cast<char>(rng.next());
    return value;
  }
  static std::string key(uint64_t number) { return point_key(8, hash_mix(number), std::to_string(number)); }
  void put(uint64_t count, auto number_of) {
    constexpr uint64_t kBatch = 50'000;
    StateBatch batch;
    for (uint64_t i = 0; i < count; ++i) {
      batch.put(StateFamily::point, key(number_of(i)), value(rng_));
      if (batch.changes() < kBatch && i + 1 < count) continue;
      ASSERT_TRUE(store_->commit(batch).ok());
      batch.clear();
    }
  }
  UploadResult upload(SnapshotUploader& uploader, EpochChain chain) {
    const std::vector<std::string> beside = {"identity"};
    const Stopwatch time;
    auto frozen = freeze_task(real_fs(), *store_, directory(), beside, root_ + "/frozen");
    EXPECT_TRUE(frozen.ok()) << frozen.error().message;
    time.print("freeze", 0);
    if (frozen.ok()) uploader.begin(*std::move(frozen), chain, 1);
    UploadResult result = uploader.wait();
    EXPECT_EQ(result.outcome, UploadResult::Outcome::stored) << result.error->message;
    return result;
  }
  Result<FetchResult> fetch(const std::string& to) {
    const std::atomic<bool> stop = false;
    return fetch_snapshot(shared_, real_fs(), {kOwner, 100, [](const SnapshotManifest&) { return true; }, to}, stop);
  }
  static uint64_t digest_of(StateStore& store) {
    uint64_t digest = 0;
    EXPECT_TRUE(store
                    .scan(StateFamily::point, "",
                          [&](std::string_view key, std::string_view value) -> Status {
                            for (const std::string_view part : {key, value})
                              digest = hash_mix(digest, std::hash<std::string_view>()(part));
                            return {};
                          })
                    .ok());
    return digest;
  }

  std::string root_;
  std::unique_ptr<StateStore> store_;
  Rng rng_{1};
  FolderStore shared_{
      real_fs(),
      (files::temp_directory_path() / ("braid_snapshot_" + std::to_string(::getpid()))).string() + "/shared"};
  ThreadExecutor executor_{1};
};

TEST_F(RocksSnapshot, is_fetched_as_it_was_and_copies_only_what_changed) {
  const char* wanted = std::getenv("BRAID_SNAPSHOT_MB");
  const uint64_t rows = std::stoull(wanted != nullptr ? wanted : "16") * 1'000'000 / kValueBytes;
  put(rows, [](uint64_t i) { return i; });
  SnapshotUploader uploader(shared_, real_fs(), system_clock(), executor_, kOwner);

  Stopwatch first_time;
  const UploadResult first = upload(uploader, {1, 11});
  first_time.print("first upload", first.bytes_put);
  EXPECT_EQ(first.files_reused, 0u);
  EXPECT_FALSE(files::exists(root_ + "/frozen"));

  put(rows / 100, [&](uint64_t) { return rng_.below(rows); });
  const uint64_t digest = digest_of(*store_);
  Stopwatch second_time;
  const UploadResult second = upload(uploader, {2, 22});
  second_time.print("second upload, 1 %", second.bytes_put);
  EXPECT_GT(second.files_reused, 0u);
  // A large store has merged tables meanwhile, and what was merged is new.
  if (wanted == nullptr) EXPECT_LT(second.bytes_put, first.bytes_put / 5);

  const uint64_t commits = store_->commits();
  put(1000, [](uint64_t i) { return i; });  // not in the snapshot
  store_.reset();
  Stopwatch fetch_time;
  const std::string moved = root_ + "/moved";
  const auto fetched = fetch(moved);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  ASSERT_TRUE(fetched->snapshot);
  EXPECT_TRUE(fetched->warnings.empty());
  fetch_time.print("fetch", fetched->snapshot->manifest.bytes());
  EXPECT_EQ(fetched->snapshot->manifest.chain, (EpochChain{2, 22}));
  auto opened = open_rocks_store(moved + "/state");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ((*opened)->commits(), commits);
  EXPECT_EQ(digest_of(**opened), digest);
  const std::atomic<bool> stop = false;
  EXPECT_TRUE((*opened)->verify(stop).ok());
}

TEST_F(RocksSnapshot, of_two_stores_of_one_task_at_once) {
  put(60'000, [](uint64_t i) { return i; });
  SnapshotUploader old_owner(shared_, real_fs(), system_clock(), executor_, kOwner);
  const UploadResult base = upload(old_owner, {1, 11});

  // The task moves; both go on, and RocksDB gives their new tables the same names.
  const std::string moved = root_ + "/moved";
  ASSERT_TRUE(fetch(moved).ok());
  std::unique_ptr<StateStore> zombie = std::move(store_);
  auto opened = open_rocks_store(moved + "/state");
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  store_ = *std::move(opened);
  put(30'000, [](uint64_t i) { return 2 * i; });
  const uint64_t digest = digest_of(*store_);
  std::swap(store_, zombie);
  put(30'000, [](uint64_t i) { return 3 * i; });
  const uint64_t zombie_digest = digest_of(*store_);
  std::swap(store_, zombie);

  ThreadExecutor other_executor(1);
  SnapshotUploader new_owner(shared_, real_fs(), system_clock(), other_executor, kOwner);
  new_owner.continue_from(base.name);
  auto frozen = freeze_task(real_fs(), *store_, moved, {}, root_ + "/frozen1");
  auto other_frozen = freeze_task(real_fs(), *zombie, directory(), {}, root_ + "/frozen2");
  ASSERT_TRUE(frozen.ok() && other_frozen.ok());
  new_owner.begin(*std::move(frozen), {2, 22}, 1);
  old_owner.begin(*std::move(other_frozen), {2, 99}, 1);
  const UploadResult good = new_owner.wait(), stray = old_owner.wait();
  ASSERT_EQ(good.outcome, UploadResult::Outcome::stored);
  ASSERT_EQ(stray.outcome, UploadResult::Outcome::stored);
  EXPECT_GT(good.files_reused, 0u);
  EXPECT_GT(stray.files_reused, 0u);
  for (const uint64_t chain : {22u, 99u}) {
    const std::string to = root_ + "/check" + std::to_string(chain);
    const std::atomic<bool> stop = false;
    const auto fetched = fetch_snapshot(
        shared_, real_fs(), {kOwner, 2, [&](const SnapshotManifest& m) { return m.chain.digest == chain; }, to}, stop);
    ASSERT_TRUE(fetched.ok() && fetched->snapshot);
    auto copy = open_rocks_store(to + "/state");
    ASSERT_TRUE(copy.ok()) << copy.error().message;
    EXPECT_EQ(digest_of(**copy), chain == 22 ? digest : zombie_digest);
  }
}

TEST_F(RocksSnapshot, of_a_damaged_table_is_not_stored) {
  put(60'000, [](uint64_t i) { return i; });
  auto frozen = freeze_task(real_fs(), *store_, directory(), {}, root_ + "/frozen");
  ASSERT_TRUE(frozen.ok());
  int tables = 0;
  for (const FrozenFile& file : frozen->files) {
    if (!file.path.ends_with(".sst")) continue;
    ++tables;
    EXPECT_TRUE(file.hash.has_value()) << file.path;
    const std::string path = frozen->directory + "/" + file.path;
    EXPECT_GT(files::hard_link_count(path), 1u) << "a table is linked";
    std::string content = *real_fs().read_file(path);
    content[content.size() / 3] ^= 1;
    ASSERT_TRUE(real_fs().write_file(path, content).ok());
  }
  ASSERT_GT(tables, 0);
  SnapshotUploader uploader(shared_, real_fs(), system_clock(), executor_, kOwner);
  uploader.begin(*std::move(frozen), {1, 1}, 1);
  const UploadResult result = uploader.wait();
  ASSERT_EQ(result.outcome, UploadResult::Outcome::failed);
  EXPECT_EQ(result.error->code, 8037);
  EXPECT_TRUE(shared_.list(kOwner.manifests())->empty());
  EXPECT_TRUE(shared_.list(kOwner.files())->empty());
}

}  // namespace
}  // namespace braid
