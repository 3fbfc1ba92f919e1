// One job over the simulated broker, without faults: starting over, files as inputs, traces, what a member shows.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/broker/sim_broker.h"
#include "runtime/engine/dry_run.h"
#include "runtime/engine/test_job.h"
#include "runtime/snapshot/folder_store.h"
#include "runtime/tasks/reset.h"
#include "runtime/tasks/topic_job.h"

namespace braid {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr int64_t kSecond = 1'000'000;

class OneJob : public testing::Test {
 protected:
  OneJob() {
    builder_.source("s", 10);
    builder_.publish(builder_.keep(0, [](int64_t v) { return v > 0; }));
    program_ = builder_.program;
    program_.sources[0].key = {0};
    program_.sources[0].binding = {"topic", "in", "json", {{"unit", "us"}}};
    options_.job = test::job_options();
    options_.job.until_caught_up = true;
    options_.job.commit_every_us = 100'000;
    options_.broker.group = "job";
    options_.snapshots = &snapshots_;
    TopicBinding out;
    out.topic = "out";
    out.format = "json";
    options_.outputs[0] = out;
    cluster_.create({"in", 2, -1, {}});
    writer_ = std::move(*broker_.make_writer({}));
  }

  JobSeams seams() {
    return {machine_.fs, sim_clock_, executor_,
            [this](const std::string& directory) { return MemoryStore::open(machine_.fs, directory); }, &broker_};
  }
  void put(const std::string& key, int64_t value, int32_t partition, std::span<const RecordHeader> headers = {}) {
    std::string line = test::record(key, value, 100 + value);
    line.pop_back();
    const NewRecord record{.place = {"in", partition}, .key = key, .value = line, .headers = headers};
    ASSERT_TRUE(writer_->write(record).ok());
    ASSERT_TRUE(writer_->flush(kSecond).ok());
  }
  /// Of any length: topics may take longer records than the job writes.
  void put_value(std::string_view value, int32_t partition, std::span<const RecordHeader> headers = {}) {
    auto payload = std::make_shared<SimPayload>();
    payload->add({.place = {"in", partition}, .key = std::nullopt, .value = value, .headers = headers});
    cluster_.produce({.place = {"in", partition},
                      .transactional_id = {},
                      .producer = {++producers_, 0},
                      .payload = std::move(payload)});
  }
  JobReport run() {
    const auto report = run_topic_job(program_, options_, seams());
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report.ok() ? *report : JobReport();
  }
  struct Row {
    std::string key;
    std::string trace;
    bool operator==(const Row&) const = default;
  };
  std::vector<BrokerRecord> records_of(const std::string& topic) {
    std::vector<BrokerRecord> found;
    for (int32_t partition = 0; partition < cluster_.partitions_of(topic); ++partition) {
      const SimLog& log = *cluster_.log_of({topic, partition});
      log.visit(log.begin(), log.last_stable(), [&](const SimLog::Entry& entry, int64_t offset) {
        found.push_back(entry.payload->records()[static_cast<size_t>(offset - entry.base)]);
        return true;
      });
    }
    return found;
  }
  static std::string trace_of(const BrokerRecord& record) {
    std::string trace;
    for (const RecordHeader& header : record.headers)
      trace += std::string(header.name) + "=" + std::string(header.value.value_or("")) + ";";
    return trace;
  }
  std::vector<Row> rows() {
    std::vector<Row> found;
    for (const BrokerRecord& record : records_of("out")) {
      const std::string value(*record.value);
      found.push_back({value.substr(value.find("\"k\":\"") + 5, 1), trace_of(record)});
    }
    return found;
  }
  std::vector<std::string> keys() {
    std::vector<std::string> found;
    for (const Row& row : rows()) found.push_back(row.key);
    return found;
  }

  /// Of repartition topics.
  std::vector<TopicPartition> exchanges() {
    std::vector<TopicPartition> found;
    for (const std::string& topic : cluster_.topics())
      for (int32_t partition = 0; partition < cluster_.partitions_of(topic); ++partition)
        if (topic.starts_with("job.repartition.")) found.push_back({topic, partition});
    return found;
  }
  std::vector<OffsetToCommit> committed() {
    std::vector<OffsetToCommit> found;
    for (const BrokerGroup::Committed& each : cluster_.groups().committed("job", {{"in", 0}, {"in", 1}}).found)
      if (each.offset) found.push_back({each.place, *each.offset, each.metadata});
    return found;
  }
  /// As an old commit does that is done once more.
  void set_back(const std::vector<OffsetToCommit>& offsets) {
    SimMember nobody;
    nobody.group = "job";
    cluster_.groups().add_offsets(nobody, ++producers_, offsets);
    cluster_.groups().mark("job", producers_, true);
  }

  test::ProgramBuilder builder_;
  Program program_;
  ManualClock clock_{1'700'000'000 * kSecond};
  SimCluster cluster_{clock_, {}};
  SimClock sim_clock_{cluster_.time()};
  SimBroker broker_{cluster_, "job"};
  test::Machine machine_{1};
  FolderStore snapshots_{machine_.fs, "snapshots"};
  InlineExecutor executor_;
  TopicJobOptions options_;
  std::unique_ptr<BrokerWriter> writer_;
  int64_t producers_ = 1'000'000;  ///< of records that put_value() puts
};

TEST_F(OneJob, StartsOver) {
  put("a", 1, 0);
  put("b", 2, 1);
  run();
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b"));
  const auto reset = reset_topic_job(options_, seams());
  ASSERT_TRUE(reset.ok()) << reset.error().message;
  EXPECT_THAT(reset->deleted, Contains("the committed offsets of the group `job`"));
  EXPECT_THAT(reset->deleted, Contains("the topic `job.epochs`"));
  EXPECT_THAT(reset->deleted, Contains("the state of 2 tasks in `data/tasks`"));
  EXPECT_THAT(reset->kept, ElementsAre("out"));
  EXPECT_EQ(cluster_.partitions_of("job.epochs"), 0);
  EXPECT_THAT(cluster_.groups().committed("job", {{"in", 0}}).found.front().offset, testing::Eq(std::nullopt));
  put("c", 3, 0);
  run();
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b", "a", "b", "c"));
}

TEST_F(OneJob, StartsOverWhereAnEarlierResetCameHalfWay) {
  put("a", 1, 0);
  run();
  // The group went, and the process was killed.
  // Before that, the goodbye of its member may still be on its way.
  BrokerStatus gone = broker_.delete_group("job", kSecond);
  for (int again = 0; again < 10 && !gone.ok(); ++again) gone = broker_.delete_group("job", kSecond);
  ASSERT_TRUE(gone.ok()) << gone.error().message;
  const auto stale = run_topic_job(program_, options_, seams());
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().code, 8017);
  ASSERT_TRUE(reset_topic_job(options_, seams()).ok());
  ASSERT_TRUE(reset_topic_job(options_, seams()).ok());
  run();
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "a"));
}

TEST_F(OneJob, DoesNotStartOverWhileItRuns) {
  put("a", 1, 0);
  run();
  SimBroker other(cluster_, "other");
  auto member = std::move(*other.make_group({.group = "job", .topic = "job.epochs"}));
  struct Nobody : BrokerGroup::Owner {
    bool has_any = false;
    void assigned(std::span<const int32_t>) override { has_any = true; }
    void revoked(std::span<const int32_t>, bool) override {}
  } owner;
  for (int i = 0; i < 200 && !owner.has_any; ++i) ASSERT_TRUE(member->serve(kSecond / 10, owner).ok());
  const auto refused = reset_topic_job(options_, seams());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, 7100);
  EXPECT_EQ(refused.error().message, "the group `job` has members: a job that runs cannot start over");
  EXPECT_TRUE(machine_.fs.stat("data/tasks/0/state")->exists);
  EXPECT_EQ(cluster_.partitions_of("job.epochs"), 2);
}

TEST_F(OneJob, GoesOnFromItsStoreWhenOffsetsGoBack) {
  // Behind transactions the topic of epochs ends with their marks.
  for (const Delivery before : {Delivery::at_least_once, Delivery::exactly_once}) {
    options_.broker.delivery = before;
    put("a", 1, 0);
    run();
    const std::vector<OffsetToCommit> earlier = committed();
    put("b", 2, 0);
    run();
    set_back(earlier);
    options_.broker.delivery = Delivery::at_least_once;
    put("c", 3, 0);
    run();
  }
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b", "c", "a", "b", "c"));
}

TEST_F(OneJob, FollowsWhoWentOnFromOffsetsThatWentBack) {
  options_.broker.delivery = Delivery::at_least_once;
  for (SnapshotStore* snapshots : {static_cast<SnapshotStore*>(nullptr), static_cast<SnapshotStore*>(&snapshots_)}) {
    options_.snapshots = snapshots;
    put("a", 1, 0);
    run();
    const std::vector<OffsetToCommit> before = committed();
    put("b", 2, 0);
    run();
    set_back(before);
    put("c", 3, 0);
    options_.job.directory = "another";
    run();
    options_.job.directory = "data";
    machine_.write("data/tasks/0.removed/left", "by a removal that was cut short");
    put("d", 4, 0);
    run();
    EXPECT_FALSE(machine_.fs.stat("data/tasks/0.removed")->exists);
  }
  // What followed the older token is there again, and nothing else.
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b", "b", "c", "d", "a", "b", "b", "c", "d"));
}

TEST_F(OneJob, LeavesOutWhatEndedWhenOffsetsWentBack) {
  options_.broker.delivery = Delivery::at_least_once;
  put("a", 1, 0);
  run();
  const std::vector<OffsetToCommit> before = committed();
  for (const char* key : {"b", "c"}) {
    put(key, 2, 0);
    run();
  }
  set_back(before);
  options_.job.directory = "another";
  for (const char* key : {"d", "e"}) {
    put(key, 3, 0);
    run();
  }
  // Whoever has nothing of it runs the epochs again that count, among those that do not.
  ASSERT_TRUE(machine_.fs.remove_tree("snapshots").ok());
  options_.job.directory = "a third one";
  put("f", 4, 0);
  run();
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b", "c", "b", "c", "d", "e", "f"));
}

TEST_F(OneJob, GoesOnFromWhatThereIsWhereOffsetsWentBackTooFar) {
  options_.broker.delivery = Delivery::at_least_once;
  put("a", 1, 0);
  run();
  const std::vector<OffsetToCommit> before = committed();
  put("b", 2, 0);
  run();
  put("c", 3, 0);
  ASSERT_TRUE(machine_.fs.remove_tree("snapshots").ok());
  run();
  // The snapshot that there is needs no earlier records.
  ASSERT_TRUE(broker_.delete_records_before({"job.epochs", 0}, 2, kSecond).ok());
  set_back(before);
  options_.job.directory = "another";
  put("d", 4, 0);
  run();
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b", "c", "d"));
  // Nor does the store.
  set_back(before);
  ASSERT_TRUE(machine_.fs.remove_tree("snapshots").ok());
  put("e", 5, 0);
  run();
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(OneJob, StopsWithAStoreThatIsNotOfItsGroup) {
  options_.broker.delivery = Delivery::at_least_once;
  options_.snapshots = nullptr;
  put("a", 1, 0);
  run();
  options_.broker.group = "other";
  options_.job.directory = "another";
  run();
  options_.broker.group = "job";
  const auto stopped = run_topic_job(program_, options_, seams());
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, 8018) << stopped.error().message;
  EXPECT_TRUE(machine_.fs.stat("another/tasks/0/state")->exists);
}

TEST_F(OneJob, LeavesOutALongerBranchThatDoesNotCount) {
  options_.broker.delivery = Delivery::at_least_once;
  options_.snapshots = nullptr;
  put("a", 1, 0);
  run();
  const std::vector<OffsetToCommit> before = committed();
  for (const char* key : {"b", "c"}) {
    put(key, 2, 0);
    run();
  }
  // The next one does both in one epoch, and the one behind it has nothing but the records of all of them.
  set_back(before);
  for (const char* directory : {"another", "a third one"}) {
    options_.job.directory = directory;
    put("d", 3, 0);
    run();
  }
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b", "c", "b", "c", "d", "d"));
}

TEST_F(OneJob, DoesNotGoOnWithTransactionsWhenOffsetsGoBack) {
  put("a", 1, 0);
  run();
  const std::vector<OffsetToCommit> before = committed();
  put("b", 2, 0);
  run();
  set_back(before);
  const auto stale = run_topic_job(program_, options_, seams());
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().code, 8017);
}

TEST_F(OneJob, ReadsFilesAndGoesOnBehindThem) {
  program_.sources[0].binding = {"file", "in/s.ndjson", "json", {{"unit", "us"}}};
  for (const Delivery delivery : {Delivery::exactly_once, Delivery::at_least_once}) {
    options_.broker.delivery = delivery;
    const std::string before = delivery == Delivery::exactly_once ? "" : *machine_.fs.read_file("in/s.ndjson");
    const std::string key = delivery == Delivery::exactly_once ? "a" : "c";
    const std::string next = delivery == Delivery::exactly_once ? "b" : "d";
    machine_.write("in/s.ndjson", before + test::record(key, 1, 101));
    run();
    // A store that is gone is made again by the files.
    ASSERT_TRUE(machine_.fs.remove_tree("data/tasks").ok());
    ASSERT_TRUE(machine_.fs.remove_tree("snapshots").ok());
    machine_.write("in/s.ndjson", before + test::record(key, 1, 101) + test::record(next, 2, 102));
    run();
  }
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b", "c", "d"));
}

/// The versions of a table, as changes in that form.
Program table_as(ChangeForm form) {
  test::ProgramBuilder b;
  const int source = b.source("s", 10, kSecond, true);
  Operator latest;
  latest.content = LatestOperator{.versions = true, .fields = 3, .deleted = -1, .keys = {0}};
  latest.inputs = {source};
  latest.row = b.row(source);
  latest.row.push_back({std::string(kRetracted), bool_type()});
  latest.text = "latest";
  const int newest = b.add(std::move(latest));
  const std::vector<Field> marks = change_marks(b.row(source), form == ChangeForm::debezium);
  Operator net;
  net.content = NetOperator{.fields = 3, .retracted = 3, .keys = {0}, .whole = form == ChangeForm::debezium};
  net.inputs = {newest};
  net.row = b.row(source);
  net.row.insert(net.row.end(), marks.begin(), marks.end());
  net.text = "changes";
  b.publish(b.add(std::move(net)));
  ProductSpec& product = b.program.products[0];
  product.row = b.row(source);
  product.marks = marks;
  product.changes = true;
  product.change_form = form;
  product.key = {{0}};
  b.program.sources[0].key = {0};
  b.program.sources[0].binding = {"topic", "in", "json", {{"unit", "us"}}};
  return b.program;
}

TEST_F(OneJob, WritesEachChangeAsARow) {
  put("a", 1, 0);
  put("a", 2, 0);
  program_ = table_as(ChangeForm::append);
  run();
  std::vector<std::string> found;
  for (const BrokerRecord& record : records_of("out"))
    found.push_back(std::string(record.key.value_or("-")) + " " + std::string(record.value.value_or("-")));
  EXPECT_THAT(found, ElementsAre(R"(a {"k":"a","v":2,"at":"1970-01-01T00:00:00.000102Z","__op":"c"})"));
}

TEST_F(OneJob, WritesChangesAsDebeziumDoes) {
  put("a", 1, 0);
  program_ = table_as(ChangeForm::debezium);
  run();
  put("a", 2, 0);
  run();
  std::vector<std::string> found;
  for (const BrokerRecord& record : records_of("out"))
    found.push_back(std::string(record.key.value_or("-")) + " " + std::string(record.value.value_or("-")));
  const std::string first = R"({"k":"a","v":1,"at":"1970-01-01T00:00:00.000101Z"})",
                    second = R"({"k":"a","v":2,"at":"1970-01-01T00:00:00.000102Z"})",
                    source =
                        R"("source":{"version":"1","connector":"braid","name":"test","ts_ms":0,"snapshot":"false",)"
                        R"("db":"test","table":"result","ts_us":)";
  EXPECT_THAT(found, ElementsAre(R"(a {"before":null,"after":)" + first + "," + source + R"(101},"op":"c","ts_ms":0})",
                                 R"(a {"before":)" + first + R"(,"after":)" + second + "," + source +
                                     R"(102},"op":"u","ts_ms":0})"));
}

TEST_F(OneJob, WritesATopicForEachValue) {
  options_.outputs[0].topic = "out.{k}";
  options_.outputs[0].partitions = 3;
  put("a", 1, 0);
  put("b c", 2, 1);
  put("a", 3, 0);
  run();
  EXPECT_EQ(cluster_.partitions_of("out.a"), 3);
  EXPECT_EQ(records_of("out.a").size(), 2U);
  EXPECT_EQ(records_of("out.b_20c").size(), 1U);
  EXPECT_EQ(cluster_.partitions_of("out.{k}"), 0);
  put("a", 4, 0);
  put_value("broken", 0);
  run();
  EXPECT_EQ(records_of("out.a").size(), 3U);
  EXPECT_EQ(records_of("out.all.rejected").size(), 1U);
  // Behind a start over they are named.
  const auto reset = reset_topic_job(options_, seams());
  ASSERT_TRUE(reset.ok()) << reset.error().message;
  EXPECT_THAT(reset->kept, UnorderedElementsAre("out.a", "out.b_20c", "out.all.rejected"));
}

TEST_F(OneJob, HasNoMoreTopicsThanItMay) {
  options_.outputs[0].topic = "out.{k}";
  for (int i = 0; i < 999; ++i) cluster_.create({fmt::format("out.x{}", i), 1, -1, {}});
  put("a", 1, 0);
  run();
  put("a", 2, 0);
  put("x5", 2, 0);
  run();
  put("b", 1, 0);
  const auto report = run_topic_job(program_, options_, seams());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, 7130);
  EXPECT_EQ(records_of("out.a").size(), 2U);
  EXPECT_EQ(records_of("out.x5").size(), 1U);
  EXPECT_EQ(cluster_.partitions_of("out.b"), 0);
}

TEST_F(OneJob, EndsWhereAValueMakesNoNameOfATopic) {
  options_.outputs[0].topic = std::string(240, 'o') + ".{k}";
  put("a-long-value", 1, 0);
  const auto report = run_topic_job(program_, options_, seams());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, 7131);
}

TEST_F(OneJob, ReadsAPortWhoseRowsAreOfAnotherStage) {
  test::ProgramBuilder b;
  b.source("s", 10);
  const int product = b.publish(b.group(b.keep(0, [](int64_t v) { return v > 0; }), 10, 10));
  const Type origin = struct_type(
      {{"source", string_type()}, {"partition", string_type()}, {"position", int_type()}, {"line", int_type()}});
  Operator port;
  port.content = PortOperator{0, "rejected"};
  port.inputs = {product};
  port.row = {{"reason", string_type()}, {"code", string_type()},  {"step", string_type()},
              {"origin", origin},        {"bytes", string_type()}, {"row", optional_type(json_type())}};
  port.text = "from result.rejected";
  const int rows = b.add(std::move(port));
  b.program.operators[static_cast<size_t>(rows)].products = {1};
  b.publish(rows, "seen");
  program_ = b.program;
  program_.sources[0].key = {1};
  program_.sources[0].binding = {"topic", "in", "json", {{"unit", "us"}}};
  options_.outputs[1] = {.topic = "seen", .format = "json"};
  put("a", 1, 0);
  put_value("broken", 0);
  put("b", 2, 1);
  put_value("broken, too", 1);
  put_value("and this", 1);
  const JobReport report = run();
  EXPECT_EQ(cluster_.partitions_of("job.epochs"), 4);  // of two stages
  EXPECT_EQ(records_of("seen").size(), 3U);
  EXPECT_EQ(records_of("out.rejected").size(), 3U);
  EXPECT_EQ(report.deviation, 0);
  put_value("once more", 1);
  run();
  EXPECT_EQ(records_of("seen").size(), 4U);
}

/// Placed by `v`, unique by `k`.
Program across_stages() {
  test::ProgramBuilder b;
  b.publish(b.unique(b.source("s", 10), 1000));
  b.program.sources[0].key = {1};
  b.program.sources[0].binding = {"topic", "in", "json", {{"unit", "us"}}};
  return b.program;
}

/// An instance that is stopped when a task that reads such a topic asks for its offsets: it goes on with an answer that
/// is not true any more.
class StoppedBroker : public SimBroker {
 public:
  StoppedBroker(SimCluster& cluster, std::string topic, std::function<void()> meanwhile)
      : SimBroker(cluster, "stopped"), topic_(std::move(topic)), meanwhile_(std::move(meanwhile)) {}
  BrokerResult<std::unique_ptr<BrokerGroup>> make_group(const GroupOptions& options) override {
    return std::unique_ptr<BrokerGroup>(std::make_unique<Group>(std::move(*SimBroker::make_group(options)), *this));
  }
  bool stopped() const { return stopped_; }

 private:
  struct Group : BrokerGroup {
    Group(std::unique_ptr<BrokerGroup> true_one, StoppedBroker& of) : group(std::move(true_one)), broker(of) {}
    BrokerStatus serve(int64_t timeout_us, Owner& owner) override { return group->serve(timeout_us, owner); }
    BrokerStatus leave(int64_t timeout_us, Owner& owner) override { return group->leave(timeout_us, owner); }
    BrokerResult<std::vector<Committed>> committed(std::span<const TopicPartition> places,
                                                   int64_t timeout_us) override {
      auto answer = group->committed(places, timeout_us);
      if (answer.ok() && places.front().topic.starts_with(broker.topic_) && !broker.stopped_) {
        broker.stopped_ = true;
        broker.pause(60 * kSecond);
        broker.meanwhile_();
      }
      return answer;
    }
    std::unique_ptr<Membership> membership() override { return group->membership(); }
    BrokerStatus commit(std::span<const OffsetToCommit> offsets, int64_t timeout_us) override {
      return group->commit(offsets, timeout_us);
    }
    std::unique_ptr<BrokerGroup> group;
    StoppedBroker& broker;
  };
  std::string topic_;
  std::function<void()> meanwhile_;
  bool stopped_ = false;
};

TEST_F(OneJob, GoesBackToASnapshotWhereOthersCutWhatItBeginsWith) {
  program_ = across_stages();
  put("a", 1, 0);
  put("b", 2, 1);
  const auto others = [&] {
    test::Machine machine(2);
    SimBroker broker(cluster_, "other");
    JobSeams seams{machine.fs, sim_clock_, executor_,
                   [&](const std::string& directory) { return MemoryStore::open(machine.fs, directory); }, &broker};
    // Snapshots have the first epochs; the next ones are still there.
    std::vector<int64_t> read;
    for (const char* key : {"c", "d"}) {
      const auto report = run_topic_job(program_, options_, seams);
      ASSERT_TRUE(report.ok()) << report.error().message;
      for (const TopicPartition& place : exchanges())
        read.push_back(cluster_.groups().committed("job", {place}).found.front().offset.value_or(0));
      put(key, 2, 1);
    }
    for (size_t i = 0; i < exchanges().size(); ++i) {
      ASSERT_GT(read[i], 0);
      ASSERT_TRUE(broker_.delete_records_before(exchanges()[i], read[i], kSecond).ok());
    }
  };
  StoppedBroker stopped(cluster_, "job.repartition.", others);
  JobSeams seams = this->seams();
  seams.broker = &stopped;
  const auto report = run_topic_job(program_, options_, seams);
  EXPECT_TRUE(report.ok()) << report.error().message;
  EXPECT_TRUE(stopped.stopped());
  put("a", 3, 0);
  // Rows wait for those that come late.
  put("x", 500, 0);
  put("y", 500, 1);
  run();
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b", "c", "d"));
}

TEST_F(OneJob, GoesBackToASnapshotWhereOthersCutTheEpochsToRunAgain) {
  put("a", 1, 0);
  run();
  // No snapshot is as old as the answer.
  ASSERT_TRUE(machine_.fs.remove_tree("data/tasks").ok());
  ASSERT_TRUE(machine_.fs.remove_tree("snapshots").ok());
  const auto others = [&] {
    test::Machine machine(2);
    SimBroker broker(cluster_, "other");
    JobSeams seams{machine.fs, sim_clock_, executor_,
                   [&](const std::string& directory) { return MemoryStore::open(machine.fs, directory); }, &broker};
    int64_t end = 0;
    for (const char* key : {"b", "c"}) {
      put(key, 2, 0);
      end = cluster_.log_of({"job.epochs", 0})->end();
      const auto report = run_topic_job(program_, options_, seams);
      ASSERT_TRUE(report.ok()) << report.error().message;
    }
    ASSERT_TRUE(broker_.delete_records_before({"job.epochs", 0}, end, kSecond).ok());
  };
  StoppedBroker stopped(cluster_, "in", others);
  JobSeams seams = this->seams();
  seams.broker = &stopped;
  const auto report = run_topic_job(program_, options_, seams);
  EXPECT_TRUE(report.ok()) << report.error().message;
  EXPECT_TRUE(stopped.stopped());
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b", "c"));
}

TEST_F(OneJob, EndsWhereRecordsOfAnotherStageAreGoneForEverybody) {
  program_ = across_stages();
  put("a", 1, 0);
  put("b", 2, 1);
  run();
  put("c", 3, 0);
  for (const TopicPartition& place : exchanges())
    ASSERT_TRUE(broker_.delete_records_before(place, cluster_.log_of(place)->end(), kSecond).ok());
  const auto ended = run_topic_job(program_, options_, seams());
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, 7090);
}

TEST_F(OneJob, CarriesTracesOn) {
  const RecordHeader headers[] = {{"other", "x"}, {"traceparent", "00-aa-bb-01"}, {"tracestate", "v=1"}};
  put("a", 1, 0, headers);
  put("b", 2, 0);
  put("c", 3, 0, std::span(headers).first(2));
  run();
  EXPECT_THAT(rows(), UnorderedElementsAre(Row{"a", "traceparent=00-aa-bb-01;tracestate=v=1;"}, Row{"b", ""},
                                           Row{"c", "traceparent=00-aa-bb-01;"}));
}

TEST_F(OneJob, CarriesTheTraceOfARejectedRecordOn) {
  const RecordHeader headers[] = {{"traceparent", "00-aa-bb-01"}};
  put_value("broken", 0, headers);
  put("a", 1, 0, headers);
  run();
  EXPECT_THAT(rows(), ElementsAre(Row{"a", "traceparent=00-aa-bb-01;"}));
  const std::vector<BrokerRecord> rejected = records_of("out.rejected");
  ASSERT_EQ(rejected.size(), 1U);
  EXPECT_EQ(trace_of(rejected[0]), "traceparent=00-aa-bb-01;");
  // A broker deletes what is older than the topic keeps.
  EXPECT_EQ(rejected[0].timestamp_ms / 1'000'000, clock_.now_us() / 1000 / 1'000'000);
}

/// A record may be as long as a record of the broker, and its copy in a rejected row is longer.
TEST_F(OneJob, ShortensRowsThatAreTooLongForTheBroker) {
  const RecordHeader headers[] = {{"traceparent", "00-aa-bb-01"}};
  const std::string quotes = "{ \"" + std::string(700'000, '"'), bytes(800'000, '\xFF');
  put_value(quotes, 0, headers);
  put_value(bytes, 0);
  put_value(std::string(3'000'000, 'x'), 0);  // longer than what is read of a record
  put_value(std::string(10'000, '"'), 0);
  put("a", 1, 0);
  run();
  EXPECT_THAT(keys(), ElementsAre("a"));
  std::vector<std::string> rejected;
  for (const BrokerRecord& record : records_of("out.rejected")) {
    rejected.emplace_back(*record.value);
    EXPECT_LT(rejected.back().size(), options_.broker.longest_record);
  }
  ASSERT_EQ(rejected.size(), 4U);
  for (const std::string& each : std::span(rejected).first(3)) EXPECT_GT(each.size(), 990'000U);
  EXPECT_THAT(rejected[0], testing::EndsWith(",\"bytes_length\":700003}"));
  EXPECT_THAT(rejected[1], testing::EndsWith(fmt::format(",\"bytes_length\":{}}}", (800'000 + 2) / 3 * 4)));
  EXPECT_THAT(rejected[2], testing::EndsWith(",\"bytes_length\":1048576}"));
  EXPECT_THAT(rejected[2], testing::HasSubstr("the record has 3000000 bytes"));
  EXPECT_THAT(rejected[3], testing::Not(testing::HasSubstr("bytes_length")));
}

/// The length is the client's, and may be another one when an epoch is run again.
TEST_F(OneJob, RunsEpochsAgainWhoseRowsWereShortened) {
  const std::string quotes(100'000, '"');
  options_.broker.longest_record = 50'000;
  for (int i = 0; i < 3; ++i) {
    put_value(quotes, 0);
    run();
    // The next run repeats all epochs.
    ASSERT_TRUE(machine_.fs.remove_tree("data/tasks").ok());
    ASSERT_TRUE(machine_.fs.remove_tree("snapshots").ok());
    options_.broker.longest_record += 100'000;
  }
  const std::vector<BrokerRecord> rejected = records_of("out.rejected");
  ASSERT_EQ(rejected.size(), 3U);
  EXPECT_LT(rejected[0].value->size(), 50'000U);
  EXPECT_LT(rejected[1].value->size(), 150'000U);
  EXPECT_GT(rejected[2].value->size(), 200'000U);
}

TEST_F(OneJob, ShowsWhatItDoes) {
  for (int i = 0; i < 10; ++i) put("a", i + 1, i % 2);
  MemberWork sum;
  size_t most = 0;
  std::map<std::string, int64_t> records;
  options_.on_status = [&](const MemberStatus& status) {
    sum.turns += status.work.turns;
    sum.commits.insert(sum.commits.end(), status.work.commits.begin(), status.work.commits.end());
    sum.recoveries_us.insert(sum.recoveries_us.end(), status.work.recoveries_us.begin(),
                             status.work.recoveries_us.end());
    sum.aborted += status.work.aborted;
    for (const MemberWork::Read& each : status.work.read) records[each.partition] += each.records;
    for (const MemberWork::Written& each : status.work.written) sum.written.push_back(each);
    most = std::max(most, status.running);
  };
  // It goes on until all has been shown.
  options_.job.until_caught_up = false;
  const int64_t end = sim_clock_.steady_us() + 5 * kSecond;
  options_.job.stop_requested = [&] { return sim_clock_.steady_us() > end; };
  run();
  EXPECT_EQ(most, 2U);
  EXPECT_EQ(records["in/0"] + records["in/1"], 10);
  EXPECT_GE(sum.turns, 2U);
  EXPECT_FALSE(sum.commits.empty());
  EXPECT_EQ(sum.recoveries_us.size(), 2U);
  EXPECT_EQ(sum.aborted, 0U);
  uint64_t bytes = 0;
  for (const MemberWork::Written& each : sum.written) bytes += each.bytes;
  EXPECT_GT(bytes, 100U);
}

/// What the clock has decided is in the records of epochs, so the row is there once, also behind a run that reads them.
TEST_F(OneJob, TellsOfPromisesInTheCommitOfTheirEpoch) {
  const PromiseChange change{.relation = program_.products[0].qualified(),
                             .version = program_.products[0].version,
                             .promise = "fresh within 5m",
                             .breached = true,
                             .since = 1'700'000'000'000'000,
                             .measured = "the newest row is 301.0 s old",
                             .owner = "ana@acme.io",
                             .part = "tasks 0, 2 of 4"};
  put("a", 1, 0);
  std::vector<PromiseChange> changes{change};
  options_.take_changes = [&] { return std::exchange(changes, {}); };
  run();
  for (int again = 0; again < 2; ++again) {
    const std::vector<BrokerRecord> alerts = records_of("out.alerts");
    ASSERT_EQ(alerts.size(), 1U);
    const std::string row(*alerts[0].value);
    EXPECT_NE(row.find(R"("check":"fresh within 5m")"), std::string::npos) << row;
    EXPECT_NE(row.find(R"("state":"breached")"), std::string::npos) << row;
    EXPECT_NE(row.find(R"("part":"tasks 0, 2 of 4")"), std::string::npos) << row;
    EXPECT_EQ(row.find("owner"), std::string::npos) << row;  // the product's own
    // Elsewhere the task begins with the records of epochs.
    options_.job.directory = "elsewhere" + std::to_string(again);
    put("b", 2, 0);
    run();
  }
}

/// A task that comes brings rows of others with it, and what is not committed may be taken back.
TEST_F(OneJob, ShowsWhatEachTaskHasCommitted) {
  for (int i = 0; i < 10; ++i) put("a", i + 1, i % 2);
  std::map<int32_t, JobStatus::Task> tasks;
  options_.on_status = [&](const MemberStatus& status) {
    for (const JobStatus::Task& task : status.job.tasks) tasks[task.number] = task;
  };
  run();
  const auto rows = [&](int32_t number) { return tasks.at(number).products.at(0).rows; };
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(rows(0) + rows(1), 10);
  EXPECT_EQ(tasks[0].rows_before, std::vector<int64_t>{0});
  tasks.clear();
  put("b", 11, 0);
  run();
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(rows(0) + rows(1), 11);
  EXPECT_EQ(tasks[0].rows_before.at(0) + tasks[1].rows_before.at(0), 10);
}

TEST_F(OneJob, SaysThatSnapshotsCannotBeStored) {
  machine_.write("snapshots", "a file where the folder should be");
  options_.checkpoint_every_us = kSecond;
  options_.snapshot_every_us = 2 * kSecond;
  options_.job.until_caught_up = false;
  const int64_t end = sim_clock_.steady_us() + 20 * kSecond;
  options_.job.stop_requested = [&] { return sim_clock_.steady_us() > end; };
  int64_t count = 0;
  bool said = false;
  options_.on_status = [&](const MemberStatus& status) {
    if (!status.last) put("a", ++count, 0);
    for (const Diagnostic& each : status.job.report.warnings)
      said |= each.code == 8031 && each.severity == Severity::warning;
  };
  const JobReport report = run();
  EXPECT_TRUE(said);
  EXPECT_EQ(std::ranges::count(report.warnings, 8031, &Diagnostic::code), 1);
  EXPECT_EQ(keys().size(), static_cast<size_t>(count));
}

TEST_F(OneJob, SaysThatNoBrokerAnswers) {
  put("a", 1, 0);
  options_.job.until_caught_up = false;
  const int64_t end = sim_clock_.steady_us() + 600 * kSecond;
  options_.job.stop_requested = [&] { return sim_clock_.steady_us() > end; };
  int64_t shown_at = 0, longest = 0, told = 0;
  bool is_away = false;
  options_.on_status = [&](const MemberStatus& status) {
    const int64_t now = sim_clock_.steady_us();
    if (shown_at != 0) longest = std::max(longest, now - shown_at);
    shown_at = now;
    told = std::ranges::count(status.job.report.warnings, 7115, &Diagnostic::code);
    if (!std::exchange(is_away, true)) {
      put("b", 2, 0);
      cluster_.go_away(500 * kSecond);
    }
  };
  run();
  EXPECT_EQ(told, 1);
  EXPECT_LT(longest, JobMonitor::kStuckAfter / 2);
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "b"));
}

/// Each broker hears of a new topic by itself.
TEST_F(OneJob, WaitsUntilTopicsAreKnownEverywhere) {
  cluster_.faults().plan.late_topics = 1;
  int64_t aborted = 0;
  options_.on_status = [&](const MemberStatus& status) { aborted += status.work.aborted; };
  for (const Delivery delivery : {Delivery::exactly_once, Delivery::at_least_once}) {
    options_.broker.delivery = delivery;
    options_.broker.group = delivery == Delivery::exactly_once ? "job" : "second";
    options_.outputs[0].topic = delivery == Delivery::exactly_once ? "out" : "more";
    options_.job.directory = options_.broker.group;
    put("a", 1, 0);
    run();
  }
  EXPECT_GT(aborted, 0);
  EXPECT_THAT(keys(), ElementsAre("a"));
  EXPECT_EQ(records_of("more").size(), 2);
}

TEST_F(OneJob, EndsWithoutATopicThatItWrites) {
  for (const Delivery delivery : {Delivery::exactly_once, Delivery::at_least_once}) {
    options_.broker.delivery = delivery;
    options_.job.until_caught_up = false;
    const int64_t end = sim_clock_.steady_us() + 60 * kSecond;
    options_.job.stop_requested = [&] { return sim_clock_.steady_us() > end; };
    bool is_deleted = false;
    options_.on_status = [&](const MemberStatus&) {
      if (std::exchange(is_deleted, true)) return;
      cluster_.remove("out");
      put("a", 1, 0);
    };
    const auto report = run_topic_job(program_, options_, seams());
    ASSERT_FALSE(report.ok());
    EXPECT_THAT(report.error().message, testing::HasSubstr("there is no such topic"));
    EXPECT_LT(sim_clock_.steady_us(), end);
  }
}

/// Brokers forget offsets that are old, also of a job that runs and has nothing to do.
TEST_F(OneJob, CommitsItsOffsetsAgain) {
  for (const Delivery delivery : {Delivery::exactly_once, Delivery::at_least_once}) {
    options_.broker.delivery = delivery;
    put("a", 1, 0);
    const int64_t end = sim_clock_.steady_us() + 60 * kSecond;
    options_.job.until_caught_up = false;
    options_.job.stop_requested = [&] { return sim_clock_.steady_us() > end; };
    options_.repeat_offsets_every_us = 10 * kSecond;
    int64_t commits = 0;
    options_.on_status = [&](const MemberStatus& status) {
      commits += static_cast<int64_t>(status.work.commits.size());
    };
    run();
    EXPECT_GE(commits, 5);
    EXPECT_LE(commits, 8);
  }
  EXPECT_THAT(keys(), UnorderedElementsAre("a", "a"));
  EXPECT_EQ(cluster_.groups().committed("job", {{"in", 0}}).found.front().offset, 2);
  EXPECT_EQ(cluster_.groups().committed("job", {{"in", 1}}).found.front().offset, std::nullopt);
}

TEST_F(OneJob, DoesNotGoOnBehindTheEndOfATopic) {
  for (int i = 0; i < 4; ++i) put("a", i + 1, 0);
  run();
  cluster_.remove("in");
  cluster_.create({"in", 2, -1, {}});
  put("b", 1, 0);
  for (const bool follows : {false, true}) {
    options_.job.until_caught_up = !follows;
    const auto ended = run_topic_job(program_, options_, seams());
    ASSERT_FALSE(ended.ok());
    EXPECT_EQ(ended.error().code, 7114);
    EXPECT_EQ(ended.error().message, "`in/0` ends at offset 1, and the job has read it up to 4");
  }
}

/// Keeps what it gets.
class KeptRows : public OutputWriter {
 public:
  void write(int, const std::string& port, const std::vector<Field>&, const Block& block) override {
    if (port.empty()) count += block.rows;
  }
  int64_t count = 0;
};

TEST_F(OneJob, ShowsTheTailOfItsTopics) {
  for (int i = 0; i < 10; ++i) put("a", i + 1, 0);
  put("b", 1, 1);
  KeptRows output;
  const auto shown = dry_run(program_, {.tail = 3, .group = "job"}, seams(), output);
  ASSERT_TRUE(shown.ok()) << shown.error().message;
  EXPECT_EQ(output.count, 4);
  ASSERT_EQ(shown->topics.size(), 2U);
  EXPECT_EQ(shown->topics[0].partition, "in/0");
  EXPECT_EQ(shown->topics[0].first, 0);
  EXPECT_EQ(shown->topics[0].begin, 7);
  EXPECT_EQ(shown->topics[0].end, 10);
  EXPECT_EQ(shown->topics[1].begin, 0);
  EXPECT_THAT(cluster_.groups().committed("job", {{"in", 0}}).found.front().offset, testing::Eq(std::nullopt));
  EXPECT_EQ(cluster_.groups().members("job"), 0U);
  EXPECT_THAT(broker_.topics(kSecond).value(), ElementsAre("in"));
}

}  // namespace
}  // namespace braid
