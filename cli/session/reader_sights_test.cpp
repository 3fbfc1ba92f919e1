// Two views that differ in nothing but values which are masked for a reader give it the same answers, whatever it asks.
#include "cli/session/reader_sights.h"

#include <gtest/gtest.h>

#include <regex>

#include "runtime/base/rng.h"
#include "runtime/data/row_change.h"
#include "runtime/data/time_text.h"
#include "runtime/state/memory_store.h"
#include "runtime/view/view_writer.h"
#include "serve/rest/api.h"

namespace braid::cli {
namespace {

constexpr const char* kCrm = R"(domain crm

stream signup
  time at within 10s
{ id: int, name: string?, email: string, country: string, home: { street: string, zip: int }, points: int, at: timestamp }

product member version 1
  key id
  allow read to role crm
  allow read to role analyst, domain mail where country == "FR" or country == "DE"
  allow read to role care for purpose care
  mask name with x => null except role crm
  mask email with x => "***" except role crm
  mask home.street with x => "?" except role crm
  mask points with x => 0 except role crm
{
  from signup
  select { id, name, email, country, home, points, at }
}
)";

struct Crm {
  SourceSet sources;
  typed::Project project;
  const typed::Relation* member = nullptr;

  Crm() {
    sources.add("crm.braid", kCrm);
    Reporter reporter;
    const auto scripts = driver::parse_scripts(sources, reporter);
    project = driver::check_scripts(scripts, sources, language(), {}, {}, reporter);
    for (const Diagnostic& each : reporter.findings()) ADD_FAILURE() << each.message;
    for (const typed::Relation& relation : project.relations)
      if (relation.name == "member") member = &relation;
  }
};

serve::Consumer consumer(const std::string& role, const std::string& purpose = "") {
  return {.name = role, .key = role, .domain = {}, .roles = {role}, .user = role, .purpose = purpose};
}

/// A view of members as a table by id, over four epochs.
class Members {
 public:
  /// `hidden`: of the values that are masked.
  Members(const Crm& crm, ManualClock& clock, uint64_t seed, uint64_t hidden) : clock_(clock), host_(clock) {
    spec_.domain = "crm";
    spec_.name = "member";
    spec_.row = crm.member->row;
    spec_.key = {{0}};
    spec_.changes = true;
    const std::vector<std::vector<int>> indexes{{3}, {5}, {2}, {4, 0}, {4, 1}};
    writer_.emplace(ViewLayout(spec_, {.product = 0, .indexes = indexes, .keep_us = 1'000'000}, 0), ViewFigures{});
    Rng rows(seed), values(hidden);
    for (uint64_t epoch = 1; epoch <= 4; ++epoch) {
      for (int i = 0; i < 40; ++i) put(rows, values, static_cast<int64_t>(epoch) * 100 + i);
      StateBatch batch;
      EXPECT_TRUE(writer_->put(writer_->take(), epoch, 0, store_, batch).ok());
      EXPECT_TRUE(store_.commit(batch).ok());
    }
    host_.open(store_, {{std::make_shared<const ViewLayout>(writer_->layout()), INT64_MIN}}, {.epoch = 4});
    sights_.emplace(std::vector<const typed::Relation*>{crm.member}, clock_);
    api_.emplace(std::vector<serve::ApiProduct>{{.domain = "crm",
                                                 .name = "member",
                                                 .row = spec_.row,
                                                 .key = {"id"},
                                                 .indexes = {"country", "points", "email", "home.street", "home.zip"},
                                                 .keep_us = 1'000'000,
                                                 .keyed = true}},
                 host_, clock_, [](const serve::ApiProduct&) { return "ok"; });
    api_->set_rules(*sights_);
  }
  ~Members() { host_.close(); }

  serve::HttpResponse get(const serve::Consumer& reader, const std::string& path, const std::string& query,
                          const std::string& etag = "") {
    serve::HttpRequest request{.path = "/v1/products" + path, .query = query};
    request.consumer = std::make_shared<const serve::Consumer>(reader);
    if (!etag.empty()) request.headers.emplace_back("if-none-match", etag);
    return *api_->answer(request);
  }

 private:
  void put(Rng& rows, Rng& values, int64_t time) {
    static constexpr const char* kCountries[] = {"FR", "DE", "CH"};
    std::vector<Field> row = spec_.row;
    row.push_back({std::string(kChange), int_type()});
    Arena arena;
    Block block = allocate_block(flatten(row), 1, arena);
    block.rows = 1;
    block.time[0] = time;
    const auto id = static_cast<int64_t>(rows.next() % 30);
    const std::string country = kCountries[rows.next() % 3];
    const auto zip = static_cast<int64_t>(rows.next() % 5);
    const bool goes = rows.next() % 6 == 0, has_name = values.next() % 2 == 0;
    const auto word = [&] { return std::string(1 + values.next() % 12, static_cast<char>('a' + values.next() % 26)); };
    const std::string name = has_name ? word() : "", email = word(), street = word();
    const Slot slots[] = {
        slot_i64(id),        slot_u8(has_name),
        slot_bytes(name),    slot_bytes(email),
        slot_bytes(country), slot_bytes(street),
        slot_i64(zip),       slot_i64(static_cast<int64_t>(values.next() % 5)),
        slot_i64(time),      slot_i64(static_cast<int64_t>(goes ? RowChange::goes : RowChange::becomes))};
    for (size_t leaf = 0; leaf < std::size(slots); ++leaf) write_slot(block.columns[leaf], 0, slots[leaf]);
    writer_->write(block);
  }

  ManualClock& clock_;
  ProductSpec spec_;
  MemoryStore store_;
  ViewHost host_;
  std::optional<ViewWriter> writer_;
  std::optional<ReaderSights> sights_;
  std::optional<serve::Api> api_;
};

std::string header(const serve::HttpResponse& answer, const std::string& name) {
  for (const auto& [each, value] : answer.headers)
    if (each == name) return value;
  return "";
}

/// All of an answer, but for the token, which is sealed anew each time.
std::string text_of(const serve::HttpResponse& answer) {
  std::string text = std::to_string(answer.status) + "\n";
  for (const auto& [name, value] : answer.headers) text += name + ": " + (name == "Braid-Next" ? "…" : value) + "\n";
  return text + std::regex_replace(answer.body, std::regex(R"("next":"[^"]*")"), R"("next":"…")");
}

std::string random_query(Rng& random) {
  const auto pick = [&](std::vector<std::string> from) { return from[random.next() % from.size()]; };
  std::string query = "limit=" + pick({"1", "3", "7", "100"});
  const uint64_t conditions = random.next() % 3;
  for (uint64_t i = 0; i < conditions; ++i) {
    const std::string op = pick({"", ".ne", ".lt", ".le", ".gt", ".ge"});
    query +=
        "&" +
        pick({"id" + op + "=" + std::to_string(random.next() % 30),
              "name" + op + "=" + std::string(1, static_cast<char>('a' + random.next() % 26)),
              "name.null=" + pick({"true", "false"}), "email" + op + "=" + pick({"%2A%2A%2A", "a", "mmm", "z"}),
              "country" + op + "=" + pick({"FR", "DE", "CH"}), "home.street" + op + "=" + pick({"%3F", "a", "q", "zz"}),
              "home.zip" + op + "=" + std::to_string(random.next() % 5),
              "points" + op + "=" + std::to_string(random.next() % 5)});
  }
  if (random.next() % 2 == 0)
    query += "&order=" + pick({"", "-"}) + pick({"key", "country", "points", "email", "home.street", "home.zip"});
  if (random.next() % 3 == 0) query += "&fields=" + pick({"id", "email,id", "points", "home,name", "country,at"});
  if (random.next() % 4 == 0) query += "&at_epoch=" + std::to_string(random.next() % 6);
  if (random.next() % 4 == 0) {
    std::string instant;
    append_timestamp(instant, static_cast<int64_t>(random.next() % 500));
    query += "&as_of=" + instant;
  }
  return query;
}

TEST(ReaderSights, ShowNothingOfWhatIsMasked) {
  const Crm crm;
  ASSERT_NE(crm.member, nullptr);
  ManualClock clock;
  Members one(crm, clock, 7, 1), other(crm, clock, 7, 2);
  const std::vector<serve::Consumer> readers{consumer("analyst"), consumer("care", "care"), consumer("care"),
                                             consumer("nobody")};
  Rng random(20261130);
  int good = 0, pages = 0, unchanged = 0;
  for (int i = 0; i < 4000; ++i) {
    const serve::Consumer& reader = readers[random.next() % readers.size()];
    const bool by_key = random.next() % 5 == 0;
    std::string path = by_key ? "/crm.member/rows/" + std::to_string(random.next() % 30) : "/crm.member/rows";
    std::string query = by_key ? "" : random_query(random);
    if (random.next() % 50 == 0) path = random.next() % 2 == 0 ? "" : "/crm.member", query = "";
    serve::HttpResponse a = one.get(reader, path, query), b = other.get(reader, path, query);
    ASSERT_EQ(text_of(a), text_of(b)) << path << "?" << query << " of " << reader.name;
    good += a.status == 200;
    if (const std::string etag = header(a, "ETag"); !etag.empty()) {
      const serve::HttpResponse again = one.get(reader, path, query, etag);
      ASSERT_EQ(text_of(again), text_of(other.get(reader, path, query, etag)));
      unchanged += again.status == 304;
    }
    for (int page = 0; page < 20 && !header(a, "Braid-Next").empty(); ++page, ++pages) {
      const std::string more = query + "&after=";
      const std::string next_a = more + header(a, "Braid-Next"), next_b = more + header(b, "Braid-Next");
      a = one.get(reader, path, next_a);
      b = other.get(reader, path, next_b);
      ASSERT_EQ(a.status, 200) << a.body;
      ASSERT_EQ(text_of(a), text_of(b)) << path << "?" << query << " page " << page;
    }
  }
  EXPECT_GT(good, 1000);
  EXPECT_GT(pages, 500);
  EXPECT_GT(unchanged, 500);
  // The stores do differ.
  const serve::Consumer all = consumer("crm");
  EXPECT_NE(one.get(all, "/crm.member/rows", "").body, other.get(all, "/crm.member/rows", "").body);
}

TEST(ReaderSights, GiveEachReaderItsRows) {
  const Crm crm;
  ManualClock clock;
  Members members(crm, clock, 7, 1);
  const auto body = [&](const serve::Consumer& reader, const std::string& query) {
    return members.get(reader, "/crm.member/rows", query).body;
  };
  EXPECT_NE(body(consumer("crm"), "limit=1000").find("\"country\":\"CH\""), std::string::npos);
  EXPECT_EQ(body(consumer("analyst"), "limit=1000").find("\"country\":\"CH\""), std::string::npos);
  EXPECT_NE(body(consumer("analyst"), "limit=1000").find("\"email\":\"***\""), std::string::npos);
  EXPECT_EQ(body(consumer("analyst"), "country=CH").find("\"id\""), std::string::npos);
  EXPECT_NE(body(consumer("analyst"), "email=%2A%2A%2A&limit=1").find("\"id\""), std::string::npos);
  // A domain, for its rows; the product's own domain, and owners, see all.
  serve::Consumer mail = consumer("x");
  mail.domain = "mail";
  EXPECT_EQ(body(mail, "limit=1000"), body(consumer("analyst"), "limit=1000"));
  serve::Consumer own = consumer("x"), owner = consumer("x");
  own.domain = "crm";
  owner.is_owner = true;
  EXPECT_EQ(body(own, ""), body(consumer("crm"), ""));
  EXPECT_EQ(body(owner, ""), body(own, ""));

  // What one may not see is as if it were not there.
  const auto without = [](std::string text, const std::string& name) {
    return text.replace(text.find(name), name.size(), "");
  };
  const serve::HttpResponse refused = members.get(consumer("nobody"), "/crm.member/rows", "");
  const serve::HttpResponse missing = members.get(consumer("nobody"), "/crm.nothing/rows", "");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(without(text_of(refused), "crm.member"), without(text_of(missing), "crm.nothing"));
  EXPECT_EQ(members.get(consumer("care"), "/crm.member/rows", "").status, 404) << "without its purpose";
  EXPECT_EQ(members.get(consumer("care", "care"), "/crm.member/rows", "").status, 200);
  EXPECT_EQ(members.get(consumer("nobody"), "", "").body, "{\"products\":[]}\n");
  EXPECT_EQ(members.get(consumer("analyst"), "/crm.member/rows", "order=email").status, 400);
  EXPECT_EQ(members.get(consumer("crm"), "/crm.member/rows", "order=email").status, 200);

  // A token is for who got it.
  const serve::HttpResponse first = members.get(consumer("analyst"), "/crm.member/rows", "limit=2");
  const std::string next = "limit=2&after=" + header(first, "Braid-Next");
  EXPECT_EQ(members.get(consumer("analyst"), "/crm.member/rows", next).status, 200);
  EXPECT_EQ(members.get(mail, "/crm.member/rows", next).status, 400);
}

TEST(ReaderSights, TakeGrantsToRolesUntilTheyEnd) {
  const Crm crm;
  ManualClock clock(1'000);
  ReaderSights sights({crm.member}, clock);
  EXPECT_FALSE(sights.sight(0, consumer("auditor", "audit")));
  mesh::AccessEntry grant;
  grant.product = "crm.member";
  grant.version = 1;
  grant.role = "auditor";
  grant.purpose = "audit";
  grant.state = mesh::AccessState::granted;
  grant.until_us = 5'000;
  sights.set_grants(std::vector<mesh::AccessEntry>{grant});
  const auto seen = sights.sight(0, consumer("auditor", "audit"));
  ASSERT_TRUE(seen && seen->rows);
  EXPECT_EQ(seen->rows->masked().size(), 4U);
  EXPECT_FALSE(sights.sight(0, consumer("auditor", "sales")));
  EXPECT_FALSE(sights.sight(0, consumer("other", "audit")));
  clock.set_us(5'000);
  EXPECT_FALSE(sights.sight(0, consumer("auditor", "audit")));
}

}  // namespace
}  // namespace braid::cli
