// Keyed steps shared by workers: rows, their order, what leaves, ledgers and state are those of one worker, for each
// kind of step, also when a job goes on with another number of workers.
#include <gtest/gtest.h>

#include "runtime/base/executor.h"
#include "runtime/base/rng.h"
#include "runtime/data/value.h"
#include "runtime/engine/decode_source.h"
#include "runtime/engine/test_program.h"
#include "runtime/engine/turn_engine.h"
#include "runtime/state/memory_store.h"

namespace braid {
namespace {

using test::everything;
using test::ProgramBuilder;
using test::record;

constexpr int64_t kFarFuture = 1'000'000'000'000;

/// Every row at every port as text, in the order of output.
class TextWriter : public OutputWriter {
 public:
  void write(int product, const std::string& port, const std::vector<Field>& row, const Block& block) override {
    const Type type = struct_type(row);
    std::vector<Slot> slots(block.columns.size());
    for (uint32_t i = 0; i < block.rows; ++i) {
      for (size_t column = 0; column < slots.size(); ++column) slots[column] = read_slot(block.columns[column], i);
      lines[std::to_string(product) + "/" + port] += to_json(type, from_slots(type, slots.data())) + "\n";
    }
  }
  std::map<std::string, std::string> lines;
};

struct Turn {
  int source;
  std::string bytes;
};

/// An engine that is committed and made anew where the test says, with other workers if it likes.
class Driven {
 public:
  /// `evicts`: of how many bytes state may keep in memory after each turn, a new number each time; none: all stays.
  /// With a function, rows are read from the store as they are wanted.
  Driven(const Program& program, size_t workers, std::function<uint64_t()> evicts = {}, uint64_t memory = 200'000,
         const ReadAhead& read_ahead = {})
      : program_(program), executor_(4), evicts_(std::move(evicts)), memory_(memory), read_ahead_(read_ahead) {
    begin(workers);
  }

  void feed(const Turn& turn, bool silent = false) {
    TurnInput input;
    input.bytes = turn.bytes;
    Place& place = places_[turn.source];
    input.position = place.position;
    input.first_line = place.line;
    if (!program_.sources[turn.source].is_static()) {
      engine_->run_turn(input, *place.decoder, turn.source, 0, false);
    } else {
      engine_->load_table(input, *place.decoder, turn.source, 0, silent);
    }
    place.position += static_cast<int64_t>(turn.bytes.size());
    place.line += std::count(turn.bytes.begin(), turn.bytes.end(), '\n');
    EXPECT_EQ(engine_->law_deviation(), 0);
    ASSERT_TRUE(engine_->health().ok()) << engine_->health().error().message;
    if (!evicts_) return;
    // A commit in flight: what it erases is still there when the next turn looks.
    if (collected_.has_value()) ASSERT_TRUE(store_.commit(*std::exchange(collected_, std::nullopt)).ok());
    engine_->committed();
    uint64_t keeps = evicts_();
    if (keeps == kNothingIsDue) {
      collected_.emplace();
      engine_->collect(*collected_);
      return;
    }
    commit();
    engine_->committed();
    ASSERT_TRUE(engine_->evict(keeps).ok());
    cold_rows += engine_->state_size().cold;
  }
  uint64_t cold_rows = 0;
  static constexpr uint64_t kNothingIsDue = UINT64_MAX;
  void end() {
    end_inputs();
    commit();
  }
  void end_inputs() {
    for (size_t source = 0; source < program_.sources.size(); ++source)
      engine_->end_partition(static_cast<int>(source), 0);
    engine_->move_time();
  }
  void commit() {
    if (collected_.has_value()) ASSERT_TRUE(store_.commit(*std::exchange(collected_, std::nullopt)).ok());
    StateBatch batch;
    engine_->collect(batch);
    ASSERT_TRUE(store_.commit(batch).ok());
  }
  void freeze() { engine_->freeze(collected_.emplace()); }
  /// Some of the rows that are frozen; true: all are, and the store has them.
  bool copy_frozen(uint64_t bytes) {
    if (!engine_->copy_frozen(bytes)) return false;
    engine_->take_frozen(*collected_);
    EXPECT_TRUE(store_.commit(*std::exchange(collected_, std::nullopt)).ok());
    engine_->committed();
    return true;
  }
  void restart(size_t workers, const Turn& table) {
    commit();
    std::map<int, Place> before = std::move(places_);
    begin(workers);
    ASSERT_TRUE(engine_->restore(store_).ok());
    engine_->forget_table(table.source);
    feed(table, true);
    for (auto& [source, place] : before) {
      places_[source].position = place.position;
      places_[source].line = place.line;
    }
  }
  const std::map<std::string, std::string>& lines() const { return writer_.lines; }
  std::string ledgers() const {
    std::string text;
    for (size_t product = 0; product < program_.products.size(); ++product)
      text += engine_->ledgers().store(static_cast<int>(product));
    return text;
  }
  std::map<std::string, std::string> state() {
    std::map<std::string, std::string> rows;
    for (StateFamily family : {StateFamily::point, StateFamily::timed}) {
      const Status read = store_.scan(family, "", [&](std::string_view key, std::string_view value) -> Status {
        rows[std::to_string(static_cast<int>(family)) + "/" + std::string(key)] = value;
        return {};
      });
      EXPECT_TRUE(read.ok());
    }
    return rows;
  }

 private:
  struct Place {
    std::unique_ptr<Decoder> decoder;
    int64_t position = 0, line = 1;
  };
  void begin(size_t workers) {
    EngineOptions options;
    options.now = kFarFuture;
    options.workers = workers;
    options.executor = &executor_;
    if (evicts_) {
      options.store = &store_;
      options.state_memory = memory_;
      options.read_ahead = read_ahead_;
    }
    auto made = TurnEngine::make(program_, writer_, options);
    ASSERT_TRUE(made.ok()) << made.error().message;
    engine_ = std::move(made).value();
    places_.clear();
    for (size_t source = 0; source < program_.sources.size(); ++source) {
      engine_->add_partition(static_cast<int>(source), "");
      places_[static_cast<int>(source)].decoder = make_decoder(decode_plan(program_.sources[source]));
    }
  }

  const Program& program_;
  ThreadExecutor executor_;
  std::function<uint64_t()> evicts_;
  uint64_t memory_;
  ReadAhead read_ahead_;
  std::optional<StateBatch> collected_;  ///< not durable yet
  TextWriter writer_;
  MemoryStore store_;
  std::unique_ptr<TurnEngine> engine_;
  std::map<int, Place> places_;
};

/// A table, then turns of a few and of very many records (source, records), with late ones, keys that are rare, and
/// keys that are not.
std::vector<Turn> random_turns(uint64_t seed) {
  Rng rng(seed);
  auto key = [&] { return "k" + std::to_string(rng.below(rng.below(2) == 0 ? 5 : 300)); };
  std::vector<Turn> turns(1, {2, ""});
  for (int i = 0; i < 200; ++i) turns[0].bytes += record(key(), i, 0);
  int64_t now = 100;
  for (int turn = 0; turn < 12; ++turn) {
    Turn made{static_cast<int>(rng.below(2)), ""};
    const int64_t count = rng.below(2) == 0 ? rng.between(1, 20) : rng.between(200, 1500);
    for (int64_t i = 0; i < count; ++i) {
      if (rng.below(8) == 0) ++now;
      made.bytes += record(key(), rng.between(0, 9), now - rng.between(0, 30));
    }
    turns.push_back(std::move(made));
  }
  return turns;
}

/// Joins that lose rows in every way, and steps on rows that one record made several of.
Program losing(ProgramBuilder& b) {
  int s = b.source("s", 30), t = b.source("t", 20, 1'000'000, true), u = b.source("u", -1, 0, true);
  auto reject = [&](int op, auto member) {
    auto& shape = std::get<std::decay_t<decltype(member)>>(b.program.operators[op].content).shape;
    shape.residual = b.kernel(
        std::make_shared<test::KeepKernel>(1, [](int64_t v) { return v % 5 != 0; }, b.site(Site::Kind::rejected)));
  };
  int versions = b.as_of_join(s, t, false, 60);
  reject(versions, AsOfJoinOperator{});
  int looked_up = b.reference_join(s, u, false);
  reject(looked_up, ReferenceJoinOperator{});
  int near = b.interval_join(s, t, false, true, -4, 3);
  reject(near, IntervalJoinOperator{});
  int pairs = b.interval_join(s, t, false, false, -2, 1);
  reject(pairs, IntervalJoinOperator{});
  int once = b.unique(pairs, 5);
  int windows = b.group(pairs, 40, 20);
  int product = 0;
  for (int op : {versions, looked_up, near, pairs, once, windows})
    b.program.operators[b.publish(op, "p" + std::to_string(product))].products = {product}, ++product;
  std::vector<std::vector<int>> reads(b.program.operators.size());
  for (size_t op = b.program.operators.size(); op-- > 0;) {
    if (auto* publish = std::get_if<PublishOperator>(&b.program.operators[op].content)) reads[op] = {publish->product};
    std::sort(reads[op].begin(), reads[op].end());
    reads[op].erase(std::unique(reads[op].begin(), reads[op].end()), reads[op].end());
    b.program.operators[op].products = reads[op];
    for (int input : b.program.operators[op].inputs)
      reads[input].insert(reads[input].end(), reads[op].begin(), reads[op].end());
  }
  return b.program;
}

/// A join without bounds that relies on a promise: left rows leave at their match, or at the end.
Program matching(ProgramBuilder& b) {
  int s = b.source("s", 30), t = b.source("t", 20);
  int with_table = b.reference_join(s, b.source("u", -1, 0, true), true);
  int join = b.interval_join(with_table, b.keep(t, [](int64_t v) { return v == 7; }), true, false, 0, 0);
  auto& content = std::get<IntervalJoinOperator>(b.program.operators[join].content);
  content.lower_us = content.upper_us = {};
  content.retain_us = INT64_MAX;
  content.meets_one = true;
  content.duplicate_site = b.site(Site::Kind::duplicate);
  b.publish(join);
  return b.program;
}

class Workers : public testing::TestWithParam<Program (*)(ProgramBuilder&)> {};

TEST_P(Workers, give_what_one_worker_gives) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    ProgramBuilder b;
    const Program program = GetParam()(b);
    const std::vector<Turn> turns = random_turns(seed);
    Driven one(program, 1);
    for (const Turn& turn : turns) one.feed(turn);
    one.end();
    size_t written = 0;
    for (const auto& [port, lines] : one.lines()) written += lines.size();
    EXPECT_GT(written, 100'000u);
    for (size_t workers : {2, 3, 4, 64}) {
      Driven run(program, workers);
      for (const Turn& turn : turns) run.feed(turn);
      run.end();
      EXPECT_EQ(run.lines(), one.lines()) << workers << " workers, seed " << seed;
      EXPECT_EQ(run.ledgers(), one.ledgers());
      EXPECT_EQ(run.state(), one.state());
    }
  }
}

TEST_P(Workers, their_number_changes_between_runs) {
  for (uint64_t seed = 11; seed <= 13; ++seed) {
    ProgramBuilder b;
    const Program program = GetParam()(b);
    const std::vector<Turn> turns = random_turns(seed);
    Driven one(program, 1), changing(program, 4);
    for (const Turn& turn : turns) one.feed(turn);
    one.end();
    const size_t numbers[] = {2, 1, 64, 3, 4};
    size_t next = 0;
    for (const Turn& turn : turns) {
      changing.feed(turn);
      if (turn.source != 2) changing.restart(numbers[next++ % 5], turns[0]);
    }
    changing.end();
    EXPECT_EQ(changing.lines(), one.lines()) << "seed " << seed;
    EXPECT_EQ(changing.ledgers(), one.ledgers());
    EXPECT_EQ(changing.state(), one.state());
  }
}

TEST_P(Workers, rows_that_were_evicted_show_nowhere) {
  for (uint64_t seed = 21; seed <= 22; ++seed) {
    ProgramBuilder b;
    const Program program = GetParam()(b);
    const std::vector<Turn> turns = random_turns(seed);
    Driven ample(program, 1);
    for (const Turn& turn : turns) ample.feed(turn);
    ample.end();
    Rng rng(seed);
    auto all = [] { return uint64_t{0}; };
    auto some = [&rng] { return rng.chance(3) ? Driven::kNothingIsDue : rng.below(3) * 100'000; };
    for (size_t workers : {1, 4}) {
      for (const auto& evicts : {std::function<uint64_t()>(all), std::function<uint64_t()>(some)}) {
        Driven tight(program, workers, evicts);
        for (const Turn& turn : turns) tight.feed(turn);
        tight.end();
        EXPECT_GT(tight.cold_rows, 1000u);
        EXPECT_EQ(tight.lines(), ample.lines()) << workers << " workers, seed " << seed;
        EXPECT_EQ(tight.ledgers(), ample.ledgers());

        Driven restarted(program, workers, evicts);
        size_t next = 0;
        for (const Turn& turn : turns) {
          restarted.feed(turn);
          if (turn.source != 2 && next++ % 3 == 0) restarted.restart(1 + next % 3, turns[0]);
        }
        restarted.end();
        EXPECT_EQ(restarted.lines(), ample.lines()) << workers << " workers, seed " << seed;
        EXPECT_EQ(restarted.ledgers(), ample.ledgers());
      }
    }
  }
}

/// Of small ranges, few or none of which are read though no row wants them.
TEST_P(Workers, what_a_restart_reads_later_shows_nowhere) {
  for (uint64_t seed = 31; seed <= 32; ++seed) {
    ProgramBuilder b;
    const Program program = GetParam()(b);
    const std::vector<Turn> turns = random_turns(seed);
    Driven one(program, 1);
    for (const Turn& turn : turns) one.feed(turn);
    one.end();
    Rng rng(seed);
    auto nothing = [] { return uint64_t{UINT64_MAX / 2}; };
    auto some = [&rng] { return rng.chance(2) ? Driven::kNothingIsDue : rng.below(3) * 100'000; };
    for (const auto& evicts : {std::function<uint64_t()>(nothing), std::function<uint64_t()>(some)}) {
      for (const ReadAhead ahead : {ReadAhead{64, 0}, ReadAhead{64, 7}, ReadAhead{1000, 1}}) {
        for (const uint64_t memory : {uint64_t{0}, uint64_t{300'000}, UINT64_MAX}) {
          Driven restarted(program, 1 + seed % 3, evicts, memory, ahead);
          size_t next = seed;
          for (const Turn& turn : turns) {
            restarted.feed(turn);
            if (turn.source != 2 && next++ % 3 == 0) restarted.restart(1 + next % 4, turns[0]);
          }
          restarted.end();
          EXPECT_EQ(restarted.lines(), one.lines()) << "memory " << memory << ", seed " << seed;
          EXPECT_EQ(restarted.ledgers(), one.ledgers());
        }
      }
    }
    // With room for all of it, and all read in the first turn, the store ends as without a restart.
    Driven ample(program, 2, nothing, UINT64_MAX, {64, 1 << 20});
    for (const Turn& turn : turns) {
      ample.feed(turn);
      if (turn.source != 2) ample.restart(3, turns[0]);
    }
    ample.end();
    EXPECT_EQ(ample.lines(), one.lines()) << "seed " << seed;
    EXPECT_EQ(ample.ledgers(), one.ledgers());
    ample.end();  // forgets what was read in the turn before, and was outdated
    EXPECT_EQ(ample.state(), one.state());
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Workers, testing::Values(everything, losing),
                         [](const auto& info) { return info.index == 0 ? "everything" : "losing"; });

class Freezes : public testing::TestWithParam<Program (*)(ProgramBuilder&)> {};

/// What a freeze holds is what there was at the edge, however many turns change it while its rows are copied.
TEST_P(Freezes, hold_the_state_at_their_edge) {
  for (uint64_t seed = 41; seed <= 44; ++seed) {
    ProgramBuilder b;
    const Program program = GetParam()(b);
    const std::vector<Turn> turns = random_turns(seed);
    Driven once(program, 1);  // what one commit at the end leaves
    for (const Turn& turn : turns) once.feed(turn);
    once.end();
    for (const size_t workers : {1, 3}) {
      for (const uint64_t bytes : {1, 2'000, 100'000}) {
        SCOPED_TRACE(fmt::format("seed {}, pieces of {}", seed, bytes));
        Driven at_once(program, workers), frozen(program, workers);
        Rng rng(seed);
        bool copying = false;
        int beside = 0, freezes = 0;  // turns while rows were copied
        auto freeze = [&] {
          at_once.commit();
          frozen.freeze();
          copying = true;
          ++freezes;
        };
        for (const Turn& turn : turns) {
          const std::map<std::string, std::string> edge = at_once.state();
          at_once.feed(turn);
          frozen.feed(turn);
          beside += copying ? 1 : 0;
          for (uint64_t pieces = bytes == 1 ? rng.below(30) : rng.below(3); copying && pieces > 0; --pieces)
            copying = !frozen.copy_frozen(bytes);
          if (copying && beside % 4 == 3) copying = !frozen.copy_frozen(UINT64_MAX);
          if (copying) continue;
          if (freezes > 0) ASSERT_EQ(frozen.state(), edge);
          freeze();
        }
        EXPECT_GT(freezes, 3);
        EXPECT_GT(beside, 6);
        if (copying) frozen.copy_frozen(UINT64_MAX);
        freeze();
        const std::map<std::string, std::string> edge = at_once.state();
        at_once.end_inputs();
        frozen.end_inputs();
        EXPECT_TRUE(frozen.copy_frozen(UINT64_MAX));
        EXPECT_EQ(frozen.state(), edge);
        at_once.commit();
        frozen.commit();
        EXPECT_EQ(frozen.state(), at_once.state());
        EXPECT_EQ(frozen.lines(), at_once.lines());
        EXPECT_EQ(frozen.state(), once.state());
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Freezes, testing::Values(everything, losing, matching), [](const auto& info) {
  return info.index == 0 ? "everything" : info.index == 1 ? "losing" : "matching";
});

}  // namespace
}  // namespace braid
