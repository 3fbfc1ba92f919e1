// Every code of E61xx to E63xx in an error row. Rows that no expression rejected name the step or the check.
#include <gtest/gtest.h>

#include "runtime/report/diagnostic.h"
#include "tests/reasons/failing_script.h"

namespace braid::reasons {
namespace {

TEST(Codes, EachIsGivenWithAllItsArguments) {
  const FailingScript script(R"(domain shop

stream sale
  time at within 1s ahead 1h
{ id: int, n: int, t: string, list: list<int>, at: timestamp }

stream item
  time at within 1s
  contract { unique id }
{ id: int, at: timestamp }

table price
  key id
{ id: int, rate: int }

product overflow version 1 { from sale where n == 1 select { id, v: n + 9_223_372_036_854_775_807 } }
product division version 1 { from sale where n == 1 select { id, v: n % (n - 1) } }
product index version 1 { from sale where n == 1 select { id, v: list[9] } }
product conversion version 1 { from sale where n == 1 select { id, v: int(t) } }
product refusal version 1 { from sale where n == 1 select { id, v: if n == 1 then fail("no") else 1 } }
product failure version 1 { from sale where n == 1 select { id, v: url_decode(t) } }
product length version 1 { from sale where n == 1 select { id, v: t.repeat(9_000_000) } }
product checked version 1
  contract { check small: n > 1 else reject }
{ from sale select { id, n } }
product once version 1
  contract { unique id within 1h }
{ from sale where n == 1 select { id, n, at } }
product listed version 1 { from sale join item as i on i.id == id within any retain forever select { id, listed: i.at } }
product late version 1 { from sale window tumbling 1s group id { c: count() } }
product priced version 1 { from sale where n == 1 join price as p on p.id == id select { id, p.rate } }
)");
  const std::vector<ErrorRow> rows =
      script.run({{"shop.price", "{\"id\":7,\"rate\":1}\n"},
                  {"shop.item", R"({"id":1,"at":"2026-01-01T00:00:01Z"}
{"id":1,"at":"2026-01-01T00:00:01Z"}
)"},
                  {"shop.sale", R"({"id":1,"n":1,"t":"%zz","list":[1],"at":"2026-01-01T00:00:01Z"}
{"id":1,"n":1,"t":"%zz","list":[1],"at":"2026-01-01T00:00:02Z"}
{"id":1,"n":2,"t":"%zz","list":[1],"at":"2026-01-01T00:01:00Z"}
{"id":1,"n":2,"t":"%zz","list":[1],"at":"2026-01-01T00:00:01Z"}
{"id":1,"n":2,"t":"%zz","list":[1],"at":"2126-01-01T00:00:01Z"}
)"}});
  std::set<int> seen;
  for (const ErrorRow& row : rows) {
    check_row(script, row);
    seen.insert(std::stoi(row.code.substr(1)));
    if (std::getenv("BRAID_SHOW") != nullptr) fmt::print("{}  {}  {} {}\n", row.code, row.reason, row.span, row.step);
  }
  for (const CatalogueEntry& entry : catalogue()) {
    if (entry.code < 6100 || entry.code >= 6400) continue;
    // No row gets it: a key is not optional, and a field of it that is null is E6002.
    if (entry.code == diag::NullKey::kCode) continue;
    EXPECT_TRUE(seen.count(entry.code)) << entry.code << " " << entry.message;
  }
  EXPECT_EQ(seen.count(diag::NullKey::kCode), 0u);
}

}  // namespace
}  // namespace braid::reasons
