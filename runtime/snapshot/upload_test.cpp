#include "runtime/snapshot/upload.h"

#include <cerrno>

#include "runtime/snapshot/test_task.h"

namespace braid {
namespace {

using namespace test;

TEST(Upload, brings_a_task_to_another_machine) {
  SimFs a(1), b(2);
  SharedFolder shared(3);
  TestTask task(a);
  Rng rng(1);
  for (int i = 0; i < 5; ++i) task.commit(rng);
  auto uploader = shared.uploader(a);
  const UploadResult result = shared.upload(task, uploader);
  ASSERT_EQ(result.outcome, UploadResult::Outcome::stored) << result.error->message;
  EXPECT_EQ(result.files_put, 2u);
  EXPECT_EQ(result.files_reused, 0u);
  EXPECT_FALSE(a.stat("/data/task.frozen")->exists);

  const auto fetched = shared.fetch(b, task.chain.epoch);
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  ASSERT_TRUE(fetched->snapshot);
  EXPECT_TRUE(fetched->warnings.empty());
  EXPECT_EQ(fetched->snapshot->manifest.chain, task.chain);
  EXPECT_EQ(fetched->snapshot->manifest.program, kProgram);
  EXPECT_EQ(fetched->snapshot->name, result.name);
  b.crash();  // what was fetched is durable
  TestTask moved(b);
  EXPECT_EQ(moved.chain, fetched->snapshot->manifest.chain);
  EXPECT_EQ(moved.rows, task.rows);
  EXPECT_EQ(moved.store->commits(), 5u);
  EXPECT_EQ(*b.read_file("/data/task/identity"), "the store");
  EXPECT_FALSE(b.stat("/data/task/missing")->exists);
}

TEST(Upload, puts_a_file_once_also_over_a_move_and_a_restart) {
  SimFs a(1), b(2);
  SharedFolder shared(3);
  TestTask task(a);
  Rng rng(1);
  task.commit(rng);
  {
    auto uploader = shared.uploader(a);
    EXPECT_EQ(shared.upload(task, uploader).files_put, 2u);
    task.commit(rng);
    const UploadResult second = shared.upload(task, uploader);
    EXPECT_EQ(second.files_put, 1u);
    EXPECT_EQ(second.files_reused, 2u);
    EXPECT_EQ(second.bytes_put + second.bytes_reused, second.manifest.bytes());
  }
  task.commit(rng);
  auto restarted = shared.uploader(a);
  EXPECT_EQ(shared.upload(task, restarted).files_put, 1u);

  const auto fetched = shared.fetch(b, 100);
  ASSERT_TRUE(fetched.ok() && fetched->snapshot);
  TestTask moved(b);
  EXPECT_EQ(moved.chain, fetched->snapshot->manifest.chain);
  EXPECT_EQ(moved.rows, task.rows);
  moved.commit(rng);
  auto new_owner = shared.uploader(b);
  new_owner.continue_from(fetched->snapshot->name);
  const UploadResult result = shared.upload(moved, new_owner);
  EXPECT_EQ(result.files_put, 1u);
  EXPECT_EQ(result.files_reused, 3u);  // the last part of the log has grown
}

TEST(Upload, keeps_two_snapshots_and_their_files) {
  SimFs a(1);
  SharedFolder shared(3);
  TestTask task(a);
  Rng rng(1);
  auto uploader = shared.uploader(a);
  std::vector<std::string> names;
  for (int i = 0; i < 6; ++i) {
    task.commit(rng);
    const UploadResult result = shared.upload(task, uploader);
    ASSERT_EQ(result.outcome, UploadResult::Outcome::stored);
    EXPECT_TRUE(result.warnings.empty());
    names.push_back(result.name);
  }
  EXPECT_EQ(shared.manifests(), (std::vector<std::string>{names[4], names[5]}));
  EXPECT_EQ(shared.files().size(), 7u);  // a part of the log for each epoch, and the identity
}

TEST(Upload, goes_in_slices_and_can_be_cancelled) {
  SimFs a(1);
  SharedFolder shared(3);
  TestTask task(a);
  Rng rng(1);
  for (int i = 0; i < 4; ++i) {
    task.commit(rng);
    ASSERT_TRUE(task.store->checkpoint("/data/part" + std::to_string(i)).ok());
  }
  UploadOptions options = SharedFolder::prompt();
  options.slice_bytes = 1;
  auto uploader = shared.uploader(a, options);
  EXPECT_FALSE(uploader.poll());
  uploader.begin(*task.freeze(), task.chain, kProgram);
  int polls = 0;
  std::optional<UploadResult> result;
  for (; !result; ++polls) {
    ASSERT_LT(polls, 100);
    ASSERT_TRUE(uploader.busy());
    result = uploader.poll();
  }
  EXPECT_GT(polls, 4);
  EXPECT_EQ(result->outcome, UploadResult::Outcome::stored);
  EXPECT_FALSE(uploader.busy());
  const auto before = shared.files();

  task.commit(rng);
  task.commit(rng);
  uploader.begin(*task.freeze(), task.chain, kProgram);
  ASSERT_GT(shared.files().size(), before.size());
  uploader.cancel();
  result = uploader.wait();
  EXPECT_EQ(result->outcome, UploadResult::Outcome::cancelled);
  EXPECT_FALSE(result->error);
  EXPECT_EQ(shared.files(), before);
  EXPECT_EQ(shared.manifests().size(), 1u);
  EXPECT_FALSE(a.stat("/data/task.frozen")->exists);
  {
    auto given_up = shared.uploader(a, options);
    given_up.begin(*task.freeze(), task.chain, kProgram);
  }
  EXPECT_EQ(shared.files(), before);
}

TEST(Upload, on_a_thread_of_its_own) {
  SimFs a(1);
  SharedFolder shared(3);
  TestTask task(a);
  Rng rng(1);
  ThreadExecutor executor(1);
  SnapshotUploader uploader(shared.store, a, system_clock(), executor, kOwner);
  for (int i = 0; i < 5; ++i) {
    task.commit(rng);
    uploader.begin(*task.freeze(), task.chain, kProgram);
    task.commit(rng);  // meanwhile
    std::optional<UploadResult> result;
    while (!result) result = uploader.poll();
    ASSERT_EQ(result->outcome, UploadResult::Outcome::stored);
  }
  SimFs b(2);
  const auto fetched = shared.fetch(b, 100);
  ASSERT_TRUE(fetched.ok() && fetched->snapshot);
  EXPECT_EQ(fetched->snapshot->manifest.chain.epoch, 9u);
}

TEST(Upload, that_fails_leaves_what_was_stored) {
  Rng rng(1);
  SimFs a(1);
  SharedFolder shared(3);
  TestTask task(a);
  auto uploader = shared.uploader(a);
  task.commit(rng);
  ASSERT_EQ(shared.upload(task, uploader).outcome, UploadResult::Outcome::stored);
  const Rows before = task.rows;
  task.commit(rng);

  auto fails_with = [&](SimFs& fs, uint64_t operation, int system_error) {
    auto frozen = task.freeze();
    fs.fail_operation(fs.operations() + operation, system_error);
    uploader.begin(*std::move(frozen), task.chain, kProgram);
    const UploadResult result = uploader.wait();
    EXPECT_EQ(result.outcome, UploadResult::Outcome::failed);
    EXPECT_EQ(result.error->kind, ErrorKind::store);
    SimFs b(2);
    const auto fetched = shared.fetch(b, 100);
    EXPECT_TRUE(fetched.ok() && fetched->snapshot);
    EXPECT_EQ(TestTask(b).rows, before);
    return result.error->code;
  };
  EXPECT_EQ(fails_with(shared.fs, 1, EACCES), 8030);  // list
  EXPECT_EQ(fails_with(shared.fs, 5, EACCES), 8031);
  EXPECT_EQ(fails_with(shared.fs, 6, ENOSPC), 8032);
  EXPECT_EQ(fails_with(a, 1, EACCES), 8037);
  shared.clock.advance_us(1);
  {
    auto frozen = task.freeze();
    for (FrozenFile& file : frozen->files)
      if (file.hash) *file.hash ^= 1;
    uploader.begin(*std::move(frozen), task.chain, kProgram);
    const UploadResult damaged = uploader.wait();
    ASSERT_EQ(damaged.outcome, UploadResult::Outcome::failed);
    EXPECT_EQ(damaged.error->code, 8037);
  }
  EXPECT_EQ(shared.manifests().size(), 1u);
  EXPECT_EQ(shared.upload(task, uploader).outcome, UploadResult::Outcome::stored);
}

TEST(Upload, that_takes_longer_than_orphans_are_kept_fails) {
  SimFs a(1);
  SharedFolder shared(3);
  TestTask task(a);
  Rng rng(1);
  task.commit(rng);
  UploadOptions options = SharedFolder::prompt();
  options.slice_bytes = 1;
  auto uploader = shared.uploader(a, options);
  uploader.begin(*task.freeze(), task.chain, kProgram);
  shared.clock.advance_us(int64_t{13} * 3600 * 1'000'000);
  const UploadResult result = uploader.wait();
  ASSERT_EQ(result.outcome, UploadResult::Outcome::failed);
  EXPECT_EQ(result.error->code, 8036);
  EXPECT_TRUE(shared.files().empty());
}

TEST(Upload, finds_that_another_owner_removed_a_file_it_has_in_common) {
  SimFs a(1);
  SharedFolder shared(3);
  TestTask task(a);
  Rng rng(1);
  task.commit(rng);
  UploadOptions options = SharedFolder::prompt();
  options.slice_bytes = 1;
  auto uploader = shared.uploader(a, options);
  const UploadResult first = shared.upload(task, uploader);
  ASSERT_EQ(first.outcome, UploadResult::Outcome::stored);
  task.commit(rng);
  uploader.begin(*task.freeze(), task.chain, kProgram);
  for (const SnapshotFile& file : first.manifest.files)
    ASSERT_TRUE(shared.store.remove(kOwner.files() + "/" + file.object).ok());
  const UploadResult lost = uploader.wait();
  ASSERT_EQ(lost.outcome, UploadResult::Outcome::failed);
  EXPECT_EQ(lost.error->code, 8038);
  EXPECT_EQ(shared.manifests(), std::vector<std::string>{first.name});
  const UploadResult again = shared.upload(task, uploader);
  ASSERT_EQ(again.outcome, UploadResult::Outcome::stored);
  EXPECT_EQ(again.files_reused, 0u);
  SimFs b(2);
  const auto fetched = shared.fetch(b, 100);
  ASSERT_TRUE(fetched.ok() && fetched->snapshot);
  EXPECT_EQ(TestTask(b).rows, task.rows);
}

TEST(Upload, old_snapshots_that_stay_are_a_warning) {
  SimFs a(1);
  SharedFolder shared(3);
  TestTask task(a);
  Rng rng(1);
  auto uploader = shared.uploader(a);
  for (int i = 0; i < 2; ++i) {
    task.commit(rng);
    ASSERT_EQ(shared.upload(task, uploader).outcome, UploadResult::Outcome::stored);
  }
  task.commit(rng);
  UploadResult result;
  for (uint64_t at = 1; result.warnings.empty(); ++at) {
    ASSERT_LT(at, 100u);
    shared.fs.fail_operation(shared.fs.operations() + at, EACCES);
    result = shared.upload(task, uploader);
  }
  EXPECT_EQ(result.outcome, UploadResult::Outcome::stored);
  EXPECT_EQ(result.warnings[0].code, 8039);
}

TEST(Upload, a_full_disk_under_the_frozen_task_has_a_code) {
  SimFs a(1);
  TestTask task(a);
  Rng rng(1);
  task.commit(rng);
  const uint64_t before = a.operations();
  ASSERT_TRUE(task.freeze().ok());
  const uint64_t operations = a.operations() - before;
  for (uint64_t at = 1; at <= operations; ++at)
    for (const auto& [system_error, code] : {std::pair(ENOSPC, 8003), std::pair(EACCES, 7018)}) {
      a.fail_operation(a.operations() + at, system_error);
      const auto frozen = task.freeze();
      if (frozen.ok()) continue;  // there was less to delete
      EXPECT_EQ(frozen.error().code, code);
      EXPECT_EQ(frozen.error().kind, ErrorKind::store);
    }
  EXPECT_TRUE(task.freeze().ok());
}

}  // namespace
}  // namespace braid
