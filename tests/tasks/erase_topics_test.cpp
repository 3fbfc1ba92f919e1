// Subjects that are erased from a job over the simulated broker: what its topics and stores have afterwards, and what a
// job that goes on, is made again, or starts over writes.
#include "runtime/tasks/erase_topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "runtime/broker/sim_broker.h"
#include "runtime/engine/test_job.h"
#include "runtime/report/erasure_findings.h"
#include "runtime/report/topic_findings.h"
#include "runtime/snapshot/folder_store.h"
#include "runtime/tasks/erase_started_over.h"
#include "runtime/tasks/erasure_topic.h"
#include "runtime/tasks/reset.h"
#include "runtime/tasks/task.h"

namespace braid {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAreArray;

constexpr int64_t kSecond = 1'000'000;
const std::string kSubject = "subject-4711";

/// Rows as they come, to a topic that is kept for a day; windows by k, to one that is compacted.
Program program_of(int64_t size = 20) {
  test::ProgramBuilder b;
  const int source = b.source("s", 10);
  const int all = b.publish(b.keep(source, [](int64_t v) { return v >= 0; }), "all");
  const int windows = b.publish(b.group(source, size, size), "windows");
  b.program.operators[static_cast<size_t>(all)].products = {0};
  b.program.operators[static_cast<size_t>(windows)].products = {1};
  test::find_products(b.program);
  b.program.id = static_cast<uint64_t>(size);
  b.program.sources[0].key = {0};
  b.program.sources[0].binding = {"topic", "in", "json", {{"unit", "us"}}};
  b.program.products[1].key = {{0}};
  return b.program;
}

/// A cluster, and a machine with a job on it.
class World {
 public:
  World() {
    cluster_.create({"in", 2, -1, {}});
    cluster_.create({"all", 1, -1, {{"retention.ms", "86400000"}}});
    cluster_.create({"windows", 2, -1, {{"cleanup.policy", "compact"}}});
    writer_ = std::move(*broker_->make_writer({}));
    options_.job = test::job_options();
    options_.job.until_caught_up = true;
    options_.job.commit_every_us = 100'000;
    options_.broker.group = "job";
    for (const char* name : {"all", "windows"}) {
      TopicBinding out;
      out.topic = name;
      out.format = "json";
      options_.outputs[static_cast<int>(options_.outputs.size())] = out;
    }
  }

  /// Each second record is the subject's; others are of people who have the times of the windows with them.
  void put(int64_t first, int64_t count) {
    for (int64_t number = first; number < first + count; ++number) {
      const std::string key = number % 2 == 0 ? kSubject : std::string(1, static_cast<char>('a' + number % 3));
      std::string line = test::record(key, number % 7, 100 + number);
      line.pop_back();
      ASSERT_TRUE(writer_->write({.place = {"in", partition_of_key(key, 2)}, .key = key, .value = line}).ok());
    }
    ASSERT_TRUE(writer_->flush(kSecond).ok());
  }
  void run(const Program& program = program_of()) {
    const auto report = run_topic_job(program, options_, seams());
    ASSERT_TRUE(report.ok()) << report.error().message;
  }
  Result<TopicErasure> erase(bool dry = false, const Program& program = program_of()) {
    auto reader = broker_->make_reader({.group = "job"});
    auto log = read_topic_erasures(options_, seams(), **reader);
    EXPECT_TRUE(log.ok());
    log_ = *log;
    if (log_.salt.empty()) log_.salt = "salt";
    const SubjectKey key{{"k", '"' + kSubject + '"'}};
    log_.subjects.push_back(
        {.source = "test.s", .fields = {"k"}, .hash = log_.hash_of("test.s", key), .time_us = 1, .because = "asked"});
    return erase_from_topic_job(program, options_, seams(), log_, {{"test.s", {kSubject}}}, dry);
  }

  /// As `braid erase --for-reset` and `braid run --reset` do it.
  void start_over(const Program& program) {
    ASSERT_FALSE(log_.subjects.empty());
    ASSERT_TRUE(write_topic_erasures(options_, seams(), log_).ok());
    const auto reset = start_over_without(program, options_, seams());
    ASSERT_TRUE(reset.ok()) << reset.error().message;
  }
  Result<TopicErasure> finish(const Program& program) {
    auto reader = broker_->make_reader({.group = "job"});
    BRAID_ASSIGN(log_, read_topic_erasures(options_, seams(), **reader));
    BRAID_ASSIGN(const std::optional<StartedOver> started, read_started_over(options_, seams(), **reader));
    EXPECT_TRUE(started.has_value());
    return erase_from_started_over(program, options_, seams(), *started, log_, {{"test.s", {kSubject}}}, false);
  }
  /// Topics of the job itself that have the key of the subject.
  std::vector<std::string> own_topics_of_subject() {
    std::vector<std::string> found;
    const auto all = broker_->topics(kSecond);
    for (const std::string& topic : *all)
      if (topic.starts_with("job.") && of_subject(topic) > 0) found.push_back(topic);
    return found;
  }

  struct Row {
    std::string key, value;
    bool has_value = true;
    bool operator==(const Row&) const = default;
  };
  std::vector<Row> rows(const std::string& topic) {
    std::vector<Row> found;
    for (int32_t partition = 0; partition < cluster_.partitions_of(topic); ++partition) {
      const SimLog& log = *cluster_.log_of({topic, partition});
      log.visit(log.begin(), log.last_stable(), [&](const SimLog::Entry& entry, int64_t offset) {
        const BrokerRecord& record = entry.payload->records()[static_cast<size_t>(offset - entry.base)];
        found.push_back(
            {std::string(record.key.value_or("")), std::string(record.value.value_or("")), record.value.has_value()});
        return true;
      });
    }
    return found;
  }
  std::vector<std::string> texts(const std::string& topic) {
    std::vector<std::string> found;
    for (const Row& row : rows(topic)) found.push_back(row.key + (row.has_value ? " " + row.value : " deleted"));
    return found;
  }
  static bool is_of_subject(const Row& row) {
    return row.key == kSubject || row.value.find(kSubject) != std::string::npos;
  }
  /// Those that are not the subject's, in order. Partitions are read one after the other.
  std::vector<std::string> of_others(const std::string& topic) {
    std::vector<std::string> found;
    for (const Row& row : rows(topic))
      if (!is_of_subject(row)) found.push_back(row.key + " " + row.value);
    return found;
  }
  size_t of_subject(const std::string& topic) {
    size_t count = 0;
    for (const Row& row : rows(topic)) count += is_of_subject(row) ? 1 : 0;
    return count;
  }
  /// What a reader of the compacted topic has at the end, by key.
  std::map<std::string, std::string> table() {
    std::map<std::string, std::string> last;
    for (const Row& row : rows("windows")) {
      last.erase(row.key);
      if (row.has_value) last[row.key] = row.value;
    }
    return last;
  }
  /// Files of the machine that have the key of the subject.
  std::vector<std::string> files_of_subject(const std::string& folder = "data") {
    std::vector<std::string> found;
    const auto names = fs().list_directory(folder);
    if (!names.ok()) return found;
    for (const std::string& name : *names) {
      const std::string path = join_path(folder, name);
      if (fs().stat(path)->directory) {
        for (const std::string& each : files_of_subject(path)) found.push_back(each);
      } else if (const auto bytes = fs().read_file(path); bytes.ok() && bytes->find(kSubject) != std::string::npos) {
        found.push_back(path);
      }
    }
    return found;
  }

  Fs& fs() { return machine_.fs; }
  TopicJobOptions& options() { return options_; }
  const ErasureLog& log() const { return log_; }
  JobSeams seams() {
    return {machine_.fs, sim_clock_, executor_,
            [this](const std::string& directory) { return MemoryStore::open(machine_.fs, directory); }, broker_.get()};
  }
  /// The process is gone, and another one starts.
  void crash() {
    broker_->crash();
    broker_ = std::make_unique<SimBroker>(cluster_, "another");
    writer_ = std::move(*broker_->make_writer({}));
  }
  SimBroker& broker() { return *broker_; }
  SimCluster& cluster() { return cluster_; }
  void wait(int64_t us) { sim_clock_.sleep_us(us); }
  FolderStore& snapshots() { return snapshots_; }
  /// What the task of the partition has counted for promises of `volume`, as its last commit says.
  std::string volumes(int32_t partition) {
    const auto committed = cluster_.groups().committed("job", {{"in", partition}});
    return std::string(read_volumes_of(committed.found.front().metadata));
  }

 private:
  ManualClock clock_{1'700'000'000 * kSecond};
  SimCluster cluster_{clock_, {}};
  SimClock sim_clock_{cluster_.time()};
  std::unique_ptr<SimBroker> broker_ = std::make_unique<SimBroker>(cluster_, "job");
  test::Machine machine_{1};
  FolderStore snapshots_{machine_.fs, "snapshots"};
  InlineExecutor executor_;
  TopicJobOptions options_;
  std::unique_ptr<BrokerWriter> writer_;
  ErasureLog log_;
};

/// A job that nobody was erased from, with the same records.
class ErasureFromTopics : public testing::Test {
 protected:
  void begin() {
    for (World* world : {&world_, &never_erased_}) {
      world->put(0, 100);
      world->run();
      world->put(100, 60);
      world->run();
    }
    ASSERT_GT(world_.of_subject("all"), 50U);
    ASSERT_TRUE(world_.table().contains(kSubject));
  }
  void go_on(int64_t first) {
    for (World* world : {&world_, &never_erased_}) {
      world->put(first, 60);
      world->run();
    }
  }
  void expect_same_for_others() {
    for (const char* topic : {"all", "windows"}) EXPECT_EQ(world_.of_others(topic), never_erased_.of_others(topic));
  }

  World world_, never_erased_;
};

TEST_F(ErasureFromTopics, names_rows_that_stay_and_deletes_keys) {
  begin();
  const size_t of_subject = world_.of_subject("all");
  const auto erased = world_.erase();
  ASSERT_TRUE(erased.ok()) << erased.error().message;
  EXPECT_FALSE(world_.table().contains(kSubject));
  expect_same_for_others();
  EXPECT_EQ(world_.of_subject("all"), of_subject);
  ASSERT_EQ(erased->topics.size(), 2U);
  const ErasedTopic &all = erased->topics[0], &windows = erased->topics[1];
  EXPECT_EQ(all.topic, "all");
  EXPECT_EQ(all.rows, static_cast<int64_t>(of_subject));
  EXPECT_FALSE(all.by_key);
  EXPECT_FALSE(all.compacted);
  EXPECT_EQ(all.retention_us, 86'400 * kSecond);
  EXPECT_EQ(all.newest_us, 100 + 158);
  EXPECT_EQ(windows.topic, "windows");
  EXPECT_TRUE(windows.by_key);
  EXPECT_TRUE(windows.compacted);
  EXPECT_EQ(windows.deleted, 1);
  EXPECT_EQ(windows.corrected, 0);
  EXPECT_THAT(world_.files_of_subject(), IsEmpty());
  EXPECT_TRUE(world_.log().subjects.front().done);
  EXPECT_EQ(world_.log().subjects.size(), 1U);
}

TEST_F(ErasureFromTopics, lets_the_job_go_on) {
  begin();
  const auto erased = world_.erase();
  ASSERT_TRUE(erased.ok()) << erased.error().message;
  const size_t of_subject = world_.of_subject("all");
  go_on(160);
  go_on(220);
  EXPECT_EQ(world_.of_subject("all"), of_subject);
  EXPECT_FALSE(world_.table().contains(kSubject));
  expect_same_for_others();
  EXPECT_THAT(world_.files_of_subject(), IsEmpty());
}

TEST_F(ErasureFromTopics, does_not_come_back_where_tasks_are_made_again) {
  begin();
  ASSERT_TRUE(world_.erase().ok());
  go_on(160);
  const size_t of_subject = world_.of_subject("all");
  ASSERT_TRUE(world_.fs().remove_tree("data/tasks").ok());
  go_on(220);
  EXPECT_EQ(world_.of_subject("all"), of_subject);
  EXPECT_FALSE(world_.table().contains(kSubject));
  expect_same_for_others();
  EXPECT_THAT(world_.files_of_subject(), IsEmpty());
}

TEST_F(ErasureFromTopics, does_not_come_back_by_a_reset) {
  begin();
  ASSERT_TRUE(world_.erase().ok());
  const size_t of_subject = world_.of_subject("all"), of_others = world_.of_others("all").size();
  ASSERT_TRUE(reset_topic_job(world_.options(), world_.seams()).ok());
  world_.run();
  EXPECT_EQ(world_.of_subject("all"), of_subject);
  EXPECT_EQ(world_.of_others("all").size(), 2 * of_others);
  EXPECT_FALSE(world_.table().contains(kSubject));
  // And the history of the new run is one that can be run again.
  ASSERT_TRUE(world_.fs().remove_tree("data/tasks").ok());
  world_.put(160, 20);
  world_.run();
  EXPECT_EQ(world_.of_subject("all"), of_subject);
}

/// A user who may see all topics but one: a list leaves it out, and a question by its name is refused.
class Unseeing : public SimBroker {
 public:
  Unseeing(SimCluster& cluster, std::string hidden) : SimBroker(cluster, "unseeing"), hidden_(std::move(hidden)) {}
  BrokerResult<std::vector<std::string>> topics(int64_t timeout_us) override {
    BRAID_ASSIGN(std::vector<std::string> found, SimBroker::topics(timeout_us));
    std::erase(found, hidden_);
    return found;
  }
  BrokerResult<std::vector<TopicInfo>> describe(std::span<const std::string> topics, int64_t timeout_us) override {
    if (std::ranges::find(topics, hidden_) != topics.end())
      return BrokerError{BrokerFault::refused, "cannot describe the topic `" + hidden_ + "`"};
    return SimBroker::describe(topics, timeout_us);
  }

 private:
  std::string hidden_;
};

TEST_F(ErasureFromTopics, is_not_passed_by_a_user_who_does_not_see_it) {
  begin();
  ASSERT_TRUE(world_.erase().ok());
  Unseeing broker(world_.cluster(), "job.erasures");
  JobSeams seams = world_.seams();
  seams.broker = &broker;
  const auto reader = broker.make_reader({.group = "job"});
  ASSERT_TRUE(reader.ok());
  const auto log = read_topic_erasures(world_.options(), seams, **reader);
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(log.error().message, HasSubstr("`job.erasures`"));
  EXPECT_FALSE(run_topic_job(program_of(), world_.options(), seams).ok());
}

/// Windows of records that keys do not place, in a later stage, which reads the reference data `u` from a file.
Program program_of_two_stages() {
  test::ProgramBuilder b;
  const int source = b.source("s", 10);
  const int table = b.source("u", -1, 0, true);
  const int product = b.publish(b.reference_join(b.group(source, 20, 20), table, true), "all");
  b.program.operators[static_cast<size_t>(product)].products = {0};
  test::find_products(b.program);
  b.program.id = 7;
  b.program.sources[0].binding = {"topic", "in", "json", {{"unit", "us"}}};
  return b.program;
}

TEST_F(ErasureFromTopics, noted_for_a_reset_passes_over_reference_data_of_later_stages) {
  // A value that nothing else in the rows has.
  constexpr int64_t kOfSubject = 987'654'321, kOfOther = 123'456'789;
  for (World* world : {&world_, &never_erased_}) {
    ASSERT_TRUE(world->fs().make_directories("in").ok());
    ASSERT_TRUE(world->fs()
                    .write_file("in/u.ndjson", test::record(kSubject, kOfSubject, 1) + test::record("a", kOfOther, 1))
                    .ok());
    world->options().outputs.erase(1);
    world->put(0, 100);
  }
  ErasureLog log;
  log.salt = "salt";
  const SubjectKey key{{"k", '"' + kSubject + '"'}};
  log.subjects.push_back(
      {.source = "test.u", .fields = {"k"}, .hash = log.hash_of("test.u", key), .time_us = 1, .because = "asked"});
  ASSERT_TRUE(write_topic_erasures(world_.options(), world_.seams(), log).ok());
  const auto has = [](World& world, int64_t value) {
    return std::ranges::any_of(world.rows("all"), [&](const World::Row& row) {
      return row.value.find(std::to_string(value)) != std::string::npos;
    });
  };
  for (World* world : {&world_, &never_erased_}) world->run(program_of_two_stages());
  EXPECT_TRUE(has(never_erased_, kOfSubject));
  EXPECT_TRUE(has(never_erased_, kOfOther));
  EXPECT_FALSE(has(world_, kOfSubject));
  EXPECT_TRUE(has(world_, kOfOther));
  // Also where tasks are made again.
  for (World* world : {&world_, &never_erased_}) {
    ASSERT_TRUE(world->fs().remove_tree("data/tasks").ok());
    world->put(100, 60);
    world->run(program_of_two_stages());
  }
  EXPECT_FALSE(has(world_, kOfSubject));
}

/// Rows as they come, and windows of records that keys do not place, so that these are of a later stage.
Program program_of_stages() {
  Program program = program_of();
  program.sources[0].key.clear();
  return program;
}

TEST_F(ErasureFromTopics, starts_over_a_job_of_any_stages_and_delivery) {
  for (const bool two_stages : {true, false})
    for (const Delivery delivery : {Delivery::exactly_once, Delivery::at_least_once}) {
      if (!two_stages && delivery == Delivery::exactly_once) continue;
      SCOPED_TRACE(testing::Message() << two_stages << ' ' << static_cast<int>(delivery));
      World world, never_erased;
      const Program program = two_stages ? program_of_stages() : program_of();
      for (World* each : {&world, &never_erased}) {
        each->options().broker.delivery = delivery;
        each->put(0, 100);
        each->run(program);
      }
      ASSERT_TRUE(world.table().contains(kSubject));
      if (two_stages && delivery == Delivery::exactly_once) ASSERT_THAT(world.own_topics_of_subject(), Not(IsEmpty()));
      const auto refused = world.erase(false, program);
      ASSERT_FALSE(refused.ok());
      EXPECT_EQ(refused.error().code, diag::TopicErasureNotPossible::kCode) << refused.error().message;
      world.start_over(program);
      const size_t of_subject = world.of_subject("all"), rows = world.rows("all").size();
      // The new run has read nothing so far, so nobody can say which keys it will not have.
      const auto early = world.finish(program);
      ASSERT_FALSE(early.ok());
      EXPECT_EQ(early.error().code, diag::StartedOverNotDone::kCode) << early.error().message;
      EXPECT_TRUE(world.table().contains(kSubject));
      world.run(program);
      EXPECT_TRUE(world.table().contains(kSubject));
      const auto erased = world.finish(program);
      ASSERT_TRUE(erased.ok()) << erased.error().message;
      auto expected = never_erased.table();
      expected.erase(kSubject);
      EXPECT_EQ(world.table(), expected);
      EXPECT_EQ(world.of_subject("all"), of_subject);
      EXPECT_THAT(world.files_of_subject(), IsEmpty());
      EXPECT_THAT(world.own_topics_of_subject(), IsEmpty());
      ASSERT_EQ(erased->topics.size(), 2U);
      EXPECT_EQ(erased->topics[0].topic, "all");
      EXPECT_EQ(erased->topics[0].rows, static_cast<int64_t>(rows));
      EXPECT_FALSE(erased->topics[0].by_key);
      EXPECT_EQ(erased->topics[1].deleted, 1);
      EXPECT_EQ(erased->topics[1].unsure, 0);
      EXPECT_TRUE(world.log().subjects.front().done);
      // Again, as behind a kill before the receipt.
      const auto again = world.finish(program);
      ASSERT_TRUE(again.ok()) << again.error().message;
      EXPECT_EQ(again->topics[1].deleted, 0);
      EXPECT_EQ(world.log().subjects.size(), 1U);
      for (World* each : {&world, &never_erased}) {
        each->put(100, 60);
        each->run(program);
      }
      expected = never_erased.table();
      expected.erase(kSubject);
      EXPECT_EQ(world.table(), expected);
      EXPECT_EQ(world.of_subject("all"), of_subject);
    }
}

TEST_F(ErasureFromTopics, leaves_keys_of_which_nobody_can_say_whose_they_are) {
  const Program program = program_of_stages();
  world_.put(0, 100);
  world_.run(program);
  ASSERT_FALSE(world_.erase(false, program).ok());
  auto expected = world_.table();
  ASSERT_EQ(expected.erase(kSubject), 1U);
  for (const int32_t partition : {0, 1}) {
    const auto range = world_.broker().offsets({"in", partition}, kSecond);
    ASSERT_TRUE(world_.broker().delete_records_before({"in", partition}, range->end, kSecond).ok());
  }
  world_.start_over(program);
  world_.run(program);
  const auto erased = world_.finish(program);
  ASSERT_TRUE(erased.ok()) << erased.error().message;
  EXPECT_EQ(world_.table(), expected);
  const ErasedTopic& windows = erased->topics.back();
  EXPECT_EQ(windows.topic, "windows");
  EXPECT_EQ(windows.deleted, 1);
  EXPECT_EQ(windows.unsure, static_cast<int64_t>(expected.size()));
}

TEST_F(ErasureFromTopics, is_not_started_over_while_somebody_writes) {
  const Program program = program_of_stages();
  world_.put(0, 20);
  world_.run(program);
  ASSERT_FALSE(world_.erase(false, program).ok());
  ASSERT_TRUE(write_topic_erasures(world_.options(), world_.seams(), world_.log()).ok());
  /// Somebody who writes when the group is forgotten.
  struct Writing : SimBroker {
    using SimBroker::SimBroker;
    BrokerStatus delete_group(const std::string& group, int64_t timeout_us) override {
      BRAID_ASSIGN(const std::unique_ptr<BrokerWriter> writer, make_writer({}));
      BRAID_TRY(writer->write({.place = {"all", 0}, .value = "{}"}));
      BRAID_TRY(writer->flush(kSecond));
      return SimBroker::delete_group(group, timeout_us);
    }
  } broker(world_.cluster(), "writing");
  JobSeams seams = world_.seams();
  seams.broker = &broker;
  const auto reset = start_over_without(program, world_.options(), seams);
  ASSERT_FALSE(reset.ok());
  EXPECT_EQ(reset.error().code, diag::GroupHasMembers::kCode);
  auto reader = broker.make_reader({.group = "job"});
  EXPECT_FALSE(read_started_over(world_.options(), seams, **reader)->has_value());
}

TEST_F(ErasureFromTopics, may_be_followed_by_another_one) {
  begin();
  const auto first = world_.erase();
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->erasure.places.front().before, 80);
  go_on(160);
  const auto again = world_.erase();
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_THAT(again->topics, IsEmpty());
  // Its receipt names the records that are in the source.
  EXPECT_EQ(again->erasure.places.front().before, 110);
  ASSERT_TRUE(world_.fs().remove_tree("data/tasks").ok());
  go_on(220);
  EXPECT_FALSE(world_.table().contains(kSubject));
  expect_same_for_others();
}

TEST_F(ErasureFromTopics, does_nothing_when_it_is_tried) {
  begin();
  const auto tried = world_.erase(true);
  ASSERT_TRUE(tried.ok()) << tried.error().message;
  EXPECT_EQ(tried->topics.size(), 2U);
  EXPECT_TRUE(world_.table().contains(kSubject));
  go_on(160);
  for (const char* topic : {"all", "windows"}) EXPECT_EQ(world_.rows(topic), never_erased_.rows(topic));
}

struct Killed {};

TEST_F(ErasureFromTopics, is_whole_or_not_at_all) {
  begin();
  world_.options().job.kill_point = [](std::string_view point) {
    if (point == "after_erasure") throw Killed();
  };
  EXPECT_THROW((void)world_.erase(), Killed);
  world_.crash();
  world_.options().job.kill_point = {};
  EXPECT_FALSE(world_.table().contains(kSubject));
  EXPECT_THAT(world_.files_of_subject(), Not(IsEmpty()));
  const size_t of_subject = world_.of_subject("all");
  go_on(160);
  EXPECT_EQ(world_.of_subject("all"), of_subject);
  expect_same_for_others();
  const auto again = world_.erase();
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_THAT(world_.files_of_subject(), IsEmpty());
}

TEST_F(ErasureFromTopics, has_not_happened_if_the_commit_fails) {
  begin();
  world_.options().job.kill_point = [this](std::string_view point) {
    if (point == "before_erasure") world_.broker().crash();
  };
  EXPECT_FALSE(world_.erase().ok());
  world_.options().job.kill_point = {};
  world_.crash();
  world_.wait(70 * kSecond);  // the brokers end the transaction that was open
  EXPECT_TRUE(world_.table().contains(kSubject));
  go_on(160);
  // Another instance may write the rows of its tasks in another order.
  for (const char* topic : {"all", "windows"})
    EXPECT_THAT(world_.texts(topic), UnorderedElementsAreArray(never_erased_.texts(topic)));
  ASSERT_TRUE(world_.erase().ok());
  EXPECT_FALSE(world_.table().contains(kSubject));
}

TEST_F(ErasureFromTopics, does_not_come_back_by_a_snapshot_of_before) {
  for (World* world : {&world_, &never_erased_}) world->options().snapshots = &world->snapshots();
  begin();
  world_.options().job.kill_point = [](std::string_view point) {
    if (point == "after_erasure") throw Killed();
  };
  EXPECT_THROW((void)world_.erase(), Killed);
  world_.crash();
  world_.options().job.kill_point = {};
  ASSERT_TRUE(world_.fs().stat("snapshots")->exists);
  const size_t of_subject = world_.of_subject("all");
  ASSERT_TRUE(world_.fs().remove_tree("data/tasks").ok());
  go_on(160);
  EXPECT_EQ(world_.of_subject("all"), of_subject);
  EXPECT_FALSE(world_.table().contains(kSubject));
  expect_same_for_others();
  const auto again = world_.erase();
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(again->has_snapshots);
}

TEST_F(ErasureFromTopics, keeps_what_was_counted_for_volume) {
  Program program = program_of();
  program.products[0].promises = {{.text = "volume 1..100_000 per 1h",
                                   .bound_us = 3600 * kSecond,
                                   .rule = PromiseSpec::Rule::volume,
                                   .least = 1,
                                   .most = 100'000}};
  world_.put(0, 100);
  world_.run(program);
  const std::string counted[] = {world_.volumes(0), world_.volumes(1)};
  ASSERT_FALSE(counted[0].empty());
  ASSERT_FALSE(counted[1].empty());
  const auto erased = world_.erase(false, program);
  ASSERT_TRUE(erased.ok()) << erased.error().message;
  EXPECT_EQ(world_.volumes(0), counted[0]);
  EXPECT_EQ(world_.volumes(1), counted[1]);
}

/// What lies beside a store may be what another command is making.
TEST_F(ErasureFromTopics, changes_no_file_while_others_have_tasks) {
  begin();
  SimBroker other(world_.cluster(), "other");
  auto member = std::move(*other.make_group({.group = "job", .topic = "job.epochs"}));
  struct Nobody : BrokerGroup::Owner {
    bool has_any = false;
    void assigned(std::span<const int32_t>) override { has_any = true; }
    void revoked(std::span<const int32_t>, bool) override {}
  } owner;
  for (int i = 0; i < 200 && !owner.has_any; ++i) ASSERT_TRUE(member->serve(kSecond / 10, owner).ok());
  ASSERT_TRUE(owner.has_any);
  world_.options().job.stop_requested = [&] {
    (void)member->serve(kSecond / 100, owner);
    return false;
  };
  ASSERT_TRUE(world_.fs().make_directories("data/tasks/0.erased").ok());
  ASSERT_TRUE(world_.fs().write_file("data/tasks/0.erased/half", "a store").ok());
  const auto refused = world_.erase();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, diag::GroupHasMembers::kCode) << refused.error().message;
  EXPECT_TRUE(world_.fs().stat("data/tasks/0.erased/half")->exists);
}

TEST_F(ErasureFromTopics, needs_all_records_that_were_read) {
  begin();
  ASSERT_TRUE(world_.broker().delete_records_before({"in", 0}, 7, kSecond).ok());
  ASSERT_TRUE(world_.broker().delete_records_before({"in", 1}, 7, kSecond).ok());
  const auto erased = world_.erase();
  ASSERT_FALSE(erased.ok());
  EXPECT_EQ(erased.error().code, diag::TopicErasureNotPossible::kCode) << erased.error().message;
  EXPECT_TRUE(world_.table().contains(kSubject));
}

TEST_F(ErasureFromTopics, needs_the_script_that_has_made_the_epochs) {
  begin();
  const auto erased = world_.erase(false, program_of(40));
  ASSERT_FALSE(erased.ok());
  EXPECT_EQ(erased.error().code, diag::ErasureScriptChanged::kCode) << erased.error().message;
}

TEST_F(ErasureFromTopics, needs_records_of_all_epochs) {
  begin();
  ASSERT_TRUE(world_.broker().delete_records_before({"job.epochs", 0}, 2, kSecond).ok());
  const auto erased = world_.erase();
  ASSERT_FALSE(erased.ok());
  EXPECT_EQ(erased.error().code, diag::TopicErasureNotPossible::kCode);
  EXPECT_THAT(erased.error().message, HasSubstr("from offset 2 on"));
}

}  // namespace
}  // namespace braid
