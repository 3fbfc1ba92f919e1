// Events of runs: what is in them, and the names of runs. The schemas of the specification judge them in
// tests/formats/open_lineage.py.
#include "mesh/lineage/run_event.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "mesh/lineage/run_book.h"

namespace braid::mesh {
namespace {

using Json = nlohmann::json;

const std::string kDescribed = R"({"eventTime":"1970-01-01T00:00:00Z","producer":"https://braid.example","schemaURL":
  "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent","job":{"namespace":"braid://shop","name":
  "shop.paid.v2","facets":{}},"inputs":[{"namespace":"file","name":"in"}],"outputs":[{"namespace":"file","name":"out"}]})";

TEST(RunEvents, HaveTheRunAndTheRowsOfTheOutput) {
  const RunEvents events(kDescribed, "0.1.0");
  const Json event = Json::parse(events.at({.type = "RUNNING",
                                            .time_us = 1'700'000'000'000'000,
                                            .run = "some-run",
                                            .written = RowsWritten{.rows = 3, .bytes = 90}}));
  EXPECT_EQ(event["eventType"], "RUNNING");
  EXPECT_EQ(event["eventTime"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(event["run"]["runId"], "some-run");
  EXPECT_EQ(event["run"]["facets"]["processing_engine"]["version"], "0.1.0");
  EXPECT_FALSE(event["run"]["facets"].contains("errorMessage"));
  EXPECT_EQ(event["job"]["name"], "shop.paid.v2");
  EXPECT_EQ(event["inputs"], Json::parse(kDescribed)["inputs"]);
  const Json& written = event["outputs"][0]["outputFacets"]["outputStatistics"];
  EXPECT_EQ(written["rowCount"], 3);
  EXPECT_EQ(written["size"], 90);
}

TEST(RunEvents, SayWhyARunFailed) {
  const RunEvents events(kDescribed, "0.1.0");
  const Json event =
      Json::parse(events.at({.type = "FAIL", .run = "r", .written = RowsWritten{.rows = 1}, .error = "no disk \xFF"}));
  EXPECT_EQ(event["run"]["facets"]["errorMessage"]["message"], "no disk \xEF\xBF\xBD");
  EXPECT_FALSE(event["outputs"][0]["outputFacets"]["outputStatistics"].contains("size"));
}

TEST(RunEvents, ADeploymentIsTheSameAtAnotherTime) {
  std::string later = kDescribed;
  later.replace(later.find("1970"), 4, "2026");
  EXPECT_EQ(RunEvents(kDescribed, "1").deployment(), RunEvents(later, "1").deployment());
  std::string other = kDescribed;
  other.replace(other.find("\"in\""), 4, "\"on\"");
  EXPECT_NE(RunEvents(kDescribed, "1").deployment(), RunEvents(other, "1").deployment());
}

TEST(RunIds, AreUuidsOfVersion7InTheOrderOfTime) {
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  for (const char digit : std::string_view("0123456789abcdef")) {
    const std::string id = run_id(1'700'000'000'000'000, std::string(32, digit));
    EXPECT_TRUE(std::regex_match(id, form)) << id;
    EXPECT_EQ(id.substr(0, 13), "018bcfe5-6800");
    EXPECT_LT(id, run_id(1'700'000'000'001'000, std::string(32, '0')));
  }
}

TEST(RunBooks, AreTheSameBehindTheirText) {
  const RunBook book{{"a.b.v1", {.id = "1", .deployment = "d", .ended_by = "{}", .before = {}}},
                     {"a.c.v1", {.id = "2", .deployment = "e", .ended_by = "{}", .before = RowsWritten{.rows = 4}}},
                     {"a.d.v1", {.id = "3", .deployment = "f", .ended_by = "{}", .before = RowsWritten{4, 5}}}};
  const Result<RunBook> back = read_run_book(to_json(book));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, book);
  EXPECT_FALSE(read_run_book("{").ok());
  EXPECT_FALSE(read_run_book(R"({"a":{"run":1}})").ok());
  EXPECT_FALSE(read_run_book("[1]").ok());
}

TEST(RunBooks, TheEventThatEndsARunGetsItsTime) {
  EXPECT_EQ(event_at(R"({"eventTime":"1970-01-01T00:00:00Z","a":1})", 1'700'000'000'000'000),
            R"({"eventTime":"2023-11-14T22:13:20Z","a":1})");
}

}  // namespace
}  // namespace braid::mesh
