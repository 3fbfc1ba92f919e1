#include "serve/odata/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "serve/http/query.h"
#include "serve/odata/served_rows_test.h"

namespace braid::serve::odata {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kShelf = "/odata/shop_shelf_v2";
constexpr const char* kSale = "/odata/shop__eu_sale_v1";

/// A value of a query.
std::string of(const std::string& text) {
  return percent_encoded(text);
}

std::string header(const HttpResponse& response, const std::string& wanted) {
  for (const auto& [name, value] : response.headers)
    if (name == wanted) return value;
  return {};
}

class ServiceTest : public testing::Test, protected ServedRows {
 protected:
  Json json(const std::string& path, const std::string& query = "",
            std::vector<std::pair<std::string, std::string>> headers = {}) {
    const HttpResponse answer = get(path, query, std::move(headers));
    EXPECT_EQ(answer.status, 200) << path << "?" << query << ": " << answer.body;
    return Json::parse(answer.body, nullptr, false);
  }
  std::vector<std::string> names(const std::string& query) {
    std::vector<std::string> made;
    const Json answer = json(kShelf, query);
    for (const Json& row : answer["value"]) made.push_back(row["name"]);
    return made;
  }
  std::vector<std::string> where(const std::string& filter) { return names("$filter=" + of(filter)); }
  std::vector<int64_t> sales(const std::string& filter) {
    std::vector<int64_t> made;
    const Json answer = json(kSale, "$select=id&$filter=" + of(filter));
    for (const Json& row : answer["value"]) made.push_back(row["id"]);
    std::sort(made.begin(), made.end());
    return made;
  }
  template <class Keeps>
  std::vector<int64_t> numbers_of(Keeps keeps) {
    std::vector<int64_t> made;
    for (int64_t number = 0; number < kRows; ++number)
      if (keeps(number)) made.push_back(number);
    return made;
  }
  uint64_t commits_ = 0;

  void refuses(int status, const std::string& path, const std::string& query, const std::string& words) {
    const HttpResponse answer = get(path, query);
    EXPECT_EQ(answer.status, status) << path << "?" << query << ": " << answer.body;
    const Json body = Json::parse(answer.body, nullptr, false);
    ASSERT_TRUE(body.is_object() && body.contains("error")) << answer.body;
    EXPECT_THAT(body["error"]["message"].get<std::string>(), HasSubstr(words)) << query;
    EXPECT_EQ(header(answer, "OData-Version"), "4.0");
    EXPECT_THAT(answer.content_type, HasSubstr("application/json"));
  }
};

TEST_F(ServiceTest, SaysWhatThereIs) {
  const Json document = json("/odata");
  EXPECT_EQ(document["@odata.context"], "http://braid.example:8733/odata/$metadata");
  EXPECT_EQ(document["value"][0]["name"], "shop_shelf_v2");
  EXPECT_EQ(document["value"][1]["url"], "shop__eu_sale_v1");
  EXPECT_EQ(json("/odata/"), document);
  EXPECT_FALSE(service_->answer({.path = "/odatas"}).has_value());
  EXPECT_FALSE(service_->answer({.path = "/v1"}).has_value());
}

TEST_F(ServiceTest, MetadataIsXmlWhateverIsAccepted) {
  for (const char* accept : {"", "application/json", "*/*", "application/xml", "text/html"}) {
    const HttpResponse answer = get("/odata/$metadata", "", {{"accept", accept}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.content_type, testing::StartsWith("application/xml"));
    EXPECT_EQ(header(answer, "OData-Version"), "4.0");
  }
  const std::string xml = get("/odata/$metadata").body;
  EXPECT_THAT(xml,
              HasSubstr("<EntityType Name=\"shop_shelf_v2\">\n        <Key>\n          <PropertyRef Name=\"name\"/>"));
  EXPECT_THAT(
      xml,
      HasSubstr("<Property Name=\"amount\" Type=\"Edm.Decimal\" Nullable=\"false\" Precision=\"12\" Scale=\"2\"/>"));
  EXPECT_THAT(xml, HasSubstr("<Property Name=\"at\" Type=\"Edm.DateTimeOffset\" Nullable=\"false\" Precision=\"6\"/>"));
  EXPECT_THAT(xml, HasSubstr("<Property Name=\"tags\" Type=\"Collection(Edm.String)\" Nullable=\"false\"/>"));
  EXPECT_THAT(xml, HasSubstr("<Property Name=\"place\" Type=\"Braid.shop_shelf_v2_place\" Nullable=\"true\"/>"));
  EXPECT_THAT(xml, HasSubstr("<Member Name=\"store\" Value=\"1\"/>"));
  EXPECT_THAT(xml, HasSubstr("String=\"Where &quot;things&quot; are, &lt;here&gt; &amp; there.\""));
  EXPECT_THAT(xml, HasSubstr("<PropertyRef Name=\"_row\"/>")) << "rows of a stream have a key, too";
  const HttpResponse as_json = get("/odata/$metadata", "$format=json");
  EXPECT_EQ(as_json.content_type, "application/json");
  EXPECT_EQ(Json::parse(as_json.body)["Braid"]["shop__eu_sale_v1"]["amount"]["$Scale"], 2);
  EXPECT_EQ(get("/odata/$metadata", "$format=atom").status, 406);
}

TEST_F(ServiceTest, GivesRows) {
  const Json answer = json(kShelf, "$top=2");
  EXPECT_EQ(answer.dump(),
            "{\"@odata.context\":\"http://braid.example:8733/odata/$metadata#shop_shelf_v2\",\"value\":["
            "{\"name\":\"n/00\",\"place\":null,\"size\":null},"
            "{\"name\":\"n/01\",\"place\":{\"city\":\"Zug\",\"floor\":1},\"size\":1}]}");
  const Json chosen = json(kShelf, "$select=size,name&$top=1");
  EXPECT_EQ(chosen["@odata.context"], "http://braid.example:8733/odata/$metadata#shop_shelf_v2(size,name)");
  EXPECT_EQ(chosen["value"][0].dump(), "{\"size\":null,\"name\":\"n/00\"}");
  const HttpResponse head = get(kShelf);
  EXPECT_EQ(header(head, "OData-Version"), "4.0");
  EXPECT_EQ(header(head, "Braid-Epoch"), "1");
  EXPECT_EQ(header(head, "Braid-Status"), "ok");
  EXPECT_EQ(header(head, "Braid-Watermark"), "1970-01-01T00:00:01Z");
}

TEST_F(ServiceTest, WritesEachType) {
  const Json row = json(kSale, "$filter=id eq 5")["value"][0];
  Json plain = row;
  plain.erase("_row");
  EXPECT_EQ(
      plain.dump(),
      "{\"id\":5,\"at\":\"1970-01-01T05:00:00Z\",\"amount\":6.25,\"rate\":1.25,\"kind\":\"store\",\"tags\":[\"t1\","
      "\"x\"],\"day\":\"1970-01-06\",\"note\":\"it's n5\",\"code\":\"00000000-0000-0000-0000-000000000005\",\"blob\":"
      "\"_wB_\",\"took\":\"PT7.5S\",\"clock\":\"00:00:05\",\"extra\":[{\"key\":\"k\",\"value\":5}],\"doc\":\"{"
      "\\\"n\\\":"
      "5}\",\"open\":false}");
  const HttpResponse texts = get(kSale, "$filter=id eq 5&$count=true&$select=id,amount",
                                 {{"accept", "application/json;IEEE754Compatible=true;odata.metadata=minimal"}});
  EXPECT_THAT(texts.content_type, HasSubstr("IEEE754Compatible=true"));
  EXPECT_THAT(texts.body, HasSubstr("\"@odata.count\":\"1\""));
  EXPECT_THAT(texts.body, HasSubstr("{\"id\":\"5\",\"amount\":\"6.25\"}"));
  const HttpResponse full = get(kSale, "$filter=id eq 5", {{"accept", "application/json;odata.metadata=full"}});
  EXPECT_THAT(full.body, HasSubstr("\"@odata.type\":\"#Braid.shop__eu_sale_v1\",\"@odata.id\":\"shop__eu_sale_v1('"));
  EXPECT_THAT(full.body, HasSubstr("\"amount@odata.type\":\"#Decimal\",\"amount\":6.25"));
  EXPECT_THAT(full.body, HasSubstr("\"tags@odata.type\":\"#Collection(String)\""));
  EXPECT_THAT(full.body, HasSubstr("\"kind@odata.type\":\"#Braid.shop__eu_sale_v1_kind\""));
  EXPECT_THAT(get(kSale, "$format=application/json;odata.metadata=none").body, Not(HasSubstr("@odata.context")));
  EXPECT_EQ(get(kSale, "", {{"accept", "application/atom+xml"}}).status, 406);
  EXPECT_EQ(get(kSale, "", {{"accept", "application/atom+xml,*/*;q=0.1"}}).status, 200);
}

TEST_F(ServiceTest, FlatRowsHaveNoPartsAndNoCollections) {
  const Json row = json("/odata/flat/shop_shelf_v2", "$filter=place_floor eq 4")["value"][0];
  EXPECT_EQ(row.dump(), "{\"name\":\"n/04\",\"place_city\":\"Bern\",\"place_floor\":4,\"size\":4}");
  const Json sale = json("/odata/flat/shop__eu_sale_v1", "$filter=id eq 5&$select=tags,extra")["value"][0];
  EXPECT_EQ(sale["tags"], "[\"t1\",\"x\"]");
  EXPECT_EQ(sale["extra"], "{\"k\":5}");
  EXPECT_THAT(get("/odata/flat/$metadata").body, Not(HasSubstr("ComplexType")));
  EXPECT_THAT(get("/odata/flat/$metadata").body, Not(HasSubstr("Collection(")));
}

TEST_F(ServiceTest, FindsARowByItsKey) {
  const HttpResponse found = get(std::string(kShelf) + "('n%2F04')");
  EXPECT_EQ(found.body,
            "{\"@odata.context\":\"http://braid.example:8733/odata/$metadata#shop_shelf_v2/$entity\",\"name\":\"n/04\","
            "\"place\":{\"city\":\"Bern\",\"floor\":4},\"size\":4}\n");
  const std::string etag = header(found, "ETag");
  EXPECT_EQ(get(std::string(kShelf) + "('n%2F04')", "", {{"if-none-match", etag}}).status, 304);
  const std::string row = std::string(kShelf) + "(name='n%2F04')";
  EXPECT_EQ(Json::parse(get(row + "/size").body)["value"], 4);
  EXPECT_EQ(Json::parse(get(row + "/place").body)["floor"], 4);
  EXPECT_EQ(Json::parse(get(row + "/place/city").body)["value"], "Bern");
  EXPECT_EQ(get(row + "/place/city/$value").body, "Bern");
  EXPECT_EQ(get(row + "/place/city/$value").content_type, "text/plain;charset=utf-8");
  EXPECT_EQ(get(std::string(kShelf) + "('n%2F00')/size").status, 204);
  EXPECT_EQ(
      get(row, "$select=size").body,
      "{\"@odata.context\":\"http://braid.example:8733/odata/$metadata#shop_shelf_v2(size)/$entity\",\"size\":4}\n");
  refuses(404, std::string(kShelf) + "('none')", "", "no row of that key");
  refuses(404, row + "/colour", "", "no such property");
  refuses(400, std::string(kShelf) + "(7)", "", "`name` of the key is Edm.String");
  refuses(400, std::string(kShelf) + "('a','b')", "", "must stand");
  refuses(400, std::string(kShelf) + "('a'", "", "`)`");
  refuses(400, row + "/$value", "", "no stream");
  refuses(400, row, "$filter=size eq 1", "cannot be asked");
  refuses(404, "/odata/shop_shelf_v1", "", "no entity set");
}

TEST_F(ServiceTest, RowsOfAStreamHaveKeys) {
  const Json rows = json(kSale)["value"];
  ASSERT_EQ(rows.size(), 30U);
  for (const Json& row : rows) {
    const std::string path = fmt::format("{}('{}')", kSale, row["_row"].get<std::string>());
    EXPECT_EQ(json(path)["id"], row["id"]);
    EXPECT_EQ(json(std::string(kSale), "$filter=_row eq '" + row["_row"].get<std::string>() + "'")["value"][0], row);
  }
  EXPECT_EQ(get(std::string(kSale) + "('AAAA')").status, 404);
  const std::string last = std::string(kSale) + "('" + rows[29]["_row"].get<std::string>() + "')";
  EXPECT_EQ(get(last + "/blob/$value").content_type, "application/octet-stream");
  EXPECT_EQ(get(last + "/tags/$count").body, "2");
}

TEST_F(ServiceTest, FiltersByWhatKeysAndIndexesSay) {
  EXPECT_THAT(where("name eq 'n/04'"), ElementsAre("n/04"));
  EXPECT_THAT(where("name gt 'n/10' and name le 'n/12'"), ElementsAre("n/11", "n/12"));
  EXPECT_THAT(where("'n/12' ge name and 'n/10' lt name"), ElementsAre("n/11", "n/12"));
  EXPECT_EQ(where("size eq null").size(), 6U);
  EXPECT_EQ(where("size ne null").size(), 24U);
  EXPECT_EQ(where("size ne 3").size(), 30 - where("size eq 3").size()) << "null is not equal to 3";
  EXPECT_EQ(where("size eq 3.0"), where("size eq 3"));
  EXPECT_TRUE(where("size eq 3.5").empty());
  EXPECT_EQ(where("size lt 3.5").size(), where("size le 3").size());
  EXPECT_EQ(where("place/city eq 'Bern'").size(), 10U);
  EXPECT_EQ(where("name in ('n/01','n/03','n/99')").size(), 2U);
  EXPECT_EQ(where("name eq 'n/01' or name eq 'n/03'").size(), 2U);
  EXPECT_EQ(where("startswith(name,'n/2')").size(), 10U);
  EXPECT_TRUE(where("name in ()").empty());
}

TEST_F(ServiceTest, FiltersByExpressions) {
  EXPECT_EQ(sales("id mod 7 eq 3 and not (id gt 20)"), numbers_of([](int64_t n) { return n % 7 == 3 && n <= 20; }));
  EXPECT_EQ(sales("amount mul 2 ge 50 or id lt 2"), numbers_of([](int64_t n) { return n * 250 >= 5000 || n < 2; }));
  EXPECT_EQ(sales("amount add 0.75 eq 7"), (std::vector<int64_t>{5}));
  EXPECT_EQ(sales("-id lt -27"), (std::vector<int64_t>{28, 29}));
  EXPECT_EQ(sales("id div 10 eq 2 and id divby 4 eq 6.5"), (std::vector<int64_t>{26}));
  EXPECT_EQ(sales("rate gt 6.9 and rate le 7e0"), (std::vector<int64_t>{28}));
  EXPECT_EQ(sales("kind eq 'web' and id lt 3"), (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(sales("kind eq Braid.shop__eu_sale_v1_kind'store' and id lt 3"), (std::vector<int64_t>{1}));
  EXPECT_EQ(sales("contains(note,'''s n2')").size(), 8U);
  EXPECT_EQ(sales("endswith(note,'9') and length(note) eq 8"), (std::vector<int64_t>{19, 29}));
  EXPECT_EQ(sales("toupper(note) eq 'IT''S N5'"), (std::vector<int64_t>{5}));
  EXPECT_EQ(sales("substring(note,6) eq '10' or indexof(note,'n13') eq 5 or substring(note,5,2) eq 'n7'"),
            (std::vector<int64_t>{7, 10, 13}));
  EXPECT_EQ(sales("concat(concat(note,'-'),'x') eq 'it''s n7-x'"), (std::vector<int64_t>{7}));
  EXPECT_EQ(sales("note eq null"), numbers_of([](int64_t n) { return n % 3 == 0; }));
  EXPECT_EQ(sales("hour(at) eq 5"), (std::vector<int64_t>{5, 29}));
  EXPECT_EQ(sales("year(at) eq 1970 and month(day) eq 1 and day(at) eq 2"),
            numbers_of([](int64_t n) { return n >= 24; }));
  EXPECT_EQ(sales("date(at) eq 1970-01-02"), numbers_of([](int64_t n) { return n >= 24; }));
  EXPECT_EQ(sales("at ge 1970-01-02"), numbers_of([](int64_t n) { return n >= 24; }));
  EXPECT_EQ(sales("day ge 1970-01-29"), (std::vector<int64_t>{28, 29}));
  EXPECT_EQ(sales("took gt duration'PT42S'"), (std::vector<int64_t>{29}));
  EXPECT_EQ(sales("clock lt 00:00:02"), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(sales("at add duration'PT1H' eq 1970-01-01T06:00:00Z"), (std::vector<int64_t>{5}));
  EXPECT_EQ(sales("code eq 00000000-0000-0000-0000-00000000000a"), (std::vector<int64_t>{10}));
  EXPECT_EQ(sales("open").size(), 19U);
  EXPECT_EQ(sales("open eq false").size(), 11U);
  EXPECT_EQ(sales("tags/any(t: t eq 't1')"), numbers_of([](int64_t n) { return n % 4 == 1; }));
  EXPECT_EQ(sales("tags/all(t: t ne 't1')"), numbers_of([](int64_t n) { return n % 4 != 1; }));
  EXPECT_EQ(sales("extra/any(e: e/value gt 27) and tags/$count eq 2"), (std::vector<int64_t>{28, 29}));
  EXPECT_EQ(sales("round(amount) eq 6 or floor(rate) eq 7 or ceiling(amount) eq 2"),
            (std::vector<int64_t>{1, 5, 28, 29}));
}

TEST_F(ServiceTest, ABlankMayStandForThePlusOfAnOffset) {
  const auto ids = [&](const std::string& query) { return json(kSale, query)["value"].size(); };
  EXPECT_EQ(ids("$filter=at eq 1970-01-01T06:00:00+01:00"), 1U);
  EXPECT_EQ(ids("$filter=at eq 1970-01-01T06:00:00%2B01:00"), 1U);
  EXPECT_EQ(ids("$filter=at%20eq%201970-01-01T04:00:00-01:00"), 1U);
  EXPECT_EQ(ids("$filter=at+eq+1970-01-01T05:00:00.000Z"), 1U);
  refuses(400, kSale, "$filter=at eq 1970-01-01T06:00:00", "offset");
}

TEST_F(ServiceTest, AliasesStandForLiterals) {
  EXPECT_EQ(json(kSale, "$filter=id eq @p or id eq @q&@p=3&@q=4")["value"].size(), 2U);
  refuses(400, kSale, "$filter=id eq @p", "not defined");
}

TEST_F(ServiceTest, SortsByIndexesAndByAnythingElse) {
  const auto ids = [&](const std::string& query) {
    std::vector<int64_t> made;
    const Json answer = json(kSale, query);
    for (const Json& row : answer["value"]) made.push_back(row["id"]);
    return made;
  };
  const std::vector<int64_t> all = numbers_of([](int64_t) { return true; });
  std::vector<int64_t> backwards(all.rbegin(), all.rend());
  EXPECT_EQ(ids("$orderby=at"), all);
  EXPECT_EQ(ids("$orderby=at desc"), backwards);
  EXPECT_EQ(ids("$orderby=id desc"), backwards);
  EXPECT_EQ(ids("$orderby=amount asc&$filter=id ge 4 and amount lt 9.00"), (std::vector<int64_t>{4, 5, 6, 7}));
  EXPECT_EQ(ids("$orderby=kind desc,rate&$top=3&$skip=1"), (std::vector<int64_t>{3, 5, 7}));
  EXPECT_EQ(ids("$orderby=id mod 10 desc,id&$top=4"), (std::vector<int64_t>{9, 19, 29, 8}));
  EXPECT_EQ(ids("$orderby=at desc&$filter=amount ge 35"), (std::vector<int64_t>{29, 28}));
  // Null is below all values.
  EXPECT_EQ(names("$orderby=size,name").front(), "n/00");
  EXPECT_EQ(names("$orderby=size desc,name").back(), "n/25");
  EXPECT_EQ(names("$orderby=name desc&$filter=" + of("size ge 5")).front(), "n/27");
}

TEST_F(ServiceTest, PagesAreOfOneEpoch) {
  for (const std::string& query :
       {std::string("$orderby=name desc"), std::string("$orderby=size desc,name"), std::string("$skip=3"),
        std::string("$filter=") + of("size mod 2 eq 1"), std::string("$top=17&$skip=2&$orderby=") + of("size mod 3"),
        std::string("$orderby=place/floor&$count=true")}) {
    const Json whole = json(kShelf, query);
    const HttpResponse first = get(kShelf, query, {{"prefer", "odata.maxpagesize=4"}});
    EXPECT_EQ(header(first, "Preference-Applied"), "odata.maxpagesize=4");
    Json rows = Json::array();
    std::string next = query;
    size_t count = 0;
    for (bool more = true; more; ++count) {
      const Json page = json(kShelf, next, {{"prefer", "maxpagesize=4"}});
      EXPECT_LE(page["value"].size(), 4U);
      for (const Json& row : page["value"]) rows.push_back(row);
      more = page.contains("@odata.nextLink");
      if (more)
        next =
            page["@odata.nextLink"].get<std::string>().substr(page["@odata.nextLink"].get<std::string>().find('?') + 1);
      if (count == 0) {
        put(60);  // comes between the pages
        commit(2 + commits_);
        host_.committed({.epoch = 2 + commits_++});
      }
      ASSERT_LT(count, 20U) << query;
    }
    EXPECT_EQ(rows, whole["value"]) << query;
    EXPECT_GT(count, 1U);
  }
}

TEST_F(ServiceTest, ALinkThatIsTooOldIsGone) {
  const HttpResponse first = get(kShelf, "$orderby=name", {{"prefer", "maxpagesize=4"}});
  const std::string link = Json::parse(first.body)["@odata.nextLink"];
  const std::string query = link.substr(link.find('?') + 1);
  put(31);
  commit(2);
  host_.committed({.epoch = 2});
  EXPECT_EQ(json(kShelf, query)["value"].size(), 26U);
  clock_.advance_us(2 * Api::kTokenHolds);
  host_.committed({.epoch = 3});
  refuses(410, kShelf, query, "not kept any more");
  refuses(400, kShelf, "$orderby=name desc&$skiptoken=" + query.substr(query.find("$skiptoken=") + 11),
          "another query");
  refuses(400, kShelf, "$skiptoken=AAAA", "nextLink");
  refuses(400, kShelf, "$skiptoken=%25", "nextLink");
}

TEST_F(ServiceTest, Counts) {
  EXPECT_EQ(get(std::string(kShelf) + "/$count").body, "30");
  EXPECT_EQ(get(std::string(kShelf) + "/$count", "$filter=" + of("size eq 3")).body,
            std::to_string(where("size eq 3").size()));
  const Json counted = json(kShelf, "$count=true&$top=2&$skip=1");
  EXPECT_EQ(counted["@odata.count"], 30) << "$top and $skip do not count";
  EXPECT_EQ(counted["value"].size(), 2U);
  EXPECT_EQ(json(kShelf, "$count=true&$top=0")["@odata.count"], 30);
  EXPECT_EQ(json(kShelf, "$count=true&$top=0&$orderby=place/floor")["@odata.count"], 30);
}

TEST_F(ServiceTest, AppliesGroups) {
  const Json all =
      json(kSale, "$apply=" + of("aggregate($count as n,amount with sum as total,amount with average as mean,"
                                 "rate with sum as rates,id with min as low,note with max as last,"
                                 "kind with countdistinct as kinds)"));
  EXPECT_EQ(all["@odata.context"],
            "http://braid.example:8733/odata/$metadata#shop__eu_sale_v1(n,total,mean,rates,low,last,kinds)");
  EXPECT_EQ(
      all["value"].dump(),
      "[{\"n\":30,\"total\":543.75,\"mean\":18.125,\"rates\":108.75,\"low\":0,\"last\":\"it's n8\",\"kinds\":2}]");
  EXPECT_THAT(get(kSale, "$apply=" + of("aggregate(amount with average as mean)")).body, HasSubstr("18.12500000"));
  const Json groups = json(kShelf, "$apply=" +
                                       of("filter(name ge 'n/03')/groupby((place/city),aggregate($count as n,size with "
                                          "sum as total))") +
                                       "&$orderby=n desc,place/city&$count=true");
  EXPECT_EQ(groups["@odata.count"], 3);
  EXPECT_EQ(groups["value"][0]["place"]["city"], nullptr);
  EXPECT_EQ(groups["value"][0]["n"], 9);
  EXPECT_EQ(groups["value"][1]["place"]["city"], "Bern");
  EXPECT_EQ(json(kShelf, "$apply=" + of("groupby((place/city))"))["value"].size(), 3U);
  const std::string counted = "groupby((kind,open),aggregate($count as n))";
  EXPECT_EQ(json(kSale, "$apply=" + of(counted) + "&$filter=" + of("n gt 5 and kind eq 'web'"))["value"].size(), 2U);
  EXPECT_EQ(
      json(kSale, "$apply=" + of(counted + "/groupby((kind),aggregate(n with max as most))") + "&$select=most")["value"]
          .dump(),
      "[{\"most\":9},{\"most\":10}]");
  // No rows: no groups, but one row of totals.
  EXPECT_EQ(json(kSale, "$apply=" + of("filter(id gt 99)/" + counted))["value"].size(), 0U);
  EXPECT_EQ(
      json(kSale, "$apply=" + of("filter(id gt 99)/aggregate($count as n,amount with sum as total)"))["value"].dump(),
      "[{\"n\":0,\"total\":null}]");
  const std::vector<Json> pages = [&] {
    std::vector<Json> made;
    std::string query = "$apply=" + of("groupby((id),aggregate($count as n))") + "&$top=25";
    for (bool more = true; more;) {
      made.push_back(json(kSale, query, {{"prefer", "odata.maxpagesize=10"}}));
      more = made.back().contains("@odata.nextLink");
      if (more)
        query = made.back()["@odata.nextLink"].get<std::string>().substr(
            std::string("http://braid.example:8733/odata/shop__eu_sale_v1?").size());
    }
    return made;
  }();
  ASSERT_EQ(pages.size(), 3U);
  EXPECT_EQ(pages[2]["value"].size(), 5U);
  EXPECT_EQ(pages[2]["value"][4]["id"], 24);
}

TEST_F(ServiceTest, SaysWhatIsWrongAndWhatIsNotThere) {
  refuses(400, kShelf, "$filter=" + of("colour eq 1"), "no property `colour`; there are name, place, size");
  refuses(400, kShelf, "$filter=" + of("size eq 'big'"), "cannot be compared");
  refuses(400, kShelf, "$filter=" + of("size eq"), "missing at the end");
  refuses(400, kShelf, "$filter=" + of("size eq 1 1"), "an operator");
  refuses(400, kShelf, "$filter=" + of("size add 1"), "condition");
  refuses(400, kShelf, "$filter=" + of("name eq 'x"), "closing quote");
  refuses(400, kShelf, "$filter=" + of("place gt null"), "no order");
  refuses(400, kShelf, "$filter=" + of("unknown(name)"), "no function `unknown`");
  refuses(400, kShelf, "$filter=" + of("contains(size,'1')"), "does not take Edm.Int64, Edm.String");
  refuses(400, kShelf, "$filter=" + of("size eq 1d"), "wrong number");
  refuses(400, kSale, "$filter=" + of("kind eq 'air'"), "no value");
  refuses(400, kSale, "$filter=" + of("id div 0 eq 1"), "divided");
  refuses(400, kSale, "$filter=" + of("id add 9223372036854775807 gt 0"), "too large");
  refuses(400, kShelf, "$filter=" + std::string(200, '(') + "true", "levels deep");
  refuses(400, kShelf, "$orderby=place", "not sorted by");
  refuses(400, kShelf, "$select=colour", "no property");
  refuses(400, kShelf, "$top=-1", "a number");
  refuses(400, kShelf, "$skip=x", "a number");
  refuses(400, kShelf, "$count=yes", "true or false");
  refuses(400, kShelf, "$top=1&$top=2", "twice");
  refuses(400, kShelf, "$tip=1", "no query option `$tip`");
  refuses(400, kShelf, "colour=red", "no query option `colour`");
  refuses(400, kShelf, "$filter=%4", "hexadecimal");
  refuses(400, kShelf, "$apply=" + of("group((x))"), "has no `group`");
  refuses(400, kShelf, "$apply=" + of("groupby((name),aggregate(size with total as x))"), "sum, min, max");
  refuses(400, kShelf, "$apply=" + of("aggregate(name with sum as x)"), "cannot be aggregated");
  refuses(400, kShelf, "at_epoch=1&as_of=1970-01-01T00:00:00Z", "exclude");
  refuses(412, kShelf, "min_epoch=5", "is asked for");
  for (const char* query :
       {"$expand=place", "$search=x", "$compute=size%20as%20x", "$deltatoken=x", "$filter=now()%20gt%20null",
        "$filter=cast(size,Edm.String)%20eq%20'1'", "$apply=topcount(1,size)", "$select=place/city",
        "$apply=groupby((rollup(name)))", "$filter=size%20has%20Braid.x'a'"})
    refuses(501, kShelf, query, "");
  refuses(501, "/odata/$batch", "", "`$batch`");
  refuses(501, "/odata/$crossjoin(a,b)", "", "`$crossjoin`");
  refuses(501, std::string(kShelf) + "/$ref", "", "");
  const HttpResponse post = *service_->answer({.method = "POST", .path = kShelf});
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(header(post, "Allow"), "GET, HEAD");
}

TEST_F(ServiceTest, SpeaksVersion4) {
  const auto status = [&](const char* name, const char* value) { return get(kShelf, "", {{name, value}}).status; };
  EXPECT_EQ(status("odata-maxversion", "4.0"), 200);
  EXPECT_EQ(status("odata-maxversion", "4.01"), 200);
  EXPECT_EQ(status("odata-maxversion", "3.0"), 400);
  EXPECT_EQ(status("odata-version", "4.0"), 200);
  EXPECT_EQ(status("odata-version", "5.0"), 400);
  EXPECT_EQ(status("odata-version", "x"), 400);
}

TEST_F(ServiceTest, AddressesAreThoseThatTheClientSees) {
  const auto context = [&](std::vector<std::pair<std::string, std::string>> headers) {
    return Json::parse(
               service_->answer({.path = "/odata", .query = "", .headers = std::move(headers)})->body)["@odata.context"]
        .get<std::string>();
  };
  EXPECT_EQ(context({{"host", "h:1"}}), "http://h:1/odata/$metadata");
  EXPECT_EQ(context({{"host", "h:1"}, {"x-forwarded-host", "data.example"}, {"x-forwarded-proto", "https"}}),
            "https://data.example/odata/$metadata");
  EXPECT_EQ(context({{"host", "a\"b/c"}}), "http://localhost/odata/$metadata");
  const HttpRequest secure{.path = "/odata", .query = "", .headers = {{"host", "h:1"}}, .is_tls = true};
  EXPECT_THAT(service_->answer(secure)->body, HasSubstr("\"https://h:1/odata/$metadata\""));
}

TEST_F(ServiceTest, ReadsWhatWas) {
  put(0);
  commit(2);
  host_.committed({.epoch = 2, .watermark = 900'000});
  EXPECT_EQ(json(kShelf, "as_of=1970-01-01T00:00:00.000015Z")["value"].size(), 6U);
  EXPECT_EQ(json(kShelf, "at_epoch=1&$orderby=size")["value"].size(), 30U);
  refuses(400, kShelf, "at_epoch=9", "not been committed");
}

TEST_F(ServiceTest, AJobThatHasEndedAnswersNothing) {
  host_.close();
  refuses(503, kShelf, "", "has ended");
  refuses(503, std::string(kShelf) + "('a')", "", "has ended");
  EXPECT_EQ(get("/odata/$metadata").status, 200);
}

}  // namespace
}  // namespace braid::serve::odata
