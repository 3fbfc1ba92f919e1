#include "serve/rest/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/data/row_change.h"
#include "runtime/state/memory_store.h"
#include "runtime/view/view_writer.h"

namespace braid::serve {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

/// A table { name, place?: { city, floor }, size? } by name, with 30 rows.
class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    const Type place = struct_type({{"city", string_type()}, {"floor", int_type()}});
    spec_.domain = "shop";
    spec_.name = "shelf";
    spec_.row = {{"name", string_type()}, {"place", optional_type(place)}, {"size", optional_type(int_type())}};
    spec_.key = {{0}};
    spec_.changes = true;
    writer_.emplace(ViewLayout(spec_, {.product = 0, .indexes = {{2}, {1, 0}}, .keep_us = 1'000'000}, 0),
                    ViewFigures{});
    for (int64_t number = 0; number < 30; ++number) put(number);
    commit(1);
    host_.open(store_, {{std::make_shared<const ViewLayout>(writer_->layout()), INT64_MIN}}, {.epoch = 1});
    ApiProduct product{.domain = "shop",
                       .name = "shelf",
                       .version = 2,
                       .doc = "Where \"things\" are.",
                       .row = spec_.row,
                       .key = {"name"},
                       .indexes = {"size", "place.city"},
                       .keep_us = 1'000'000,
                       .keyed = true};
    api_.emplace(std::vector<ApiProduct>{product}, host_, clock_, [](const ApiProduct&) { return "ok"; });
  }
  ~ApiTest() override { host_.close(); }

  static std::string name(int64_t number) { return fmt::format("n/{:02}", number); }

  void put(int64_t number) {
    std::vector<Field> row = spec_.row;
    row.push_back({std::string(kChange), int_type()});
    const std::vector<Leaf> leaves = flatten(row);
    Arena arena;
    Block block = allocate_block(leaves, 1, arena);
    block.rows = 1;
    block.time[0] = 10 + number;
    const std::string text = name(number);
    const bool has_place = number % 3 != 0, has_size = number % 5 != 0;
    const Slot slots[] = {slot_bytes(text),
                          slot_u8(has_place),
                          slot_bytes(!has_place        ? ""
                                     : number % 2 == 0 ? "Bern"
                                                       : "Zug"),
                          slot_i64(has_place ? number : 0),
                          slot_u8(has_size),
                          slot_i64(has_size ? number % 7 : 0),
                          slot_i64(static_cast<int64_t>(RowChange::comes))};
    for (size_t leaf = 0; leaf < std::size(slots); ++leaf) write_slot(block.columns[leaf], 0, slots[leaf]);
    writer_->write(block);
  }
  void commit(uint64_t epoch) {
    StateBatch batch;
    ASSERT_TRUE(writer_->put(writer_->take(), epoch, 0, store_, batch).ok());
    ASSERT_TRUE(store_.commit(batch).ok());
  }

  HttpResponse get(const std::string& path, const std::string& query = "") {
    return *api_->answer({.path = path, .query = query});
  }
  Json rows(const std::string& query) {
    const HttpResponse answer = get("/v1/products/shop.shelf/rows", query);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return Json::parse(answer.body);
  }
  std::vector<std::string> names(const std::string& query) {
    std::vector<std::string> made;
    const Json answer = rows(query);
    for (const Json& row : answer["rows"]) made.push_back(row["name"]);
    return made;
  }
  template <class Keeps>
  std::vector<std::string> names_of(Keeps keeps) {
    std::vector<std::string> made;
    for (int64_t number = 0; number < 30; ++number)
      if (keeps(number)) made.push_back(name(number));
    return made;
  }

  ProductSpec spec_;
  MemoryStore store_;
  ManualClock clock_;
  ViewHost host_{clock_};
  std::optional<ViewWriter> writer_;
  std::optional<Api> api_;
};

TEST_F(ApiTest, GivesTheRowOfAKey) {
  const HttpResponse answer = get("/v1/products/shop.shelf/rows/n%2F04");
  EXPECT_EQ(answer.body,
            "{\"product\":\"shop.shelf\",\"version\":2,\"epoch\":1,\"watermark\":null,\"status\":\"ok\",\"row\":"
            "{\"name\":\"n/04\",\"place\":{\"city\":\"Bern\",\"floor\":4},\"size\":4}}\n");
  EXPECT_EQ(get("/v1/products/shop.shelf@2/rows/n%2F04", "fields=size,name").status, 200);
  EXPECT_EQ(get("/v1/products/shop.shelf@1/rows/n%2F04").status, 404);
  EXPECT_EQ(get("/v1/products/shop.shelf/rows/n%2F99").status, 404);
  EXPECT_EQ(get("/v1/products/shop.shelf/rows/n/04").status, 400);
}

TEST_F(ApiTest, ChoosesRowsByTheirFields) {
  EXPECT_EQ(names("size=3"), names_of([](int64_t n) { return n % 5 != 0 && n % 7 == 3; }));
  EXPECT_EQ(names("size.null=true"), names_of([](int64_t n) { return n % 5 == 0; }));
  // In the order of the index that has them.
  EXPECT_THAT(names("size.null=false&size.lt=2"),
              testing::UnorderedElementsAreArray(names_of([](int64_t n) { return n % 5 != 0 && n % 7 < 2; })));
  EXPECT_EQ(names("place.city=Bern&limit=1000"), names_of([](int64_t n) { return n % 3 != 0 && n % 2 == 0; }));
  EXPECT_EQ(names("place.floor.ge=20"), names_of([](int64_t n) { return n % 3 != 0 && n >= 20; }));
  EXPECT_EQ(names("name.gt=n/10&name.le=n/12"), (std::vector<std::string>{"n/11", "n/12"}));
  EXPECT_EQ(names("name=n/10&size.ne=3"), (std::vector<std::string>{"n/10"}));
  // Null is beside no value, and not equal to one.
  EXPECT_EQ(names("size.ne=3").size(), 30 - names("size=3").size());
  EXPECT_EQ(names("size.ge=0").size(), 24U);
}

TEST_F(ApiTest, SortsByAnIndex) {
  int64_t before = -1;
  size_t nulls = 0;
  const Json found = rows("order=size")["rows"];
  for (const Json& row : found) {
    if (row["size"].is_null()) {
      ++nulls;
      continue;
    }
    EXPECT_EQ(nulls, 0U) << "null stands above all";
    EXPECT_GE(row["size"].get<int64_t>(), before);
    before = row["size"];
  }
  EXPECT_EQ(found.size(), 30U);
  EXPECT_EQ(nulls, 6U);
  std::vector<std::string> backwards = names("order=-key");
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_EQ(backwards, names(""));
}

TEST_F(ApiTest, GoesOnWhereAnAnswerEnded) {
  for (const std::string& query : {std::string("limit=4&order=-size"), std::string("limit=7&place.city=Zug"),
                                   std::string("limit=1&as_of=1970-01-01T00:00:00.000020Z")}) {
    std::vector<std::string> parts;
    std::string after;
    do {
      const Json part = rows(query + after);
      for (const Json& row : part["rows"]) parts.push_back(row["name"]);
      after = part["next"].is_null() ? "" : "&after=" + part["next"].get<std::string>();
      ASSERT_LE(parts.size(), 30U);
    } while (!after.empty());
    EXPECT_EQ(parts, names(query.substr(query.find('&') + 1))) << query;
  }
  // Of an epoch that is gone.
  const std::string token = rows("limit=4")["next"];
  put(31);
  commit(2);
  host_.committed({.epoch = 2});
  EXPECT_EQ(get("/v1/products/shop.shelf/rows", "limit=4&after=" + token).status, 200);
  clock_.advance_us(2 * Api::kTokenHolds);
  host_.committed({.epoch = 3});
  EXPECT_EQ(get("/v1/products/shop.shelf/rows", "limit=4&after=" + token).status, 410);
}

TEST_F(ApiTest, SaysWhatIsWrong) {
  const auto detail = [&](const std::string& query) {
    const HttpResponse answer = get("/v1/products/shop.shelf/rows", query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.content_type, "application/problem+json");
    return Json::parse(answer.body)["detail"].get<std::string>();
  };
  EXPECT_EQ(detail("colour=red"), "`shop.shelf` has no field `colour`; it has name, place, size");
  EXPECT_EQ(detail("size=big"), "`big` is no int, which `size` is");
  EXPECT_THAT(detail("place=x"), HasSubstr("with which nothing can be compared"));
  EXPECT_THAT(detail("name.null=true"), HasSubstr("may be null"));
  EXPECT_THAT(detail("limit=10001"), HasSubstr("1 to 10000"));
  EXPECT_THAT(detail("limit=-1"), HasSubstr("1 to 10000"));
  EXPECT_THAT(detail("order=name"), HasSubstr("no index of `name`"));
  EXPECT_THAT(detail("fields=name,x"), HasSubstr("no field `x`"));
  EXPECT_THAT(detail("as_of=now"), HasSubstr("an instant"));
  EXPECT_THAT(detail("as_of=2026-01-01T00:00:00Z&at_epoch=1"), HasSubstr("exclude"));
  EXPECT_THAT(detail("wait=1h"), HasSubstr("at most 10s"));
  EXPECT_THAT(detail("after=AAAA"), HasSubstr("`next`"));
  EXPECT_EQ(get("/v1/products/shop.shelf/rows", "size=%4").status, 400);
  EXPECT_EQ(get("/v1//products").status, 400);
  EXPECT_FALSE(api_->answer({.path = "/metrics"}).has_value());
  EXPECT_EQ(api_->answer({.method = "PUT", .path = "/v1/products"})->status, 405);
}

TEST_F(ApiTest, TellsToolsWhatThereIs) {
  const Json document = Json::parse(get("/v1/openapi.json").body);
  const Json& read = document["paths"]["/v1/products/shop.shelf@2/rows"]["get"];
  EXPECT_EQ(read["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["rows"]["items"]["$ref"],
            "#/components/schemas/shop.shelf.v2");
  EXPECT_EQ(document["components"]["schemas"]["shop.shelf.v2"]["properties"]["size"]["anyOf"][1]["type"], "null");
  const Json about = Json::parse(get("/v1/products/shop.shelf").body);
  EXPECT_EQ(about["doc"], "Where \"things\" are.");
  EXPECT_EQ(about["keep"], "1s");
}

TEST_F(ApiTest, SaysThatTheJobHasEnded) {
  const std::string token = rows("limit=4")["next"];
  const HttpResponse waits = get("/v1/products/shop.shelf/rows", "min_epoch=2&wait=1s");
  ASSERT_TRUE(waits.later);
  host_.close();
  EXPECT_EQ(waits.later()->status, 503);
  EXPECT_EQ(get("/v1/products/shop.shelf").status, 503);
  EXPECT_EQ(get("/v1/products/shop.shelf/rows").status, 503);
  EXPECT_EQ(get("/v1/products/shop.shelf/rows/n%2F04").status, 503);
  EXPECT_EQ(get("/v1/products/shop.shelf/rows", "limit=4&after=" + token).status, 410);
  EXPECT_EQ(get("/v1/products").status, 200);
}

TEST_F(ApiTest, NamesWhatHasNotChanged) {
  const std::string path = "/v1/products/shop.shelf/rows";
  const auto ask = [&](const std::string& known, const std::string& accept) {
    return *api_->answer({.path = path, .headers = {{"if-none-match", known}, {"accept", accept}}});
  };
  const auto etag = [](const HttpResponse& answer) {
    for (const auto& [name, value] : answer.headers)
      if (name == "ETag") return value;
    return std::string();
  };
  const std::string json = etag(ask("", "")), lines = etag(ask("", "application/x-ndjson"));
  ASSERT_FALSE(json.empty());
  EXPECT_NE(json, lines);
  EXPECT_EQ(ask(json, "").status, 304);
  EXPECT_EQ(ask(json, "").body, "");
  EXPECT_EQ(ask("\"other\", " + json, "").status, 304);
  EXPECT_EQ(ask(json, "application/x-ndjson").status, 200);
  host_.committed({.epoch = 2});
  EXPECT_EQ(ask(json, "").status, 200);
}

TEST_F(ApiTest, WaitsForAnEpoch) {
  EXPECT_EQ(get("/v1/products/shop.shelf/rows", "min_epoch=2").status, 412);
  HttpResponse waits = get("/v1/products/shop.shelf/rows", "min_epoch=2&wait=1s");
  ASSERT_TRUE(waits.later);
  EXPECT_FALSE(waits.later().has_value());
  host_.committed({.epoch = 2});
  EXPECT_EQ(waits.later()->status, 200);
  waits = get("/v1/products/shop.shelf/rows/x", "min_epoch=9&wait=1s");
  clock_.advance_us(1'000'000);
  EXPECT_EQ(waits.later()->status, 412);
}

}  // namespace
}  // namespace braid::serve
