#include "runtime/snapshot/fetch.h"

#include <cerrno>

#include "runtime/snapshot/test_task.h"

namespace braid {
namespace {

using namespace test;

/// Two snapshots in a folder, of epochs 1 and 2.
struct TwoSnapshots {
  SimFs machine{1};
  SharedFolder shared{3};
  std::vector<Rows> rows;
  std::vector<UploadResult> stored;

  TwoSnapshots() {
    TestTask task(machine);
    Rng rng(1);
    auto uploader = shared.uploader(machine);
    for (int i = 0; i < 2; ++i) {
      task.commit(rng);
      rows.push_back(task.rows);
      stored.push_back(shared.upload(task, uploader));
      EXPECT_EQ(stored.back().outcome, UploadResult::Outcome::stored);
    }
  }
  /// The object of the newest snapshot that the older one has not.
  std::string newest_object() const {
    const SnapshotFile* newest = nullptr;
    for (const SnapshotFile& file : stored[1].manifest.files)
      if (newest == nullptr || file.object > newest->object) newest = &file;
    return "/shared/" + kOwner.files() + "/" + newest->object;
  }
  void expect_older(const std::string& reason) {
    SimFs b(2);
    const auto fetched = shared.fetch(b, 100);
    ASSERT_TRUE(fetched.ok()) << fetched.error().message;
    ASSERT_TRUE(fetched->snapshot);
    EXPECT_EQ(fetched->snapshot->manifest.chain.epoch, 1u);
    ASSERT_EQ(fetched->warnings.size(), 1u);
    EXPECT_EQ(fetched->warnings[0].code, 8033);
    EXPECT_NE(fetched->warnings[0].message.find(reason), std::string::npos) << fetched->warnings[0].message;
    EXPECT_EQ(TestTask(b).rows, rows[0]);
  }
};

TEST(Fetch, gives_the_newest_up_to_an_epoch_that_fits) {
  TwoSnapshots two;
  for (const uint64_t newest : {100u, 2u, 1u, 0u}) {
    SimFs b(2);
    const auto fetched = two.shared.fetch(b, newest);
    ASSERT_TRUE(fetched.ok());
    EXPECT_TRUE(fetched->warnings.empty());
    ASSERT_EQ(fetched->snapshot.has_value(), newest > 0);
    if (newest > 0) EXPECT_EQ(fetched->snapshot->manifest.chain.epoch, std::min<uint64_t>(newest, 2));
    EXPECT_EQ(b.stat(TestTask::kDirectory)->exists, newest > 0);
  }
  SimFs b(2);
  std::vector<uint64_t> asked;
  const auto none = two.shared.fetch(b, 100, [&](const SnapshotManifest& manifest) {
    asked.push_back(manifest.chain.epoch);
    return false;
  });
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->snapshot);
  EXPECT_EQ(asked, (std::vector<uint64_t>{2, 1}));
}

TEST(Fetch, takes_an_older_one_for_what_is_damaged_or_missing) {
  {
    TwoSnapshots two;
    auto file = two.shared.fs.open_writer(two.newest_object(), OpenMode::append);
    ASSERT_TRUE((*file)->append("x").ok());
    two.expect_older("has become longer");
  }
  {
    TwoSnapshots two;
    const std::string content = *two.shared.fs.read_file(two.newest_object());
    std::string changed = content;
    changed[content.size() / 2] ^= 1;
    ASSERT_TRUE(two.shared.fs.write_file(two.newest_object(), changed).ok());
    two.expect_older("is not as it was stored");
    ASSERT_TRUE(two.shared.fs.write_file(two.newest_object(), content.substr(1)).ok());
    two.expect_older("has become shorter");
    ASSERT_TRUE(two.shared.fs.remove(two.newest_object()).ok());
    two.expect_older("cannot open");
  }
  {
    TwoSnapshots two;
    const std::string manifests = "/shared/" + kOwner.manifests() + "/";
    ASSERT_TRUE(two.shared.fs.write_file(manifests + two.stored[1].name, "braid snapshot 7\n").ok());
    two.expect_older("it has format 7, and this program reads 1");
    const std::string other = *two.shared.fs.read_file(manifests + two.stored[0].name);
    ASSERT_TRUE(two.shared.fs.write_file(manifests + two.stored[1].name, other).ok());
    two.expect_older("its manifest is that of another snapshot");
    ASSERT_TRUE(two.shared.fs.remove(manifests + two.stored[0].name).ok());
    SimFs b(2);
    const auto none = two.shared.fetch(b, 100);
    ASSERT_TRUE(none.ok());
    EXPECT_FALSE(none->snapshot);
    EXPECT_EQ(none->warnings.size(), 1u);
    EXPECT_FALSE(b.stat(TestTask::kDirectory)->exists);
  }
}

/// At each operation on either side: a clear error or an older snapshot, and all is well the next time.
TEST(Fetch, after_a_failure_anywhere_begins_again) {
  TwoSnapshots two;
  uint64_t here = 0, there = two.shared.fs.operations();
  {
    SimFs b(2);
    ASSERT_TRUE(two.shared.fetch(b, 100).ok());
    here = b.operations();
    there = two.shared.fs.operations() - there;
  }
  for (const int system_error : {ENOSPC, EACCES}) {
    for (uint64_t at = 1; at <= here; ++at) {
      SimFs b(2);
      b.fail_operation(at, system_error);
      const auto fetched = two.shared.fetch(b, 100);
      ASSERT_FALSE(fetched.ok());
      EXPECT_EQ(fetched.error().code, system_error == ENOSPC ? 8034 : 8035);
      EXPECT_EQ(fetched.error().kind, ErrorKind::store);
      EXPECT_FALSE(b.stat(std::string(TestTask::kDirectory) + ".fetch")->exists);
      if (b.stat(TestTask::kDirectory)->exists) continue;  // it was whole when the last sync failed
      ASSERT_TRUE(two.shared.fetch(b, 100).ok());
      EXPECT_EQ(TestTask(b).rows, two.rows[1]);
    }
  }
  int older = 0;
  for (uint64_t at = 1; at <= there; ++at) {
    SimFs b(2);
    two.shared.fs.fail_operation(two.shared.fs.operations() + at, EACCES);
    const auto fetched = two.shared.fetch(b, 100);
    if (!fetched.ok()) {
      EXPECT_EQ(fetched.error().code, 8030);  // the list
      continue;
    }
    ASSERT_TRUE(fetched->snapshot);
    const uint64_t epoch = fetched->snapshot->manifest.chain.epoch;
    older += epoch == 1;
    EXPECT_EQ(fetched->warnings.empty(), epoch == 2);
    EXPECT_EQ(TestTask(b).rows, two.rows[epoch - 1]);
  }
  EXPECT_GT(older, 3);
}

TEST(Fetch, of_a_folder_that_cannot_be_read_is_an_error) {
  TwoSnapshots two;
  for (int i = 0; i < 200; ++i)
    two.shared.fs.fail_operation(two.shared.fs.operations() + 3 + static_cast<uint64_t>(i), EIO);
  SimFs b(2);
  const auto fetched = two.shared.fetch(b, 100);
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().code, 8030);
}

TEST(Fetch, after_a_power_cut_anywhere_begins_again) {
  TwoSnapshots two;
  uint64_t operations = 0;
  {
    SimFs b(2);
    ASSERT_TRUE(two.shared.fetch(b, 100).ok());
    operations = b.operations();
  }
  int whole = 0;
  for (uint64_t at = 1; at <= operations; ++at) {
    for (uint64_t seed = 1; seed <= 4; ++seed) {
      SimFs b(seed);
      b.cut_power_at(at);
      EXPECT_FALSE(two.shared.fetch(b, 100).ok());
      b.crash();
      if (b.stat(TestTask::kDirectory)->exists)
        ++whole;
      else
        ASSERT_TRUE(two.shared.fetch(b, 100).ok());
      b.crash();
      EXPECT_EQ(TestTask(b).rows, two.rows[1]);
      EXPECT_EQ(*b.read_file("/data/task/identity"), "the store");
    }
  }
  EXPECT_GT(whole, 0);
}

TEST(Fetch, can_be_cancelled) {
  TwoSnapshots two;
  SimFs b(2);
  const std::atomic<bool> stop = true;
  const FetchRequest request{kOwner, 100, [](const SnapshotManifest&) { return true; }, TestTask::kDirectory};
  const auto fetched = fetch_snapshot(two.shared.store, b, request, stop);
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().system_error, ECANCELED);
  EXPECT_FALSE(b.stat(TestTask::kDirectory)->exists);
  EXPECT_FALSE(b.stat(std::string(TestTask::kDirectory) + ".fetch")->exists);
}

}  // namespace
}  // namespace braid
