#include "runtime/snapshot/standby.h"

#include <cerrno>

#include "runtime/snapshot/test_task.h"

namespace braid {
namespace {

using namespace test;

constexpr const char* kCopies = "/data/standby";

/// The shared folder, and how often and for how much its files were read.
class CountingStore : public SnapshotStore {
 public:
  explicit CountingStore(SnapshotStore& store) : store_(store) {}
  std::string place() const override { return store_.place(); }
  Status put(const std::string& name, uint64_t size, const NextPiece& next) override {
    return store_.put(name, size, next);
  }
  Status get(const std::string& name, const TakePiece& take) override {
    if (name.find("/files/") != std::string::npos) ++files;
    if (before_get) before_get(name);
    return store_.get(name, take);
  }
  Result<std::vector<std::string>> list(const std::string& folder) override { return store_.list(folder); }
  Result<std::vector<std::string>> list_unfinished(const std::string& folder) override {
    return store_.list_unfinished(folder);
  }
  Status remove(const std::string& name) override { return store_.remove(name); }

  int files = 0;
  std::function<void(const std::string& name)> before_get;

 private:
  SnapshotStore& store_;
};

/// A task on one machine, whose snapshots are copied to another one.
struct TwoMachines {
  SimFs first{1}, second{2};
  SharedFolder shared{3};
  CountingStore counted{shared.store};
  Rng rng{4};
  TestTask task{first};
  SnapshotUploader uploader = shared.uploader(first);
  StandbyStore standby{counted, second, kCopies, UINT64_MAX};

  UploadResult commit() {
    task.commit(rng);
    return shared.upload(task, uploader);
  }
  Result<StandbyRefresh> refresh(std::vector<SnapshotOwner> owners = {kOwner}) {
    return standby.refresh(owners, [] { return false; });
  }
  std::vector<std::string> copies() const {
    FolderStore folder(const_cast<SimFs&>(second), kCopies);
    return *folder.list(kOwner.files());
  }
  /// The task comes to the second machine.
  void expect_task(size_t warnings = 0) {
    ASSERT_TRUE(second.remove_tree(TestTask::kDirectory).ok());
    const FetchRequest request{kOwner, task.chain.epoch, [](const SnapshotManifest&) { return true; },
                               TestTask::kDirectory};
    const std::atomic<bool> stop = false;
    const auto fetched = fetch_snapshot(standby, second, request, stop);
    ASSERT_TRUE(fetched.ok()) << fetched.error().message;
    ASSERT_TRUE(fetched->snapshot);
    EXPECT_EQ(fetched->warnings.size(), warnings);
    EXPECT_EQ(TestTask(second).rows, task.rows);
  }
};

TEST(Standby, has_the_newest_snapshot_before_its_task_comes) {
  TwoMachines two;
  ASSERT_EQ(two.refresh()->tasks, 0u);
  for (int i = 0; i < 5; ++i) {
    const UploadResult stored = two.commit();
    const auto done = two.refresh();
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(done->tasks, 1u);
    EXPECT_EQ(done->bytes, stored.manifest.bytes());
    EXPECT_EQ(done->fetched, stored.bytes_put);
    EXPECT_EQ(two.copies().size(), stored.manifest.files.size());
    two.counted.files = 0;
    EXPECT_EQ(two.refresh()->fetched, 0u);
    two.expect_task();
    EXPECT_EQ(two.counted.files, 0);
  }
}

TEST(Standby, keeps_its_copies_over_a_restart) {
  TwoMachines two;
  two.commit();
  ASSERT_TRUE(two.refresh().ok());
  two.second.crash();
  StandbyStore again(two.counted, two.second, kCopies, UINT64_MAX);
  const SnapshotOwner owners[] = {kOwner};
  EXPECT_EQ(again.refresh(owners, [] { return false; })->fetched, 0u);
  // Tasks that this machine has, or that the job has no more.
  const SnapshotOwner other[] = {{kOwner.job, "4"}};
  EXPECT_EQ(again.refresh(other, [] { return false; })->tasks, 0u);
  EXPECT_TRUE(two.copies().empty());
  EXPECT_TRUE(again.refresh(owners, [] { return false; })->fetched > 0);
  EXPECT_TRUE(again.refresh({}, [] { return false; }).ok());
  EXPECT_TRUE(two.copies().empty());
}

TEST(Standby, takes_no_more_than_its_limit) {
  TwoMachines two;
  const UploadResult stored = two.commit();
  StandbyStore small(two.counted, two.second, kCopies, stored.manifest.bytes() - 1);
  const SnapshotOwner owners[] = {kOwner};
  const auto done = small.refresh(owners, [] { return false; });
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->left_out, 1u);
  EXPECT_EQ(done->bytes, 0u);
  EXPECT_TRUE(two.copies().empty());
}

TEST(Standby, reads_the_store_where_a_copy_is_damaged_or_gone) {
  for (const bool gone : {false, true}) {
    TwoMachines two;
    const UploadResult stored = two.commit();
    ASSERT_TRUE(two.refresh().ok());
    const std::string path = join_path(kCopies, kOwner.files() + "/" + stored.manifest.files[0].object);
    if (gone) {
      ASSERT_TRUE(two.second.remove(path).ok());
    } else {
      std::string content = *two.second.read_file(path);
      content[content.size() / 2] ^= 1;
      ASSERT_TRUE(two.second.write_file(path, content).ok());
    }
    two.counted.files = 0;
    two.expect_task();
    EXPECT_EQ(two.counted.files, 1);
    EXPECT_EQ(two.refresh()->fetched, stored.manifest.files[0].size);
  }
}

TEST(Standby, leaves_what_is_deleted_meanwhile_to_the_next_time) {
  TwoMachines two;
  two.commit();
  two.counted.before_get = [&](const std::string& name) {
    if (name.find("/files/") != std::string::npos) ASSERT_TRUE(two.shared.store.remove(name).ok());
  };
  ASSERT_TRUE(two.refresh().ok());
  EXPECT_TRUE(two.copies().empty());
  two.counted.before_get = {};
  two.uploader.~SnapshotUploader();
  new (&two.uploader) SnapshotUploader(two.shared.uploader(two.first));
  two.commit();
  ASSERT_TRUE(two.refresh().ok());
  two.expect_task();
}

TEST(Standby, reports_a_disk_that_cannot_keep_copies) {
  TwoMachines two;
  two.commit();
  ASSERT_TRUE(two.refresh().ok());
  two.commit();
  std::set<int> codes;
  for (uint64_t operation = 1;; ++operation) {
    const uint64_t failing = two.second.operations() + operation;
    two.second.fail_operation(failing, ENOSPC);
    const auto done = two.refresh();
    if (two.second.operations() < failing) break;  // a refresh has fewer
    if (!done.ok()) codes.insert(done.error().code);
    two.expect_task();
    ASSERT_LT(operation, 100u);
  }
  EXPECT_EQ(codes, std::set<int>{8045});
  two.second.crash();
  EXPECT_EQ(two.refresh()->tasks, 1u);
}

TEST(Standby, stops_when_it_is_asked_to) {
  TwoMachines two;
  two.commit();
  const SnapshotOwner owners[] = {kOwner};
  for (int asked = 0; asked < 2; ++asked) {
    int count = 0;
    const auto done = two.standby.refresh(owners, [&] { return count++ == asked; });
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().system_error, ECANCELED);
    EXPECT_TRUE(two.copies().empty());
  }
}

/// Snapshots come and go, copies are made of some, and power is cut at any moment: the task that comes has all its
/// rows.
TEST(Standby, gives_what_was_stored_whatever_happens) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    TwoMachines two;
    Rng rng(seed);
    two.rng = Rng(seed + 1000);
    std::optional<StandbyStore> standby;
    standby.emplace(two.counted, two.second, kCopies, UINT64_MAX);
    two.commit();
    for (int step = 0; step < 30; ++step) {
      const SnapshotOwner owners[] = {kOwner};
      if (rng.chance(2)) two.commit();
      if (rng.chance(3)) two.second.cut_power_at(two.second.operations() + 1 + rng.below(30));
      (void)standby->refresh(owners, [&] { return rng.chance(40); });
      two.second.crash();
      if (rng.chance(2)) standby.emplace(two.counted, two.second, kCopies, UINT64_MAX);
      if (rng.chance(2)) (void)standby->refresh(owners, [] { return false; });
      ASSERT_TRUE(two.second.remove_tree(TestTask::kDirectory).ok());
      const FetchRequest request{kOwner, two.task.chain.epoch, [](const SnapshotManifest&) { return true; },
                                 TestTask::kDirectory};
      const std::atomic<bool> stop = false;
      const auto fetched = fetch_snapshot(*standby, two.second, request, stop);
      ASSERT_TRUE(fetched.ok()) << fetched.error().message;
      ASSERT_TRUE(fetched->snapshot && fetched->warnings.empty());
      ASSERT_EQ(TestTask(two.second).rows, two.task.rows);
    }
  }
}

TEST(Standby, differs_by_instance_and_leaves_out_own_tasks) {
  const int32_t own[] = {2, 5};
  const auto a = standby_order("shop", 8, own, "a"), b = standby_order("shop", 8, own, "b");
  ASSERT_EQ(a.size(), 6u);
  auto names = [](const std::vector<SnapshotOwner>& owners) {
    std::vector<std::string> tasks;
    for (const SnapshotOwner& owner : owners) tasks.push_back(owner.task);
    return tasks;
  };
  EXPECT_NE(names(a), names(b));
  std::vector<std::string> sorted = names(a);
  std::ranges::sort(sorted);
  EXPECT_EQ(sorted, (std::vector<std::string>{"0", "1", "3", "4", "6", "7"}));
}

}  // namespace
}  // namespace braid
