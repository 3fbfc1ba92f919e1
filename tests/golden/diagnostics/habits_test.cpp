// What people type who come from SQL, Python, pandas or JavaScript: each habit gets one finding, at its place, whose
// first fix is the Braid writing, and that checks cleanly. Then the functions of other languages (stdlib/foreign.cpp).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "cli/session/session.h"
#include "runtime/declare/foreign_type.h"
#include "runtime/report/apply_fix.h"
#include "stdlib/registry.h"

namespace braid {
namespace {

constexpr std::string_view kSources = R"(domain shop

stream sale
  time at within 10s
{
  id: int, i: int, n: int, f: float, g: float, t: string, u: string, o: int?, b: bool, customer: int,
  at: timestamp, until: timestamp, day: date, due: date, took: duration, xs: list<int>, words: list<string>,
  amount: decimal(12,2), client: { name: string },
}

stream refund
  time at within 10s
{ id: int, at: timestamp }

table buyer
  key id
  time since within 10s
{ id: int, name: string, since: timestamp }

)";

enum class Place { condition, value, steps, group, entry, item, fields, function };

std::string script_of(Place place, std::string_view written) {
  const std::string text(written);
  const auto product = [&](const std::string& steps) {
    return std::string(kSources) + "product p version 1 {\n  from sale\n" + steps + "\n}\n";
  };
  switch (place) {
    case Place::condition:
      return product("  where " + text + "\n  select { id, at }");
    case Place::value:
      return product("  let v = " + text + "\n  select { id, at, v }");
    case Place::steps:
      return product(text);
    case Place::group:
      return product("  window tumbling 1h\n  group i { v: " + text + " }");
    case Place::entry:
      return product("  select { id, at, " + text + " }");
    case Place::fields:
      return product("  select { id, at }") + "\nstream other\n  time at within 10s\n{ at: timestamp, " + text + " }\n";
    case Place::function:
      return product("  select { id, at }") + "\nfunction f(" + text + ") -> int = 1\n";
    case Place::item:
      return std::string(kSources) + text + "\n\nproduct p version 1 {\n  from sale\n  select { id, at }\n}\n";
  }
  return "";
}

struct Checked {
  SourceSet sources;
  std::vector<Diagnostic> findings;
};

Checked check(const std::string& script) {
  Checked checked;
  checked.sources.add("test.braid", script);
  Reporter reporter;
  const auto scripts = driver::parse_scripts(checked.sources, reporter);
  driver::check_scripts(scripts, checked.sources, cli::language(), {}, {}, reporter);
  checked.findings = reporter.take_sorted();
  return checked;
}

std::string listed(const Checked& checked) {
  std::string text;
  for (const Diagnostic& finding : checked.findings) {
    text +=
        fmt::format("  {} at `{}`: {}\n", code_text(finding),
                    finding.labels.empty() ? "" : checked.sources.text(finding.labels.front().span), finding.message);
    for (const Fix& fix : finding.fixes)
      text += fmt::format("    {}: {}\n", fix.text,
                          apply_edits(checked.sources.file(0).text, 0, fix.edits).value_or("(edits overlap)"));
  }
  return text;
}

struct Habit {
  Place place;
  const char* written;
  const char* code;
  const char* at;     ///< the text under the mark
  const char* fixed;  ///< null: no edit is certain, and a note shows the form; "…" in front: only sketched
};

constexpr Place condition = Place::condition, value = Place::value, steps = Place::steps, group = Place::group,
                entry = Place::entry, item = Place::item, fields = Place::fields, function = Place::function;

const Habit kHabits[] = {
    // ---- comparisons and conditions
    {condition, R"(t like "a%")", "E1011", "like", R"(t.starts_with("a"))"},
    {condition, R"(t like '%a')", "E1011", "like", R"(t.ends_with("a"))"},
    {condition, R"(t like "%a%")", "E1011", "like", R"(t.contains("a"))"},
    {condition, R"(t like "abc")", "E1011", "like", R"(t == "abc")"},
    {condition, R"(t like "a_c%")", "E1011", "like", R"(t.matches("^a.c"))"},
    {condition, R"(t not like "a%")", "E1011", "not like", R"(not t.starts_with("a"))"},
    {condition, R"(t ilike "A%")", "E1011", "ilike", R"(t.lower().starts_with("a"))"},
    {condition, R"(i > 1 and t like "a%" and b)", "E1011", "like", R"(i > 1 and t.starts_with("a") and b)"},
    {condition, R"(client.name like "a%")", "E1011", "like", R"(client.name.starts_with("a"))"},
    {condition, R"(t like u)", "E1011", "like", nullptr},
    {condition, R"(t rlike "a+")", "E1011", "rlike", R"(t.matches("a+"))"},
    {condition, R"(t regexp "a+")", "E1011", "regexp", R"(t.matches("a+"))"},
    {condition, R"(t similar to "a+")", "E1011", "similar to", R"(t.matches("a+"))"},
    {condition, R"(t ~ "a+")", "E1011", "~", R"(t.matches("a+"))"},
    {condition, R"(t !~ "a+")", "E1011", "!~", R"(not t.matches("a+"))"},
    {condition, R"(t contains "a")", "E1011", "contains", R"(t.contains("a"))"},
    {condition, R"(t startswith "a")", "E1011", "startswith", R"(t.starts_with("a"))"},
    {condition, "i >= 1 and <= 5", "E1001", "<=", "i >= 1 and i <= 5"},
    {condition, "i % 7 >= 1 and < 5", "E1001", "<", nullptr},
    {condition, "i !== 3", "E1011", "!==", "i != 3"},
    {condition, "i <=> 3", "E1011", "<=>", "i == 3"},
    {condition, "i === 3", "E1011", "===", "i == 3"},
    {condition, "i <> 3", "E1011", "<>", "i != 3"},
    {condition, "b && i > 3", "E1011", "&&", "b and i > 3"},
    {condition, "b || i > 3", "E1011", "||", "b or i > 3"},
    {condition, "!b", "E1011", "!", "not b"},
    {condition, "b is true", "E1011", "is true", "b"},
    {condition, "b is not true", "E1011", "is not true", "not b"},
    {condition, "b is False", "E1011", "is False", "not b"},
    {condition, "o is None", "E1011", "None", "o is null"},
    {condition, "o is not None", "E1011", "None", "o is not null"},
    {condition, "o is undefined", "E1011", "undefined", "o is null"},
    {condition, "o == NULL", "E1012", "o == NULL", "o is null"},
    {condition, "o != None", "E1012", "o != None", "o is not null"},
    {condition, "o isnull", "E1011", "isnull", "o is null"},
    {condition, "o notnull", "E1011", "notnull", "o is not null"},
    {condition, "o is distinct from n", "E1011", "is distinct from", "o != n"},
    {condition, "o is not distinct from n", "E1011", "is not distinct from", "o == n"},
    {condition, "b == TRUE", "E1011", "TRUE", "b == true"},
    {condition, "b == True", "E1011", "True", "b == true"},
    {condition, "i > 1 AND NOT b", "E1011", "AND", "i > 1 and not b"},
    {condition, "o IS NOT NULL", "E1011", "IS", "o is not null"},
    {condition, "i IN [1, 2]", "E1011", "IN", "i in [1, 2]"},
    {condition, "i between 1 and 5", "E1016", "between", "i in 1..5"},
    {condition, "i in (1, 2)", "E1015", "(1, 2)", "i in [1, 2]"},
    {condition, "i in (select id from refund)", "E1043", "in (", nullptr},
    {condition, "i not in (select id from refund)", "E1043", "in (", nullptr},
    {condition, "exists (select 1 from refund)", "E1043", "exists (", nullptr},
    {condition, "b xor (i > 3)", "E1011", "xor", "b != (i > 3)"},
    {condition, "b xor i > 3", "E1011", "xor", nullptr},
    {condition, R"((i > 1) & (b))", "E1011", "&", R"((i > 1) and (b))"},
    {condition, R"((i > 1) | (i < 0))", "E1011", "|", R"((i > 1) or (i < 0))"},
    {condition, R"(t is "a")", "E1011", "is", R"(t == "a")"},
    {condition, R"(t is not "a")", "E1011", "is not", R"(t != "a")"},
    {condition, "i is 3", "E1011", "is", "i == 3"},
    {condition, "i > 1, b", "E1011", ",", "i > 1 and b"},
    {condition, "i > 1,000 and b", "E1011", "1,000", "i > 1_000 and b"},
    {condition, "t == “a”", "E1011", "“a”", R"(t == "a")"},
    // ---- numbers
    {value, "i mod 2", "E1011", "mod", "i % 2"},
    {value, "i div n", "E1011", "div", "i.div(n)"},
    {value, "f ** 2", "E1011", "**", "pow(f, 2)"},
    {value, "f ^ 2", "E1011", "^", "pow(f, 2)"},
    // ---- choice
    {value, R"(case when i > 1 then "a" else "b" end)", "E1011", "case when", R"(case { i > 1 -> "a", else -> "b" })"},
    {value, R"(case when i > 1 then "a" when i > 0 then "c" else "b" end)", "E1011", "case when",
     R"(case { i > 1 -> "a", i > 0 -> "c", else -> "b" })"},
    {value, R"(case i when 1 then "a" else "b" end)", "E1011", "case i when", R"(case i { 1 -> "a", else -> "b" })"},
    {value, R"(case when b then 1 end)", "E1011", "case when", "case { b -> 1, else -> null }"},
    {value, R"(case when if b then i > 1 else i > 2 then 1 else 2 end)", "E1011", "case when",
     "case { if b then i > 1 else i > 2 -> 1, else -> 2 }"},
    {value, "i if b else n", "E1011", "if", "if b then i else n"},
    {value, "b ? i : n", "E1011", "?", "if b then i else n"},
    {value, "if(b, i, n)", "E1011", "if", "(if b then i else n)"},
    {value, "if b then i elif i > 1 then 2 else n", "E1011", "elif", "if b then i else if i > 1 then 2 else n"},
    {value, R"(if b: "a" else: "c")", "E1011", "if", R"(if b then "a" else "c")"},
    {value, R"(if i > 1 { "a" } else { "c" })", "E1011", "if", R"(if i > 1 then "a" else "c")"},
    {value, R"(case { i > 1: "a", else: "c" })", "E1011", ":", R"(case { i > 1 -> "a", else -> "c" })"},
    {value, R"(case i { 1 => "a", else => "c" })", "E1011", "=>", R"(case i { 1 -> "a", else -> "c" })"},
    {value, "try { int(t) } catch { 0 }", "E1011", "try", "try int(t) ?? 0"},
    // ---- null, types
    {value, "o ?? None", "E1011", "None", nullptr},
    {value, "cast(t as int)", "E1011", "cast", "int(t)"},
    {value, "cast(i + 1 as varchar(20))", "E1011", "cast", "string(i + 1)"},
    {value, "cast(t as decimal(12,2))", "E1011", "cast", "decimal(t, 12,2)"},
    {value, "try_cast(t as int)", "E1011", "try_cast", "try int(t)"},
    {value, "t::int", "E1011", "::int", "int(t)"},
    {value, "client.name::text", "E1011", "::text", "string(client.name)"},
    {value, "t::numeric(12,2)", "E1011", "::numeric(12,2)", "decimal(t, 12,2)"},
    {value, "at::date", "E1011", "::date", "date(at)"},
    {value, "client::name", "E1011", "::name", "client.name"},
    // ---- text
    {value, R"(t || "x")", "E1011", "||", R"(t + "x")"},
    {value, R"(t || "-" || u)", "E1011", "||", R"(t + "-" + u)"},
    {value, "t.slice(1, 3)", "E2209", "t", "t.substring(1, 3)"},
    {value, "t[0:3]", "E1043", "[0:3]", "t.substring(0, 3)"},
    {value, "t[2:]", "E1043", "[2:]", "t.substring(2)"},
    {value, "t[-3:]", "E1043", "[-3:]", nullptr},
    {value, "t[0]", "E2221", "t", "t.substring(0, 1)"},
    {value, "f'{t} x'", "E1011", "f'{t} x'", R"(f"{t} x")"},
    {value, "`${t} x`", "E1011", "`${t} x`", R"(f"{t} x")"},
    {value, R"(f"{f:.2f}")", "E1043", ":.2f", nullptr},
    {value, "substring(t from 2 for 3)", "E1011", "substring", "substring(t, 1, 3)"},
    {value, "trim(both from t)", "E1011", "trim(both", "trim(t)"},
    {value, "trim(leading from t)", "E1011", "trim(leading", "trim_start(t)"},
    {value, R"(position("a" in t))", "E2103", "position", R"(index_of(t, "a"))"},
    {value, "position('a' in t)", "E2103", "position", R"(index_of(t, "a"))"},
    {value, "t.includes('a')", "E2103", "includes", R"(t.contains("a"))"},
    {value, "concat('<', t, '>')", "E2103", "concat", R"("<" + t + ">")"},
    {value, "concat('a', len('b'))", "E2103", "concat", nullptr},
    {value, "get_json_object(t, '$.a')", "E2103", "get_json_object", nullptr},
    {value, "pd.lower('A')", "E2103", "pd.lower", R"(lower("A"))"},
    {value, "t.length", "E2222", "t.length", "t.length()"},
    // ---- time
    {value, "at.year", "E2222", "at.year", "at.year()"},
    {value, "date_trunc('day', at)", "E2103", "date_trunc", R"(truncate(at, "day"))"},
    {value, "timestamp_trunc(at, 'DAY')", "E2103", "timestamp_trunc", R"(truncate(at, "day"))"},
    {value, "xs.length", "E2222", "xs.length", "xs.length()"},
    {value, "now() - interval '1 day'", "E1011", "interval '1 day'", "now() - 1d"},
    {value, "now() - interval '1' day", "E1011", "interval '1' day", "now() - 1d"},
    {value, "at + interval 90 minute", "E1011", "interval 90 minute", "at + 90m"},
    {value, R"(at + interval "1 hour 30 minutes")", "E1011", R"(interval "1 hour 30 minutes")", "at + 1h30m"},
    {value, "at + INTERVAL '2 weeks'", "E1011", "INTERVAL '2 weeks'", "at + 14d"},
    {value, "extract(year from at)", "E1011", "extract(year from", "year(at)"},
    {value, "extract(dow from at)", "E1011", "extract(dow from", "weekday(at)"},
    {value, "date '2026-01-31'", "E1011", "date '2026-01-31'", "@2026-01-31"},
    {value, "timestamp '2026-01-31 12:00:00'", "E1011", "timestamp '2026-01-31 12:00:00'", "@2026-01-31T12:00:00Z"},
    {value, "current_timestamp", "E1011", "current_timestamp", "now()"},
    {value, "current_date", "E1011", "current_date", "date(now())"},
    {value, R"(at at time zone "Europe/Paris")", "E1043", "at time zone", nullptr},
    {value, "new Date()", "E1043", "new", nullptr},
    {value, "Math.max(i, n)", "E2103", "Math.max", "greatest(i, n)"},
    {value, "Math.floor(f)", "E2103", "Math.floor", "floor(f)"},
    {value, "np.log(f)", "E2103", "np.log", "ln(f)"},
    {value, "at + 5 min", "E1011", "5 min", "at + 5m"},
    {value, "at - 2 hours", "E1011", "2 hours", "at - 2h"},
    {value, "i – 1", "E1011", "–", "i - 1"},
    // ---- fields and lists
    {value, R"(df["i"])", "E1011", R"(df["i"])", "i"},
    {value, "df['i']", "E1011", "df['i']", "i"},
    {value, "client['name']", "E1011", "client['name']", "client.name"},
    {value, R"(client["name"])", "E1011", R"(client["name"])", "client.name"},
    {value, "lambda x: x + 1", "E1043", "lambda x:", nullptr},
    {value, "xs.apply(lambda x: x + 1)", "E1043", "lambda x:", nullptr},
    {value, "xs.map(x -> x + 1)", "E1011", "->", "xs.map(x => x + 1)"},
    {value, "[x + 1 for x in xs]", "E1011", "for", "xs.map(x => x + 1)"},
    {value, "[x for x in xs if x > 1]", "E1011", "for", "xs.filter(x => x > 1)"},
    {value, "(1, 2)", "E1011", "(", "[1, 2]"},
    {value, "{ ...client, k: 1 }", "E1011", "...", "{ ..client, k: 1 }"},
    {value, R"({ "k": 1 })", "E1011", "\"k\"", "{ k: 1 }"},
    {value, "row_number() over (partition by i order by at)", "E1043", "over", nullptr},
    {value, "lag(i) over (order by at)", "E1043", "over", nullptr},
    {value, "(select max(id) from refund)", "E1043", "(select", nullptr},
    {entry, "i as k", "E1011", "as k", "k: i"},
    {entry, "i + n as k", "E1011", "as k", "k: i + n"},
    {entry, "k = i", "E1011", "=", "k: i"},
    // ---- aggregates
    {group, "count(*)", "E1017", "*", "count()"},
    {group, "count(1)", "E2208", "count(1)", "count()"},
    {group, "count(distinct n)", "E1011", "count(distinct", "count_distinct(n)"},
    {group, "sum(n) filter (where b)", "E1011", "filter (where", "sum(n, where: b)"},
    {group, "count(*) filter (where b)", "E1011", "filter (where", "count(where: b)"},
    {group, "sum(n) where b", "E1011", "where", "sum(n, where: b)"},
    {group, "count() where b and i > 1", "E1011", "where", "count(where: b and i > 1)"},
    {group, "count(*) where b, w: count()", "E1011", "where", "count(where: b), w: count()"},
    // ---- groups
    {steps, "  window tumbling 1h\n  group { v: count() } by i, n", "E1011", "by i, n",
     "  window tumbling 1h\n  group i, n { v: count() }"},
    {steps, "  window tumbling 1h\n  group per i { v: count() }", "E1011", "per",
     "  window tumbling 1h\n  group i { v: count() }"},
    {steps, "  running { v: sum(n) } per i over 7d", "E1011", "per i over 7d", "  running per i over 7d { v: sum(n) }"},
    {steps, "  running { v: sum(n) } over 7d", "E1011", "over 7d", "  running over 7d { v: sum(n) }"},
    {steps, "  running { v: sum(n) } by i retain forever", "E1011", "by i",
     "  running per i { v: sum(n) } retain forever"},
    {steps, "  dedupe by id within 1h", "E1011", "dedupe by", "  distinct id within 1h"},
    {steps, "  deduplicate id within 1h", "E1011", "deduplicate", "  distinct id within 1h"},
    {steps, "  distinct on id within 1h", "E1011", "distinct on", "  distinct id within 1h"},
    {steps, "  window tumbling 1h\n  group i { v: count() }\n  emit early", "E1011", "early",
     "  window tumbling 1h\n  group i { v: count() }\n  emit changes"},
    {steps, "  window tumbling 1h\n  group i { v: count() }\n  emit early every 1m", "E1011", "early",
     "  window tumbling 1h\n  group i { v: count() }\n  emit every 1m"},
    // ---- items
    {item, "product q version 1\n  contract { not null o }\n{ from sale select { id, at, o } }", "E1011", "not null o",
     "product q version 1\n  contract { check o_given: o is not null else reject }\n{ from sale select { id, at, o } "
     "}"},
    {item, "enum state { open, paid }", "E1011", "enum state", "type state = enum { open, paid }"},
    {item, "struct place { city: string }", "E1011", "struct place", "type place = { city: string }"},
    {item, "view v = from sale where i > 1", "E1011", "=", "view v { from sale where i > 1 }"},
    // ---- steps
    {steps, "  where i > 1 -- large", "E1039", "--", "  where i > 1 // large"},
    {steps, "  -- don't read this\n  where i > 1", "E1039", "--", "  // don't read this\n  where i > 1"},
    {steps, "  where i > 1 # large", "E1039", "#", "  where i > 1 // large"},
    {steps, "  WHERE i > 1\n  SELECT { id, at }", "E1011", "WHERE", "  where i > 1\n  select { id, at }"},
    {steps, "  select *", "E1028", "*", "  select { .. }"},
    {steps, "  select id, at", "E1011", "id, at", "  select { id, at }"},
    {steps, "  select distinct { id, at }", "E1043", "select distinct", "  select { id, at }"},
    {steps, "  order by i desc\n  select { id, at }", "E1043", "order by", "  select { id, at }"},
    {steps, "  limit 10\n  select { id, at }", "E1043", "limit", "  select { id, at }"},
    {steps, "  offset 10\n  select { id, at }", "E1043", "offset", "  select { id, at }"},
    {steps, "  window tumbling 1h\n  group by i { v: count() }", "E1011", "group by",
     "  window tumbling 1h\n  group i { v: count() }"},
    {steps, "  window tumbling 1h\n  group i { v: count() }\n  having v > 1", "E1014", "having",
     "  window tumbling 1h\n  group i { v: count() }\n  where v > 1"},
    {steps, "  inner join buyer as c on c.id == customer", "E1011", "inner join",
     "  join buyer as c on c.id == customer"},
    {steps, "  left outer join buyer as c on c.id == customer", "E1011", "left outer join",
     "  left join buyer as c on c.id == customer"},
    {steps, "  cross join buyer as c", "E1043", "cross join", nullptr},
    {steps, "  join buyer as c using (id)", "E1011", "(id)", "  join buyer as c using id"},
    {steps, "  join buyer as c on c.id = customer", "E1010", "=", "  join buyer as c on c.id == customer"},
    {steps, "  where c.id == i\n  join buyer as c on c.id == customer", "E2107", "c", nullptr},
    {steps, "  let v: int = 1", "E1011", ": int", "  let v = 1"},
    {steps, "  const v = 1", "E1011", "const", "  let v = 1"},
    {steps, "  var v = 1", "E1011", "var", "  let v = 1"},
    {steps, "  v = 1", "E1011", "v =", "  let v = 1"},
    {steps, "  v := 1", "E1011", ":=", "  let v = 1"},
    {steps, "  filter i > 1", "E1011", "filter", "  where i > 1"},
    {steps, "  mutate v = 1", "E1011", "mutate", "  let v = 1"},
    {steps, "  | where i > 1", "E1043", "|", "  where i > 1"},
    {steps, "  where i > 1;", "E1029", ";", "  where i > 1"},
    {steps, "  let v = 1, w = 2", "E1011", ",", "  let v = 1\n  let w = 2"},
    {steps, "  let v = 1\n  v += i", "E1011", "+=", "  let v = 1\n  let v = v + i"},
    {steps, "  rename i as k", "E1011", "as", "  rename i to k"},
    {steps, "  drop (i, n)", "E1011", "(i, n)", "  drop i, n"},
    {steps, "  select * except (i, n)", "E1011", "select * except", "  drop i, n"},
    {steps, "  select { *, k: i }", "E1028", "*", "  select { .., k: i }"},
    {steps, "  last by i retain forever", "E1011", "by", "  last per i retain forever"},
    {steps, "  asof join buyer as c on c.id == customer", "E1011", "asof join",
     "  join buyer as c on c.id == customer"},
    {steps, "  left join asof buyer as c on c.id == customer", "E1011", "asof",
     "  left join buyer as c on c.id == customer"},
    {steps, "  join buyer for system_time as of at as c on c.id == customer", "E1043", "for system_time as of",
     "  join buyer as c on c.id == customer"},
    {steps, "  join refund as r within 1 hour on r.id == id", "E1011", "1 hour",
     "  join refund as r on r.id == id within -1h..1h"},
    {steps, "  join refund as r on r.id == id within 1h", "E1011", "1h",
     "  join refund as r on r.id == id within -1h..1h"},
    {steps, "  window tumbling 1 hour\n  group i { v: count() }", "E1011", "1 hour",
     "  window tumbling 1h\n  group i { v: count() }"},
    {steps, "  window tumbling (size 1 hour)\n  group i { v: count() }", "E1011", "(size 1 hour)",
     "  window tumbling 1h\n  group i { v: count() }"},
    {steps, "  window hopping (size 10 minutes, advance by 1 minute)\n  group i { v: count() }", "E1011",
     "(size 10 minutes, advance by 1 minute)", "  window hopping 10m every 1m\n  group i { v: count() }"},
    {steps, "  window hopping 10m advance by 1m\n  group i { v: count() }", "E1011", "advance by",
     "  window hopping 10m every 1m\n  group i { v: count() }"},
    {steps, "  window tumble 1h\n  group i { v: count() }", "E1011", "tumble",
     "  window tumbling 1h\n  group i { v: count() }"},
    {steps, "  window sliding 1h\n  group i { v: count() }", "E1011", "sliding", nullptr},
    {steps, "  window session 30m\n  group i { v: count() }", "E1011", "30m",
     "  window session gap 30m\n  group i { v: count() }"},
    {steps, "  window tumbling 1h grace 5m\n  group i { v: count() }", "E1011", "grace",
     "  window tumbling 1h late 5m\n  group i { v: count() }"},
    {steps, "  window tumbling 1d in Europe/Paris\n  group i { v: count() }", "E1011", "Europe/Paris",
     "  window tumbling 1d in \"Europe/Paris\"\n  group i { v: count() }"},
    {steps, "  window tumbling 1h\n  group by i\n  select { i, v: count() }", "E1011", "group by",
     "  window tumbling 1h\n  group i { v: count() }"},
    {steps, "  window tumbling 1h\n  group by i\n  select i, count(*)", "E1011", "group by", nullptr},
    {steps, "  group by i, tumble(at, interval '1' hour)\n  select { i, v: count() }", "E1011", "group by", nullptr},
    // ---- steps that keep rows
    {steps, "  window tumbling 1h\n  top 3 amount desc", "E1011", "amount",
     "  window tumbling 1h\n  top 3 by amount desc"},
    {steps, "  window tumbling 1h\n  top 3 per i by amount desc", "E1011", "per i",
     "  window tumbling 1h\n  top 3 by amount desc per i"},
    {steps, "  window tumbling 1h\n  top 3 order by amount", "E1011", "order by",
     "  window tumbling 1h\n  top 3 by amount"},
    {steps, "  window tumbling 1h\n  top 3 by amount descending", "E1011", "descending",
     "  window tumbling 1h\n  top 3 by amount desc"},
    {steps, "  window tumbling 1h\n  order by amount desc\n  limit 3", "E1011", "order by",
     "  window tumbling 1h\n  top 3 by amount desc"},
    {steps, "  window tumbling 1h\n  order by amount desc, i fetch first 3 rows only", "E1011", "order by",
     "  window tumbling 1h\n  top 3 by amount desc, i"},
    {steps, "  running by i { total: sum(amount) } retain forever", "E1011", "by",
     "  running per i { total: sum(amount) } retain forever"},
    {steps, "  running i { total: sum(amount) } retain forever", "E1011", "i",
     "  running per i { total: sum(amount) } retain forever"},
    {steps, "  running per i over 5 { total: sum(amount) } retain forever", "E1011", "5",
     "  running per i over 5 rows { total: sum(amount) } retain forever"},
    {steps, "  running per i over last 5 rows { total: sum(amount) } retain forever", "E1011", "last",
     "  running per i over 5 rows { total: sum(amount) } retain forever"},
    {steps, "  running per i rows between 4 preceding and current row { total: sum(amount) } retain forever", "E1011",
     "rows between 4 preceding and current row", "  running per i over 5 rows { total: sum(amount) } retain forever"},
    {steps, "  match per i within 1h { a+: b, c: not b }\n  select { i }", "E1011", "+",
     "  match per i within 1h { a{1..}: b, c: not b }\n  select { i }"},
    {steps, "  match per i within 1h { a{2,}: b, c: not b }\n  select { i }", "E1011", "{2,}",
     "  match per i within 1h { a{2..}: b, c: not b }\n  select { i }"},
    {steps, "  match per i within 1h { a{2,4}: b, c: not b }\n  select { i }", "E1011", "{2,4}",
     "  match per i within 1h { a{2..4}: b, c: not b }\n  select { i }"},
    {steps, "  match per i within 1h { a: where b, c: not b }\n  select { i }", "E1011", "where",
     "  match per i within 1h { a: b, c: not b }\n  select { i }"},
    {steps, "  match per i within 1h { a: b followed by c: not b }\n  select { i }", "E1011", "followed by",
     "  match per i within 1h { a: b, c: not b }\n  select { i }"},
    {steps, "  match within 1h per i { a: b, c: not b }\n  select { i }", "E1011", "per i",
     "  match per i within 1h { a: b, c: not b }\n  select { i }"},
    {steps, "  explode words as word\n  select { id, at, word }", "E1011", "explode",
     "  unnest words as word\n  select { id, at, word }"},
    {steps, "  lateral view explode(words) t as word\n  select { id, at, word }", "E1011", "lateral view explode",
     "  unnest words as word\n  select { id, at, word }"},
    {steps, "  cross join unnest(words) as word\n  select { id, at, word }", "E1011", "cross join unnest",
     "  unnest words as word\n  select { id, at, word }"},
    {steps, "  unnest words\n  select { id, at, word }", "E1011", "words",
     "  unnest words as word\n  select { id, at, word }"},
    {steps, "  window tumbling 1h\n  group i { v: count() } emit on window close", "E1011", "on window close",
     "  window tumbling 1h\n  group i { v: count() } emit final"},
    {steps, "  group i { v: count() } emit 10s retain forever", "E1011", "10s",
     "  group i { v: count() } emit every 10s retain forever"},
    {steps, "  group i { v: count() } emit on change retain forever", "E1011", "on change",
     "  group i { v: count() } emit changes retain forever"},
    {steps, "  group i { v: count() } keep forever", "E1011", "keep", "  group i { v: count() } retain forever"},
    {steps, "  group i { v: count() } retain for ever", "E1011", "for ever", "  group i { v: count() } retain forever"},
    {steps, "  window tumbling 1h\n  group i agg { v: count() }", "E1011", "agg",
     "  window tumbling 1h\n  group i { v: count() }"},
    {steps, "  window session timeout 30m\n  group i { v: count() }", "E1011", "timeout",
     "  window session gap 30m\n  group i { v: count() }"},
    {steps, "  window session per i gap 30m\n  group i { v: count() }", "E1043", "per i",
     "  window session gap 30m\n  group i { v: count() }"},
    {steps, "  window span at to until\n  group i { v: count() }", "E1011", "to",
     "  window span at..until\n  group i { v: count() }"},
    {steps, "  join refund as r on r.id == id within 0s to 1h", "E1011", "to",
     "  join refund as r on r.id == id within 0s..1h"},
    {steps, "  join refund as r within 0s..1h on r.id == id", "E1011", "within 0s..1h",
     "  join refund as r on r.id == id within 0s..1h"},
    {steps, "  join closest refund as r on r.id == id within 0s..1h", "E1011", "closest",
     "  join nearest refund as r on r.id == id within 0s..1h"},
    {steps, "  filter((k, v) -> v.i > 1)", "E1011", "filter", nullptr},
    {group, "sum(i where b)", "E1011", "where", "sum(i, where: b)"},
    {group, "distinct i", "E1011", "distinct", "count_distinct(i)"},
    {group, "count distinct i", "E1011", "count distinct", "count_distinct(i)"},
    {group, "count", "E2107", "count", "count()"},
    {group, "count(b)", "E2208", "count(b)", "count(where: b)"},
    {group, "count(o)", "E2208", "count(o)", "count(where: o is not null)"},
    {group, "sum(b)", "E2207", "b", "count(where: b)"},
    {group, "quantile(i, 95)", "E2252", "95", "quantile(i, 0.95)"},
    {value, "xs[-1]", "E2258", "-1", "xs[xs.length() - 1]"},
    {value, "xs.max(x => x + 1)", "E2244", "max", nullptr},
    {value, "xs.sum(x => x + 1)", "E2244", "x => x + 1", "xs.map(x => x + 1).sum()"},
    {condition, "at >= \"2026-01-01 12:00\"", "E2211", "at >= \"2026-01-01 12:00\"", "at >= @2026-01-01T12:00Z"},
    {condition, "day > \"2026-01-01\"", "E2211", "day > \"2026-01-01\"", "day > @2026-01-01"},
    {condition, "took > \"5m\"", "E2211", "took > \"5m\"", "took > 5m"},
    {condition, "i in {1, 2}", "E1011", "{1, 2}", "i in [1, 2]"},
    {condition, "[i] > 1", "E1011", "[i]", "i > 1"},
    {condition, "sale.i > 1", "E2128", "sale", "i > 1"},
    {condition, "o <> null", "E1012", "o <> null", "o is not null"},
    {item, "view x {\n  from {{ ref(\"sale\") }}\n}", "E1011", "{{ ref(\"sale\") }}", "view x {\n  from sale\n}"},
    {item, "view x {\n  from tumble(table sale, descriptor(at), interval '1' hour)\n  group i { v: count() }\n}",
     "E1011", "tumble(table sale, descriptor(at), interval '1' hour)",
     "view x {\n  from sale\n  window tumbling 1h\n  group i { v: count() }\n}"},
    {item,
     "view x {\n  from hop(table sale, descriptor(at), interval '1' minute, interval '1' hour)\n  group i { v: count() "
     "}\n}",
     "E1011", "hop(table sale, descriptor(at), interval '1' minute, interval '1' hour)",
     "view x {\n  from sale\n  window hopping 1h every 1m\n  group i { v: count() }\n}"},
    {item, "stream y\n  key (i, n)\n{ i: int, n: int }", "E1011", "(i, n)", "stream y\n  key i, n\n{ i: int, n: int }"},
    {item, "product x version 1\n  contract {\n    check few: i > 1 else drop\n  }\n{\n  from sale\n}", "E1011", "drop",
     "product x version 1\n  contract {\n    check few: i > 1 else reject\n  }\n{\n  from sale\n}"},
    {fields, "x: int from $.order.x", "E1011", "$.order.x", "x: int from \"order.x\""},
    {fields, "x: int from order.x, y: int", "E1011", "order.x", "x: int from \"order.x\", y: int"},
    {fields, "x: timestamp(\"yyyy-MM-dd\")", "E1043", "(\"yyyy-MM-dd\")", "x: timestamp"},
    {fields, "x: deciml(12,2)", "E2104", "deciml", "x: decimal(12,2)"},
    // ---- types
    {fields, "x: varchar", "E2104", "varchar", "x: string"},
    {fields, "x: Integer", "E2104", "Integer", "x: int"},
    {fields, "x: String", "E2104", "String", "x: string"},
    {fields, "x: TIMESTAMP", "E2104", "TIMESTAMP", "x: timestamp"},
    {fields, "x: boolean?", "E2104", "boolean", "x: bool?"},
    {fields, "x: list<bigint>", "E2104", "bigint", "x: list<int>"},
    {fields, "x: { y: double }", "E2104", "double", "x: { y: float }"},
    {fields, "x: jsonb", "E2104", "jsonb", "x: json"},
    {fields, "x: map", "E2104", "map", nullptr},
    {fields, "x: array", "E2104", "array", nullptr},
    {function, "x: number", "E2104", "number", "x: decimal"},
    {fields, "x: varchar(20)", "E1011", "varchar(20)", "x: string"},
    {fields, "x: VARCHAR(max), y: int", "E1011", "VARCHAR(max)", "x: string, y: int"},
    {fields, "x: numeric(12,2)", "E1011", "numeric(12,2)", "x: decimal(12,2)"},
    {fields, "x: DECIMAL(12, 2)", "E1011", "DECIMAL(12, 2)", "x: decimal(12,2)"},
    {fields, "x: NUMBER(10)", "E1011", "NUMBER(10)", "x: decimal(10,0)"},
    {fields, "x: bigint not null", "E1011", "bigint not null", "x: int"},
    {fields, "x: INT NULL", "E1011", "INT NULL", "x: int?"},
    {fields, "x: string | null", "E1011", "string | null", "x: string?"},
    {fields, "x: double precision", "E1011", "double precision", "x: float"},
    {fields, "x: character varying(30)", "E1011", "character varying(30)", "x: string"},
    {fields, "x: timestamp(3) with time zone", "E1011", "timestamp(3) with time zone", "x: timestamp"},
    {fields, "x: int unsigned", "E1011", "int unsigned", "x: int"},
    {fields, "x: Array<string>", "E1011", "Array<string>", "x: list<string>"},
    {fields, "x: array<varchar(20)>, y: int", "E1011", "array<varchar(20)>", "x: list<string>, y: int"},
    {fields, "x: List<List<Long>>", "E1011", "List<List<Long>>", "x: list<list<int>>"},
    {fields, "x: list[int]", "E1011", "list[int]", "x: list<int>"},
    {fields, "x: Optional[float]", "E1011", "Optional[float]", "x: float?"},
    {fields, "x: Nullable(Int64)", "E1011", "Nullable(Int64)", "x: int?"},
    {fields, "x: text[]", "E1011", "text[]", "x: list<string>"},
    {fields, "x?: string", "E1011", "x?", "x: string?"},
    {fields, "x: int default 1", "E1011", "default", "x: int = 1"},
    {fields, "x: int = 1 from \"X\"", "E1043", "from \"X\"", "x: int from \"X\" = 1"},
    {fields, "x: int primary key", "E1043", "primary key", "x: int"},
    {fields, R"(x: enum("a", "b"))", "E1011", R"(enum("a", "b"))", "x: enum { a, b }"},
    {fields, "x: { y: varchar(10) }", "E1011", "varchar(10)", "x: { y: string }"},
    {fields, "x: Map<string, int>", "E1043", "Map", nullptr},
    {fields, "x: struct<a: int, b: string>", "E1043", "struct", nullptr},
    {fields, "x BIGINT", "E1011", "x BIGINT", "x: int"},
    {fields, "x int, y: int", "E1011", "x int", "x: int, y: int"},
    {fields, "x VARCHAR(20) NOT NULL", "E1011", "x VARCHAR(20) NOT NULL", "x: string"},
    {fields, "x ROW(a INT)", "E1043", "ROW", nullptr},
    {function, "x: varchar(20)", "E1011", "varchar(20)", "x: string"},
    {item, "type money_text = varchar(20)", "E1011", "varchar(20)", "type money_text = string"},
    {item, "param most: numeric(12,2) = 1.5", "E1011", "numeric(12,2)", "param most: decimal(12,2) = 1.5"},
    {item, "param most = 100", "E1011", "most", "param most: int = 100"},
    {item, R"(param name = "a")", "E1011", "name", R"(param name: string = "a")"},
    {item, "function f(x: int): int = x", "E1011", ":", "function f(x: int) -> int = x"},
    {item, "function f(x) = x", "E1011", "x", nullptr},
    {item, "function f(x: int) { return x }", "E1011", ")", nullptr},
    {item, "function f(x: int) int = x", "E1011", ")", "function f(x: int) -> int = x"},
    {item, "service geo(ip: string) { country: string? } from file \"geo.csv\" format csv", "E1011", ")",
     "service geo(ip: string) -> { country: string? } from file \"geo.csv\" format csv"},
    {item, "service geo(ip: string): { country: string? } from file \"geo.csv\" format csv", "E1011", ":",
     "service geo(ip: string) -> { country: string? } from file \"geo.csv\" format csv"},
    // ---- items
    {item, "create table x (a int, b varchar(10));", "E1043", "create table", nullptr},
    {item, "create view x as select * from sale", "E1043", "create view", nullptr},
    {item, "insert into x select id from sale", "E1043", "insert into", nullptr},
    {item, "with x as (select id from sale) select * from x", "E1043", "with x", nullptr},
    {item, "select id, at from sale where i > 1", "E1043", "select", nullptr},
    {item, "update sale set i = 1", "E1043", "update", nullptr},
    {item, "def double(x):\n  return x * 2", "E1011", "def", nullptr},
    {item, "import pandas as pd", "E1043", "import", nullptr},
    {item, "const most = 100", "E1011", "const", nullptr},
    {item, "view x {\n  from sale.filter(i > 1).select(id)\n}", "E1011", ".filter", nullptr},
    {item, "view x {\n  from sale\n  union (from refund)\n}", "E1043", "(", nullptr},
    {steps, "  join (from refund where i > 1) as r on r.id == id within 0s..1h", "E1043", "(", nullptr},
    {item, "view x\n  from sale\n  where i > 1", "E1011", "from", "view x\n  { from sale\n  where i > 1 }"},
    {item, "product x version 1 {\n  key id\n  from sale\n}", "E1011", "key",
     "product x version 1 \n  key id\n  { from sale\n}"},
    {item, "stream y {\n  time at within 1s\n  id: int,\n  at: timestamp,\n}", "E1011", "time",
     "stream y \n  time at within 1s\n  { id: int,\n  at: timestamp,\n}"},
    {item, "stream y\n  watermark for at as at - interval '5' second\n{ id: int, at: timestamp }", "E1011", "watermark",
     "stream y\n  time at within 5s\n{ id: int, at: timestamp }"},
    {item, "product x version 1\n  to \"x.csv\" format csv\n{\n  from sale\n}", "E1011", "\"x.csv\"",
     "product x version 1\n  to file \"x.csv\" format csv\n{\n  from sale\n}"},
    {item, "product x version 1\n  into file \"x.csv\" format csv\n{\n  from sale\n}", "E1011", "into",
     "product x version 1\n  to file \"x.csv\" format csv\n{\n  from sale\n}"},
    {item, "product x version 1\n  contract {\n    check i > 1 else reject\n  }\n{\n  from sale\n}", "E1011", "check",
     "product x version 1\n  contract {\n    check i_right: i > 1 else reject\n  }\n{\n  from sale\n}"},
    {item, "view x { from sale, refund }", "E1043", ", refund", nullptr},
    {item, "view x { from (select id from sale) }", "E1043", "(select", nullptr},
    {item, "view x {\n  from sale\n  select { id, at }\n  union all refund\n}", "E1011", "union all",
     "view x {\n  from sale\n  select { id, at }\n  union refund\n}"},
};

TEST(Habits, GetOneFindingAndTheBraidWriting) {
  for (const Habit& habit : kHabits) {
    SCOPED_TRACE(habit.written);
    const Checked checked = check(script_of(habit.place, habit.written));
    const std::string found = listed(checked);
    if (checked.findings.size() != 1) {
      ADD_FAILURE() << checked.findings.size() << " findings\n" << found;
      continue;
    }
    const Diagnostic& finding = checked.findings.front();
    EXPECT_EQ(code_text(finding), habit.code) << found;
    EXPECT_EQ(checked.sources.text(finding.labels.front().span), habit.at) << found;
    if (habit.fixed == nullptr) continue;
    if (finding.fixes.empty()) {
      ADD_FAILURE() << "no fix\n" << found;
      continue;
    }
    EXPECT_NE(finding.fixes.front().applicability, Applicability::sketch);
    const std::string wanted = script_of(habit.place, habit.fixed);
    EXPECT_EQ(apply_edits(checked.sources.file(0).text, 0, finding.fixes.front().edits), wanted);
    EXPECT_EQ(listed(check(wanted)), "");
  }
}

TEST(Habits, WithoutAnEditHaveANote) {
  for (const Habit& habit : kHabits) {
    if (habit.fixed != nullptr) continue;
    for (const Diagnostic& finding : check(script_of(habit.place, habit.written)).findings)
      EXPECT_FALSE(finding.notes.empty() && finding.fixes.empty() && finding.code != 1043) << habit.written;
  }
}

TEST(ForeignFunctions, AreMoreThanTwoHundred) {
  std::set<std::string_view> names;
  for (const ForeignFunction& known : standard_library().foreign()) names.insert(known.name);
  EXPECT_GE(names.size(), 200u);
}

TEST(ForeignFunctions, GetOneFindingAndAFormThatCompiles) {
  for (const ForeignFunction& known : standard_library().foreign()) {
    const Place place = known.in_group ? Place::group : Place::value;
    const std::string call = fmt::format("{}({})", known.name, known.arguments);
    SCOPED_TRACE(call);
    const Checked checked = check(script_of(place, call));
    const std::string found = listed(checked);
    if (checked.findings.size() != 1) {
      ADD_FAILURE() << checked.findings.size() << " findings\n" << found;
      continue;
    }
    const Diagnostic& finding = checked.findings.front();
    EXPECT_EQ(code_text(finding), "E2103") << found;
    EXPECT_EQ(checked.sources.text(finding.labels.front().span), known.name);
    EXPECT_NE(finding.labels.front().text.find(known.languages), std::string::npos);
    if (known.form.empty()) {
      EXPECT_TRUE(finding.fixes.empty()) << found;
      EXPECT_FALSE(finding.notes.empty());
      continue;
    }
    if (finding.fixes.empty()) {
      ADD_FAILURE() << "no fix\n" << found;
      continue;
    }
    const auto fixed = apply_edits(checked.sources.file(0).text, 0, finding.fixes.front().edits);
    EXPECT_EQ(listed(check(fixed.value_or("(edits overlap)"))), "") << found;
  }
}

TEST(ForeignTypes, AreNotTypesOfBraid) {
  EXPECT_GE(foreign_types().size(), 100u);
  std::set<std::string_view> names{"list", "enum"};
  for (const std::string_view name : type_names()) {
    names.insert(name);
    EXPECT_EQ(braid_type_name(name), name);
  }
  EXPECT_EQ(braid_type_name("TimeStamp"), "timestamp");
  EXPECT_EQ(braid_type_name("sting"), "");
  for (const ForeignType& known : foreign_types()) {
    SCOPED_TRACE(known.name);
    EXPECT_TRUE(names.insert(known.name).second) << "a type of Braid, or twice";
    EXPECT_FALSE(known.braid.empty() && known.note.empty());
    if (!known.braid.empty()) {
      EXPECT_EQ(braid_type_name(known.braid), known.braid);
    }
  }
}

TEST(ForeignTypes, GetOneFindingAndATypeThatCompiles) {
  for (const ForeignType& known : foreign_types()) {
    const std::string written = fmt::format("x: {}", known.name);
    SCOPED_TRACE(written);
    const Checked checked = check(script_of(Place::fields, written));
    ASSERT_EQ(checked.findings.size(), 1u) << listed(checked);
    const Diagnostic& finding = checked.findings.front();
    EXPECT_EQ(code_text(finding), "E2104");
    EXPECT_EQ(checked.sources.text(finding.labels.front().span), known.name);
    EXPECT_EQ(finding.labels.front().text, fmt::format("a type of {}", known.languages));
    ASSERT_EQ(finding.fixes.empty(), known.braid.empty()) << listed(checked);
    if (known.braid.empty()) continue;
    const auto fixed = apply_edits(checked.sources.file(0).text, 0, finding.fixes.front().edits);
    EXPECT_EQ(listed(check(fixed.value_or("(edits overlap)"))), "");
    EXPECT_EQ(fixed,
              script_of(Place::fields, fmt::format("x: {}", known.braid == "decimal" ? "decimal(18,2)" : known.braid)));
  }
}

/// A type that the script declares is not foreign, whatever its name is.
TEST(ForeignTypes, MayBeDeclaredInTheScript) {
  const std::string script = script_of(Place::item,
                                       "type point = { x: float, y: float }\ntype text = string\n"
                                       "stream t { a: list<point>, b: text?, c: int }");
  EXPECT_EQ(listed(check(script)), "");
  const Checked checked =
      check(script_of(Place::item, "type point = { x: float, y: float }\nstream t { a: Array<point>, b: int }"));
  ASSERT_EQ(checked.findings.size(), 1u) << listed(checked);
  EXPECT_EQ(checked.findings.front().fixes.front().text, "write `list<point>`");
}

/// A text in single quotes is not a second finding, and the fix gives it double quotes.
TEST(ForeignFunctions, WithSingleQuotesGetOneFinding) {
  size_t quoted = 0;
  for (const ForeignFunction& known : standard_library().foreign()) {
    std::string arguments(known.arguments);
    if (arguments.find('"') == std::string::npos) continue;
    ++quoted;
    std::replace(arguments.begin(), arguments.end(), '"', '\'');
    const std::string call = fmt::format("{}({})", known.name, arguments);
    SCOPED_TRACE(call);
    const Checked checked = check(script_of(known.in_group ? Place::group : Place::value, call));
    ASSERT_EQ(checked.findings.size(), 1u) << listed(checked);
    const Diagnostic& finding = checked.findings.front();
    EXPECT_EQ(code_text(finding), "E2103");
    if (known.form.empty()) continue;
    ASSERT_FALSE(finding.fixes.empty());
    const auto fixed = apply_edits(checked.sources.file(0).text, 0, finding.fixes.front().edits);
    EXPECT_EQ(listed(check(fixed.value_or("(edits overlap)"))), "") << listed(checked);
  }
  EXPECT_GE(quoted, 50u);
}

/// Texts outside of the call keep their findings.
TEST(ForeignFunctions, AnswerForTheirOwnTextsOnly) {
  const Checked checked = check(script_of(Place::value, "len('a') + length('b')"));
  ASSERT_EQ(checked.findings.size(), 2u) << listed(checked);
  EXPECT_EQ(code_text(checked.findings[0]), "E2103");
  EXPECT_EQ(code_text(checked.findings[1]), "E1013");
  EXPECT_EQ(checked.sources.text(checked.findings[1].labels.front().span), "'b'");
}

/// A near miss in spelling is offered only where it can be called so.
TEST(ForeignFunctions, OfNamesThatAreCloseOnlyTheFittingAreOffered) {
  struct Close {
    const char* written;
    const char* meant;  ///< null: nothing
  };
  for (const Close& close : {Close{"lenth(t)", "length(t)"}, Close{"uper(t)", "upper(t)"}, Close{"last1(t)", nullptr},
                             Close{"lnn(t)", nullptr}, Close{"yeer(at)", "year(at)"}, Close{"yeer(t)", nullptr},
                             Close{"lenth(t, u, t)", nullptr}}) {
    SCOPED_TRACE(close.written);
    const Checked checked = check(script_of(Place::value, close.written));
    ASSERT_EQ(checked.findings.size(), 1u) << listed(checked);
    const Diagnostic& finding = checked.findings.front();
    ASSERT_EQ(finding.fixes.empty(), close.meant == nullptr) << listed(checked);
    if (close.meant != nullptr) {
      EXPECT_EQ(apply_edits(checked.sources.file(0).text, 0, finding.fixes.front().edits),
                script_of(Place::value, close.meant));
    }
  }
}

TEST(Signatures, StandWithAWrongNumberOfArguments) {
  struct Call {
    const char* written;
    const char* note;
    const char* fixed;
  };
  for (const Call& call :
       {Call{"decimal(t)", "decimal(text: string, precision: int, scale: int)", "decimal(t, 12, 2)"},
        Call{"t.decimal()", "decimal(text: string, precision: int, scale: int)", "t.decimal(12, 2)"},
        Call{"t.upper(2)", "upper(text: string)", "t.upper()"}, Call{"upper(t, 2)", "upper(text: string)", "upper(t)"},
        Call{"truncate(at)", "truncate(at: timestamp, unit: string)", "truncate(at, \"day\")"},
        Call{"split(t)", "split(text: string, separator: string)", "split(t, \",\")"},
        Call{"clamp(i, 1)", "clamp(value: T, low: T, high: T)", nullptr}}) {
    SCOPED_TRACE(call.written);
    const Checked checked = check(script_of(Place::value, call.written));
    ASSERT_EQ(checked.findings.size(), 1u) << listed(checked);
    const Diagnostic& finding = checked.findings.front();
    EXPECT_EQ(code_text(finding), "E2208");
    ASSERT_FALSE(finding.notes.empty());
    EXPECT_NE(finding.notes.front().find(call.note), std::string::npos) << finding.notes.front();
    ASSERT_EQ(finding.fixes.empty(), call.fixed == nullptr) << listed(checked);
    if (call.fixed == nullptr) continue;
    const std::string wanted = script_of(Place::value, call.fixed);
    EXPECT_EQ(apply_edits(checked.sources.file(0).text, 0, finding.fixes.front().edits), wanted);
    EXPECT_EQ(listed(check(wanted)), "");
  }
}

}  // namespace
}  // namespace braid
