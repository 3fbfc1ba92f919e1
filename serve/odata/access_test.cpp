// What a reader that does not see all rows as they are learns over OData.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "serve/http/query.h"
#include "serve/odata/served_rows_test.h"

namespace braid::serve::odata {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

/// Of the table: rows whose size is not 3, and of these `size` as 7.
class SomeRows : public SeenRows {
 public:
  class SomeEye : public Eye {
   public:
    const Slot* see(const Slot* slots, int64_t) override {
      constexpr size_t kPresent = 4, kSize = 5;
      if (slots[kPresent].u8 != 0 && slots[kSize].i64 == 3) return nullptr;
      shown_.assign(slots, slots + 6);
      shown_[kPresent] = slot_u8(true);
      shown_[kSize] = slot_i64(7);
      return shown_.data();
    }

   private:
    std::vector<Slot> shown_;
  };
  std::unique_ptr<Eye> begin() const override { return std::make_unique<SomeEye>(); }
  const std::vector<std::vector<int>>& masked() const override { return masked_; }
  uint64_t form() const override { return 1; }
  std::string seal(std::string_view position) const override {
    std::string made = "sealed";
    for (const char byte : position) made += static_cast<char>(~byte);
    return made;
  }
  std::optional<std::string> unseal(std::string_view sealed) const override {
    if (!sealed.starts_with("sealed")) return std::nullopt;
    std::string made;
    for (const char byte : sealed.substr(6)) made += static_cast<char>(~byte);
    return made;
  }

 private:
  std::vector<std::vector<int>> masked_{{2}};
};

class Rules : public ReaderRules {
 public:
  std::optional<Sight> sight(size_t view, const Consumer& consumer) override {
    if (consumer.is_owner) return Sight();
    if (view != 0) return std::nullopt;
    return Sight{.rows = std::make_shared<SomeRows>(), .count = {}};
  }
};

class AccessTest : public testing::Test, protected ServedRows {
 protected:
  AccessTest() { service_->set_rules(rules_); }
  HttpResponse ask(const std::string& path, const std::string& query = "", bool owner = false, size_t page = 1'000) {
    auto consumer = std::make_shared<Consumer>();
    consumer->is_owner = owner;
    HttpRequest request{
        .path = path, .query = query, .headers = {{"host", "h"}, {"prefer", fmt::format("maxpagesize={}", page)}}};
    request.consumer = consumer;
    std::optional<HttpResponse> made = service_->answer(request);
    while (made->later) {
      const auto later = made->later;
      if (std::optional<HttpResponse> next = later()) made = std::move(next);
    }
    return *made;
  }
  static std::string of(const std::string& text) { return percent_encoded(text); }

  Rules rules_;
  static constexpr const char* kShelf = "/odata/shop_shelf_v2";
};

TEST_F(AccessTest, ShowsNothingOfOtherProducts) {
  EXPECT_THAT(ask("/odata").body, Not(HasSubstr("sale")));
  EXPECT_THAT(ask("/odata/$metadata").body, Not(HasSubstr("sale")));
  EXPECT_THAT(ask("/odata/$metadata", "$format=json").body, Not(HasSubstr("sale")));
  EXPECT_THAT(ask("/odata/$metadata", "", true).body, HasSubstr("sale"));
  for (const char* behind : {"", "/$count", "('x')", "(broken", "('x')/none"}) {
    const HttpResponse there = ask(std::string("/odata/shop__eu_sale_v1") + behind);
    EXPECT_EQ(there.status, 404) << behind;
    EXPECT_THAT(there.body, HasSubstr("there is no entity set `shop__eu_sale_v1`"));
  }
  // Nobody is known.
  EXPECT_EQ(get(kShelf).status, 404);
  EXPECT_THAT(get("/odata").body, Not(HasSubstr("shelf")));
}

TEST_F(AccessTest, ComputesWithWhatTheReaderSees) {
  const size_t hidden = Json::parse(ask(kShelf, "$filter=" + of("size eq 3"), true).body)["value"].size();
  ASSERT_GT(hidden, 0U);
  const Json rows = Json::parse(ask(kShelf).body)["value"];
  EXPECT_EQ(rows.size(), 30 - hidden);
  for (const Json& row : rows) EXPECT_EQ(row["size"], 7);
  EXPECT_EQ(ask(std::string(kShelf) + "/$count").body, std::to_string(30 - hidden));
  EXPECT_EQ(ask(std::string(kShelf) + "/$count", "$filter=" + of("size eq 3 or size eq null")).body, "0");
  EXPECT_EQ(ask(std::string(kShelf) + "/$count", "$filter=" + of("size eq 7")).body, std::to_string(30 - hidden));
  const Json totals = Json::parse(ask(kShelf, "$apply=" + of("aggregate(size with min as low,$count as n)")).body);
  EXPECT_EQ(totals["value"][0]["low"], 7);
  EXPECT_EQ(totals["value"][0]["n"], 30 - hidden);
  // The order of a masked field is that of its masked values: all are the same.
  const Json sorted = Json::parse(ask(kShelf, "$orderby=size desc").body)["value"];
  EXPECT_EQ(sorted, rows);
  EXPECT_EQ(ask(std::string(kShelf) + "('n%2F03')").status, 404) << "its size is 3";
  EXPECT_EQ(ask(std::string(kShelf) + "('n%2F03')", "", true).status, 200);
  EXPECT_EQ(ask(std::string(kShelf) + "('n%2F04')/size/$value").body, "7");
}

TEST_F(AccessTest, PagesAreForTheReaderThatGotThem) {
  const Json whole = Json::parse(ask(kShelf).body)["value"];
  for (const std::string& first : {std::string("$orderby=name"), std::string("$orderby=place/floor,name")}) {
    Json rows = Json::array();
    std::string query = first;
    for (int pages = 0; !query.empty(); ++pages) {
      ASSERT_LT(pages, 20);
      const HttpResponse answer = ask(kShelf, query, false, 7);
      ASSERT_EQ(answer.status, 200) << answer.body;
      const Json page = Json::parse(answer.body);
      for (const Json& row : page["value"]) rows.push_back(row);
      const std::string link = page.value("@odata.nextLink", "");
      query = link.empty() ? "" : link.substr(link.find('?') + 1);
    }
    EXPECT_EQ(rows.size(), whole.size()) << first;
    // A token of somebody who sees all is no position of this one.
    const Json page = Json::parse(ask(kShelf, first, true, 7).body);
    const std::string link = page["@odata.nextLink"];
    EXPECT_EQ(ask(kShelf, link.substr(link.find('?') + 1)).status, 400) << first;
  }
}

}  // namespace
}  // namespace braid::serve::odata
