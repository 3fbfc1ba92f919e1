// Turns that are read and decoded ahead: nothing of it shows, in no output and in no epoch record, whatever the inputs
// are, whoever does it and however late.
#include "runtime/engine/turn_feed.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "runtime/engine/test_job.h"
#include "runtime/state/rocks_store.h"

namespace braid {
namespace {

using namespace test;

using Inputs = std::vector<std::pair<std::string, std::string>>;

/// Files from some point on cannot be read.
class BrokenFs : public SimFs {
 public:
  using SimFs::SimFs;
  Result<std::unique_ptr<FileReader>> open_reader(const std::string& path) override {
    BRAID_ASSIGN(std::unique_ptr<FileReader> reader, SimFs::open_reader(path));
    if (path != broken_path) return reader;
    return std::unique_ptr<FileReader>(std::make_unique<Reader>(std::move(reader), broken_from));
  }
  std::string broken_path;
  uint64_t broken_from = 0;

 private:
  class Reader : public FileReader {
   public:
    Reader(std::unique_ptr<FileReader> whole, uint64_t broken_from)
        : whole_(std::move(whole)), broken_from_(broken_from) {}
    Result<uint64_t> size() override { return whole_->size(); }
    Result<FileInfo> info() override { return whole_->info(); }
    Result<size_t> read_at(uint64_t offset, char* into, size_t length) override {
      if (offset >= broken_from_) return file_error(ErrorKind::input, "read", "the file", EIO);
      return whole_->read_at(offset, into, length);
    }
    Result<std::string_view> map(uint64_t offset, size_t length) override { return whole_->map(offset, length); }

   private:
    std::unique_ptr<FileReader> whole_;
    uint64_t broken_from_;
  };
};

/// What a run leaves behind.
struct Outcome {
  std::map<std::string, std::string> files;
  std::string epoch;  ///< number and digest of the last record, which has all turns in their order
  uint64_t turns = 0;
  std::string error;
  bool operator==(const Outcome&) const = default;
};

class TurnFeedJob : public testing::Test {
 protected:
  Outcome run(const Program& program, const Inputs& inputs, size_t workers, Executor& executor) {
    BrokenFs fs(1);
    fs.broken_path = broken_path_;
    fs.broken_from = broken_from_;
    for (const auto& [path, content] : inputs) {
      EXPECT_TRUE(fs.make_directories(parent_directory(path)).ok());
      EXPECT_TRUE(fs.write_file(path, content).ok());
    }
    ManualClock clock(kStart);
    JobOptions options = job_options();
    options.workers = workers;
    options.commit_every_turns = 5;
    Outcome outcome;
    options.kill_point = [&](std::string_view name) { outcome.turns += name == "after_turn"; };
    auto open = [&](const std::string& directory) { return MemoryStore::open(fs, directory); };
    const Result<JobReport> report = run_job(program, options, {fs, clock, executor, open});
    if (report.ok()) {
      EXPECT_EQ(report->deviation, 0);
    } else {
      outcome.error = report.error().message;
    }
    const auto names = fs.list_directory("data/out");
    for (const std::string& name : names.value()) outcome.files[name] = *fs.read_file("data/out/" + name);
    EXPECT_TRUE(open("data/state").value()->get(StateFamily::meta, "epoch", &outcome.epoch).ok());
    return outcome;
  }
  /// The outcome of one worker, which all others must have.
  Outcome expect_same(const Program& program, const Inputs& inputs) {
    InlineExecutor at_once;
    LateExecutor late;
    const Outcome one = run(program, inputs, 1, at_once);
    for (size_t workers : {2, 3, 8}) {
      EXPECT_EQ(one, run(program, inputs, workers, at_once)) << workers << " workers, at once";
      EXPECT_EQ(one, run(program, inputs, workers, late)) << workers << " workers, late";
    }
    return one;
  }
  std::string broken_path_;
  uint64_t broken_from_ = 0;
};

/// Partitions whose times lie apart, overlap, stand still, or move in leaps: guesses of what comes next go wrong.
Inputs uneven_inputs(uint64_t seed) {
  Rng rng(seed);
  Inputs inputs;
  for (int file = 0; file < 9; ++file) {
    std::string content;
    int64_t now = rng.between(100, 3000);
    const int64_t records = rng.between(50, 1200), step = rng.between(0, 12);
    for (int64_t i = 0; i < records; ++i) {
      now += rng.chance(40) ? rng.between(0, 900) : rng.between(0, step);
      std::string line =
          record(std::string(1, static_cast<char>('a' + rng.below(5))), rng.between(0, 9), now - rng.between(0, 30));
      if (rng.chance(60)) line = rng.chance(2) ? "broken\n" : "\n";
      line.insert(line.size() - 1, std::string(rng.below(4000), ' '));
      content += line;
    }
    const char* source = file < 5 ? "s" : "t";
    inputs.emplace_back("in/" + std::string(source) + std::to_string(file) + ".ndjson", content);
  }
  inputs.emplace_back("in/t9.ndjson", "");
  inputs.emplace_back("in/u.ndjson", record("a", 1, 0) + "bad\n");
  return inputs;
}

TEST_F(TurnFeedJob, order_of_many_partitions_is_that_of_one_worker) {
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    ProgramBuilder b;
    const Program program = everything(b);
    const Outcome one = expect_same(program, uneven_inputs(seed));
    EXPECT_EQ(one.error, "");
    EXPECT_GT(one.turns, 40u);
  }
}

TEST_F(TurnFeedJob, long_records_and_blank_turns_keep_their_place) {
  ProgramBuilder b;
  b.publish(b.source("s", 10));
  std::string first, second;
  for (int i = 0; i < 4; ++i) {
    first += record("a", i, 100 + i) + std::string(700'000, '\n') + record("b", i, 101 + i);
    second += record("c", i, 100 + i) + "{\"k\":\"" + std::string((1 << 20) + 300'000, 'x') + "\"}\n";
  }
  const Outcome one = expect_same(b.program, {{"in/s1.ndjson", first}, {"in/s2.ndjson", second}});
  EXPECT_EQ(one.error, "");
  EXPECT_NE(one.files.at("test.result.v1.rejected.ndjson").find("E6024"), std::string::npos);
}

TEST_F(TurnFeedJob, csv_records_go_by_the_header_of_their_file) {
  ProgramBuilder b;
  b.publish(b.source("s", 10));
  b.program.sources[0].binding.address = "in/*.csv";
  b.program.sources[0].binding.format = "csv";
  Inputs inputs = {{"in/1.csv", "k,v,at\n"},
                   {"in/2.csv",
                    "\xEF\xBB\xBF"
                    "at,pad,v,k\n"},
                   {"in/3.csv", "v,k\n"}};
  const std::string pad(900, 'p');
  for (int i = 0; i < 1500; ++i) {
    const std::string k = "k" + std::to_string(i % 7), v = std::to_string(i), at = std::to_string(100 + i);
    inputs[0].second += k + pad + "," + (i % 50 == 0 ? "none" : v) + "," + at + "\n";
    inputs[1].second += at + "," + pad + "," + v + "," + k + (i % 60 == 0 ? ",more\n" : "\n");
    inputs[2].second += v + "," + k + pad + "\n";
  }
  const Outcome one = expect_same(b.program, inputs);
  EXPECT_EQ(one.error, "");
  EXPECT_GT(one.turns, 15u);
  EXPECT_NE(one.files.at("test.result.v1.ndjson").find("\"k\":\"k4\",\"v\":1250"), std::string::npos);
}

TEST_F(TurnFeedJob, steps_that_ran_ahead_meet_rows_that_leave_before_them) {
  ProgramBuilder b;
  const int s = b.source("s", 20);
  b.publish(b.keep(s, [](int64_t v) { return v % 3 != 0; }), "some");
  b.publish(b.group(b.keep(s, [](int64_t v) { return v % 2 != 0; }, Site::Kind::port, "even"), 40, 40), "windows");
  const std::vector<std::vector<int>> products = {{0, 1}, {0}, {0}, {1}, {1}, {1}};
  for (size_t op = 0; op < products.size(); ++op) b.program.operators[op].products = products[op];
  Rng rng(3);
  Inputs inputs;
  for (const char* path : {"in/s1.ndjson", "in/s2.ndjson"}) {
    std::string content;
    for (int i = 0; i < 6000; ++i) {
      // Turns without such rows, too.
      const bool too_far = i / 1500 % 2 == 0 && rng.chance(90);
      content += record("a", rng.between(0, 9), too_far ? 2 * kStart : 100 + i - rng.between(0, 30));
      content.insert(content.size() - 1, std::string(rng.below(300), ' '));
    }
    inputs.emplace_back(path, content);
  }
  const Outcome one = expect_same(b.program, inputs);
  EXPECT_EQ(one.error, "");
  EXPECT_GT(one.turns, 8u);
  EXPECT_NE(one.files.at("test.some.v1.rejected.ndjson").find("E6302"), std::string::npos);
  EXPECT_GT(one.files.at("test.windows.v1.even.ndjson").size(), 10'000u);
}

TEST_F(TurnFeedJob, an_error_of_a_turn_that_was_read_ahead_is_told_when_it_comes) {
  ProgramBuilder b;
  const Program program = everything(b);
  for (uint64_t from : {uint64_t{0}, uint64_t{300'000}, uint64_t{700'000}}) {
    broken_path_ = "in/s2.ndjson";
    broken_from_ = from;
    const Outcome one = expect_same(program, random_inputs(31, 4000));
    EXPECT_NE(one.error.find("in/s2.ndjson"), std::string::npos) << one.error;
    EXPECT_GT(one.turns, from / 100'000);
  }
}

TEST_F(TurnFeedJob, stops_and_goes_on_with_any_number_of_workers) {
  Machine whole(1), parts(2);
  ProgramBuilder b;
  const Program program = everything(b);
  for (const auto& [path, content] : uneven_inputs(8)) {
    whole.write(path, content);
    parts.write(path, content);
  }
  ASSERT_TRUE(run_job(program, job_options(), whole.seams()).ok());
  InlineExecutor at_once;
  LateExecutor late;
  Rng rng(5);
  for (int run = 0; run < 200; ++run) {
    JobOptions options = job_options();
    uint64_t left = 1 + rng.below(9);
    options.stop_requested = [&] { return left-- == 0; };
    options.workers = 1 + rng.below(4);
    auto report = run_job(program, options, parts.seams(rng.chance(2) ? static_cast<Executor&>(late) : at_once));
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report->deviation, 0);
    if (!report->drained) break;
  }
  EXPECT_EQ(whole.outputs(), parts.outputs());
}

TEST_F(TurnFeedJob, files_that_grow_and_files_that_come_later_are_read_on) {
  Machine one(1), several(2);
  ProgramBuilder b;
  const Program program = everything(b);
  const Inputs inputs = uneven_inputs(6);
  LateExecutor late;
  constexpr size_t kRuns = 5;
  for (size_t run = 1; run <= kRuns; ++run) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto& [path, content] = inputs[i];
      if (path != "in/u.ndjson" && run <= i % 3) continue;  // not there yet
      // At a line end: a record that is cut off is a record.
      size_t length = run == kRuns ? content.size() : content.find('\n', content.size() * run / kRuns) + 1;
      if (path == "in/u.ndjson") length = content.size();
      one.write(path, content.substr(0, length));
      several.write(path, content.substr(0, length));
    }
    JobOptions options = job_options();
    options.seal = run == kRuns;
    options.commit_every_turns = 4;
    const auto expected = run_job(program, options, one.seams());
    ASSERT_TRUE(expected.ok()) << expected.error().message;
    options.workers = run + 1;
    const auto report = run_job(program, options, several.seams(late));
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report->deviation, 0);
    EXPECT_EQ(report->turns, expected->turns);
    EXPECT_EQ(several.outputs(), one.outputs()) << "run " << run;
  }
}

TEST_F(TurnFeedJob, threads_give_the_bytes_of_one_worker_on_real_files) {
  namespace files = std::filesystem;
  const files::path place = files::temp_directory_path() / ("braid_turn_feed_test_" + std::to_string(::getpid()));
  files::create_directories(place / "in");
  ProgramBuilder b;
  Program program = everything(b);
  for (SourceSpec& source : program.sources) source.binding.address = (place / source.binding.address).string();
  for (const auto& [path, content] : uneven_inputs(3))
    ASSERT_TRUE(real_fs().write_file((place / path).string(), content).ok());
  std::string expected;
  for (size_t workers : {1, 2, 4}) {
    ManualClock clock(kStart);
    ThreadExecutor executor(workers);
    JobOptions options = job_options();
    options.directory = (place / std::to_string(workers)).string();
    options.commit_every_turns = 3;
    options.workers = workers;
    const auto report = run_job(program, options, {real_fs(), clock, executor, open_rocks_store});
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report->deviation, 0);
    std::string found;
    const std::vector<std::string> names = real_fs().list_directory(join_path(options.directory, "out")).value();
    for (const std::string& name : names)
      found += name + "\n" + real_fs().read_file(join_path(options.directory, "out/" + name)).value();
    if (expected.empty()) expected = found;
    EXPECT_EQ(found, expected) << workers << " workers";
  }
  EXPECT_GT(expected.size(), 100'000u);
  files::remove_all(place);
}

}  // namespace
}  // namespace braid
