// What a failed test says of time: which watermark the missing rows wait for, and what lets them go on.
#include <gtest/gtest.h>

#include "cli/session/waiting_rows.h"
#include "tests/scenarios/script.h"

namespace braid::scenarios {
namespace {

constexpr const char* kFlows = R"(
domain t

stream s
  time at within 1s
{ at: timestamp, id: int }

stream r
  time at within 0s
{ at: timestamp, id: int }

table c
  key id
  time at within 0s
{ at: timestamp, id: int, name: string }

product pairs {
  from s
  left join r as r on r.id == id within 0s..10s
}

product named {
  from s
  join c as c on c.id == id
}

product counted {
  from named
  window tumbling 10s
  group { n: count() }
}

product ticks {
  from every 5m as tick
  left join c as c on c.id == 1
}
)";

/// Of the first test that is written behind the flows.
std::string told(const std::string& statements) {
  const Script script(std::string(kFlows) + "test \"one\" in order {\n" + statements + "\n}\n");
  EXPECT_EQ(script.faults(), "");
  const typed::Test& test = script.project().tests.front();
  driver::Compiled compiled = driver::compile(script.project(), cli::expected_products(test), {}, system_clock());
  const cli::PlayContext context{script.project(), ""};
  const auto played = cli::play(test, compiled.program(), context, {});
  if (!played.ok()) return played.error().message;
  if (!played->has_value()) return "nothing is missing";
  return cli::waiting_for(test, compiled.program(), context, **played);
}

TEST(WaitingRows, AnIntervalThatIsOpen) {
  EXPECT_EQ(told(R"(
    given s [{ at: @2026-01-01T00:00:05Z, id: 1 }, { at: @2026-01-01T00:00:06Z, id: 1 }]
    given r [{ at: @2026-01-01T00:00:05Z, id: 9 }, { at: @2026-01-01T00:00:07Z, id: 9 }]
    expect pairs [{ id: 1, at: @2026-01-01T00:00:05Z, .. }]
    given r [{ at: @2026-01-01T00:00:08Z, id: 9 }])"),
            "what is missing waits for the time of `r`:\n"
            "the watermark of `r` stands at @2026-01-01T00:00:05Z\n"
            "`advance r to @2026-01-01T00:00:16Z` before this `expect` lets it go on; an `expect` at the end of the "
            "test sees the end of all inputs");
}

TEST(WaitingRows, ATableOfWhichOneVersionHasCome) {
  EXPECT_EQ(told(R"(
    given c [{ at: @2026-01-01T00:00:01Z, id: 1, name: "a" }]
    given s [{ at: @2026-01-01T00:00:05Z, id: 1 }, { at: @2026-01-01T00:00:06Z, id: 1 }]
    expect named [{ id: 1, .. }, { id: 1, .. }]
    given s [{ at: @2026-01-01T00:00:07Z, id: 1 }])"),
            "what is missing waits for the time of `c`:\n"
            "one row of `c` has come, of @2026-01-01T00:00:01Z, and a first row moves no time alone\n"
            "`advance c to @2026-01-01T00:00:07Z` before this `expect` lets it go on; an `expect` at the end of the "
            "test sees the end of all inputs");
}

TEST(WaitingRows, TwoSourcesThroughAProduct) {
  EXPECT_EQ(told(R"(
    given s [{ at: @2026-01-01T00:00:05Z, id: 1 }, { at: @2026-01-01T03:00:05Z, id: 1 }]
    given c [{ at: @2026-01-01T00:00:01Z, id: 1, name: "a" }, { at: @2026-01-01T00:00:02Z, id: 1, name: "b" }]
    expect counted [{ n: 1, .. }]
    given s [{ at: @2026-01-01T00:00:06Z, id: 1 }])"),
            "what is missing waits for the time of `s` and `c`:\n"
            "the watermark of `s` stands at @2026-01-01T00:00:04Z\n"
            "the watermark of `c` stands at @2026-01-01T00:00:01Z\n"
            "`advance s to @2026-01-01T00:00:11Z` and `advance c to @2026-01-01T00:00:11Z` before this `expect` let it "
            "go on; an `expect` at the end of the test sees the end of all inputs");
}

TEST(WaitingRows, ALoneLeapMakesTicksSilent) {
  EXPECT_EQ(
      told(R"(
    given c [
      { at: @2026-01-01T00:00:01Z, id: 1, name: "a" },
      { at: @2026-01-01T00:00:02Z, id: 1, name: "a" },
      { at: @2026-01-01T02:00:01Z, id: 1, name: "b" },
    ]
    expect ticks [{ at: @2026-01-01T00:05:00Z, .. }, ..])"),
      "the watermark of `c` stands at @2026-01-01T00:00:01Z: its last row, of @2026-01-01T02:00:01Z, is more than "
      "`ahead 1h` later than those before, and moves no time alone; `advance c to @2026-01-01T02:00:01Z`, or "
      "another row there, confirms it");
}

TEST(WaitingRows, AWrongValueIsNoMatterOfTime) {
  EXPECT_EQ(told(R"(
    given s [{ at: @2026-01-01T00:00:05Z, id: 1 }, { at: @2026-01-01T00:00:06Z, id: 1 }]
    given r [{ at: @2026-01-01T00:00:05Z, id: 1 }]
    expect pairs [{ id: 7, .. }]
    given s [{ at: @2026-01-01T00:00:07Z, id: 1 }])"),
            "");
}

}  // namespace
}  // namespace braid::scenarios
