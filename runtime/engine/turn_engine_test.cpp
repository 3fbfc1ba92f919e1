#include "runtime/engine/turn_engine.h"

#include <gtest/gtest.h>

#include "runtime/base/rng.h"
#include "runtime/engine/in_memory.h"
#include "runtime/engine/test_program.h"

namespace braid {
namespace {

using test::everything;
using test::ProgramBuilder;
using test::record;

/// µs since the epoch, short enough to read in expectations.
constexpr int64_t kFarFuture = 1'000'000'000'000;

class Running {
 public:
  explicit Running(Program& program) {
    EngineOptions options;
    options.now = kFarFuture;
    auto made = InMemorySession::make(program, options);
    EXPECT_TRUE(made.ok()) << made.error().message;
    session = std::move(made).value();
  }
  void feed(int source, const std::string& records) {
    session->feed(source, records);
    EXPECT_EQ(session->engine().law_deviation(), 0);
  }
  void end() {
    session->end_all();
    EXPECT_EQ(session->engine().law_deviation(), 0);
  }
  /// Rows as "k v@at r.v", what is missing as "-".
  std::vector<std::string> joined(const std::string& port = "") {
    std::vector<std::string> rows;
    for (const CapturedRow& row : session->take(0, port)) {
      const std::vector<Value>& items = row.value.items();
      std::string text =
          items[0].text() + " " + std::to_string(items[1].integer()) + "@" + std::to_string(items[2].integer());
      if (items.size() > 3) text += items[3].is_null() ? " -" : " " + std::to_string(items[3].items()[1].integer());
      rows.push_back(text);
    }
    return rows;
  }
  /// Groups as "k n sum [start,end)".
  std::vector<std::string> groups() {
    std::vector<std::string> rows;
    for (const CapturedRow& row : session->take(0)) {
      const std::vector<Value>& items = row.value.items();
      rows.push_back(items[0].text() + " " + std::to_string(items[1].integer()) + " " +
                     std::to_string(items[2].integer()) + " [" + std::to_string(items[6].items()[0].integer()) + "," +
                     std::to_string(items[6].items()[1].integer()) + ")");
    }
    return rows;
  }
  /// Codes of the rows at a port.
  std::vector<std::string> codes(const std::string& port) {
    std::vector<std::string> codes;
    for (const CapturedRow& row : session->take(0, port))
      codes.push_back(row.value.items()[find_field(row.type->fields, "code")].text());
    return codes;
  }
  const Ledger& ledger(size_t input = 0) const {
    return session->engine().ledgers().products()[0].inputs[input].ledger;
  }
  const Ledger& derived() const { return session->engine().ledgers().products()[0].derived; }

  std::unique_ptr<InMemorySession> session;
};

using Rows = std::vector<std::string>;

TEST(TurnEngine, rows_are_filtered_rejected_and_published) {
  ProgramBuilder b;
  b.publish(b.keep(b.source("s", 0), [](int64_t v) { return v > 1; }));
  Running run(b.program);
  run.feed(0, record("a", 1, 10) + record("b", 2, 11) + "{\"k\":\"c\"}\n" + "broken\n" + record("d", 3, 12));
  EXPECT_EQ(run.joined(), (Rows{"b 2@11", "d 3@12"}));
  EXPECT_EQ(run.codes("rejected"), (Rows{"E6001", "E6021"}));
  EXPECT_EQ(run.ledger().in, 5);
  EXPECT_EQ(run.ledger().used, 2);
  EXPECT_EQ(run.ledger().filtered, 1);
  EXPECT_EQ(run.ledger().rejected, 2);
}

TEST(TurnEngine, a_named_port_gets_bare_rows) {
  ProgramBuilder b;
  b.publish(b.keep(b.source("s", 0), [](int64_t v) { return v > 1; }, Site::Kind::port, "small"));
  Running run(b.program);
  run.feed(0, record("a", 1, 10) + record("b", 2, 11));
  EXPECT_EQ(run.joined("small"), (Rows{"a 1@10"}));
  EXPECT_EQ(run.ledger().filtered, 1);
}

TEST(TurnEngine, reference_join_takes_the_last_row_of_a_key) {
  ProgramBuilder b;
  int left = b.source("s", 0);
  int right = b.source("t", -1, 0, true);
  b.publish(b.reference_join(left, right, false));
  Running run(b.program);
  run.feed(1, record("a", 1, 0) + record("a", 2, 0));
  run.feed(0, record("a", 7, 10) + record("b", 8, 11));
  EXPECT_EQ(run.joined(), (Rows{"a 7@10 2"}));
  EXPECT_EQ(run.codes("unmatched"), (Rows{"E6304"}));
  EXPECT_EQ(run.ledger(1).duplicate, 1);
  EXPECT_EQ(run.ledger(1).used, 1);
  ASSERT_TRUE(run.session->restart().ok());
  run.feed(0, record("a", 9, 12));
  EXPECT_EQ(run.joined(), (Rows{"a 9@12 2"}));
}

TEST(AsOfJoin, waits_for_the_table_and_releases_by_time) {
  ProgramBuilder b;
  int left = b.source("s", 5);
  int right = b.source("t", 0, 1'000'000, true);
  b.publish(b.as_of_join(left, right, true));
  Running run(b.program);
  run.feed(0, record("a", 1, 20) + record("a", 2, 18));
  EXPECT_EQ(run.joined(), Rows{});
  EXPECT_EQ(run.ledger().held, 2);
  run.feed(1, record("a", 100, 10) + record("a", 101, 19) + record("a", 102, 21));
  EXPECT_EQ(run.joined(), (Rows{"a 2@18 100", "a 1@20 101"}));
  EXPECT_EQ(run.ledger().held, 0);
  EXPECT_EQ(run.ledger().used, 2);
}

TEST(AsOfJoin, a_late_version_holds_from_the_watermark_on) {
  ProgramBuilder b;
  int left = b.source("s", 50);
  int right = b.source("t", 0, 1'000'000, true);
  b.publish(b.as_of_join(left, right, true));
  Running run(b.program);
  run.feed(1, record("a", 1, 10) + record("a", 2, 20) + record("b", 0, 20));
  run.feed(1, record("a", 3, 12));  // behind 20: holds from 20 on, and stands later in the partition
  run.feed(0, record("a", 7, 15) + record("a", 8, 25) + record("a", 9, 19));
  run.end();
  EXPECT_EQ(run.joined(), (Rows{"a 7@15 1", "a 9@19 1", "a 8@25 3"}));
}

TEST(AsOfJoin, max_age_is_inclusive_and_late_rows_leave) {
  ProgramBuilder b;
  int left = b.source("s", 0);
  int right = b.source("t", 0, 1'000'000, true);
  b.publish(b.as_of_join(left, right, true, 5));
  Running run(b.program);
  run.feed(1, record("a", 1, 10) + record("a", 1, 11) + record("b", 5, 100));
  run.feed(0, record("a", 1, 15) + record("a", 2, 16) + record("a", 3, 17) + record("a", 4, 15));
  run.end();
  EXPECT_EQ(run.joined(), (Rows{"a 1@15 1", "a 2@16 1", "a 3@17 -"}));
  EXPECT_EQ(run.codes("late"), (Rows{"E6301"}));
  EXPECT_EQ(run.ledger().late, 1);
}

TEST(AsOfJoin, lets_rows_go_that_have_waited_as_long_as_they_may) {
  ProgramBuilder b;
  int left = b.source("s", 10);
  int right = b.source("t", 0, 1'000'000, true);
  b.publish(b.as_of_join(left, right, true, {}, 100));
  Running run(b.program);
  run.feed(1, record("a", 100, 10) + record("a", 101, 15));
  run.feed(0, record("a", 1, 20) + record("a", 2, 18));
  run.session->wait(60);
  ASSERT_TRUE(run.session->restart().ok());
  run.feed(0, record("a", 3, 25));
  run.session->wait(39);
  EXPECT_EQ(run.joined(), Rows{});
  EXPECT_EQ(run.session->engine().ledgers().products()[0].inputs[0].ledger.held, 3);
  run.session->wait(1);
  EXPECT_EQ(run.joined(), (Rows{"a 2@18 101", "a 1@20 101"}));
  EXPECT_EQ(run.ledger().early, 2);
  EXPECT_EQ(run.ledger().held, 1);
  ASSERT_TRUE(run.session->restart().ok());
  // What comes later corrects nothing, and is there for rows that still wait.
  run.feed(1, record("a", 102, 16) + record("b", 0, 30));
  EXPECT_EQ(run.joined(), (Rows{"a 3@25 102"}));
  run.session->wait(1000);
  run.end();
  EXPECT_EQ(run.joined(), Rows{});
  EXPECT_EQ(run.ledger().early, 2);
  EXPECT_EQ(run.ledger().used, 3);
}

TEST(AsOfJoin, a_row_that_goes_early_is_not_late_behind_a_table_that_has_fallen_silent) {
  for (const size_t workers : {1, 3}) {
    ProgramBuilder b;
    int left = b.source("s", 0);
    int right = b.source("t", 0, 1'000'000, true);
    b.publish(b.group(b.as_of_join(left, right, true, {}, 100), 10, 10));
    EngineOptions options;
    options.now = kFarFuture;
    options.workers = workers;
    Running run(b.program);
    run.session = std::move(InMemorySession::make(b.program, options)).value();
    run.feed(1, record("a", 1, 5) + record("a", 1, 6));
    run.feed(0, record("a", 1, 12) + record("a", 1, 14));
    run.session->idle(1);
    run.feed(0, record("a", 1, 31) + record("a", 1, 32));
    EXPECT_EQ(run.groups(), Rows{});
    run.session->wait(100);
    EXPECT_EQ(run.groups(), (Rows{"a 2 2 [10,20)"}));
    EXPECT_EQ(run.ledger().early, 4);
    EXPECT_EQ(run.ledger().late, 0);
    // With no row that waits, the silent table holds nothing back.
    run.feed(0, record("a", 1, 45));
    run.session->wait(100);
    EXPECT_EQ(run.groups(), (Rows{"a 2 2 [30,40)"}));
  }
}

TEST(AsOfJoin, rows_go_early_by_time_in_rounds_and_from_the_store) {
  std::vector<Rows> made;
  for (const size_t workers : {1, 4})
    for (const uint64_t memory : {UINT64_MAX, uint64_t{0}})
      for (const bool restarts : {false, true}) {
        ProgramBuilder b;
        int left = b.source("s", 50'000'000);
        int right = b.source("t", 0, 1'000'000'000, true);
        b.publish(b.as_of_join(left, right, true, {}, 1000));
        EngineOptions options;
        options.now = kFarFuture;
        options.workers = workers;
        options.state_memory = memory;
        Running run(b.program);
        run.session = std::move(InMemorySession::make(b.program, options)).value();
        Rng rng(9);
        auto maybe_restart = [&] {
          if (restarts) ASSERT_TRUE(run.session->restart().ok());
        };
        run.feed(1, record("a", 100, 10) + record("a", 101, 15));
        Rows rows;
        for (int turn = 0; turn < 30; ++turn) {
          std::string bytes;
          for (int i = 0; i < 200; ++i)
            bytes += record(std::string(1, static_cast<char>('a' + rng.below(20))), i, rng.between(100, 40'000'000));
          run.feed(0, bytes);
          maybe_restart();
          if (turn == 15) run.feed(1, record("b", 7, 9'000'000) + record("a", 102, 9'500'000));
          run.session->wait(rng.between(0, 200));
          maybe_restart();
          for (std::string& row : run.joined()) rows.push_back(std::move(row));
        }
        EXPECT_GT(run.ledger().early, 2000);
        EXPECT_GT(run.ledger().held, 100);
        EXPECT_EQ(run.ledger().late, 0);
        run.end();
        for (std::string& row : run.joined()) rows.push_back(std::move(row));
        EXPECT_EQ(rows.size(), 6000u);
        made.push_back(std::move(rows));
      }
  for (const Rows& rows : made) EXPECT_EQ(rows, made[0]);
}

TEST(PartitionTime, a_leap_moves_time_only_once_confirmed) {
  ProgramBuilder b;
  b.publish(b.group(b.source("s", 0, 100), 10, 10));
  Running run(b.program);
  run.feed(0, record("a", 1, 1) + record("a", 1, 2));
  run.feed(0, record("a", 1, 5000));  // a candidate
  EXPECT_EQ(run.groups(), Rows{});
  run.feed(0, record("a", 1, 3));  // discards it
  EXPECT_EQ(run.session->engine().leaps_discarded(), 1u);
  EXPECT_EQ(run.groups(), Rows{});
  run.feed(0, record("a", 1, 6000) + record("a", 1, 7000));  // confirmed at the lesser
  EXPECT_EQ(run.groups(), (Rows{"a 3 3 [0,10)", "a 1 1 [5000,5010)"}));
  EXPECT_EQ(run.session->engine().clock(0, 0).max, 6000);
}

TEST(PartitionTime, an_idle_partition_does_not_hold_time_back_and_wakes_at_the_task_watermark) {
  ProgramBuilder b;
  int s = b.source("s", 0), t = b.source("t", 0);
  Operator both;
  both.content = UnionOperator{};
  both.inputs = {s, t};
  both.row = test::plain_row();
  b.publish(b.group(b.add(std::move(both)), 10, 10));
  Running run(b.program);
  run.feed(0, record("a", 1, 1) + record("a", 1, 25));
  run.feed(0, record("a", 1, 26));
  EXPECT_EQ(run.groups(), Rows{});
  run.session->idle(1);
  EXPECT_EQ(run.groups(), (Rows{"a 1 1 [0,10)"}));
  run.feed(1, record("b", 1, 5) + record("b", 2, 27));  // wakes behind: its first row is late
  EXPECT_EQ(run.codes("late"), (Rows{"E6301"}));
  run.end();
  EXPECT_EQ(run.groups().size(), 2u);
}

TEST(WindowGroup, a_row_late_for_some_hopping_windows_is_used_and_partly_late) {
  ProgramBuilder b;
  b.publish(b.group(b.source("s", 0), 20, 10));
  Running run(b.program);
  run.feed(0, record("a", 1, 15) + record("a", 1, 21) + record("a", 1, 21));
  run.feed(0, record("a", 1, 16));  // [0,20) has closed, [10,30) has not
  run.feed(0, record("a", 1, 40) + record("a", 1, 9));
  run.end();
  EXPECT_EQ(run.groups(), (Rows{"a 1 1 [0,20)", "a 4 4 [10,30)", "a 2 2 [20,40)", "a 1 1 [30,50)", "a 1 1 [40,60)"}));
  EXPECT_EQ(run.ledger().partly_late, 1);
  EXPECT_EQ(run.ledger().late, 1);
  EXPECT_EQ(run.derived().in, 5);
}

TEST(WindowGroup, overflow_is_judged_at_emission_only) {
  ProgramBuilder b;
  b.publish(b.group(b.source("s", 0), 10, 10));
  Running run(b.program);
  run.feed(0, record("a", INT64_MAX, 1) + record("a", 1, 2) + record("a", -5, 3) + record("b", INT64_MAX, 4) +
                  record("b", 1, 5));
  run.end();
  EXPECT_EQ(run.groups(), (Rows{"a 3 9223372036854775803 [0,10)"}));
  EXPECT_EQ(run.codes("rejected"), (Rows{"E6101"}));
  EXPECT_EQ(run.derived().in, 2);
  EXPECT_EQ(run.derived().rejected, 1);
}

TEST(IntervalJoin, pairs_go_out_once_and_unmatched_rows_once_the_interval_closes) {
  ProgramBuilder b;
  int left = b.source("s", 10), right = b.source("t", 0);
  b.publish(b.interval_join(left, right, true, false, -5, 5));
  Running run(b.program);
  run.feed(0, record("a", 1, 10) + record("a", 2, 30) + record("a", 3, 32));
  run.feed(1, record("a", 100, 12) + record("a", 101, 14));
  EXPECT_EQ(run.joined(), (Rows{"a 1@10 100", "a 1@10 101"}));
  run.feed(1, record("a", 102, 36));  // closes 30, within reach of 32
  EXPECT_EQ(run.joined(), (Rows{"a 3@32 102", "a 2@30 -"}));
  run.feed(0, record("a", 4, 31));  // not late, but its interval has closed: unmatched? 36 lies within 26..36
  EXPECT_EQ(run.joined(), (Rows{"a 4@31 102"}));
  run.end();
  EXPECT_EQ(run.joined(), Rows{});
  EXPECT_EQ(run.ledger().used, 4);
  EXPECT_EQ(run.derived().in, 5);
}

TEST(IntervalJoin, nearest_prefers_the_earlier_of_equals_and_meets_itself_only_at_zero) {
  ProgramBuilder b;
  int source = b.source("s", 0);
  b.publish(b.interval_join(source, source, true, true, -10, -1));
  Running run(b.program);
  run.feed(0, record("a", 1, 10) + record("a", 2, 14) + record("a", 3, 16) + record("b", 4, 17));
  run.end();
  EXPECT_EQ(run.joined(), (Rows{"a 1@10 -", "a 2@14 1", "a 3@16 2", "b 4@17 -"}));
  EXPECT_EQ(run.ledger().in, 4);
  EXPECT_EQ(run.ledger().used, 4);

  ProgramBuilder c;
  int left = c.source("s", 0), right = c.source("t", 0);
  c.publish(c.interval_join(left, right, true, true, -10, 10));
  Running tie(c.program);
  tie.feed(1, record("a", 1, 8) + record("a", 2, 12) + record("a", 3, 12));
  tie.feed(0, record("a", 9, 10));
  tie.end();
  EXPECT_EQ(tie.joined(), (Rows{"a 9@10 1"}));
}

TEST(Unique, the_first_by_time_wins_whatever_came_first) {
  ProgramBuilder b;
  b.publish(b.unique(b.source("s", 10), 100));
  Running run(b.program);
  run.feed(0, record("a", 1, 20) + record("a", 2, 15));
  EXPECT_EQ(run.ledger().held, 2);
  run.feed(0, record("a", 3, 114) + record("a", 4, 115));
  run.end();
  EXPECT_EQ(run.joined(), (Rows{"a 2@15", "a 4@115"}));
  EXPECT_EQ(run.codes("rejected"), (Rows{"E6202", "E6202"}));
  EXPECT_EQ(run.ledger().duplicate, 2);
}

TEST(Retime, windows_cascade_and_a_retimed_flow_has_its_own_watermark) {
  ProgramBuilder b;
  int source = b.source("s", 0);
  b.publish(b.group(b.retime(source, 2, 100), 10, 10));
  Running run(b.program);
  run.feed(0, record("a", 1, 50) + record("a", 1, 60));
  run.feed(0, record("a", 1, 20));  // behind the source's bound, within the new one
  EXPECT_EQ(run.groups(), Rows{});
  run.feed(0, record("a", 1, 131));
  EXPECT_EQ(run.groups(), (Rows{"a 1 1 [20,30)"}));
  run.end();
  EXPECT_EQ(run.groups().size(), 3u);
}

TEST(Ledger, a_record_counts_on_its_first_way_also_beside_one_with_a_time_of_its_own) {
  ProgramBuilder b;
  const int source = b.source("s", 0);
  // The other way runs first, and lets nothing through.
  const int other = b.keep(b.retime(source, 2, 0), [](int64_t) { return false; });
  const int first = b.keep(source, [](int64_t) { return true; });
  Operator both;
  both.content = UnionOperator{};
  both.inputs = {first, other};
  both.row = b.row(first);
  both.text = "union";
  b.publish(b.add(std::move(both)));
  Running run(b.program);
  run.feed(0, record("a", 1, 10) + record("b", 2, 20));
  run.end();
  EXPECT_EQ(run.ledger().used, 2);
  EXPECT_EQ(run.ledger().filtered, 0);
}

TEST(Ledger, each_product_that_reads_a_source_counts_it) {
  ProgramBuilder b;
  int source = b.source("s", 0);
  int kept = b.keep(source, [](int64_t v) { return v > 1; });
  b.publish(source, "all");
  b.publish(kept, "some");
  b.program.operators[0].products = {0, 1};
  b.program.operators[1].products = {1};
  Running run(b.program);
  run.feed(0, record("a", 1, 10) + "broken\n" + record("b", 2, 11));
  const auto& products = run.session->engine().ledgers().products();
  EXPECT_EQ(products[0].inputs[0].ledger.used, 2);
  EXPECT_EQ(products[1].inputs[0].ledger.used, 1);
  EXPECT_EQ(products[1].inputs[0].ledger.filtered, 1);
  EXPECT_EQ(run.session->take(0, "rejected").size(), 1u);
  EXPECT_EQ(run.session->take(1, "rejected").size(), 1u);
}

TEST(Ledger, a_product_read_by_another_begins_a_ledger_anew) {
  ProgramBuilder b;
  int published = b.publish(b.group(b.source("s", 0), 10, 10), "hourly");
  int kept = b.keep(published, [](int64_t n) { return n > 1; });
  b.publish(kept, "busy");
  b.program.products[1].sources = {};
  b.program.products[1].products = {0};
  b.program.operators[kept].products = {1};
  b.program.operators[kept].derived = false;
  b.program.operators[kept + 1].derived = false;
  Running run(b.program);
  run.feed(0, record("a", 1, 1) + record("a", 1, 2) + record("b", 1, 3));
  run.end();
  const ProductLedger& busy = run.session->engine().ledgers().products()[1];
  ASSERT_EQ(busy.inputs.size(), 1u);
  EXPECT_EQ(busy.inputs[0].ledger.in, 2);
  EXPECT_EQ(busy.inputs[0].ledger.used, 1);
  EXPECT_EQ(busy.inputs[0].ledger.filtered, 1);
  EXPECT_EQ(run.session->take(1).size(), 1u);
}

std::string all_rows(InMemorySession& session, size_t products) {
  std::string text;
  for (size_t product = 0; product < products; ++product)
    for (const char* port : {"", "rejected", "late", "unmatched"})
      for (const CapturedRow& row : session.take(static_cast<int>(product), port))
        text += std::to_string(product) + port + " " + to_json(row.type, row.value) + "\n";
  return text;
}

TEST(TurnEngine, restarted_after_every_turn_gives_the_same_rows) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::vector<std::pair<int, std::string>> turns;
    Rng rng(seed);
    turns.emplace_back(2, record("a", 1, 0) + record("c", 2, 0) + record("a", 3, 0));
    int64_t now = 100;
    for (int turn = 0; turn < 60; ++turn) {
      std::string records;
      for (uint64_t i = rng.below(6); i > 0; --i) {
        now += rng.between(0, 6);
        int64_t time = rng.chance(40) ? now + 900 : now - rng.between(0, 45);
        records += record(std::string(1, static_cast<char>('a' + rng.below(3))), rng.between(0, 5), time);
        if (rng.chance(30)) records += "broken\n";
      }
      turns.emplace_back(static_cast<int>(rng.below(2)), records);
    }
    ProgramBuilder b, c;
    Program program = everything(b), other = everything(c);
    Running whole(program), parts(other);
    std::string expected, found;
    for (const auto& [source, records] : turns) {
      whole.feed(source, records);
      parts.feed(source, records);
      ASSERT_TRUE(parts.session->restart().ok());
      EXPECT_EQ(parts.session->engine().law_deviation(), 0);
    }
    whole.end();
    parts.end();
    expected = all_rows(*whole.session, program.products.size());
    found = all_rows(*parts.session, program.products.size());
    EXPECT_EQ(expected, found);
    EXPECT_GT(expected.size(), 1000u);
    for (size_t product = 0; product < program.products.size(); ++product)
      for (size_t input = 0; input < whole.session->engine().ledgers().products()[product].inputs.size(); ++input)
        EXPECT_EQ(whole.session->engine().ledgers().products()[product].inputs[input].ledger,
                  parts.session->engine().ledgers().products()[product].inputs[input].ledger);
  }
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin))
    lines.push_back(text.substr(begin, end - begin));
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(TurnEngine, however_sources_interleave_the_same_rows_come_out) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    std::vector<std::string> records[2];
    for (auto& source : records) {
      int64_t now = 100;
      for (int i = 0; i < 120; ++i) {
        now += rng.between(0, 6);
        int64_t time = rng.chance(40) ? now + 900 : now - rng.between(0, 45);
        source.push_back(record(std::string(1, static_cast<char>('a' + rng.below(3))), rng.between(0, 5), time));
      }
    }
    std::vector<std::string> expected;
    for (int order = 0; order < 4; ++order) {
      ProgramBuilder b;
      Program program = everything(b);
      Running run(program);
      run.feed(2, record("a", 1, 0) + record("c", 2, 0));
      size_t next[2] = {0, 0};
      while (next[0] < records[0].size() || next[1] < records[1].size()) {
        size_t source = order == 0   ? (next[0] < records[0].size() ? 0 : 1)
                        : order == 1 ? (next[1] < records[1].size() ? 1 : 0)
                                     : rng.below(2);
        std::string turn;
        for (uint64_t count = 1 + rng.below(5); count > 0 && next[source] < records[source].size(); --count)
          turn += records[source][next[source]++];
        if (!turn.empty()) run.feed(static_cast<int>(source), turn);
      }
      run.end();
      std::vector<std::string> found = sorted_lines(all_rows(*run.session, program.products.size()));
      if (order == 0) {
        expected = found;
        EXPECT_GT(expected.size(), 500u);
      } else {
        EXPECT_EQ(found.size(), expected.size());
        std::vector<std::string> missing, extra;
        std::set_difference(expected.begin(), expected.end(), found.begin(), found.end(), std::back_inserter(missing));
        std::set_difference(found.begin(), found.end(), expected.begin(), expected.end(), std::back_inserter(extra));
        EXPECT_EQ(missing, std::vector<std::string>()) << "order " << order;
        EXPECT_EQ(extra, std::vector<std::string>()) << "order " << order;
      }
    }
  }
}

}  // namespace
}  // namespace braid
