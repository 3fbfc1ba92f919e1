#!/usr/bin/env python3
"""Upgrades: pairs of scripts, what becomes of each step's state, and what the job then writes.

Each pair changes one script in the middle of its job. `diff` must say the expected word of each step, of the store and of
the two scripts alone; a run without words must refuse what would be lost; and behind the change each product must be,
byte for byte, what a job writes that had the new script from its start.

    upgrades.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import pathlib
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import STORE, Case, tree

SCRIPT = """domain d

stream s
  time at within 10s
  from file "in/s*.ndjson" format json
{ id: int, k: string, kind: string, amount: decimal(10,2), n: int, at: timestamp }

stream u
  time at within 10s
  from file "in/u.ndjson" format json
{ id: int, fee: int, k: string, at: timestamp }

table t
  time at within 10s
  key k
  from file "in/t.ndjson" format json
{ k: string, name: string, city: string, rank: int, zone: int, at: timestamp }

table v
  time at within 10s
  key k
  from file "in/v.ndjson" format json
{ k: string, owner: string, zone: int, at: timestamp }

view good {
  from s
  where n > 2
  where amount > 1.00
}

view counted {
  from s
  window tumbling 1h
  group k { rows: count() }
}

product asof version 1 {
  from good
  left join t as x on x.k == k
  select { id, k, name: x?.name, city: x?.city, at }
}

product pairs version 1 {
  from s
  join u as w on w.id == id within -5m..5m
  select { id, fee: w.fee, n, at }
}

product newest version 1 {
  from s
  last per k retain forever
  select { k, id, n }
}

product best version 1 {
  from s
  window tumbling 1h
  top 2 by n desc per k
  select { k, id, n, start: window.start }
}

product podium version 1 {
  from s
  top 2 by n desc per kind numbered place retain forever
  select { kind, place, id, n }
}

product busiest version 1 {
  from counted
  top 1 with ties by rows desc
  select { k, rows, start: window.start }
}

product hourly version 1 {
  from good
  window tumbling 1h
  group k { count: count(), total: sum(amount), least: min(n) }
  select { k, start: window.start, count, total, least }
}

product ends version 1 {
  from s
  window tumbling 1h
  group k { first: first(id), last: last(id) }
  select { k, end: window.end, first, last }
}

product middles version 1 {
  from s
  window tumbling 1h
  group k { mid: median(n) }
  select { k, end: window.end, mid }
}

product visits version 1 {
  from s
  where n > 20
  window session gap 30m
  group k { rows: count(), entry: first(id) }
  select { k, start: window.start, rows, entry }
}

product totals version 1 {
  from s
  group kind { rows: count(), sum: sum(n) } retain forever
}

product once version 1
  contract { unique k, n within 1h }
{
  from s
  select { k, n, at }
}

product apart version 1 {
  from s
  distinct kind, n within 1h
  select { kind, n, at }
}

product balance version 1 {
  from s
  running per k { total: sum(n), rows: count() } retain forever
  select { k, id, total, rows }
}

product rolling version 1 {
  from s
  running per k over 7 rows { total: sum(n, where: n > 5), rows: count() } retain forever
  select { k, id, kind, total, rows }
}

product rises version 1 {
  from s
  match per k within 1h { low: n < 5, high: n > 18 }
  select { k, low: low.id, high: high.id }
}

product zones version 1 {
  from s
  left join t as z on z.zone == n
  select { id, n, name: z?.name, city: z?.city, at }
}

product bills version 1 {
  from s
  where n > 11
  full join u as r on r.id == id within -5m..5m
  select { id, fee: r?.fee, of: r?.k, n }
}

product owned version 1 {
  from t
  join v as o on o.k == k
  select { k, name, city, owner: o.owner }
}

product named version 1 {
  from t
  full join v as m on m.zone == zone
  group { rows: count(), owner: max(m?.owner ?? ""), name: min(name ?? "") }
}

product cities version 1 {
  from t
  group city { tables: count() }
}
"""
# The products; a step of `counted` is one of `busiest`.
ALL = {"asof", "pairs", "newest", "best", "podium", "busiest", "hourly", "ends", "middles", "visits", "totals", "once",
       "apart", "balance", "rolling", "rises", "zones", "bills", "owned", "named", "cities"}
PART = 3  # hours


def records(hours: range) -> dict:
    """The lines of these hours, by file."""
    s, t, u, v = [], [], [], []
    for minute in range(hours.start * 60, hours.stop * 60):
        at = f"2026-01-01T{minute // 60:02}:{minute % 60:02}:00Z"
        for each in range(2):
            number = minute * 2 + each
            s.append({"id": number, "k": f"k{number * 7 % 5}", "kind": "abc"[number * 11 % 3],
                      "amount": f"{number % 13}.{number % 100:02}", "n": number * 17 % 23, "at": at})
        if minute % 3 == 0:
            u.append({"id": minute * 2, "fee": minute % 50, "k": f"k{minute % 4}", "at": at})
        if minute % 10 == 0:
            t.append({"k": f"k{minute // 10 % 5}", "name": f"name{minute}", "city": f"city{minute % 7}",
                      "rank": minute, "zone": minute // 10 % 3 * 9, "at": at})
        if minute % 25 == 0:
            v.append({"k": f"k{minute // 25 % 5}", "owner": f"owner{minute}", "zone": minute // 25 % 3 * 9,
                      "at": at})
    rows = {"s1": s, "t": t, "u": u, "v": v}
    return {name: "".join(json.dumps(row) + "\n" for row in lines) for name, lines in rows.items()}


class Job:
    def __init__(self, case: Case, name: str, script: str):
        self.case = case
        self.folder = case.directory / name
        (self.folder / "in").mkdir(parents=True)
        self.hours = 0
        self.write(script)
        self.grow()

    def write(self, script: str) -> None:
        (self.folder / "main.braid").write_text(script)

    def grow(self) -> None:
        for name, lines in records(range(self.hours, self.hours + PART)).items():
            with (self.folder / f"in/{name}.ndjson").open("a") as file:
                file.write(lines)
        self.hours += PART

    def run(self, *words, **options):
        return self.case.braid("run", self.folder, "--store", self.folder / "store", "--no-seal", *words, **options)

    def out(self) -> dict:
        return tree(self.folder / "store/out")


def words_of(diff: dict) -> dict:
    """By the relation of the step; where it has several, their words together."""
    found = {}
    for step in diff["steps"]:
        found.setdefault(step["step"].split(":")[0], set()).add(step["verdict"])
    return {name: " ".join(sorted(words)) for name, words in found.items()}


def behind(before: dict, after: dict) -> dict:
    return {name: content[len(before.get(name, b"")):] for name, content in after.items()}


def replaced(*pairs):
    def change(text: str) -> str:
        for old, new in pairs:
            if old not in text:
                raise braid_command.Failed(f"`{old}` is not in the script")
            text = text.replace(old, new)
        return text
    return change


def product_of(text: str, name: str) -> str:
    begin = text.index(f"product {name} ")
    end = text.find("\nproduct ", begin)
    return text[begin:end + 1 if end >= 0 else len(text)]


def source_of(text: str, name: str) -> str:
    begin = text.index(f"stream {name}\n")
    return text[begin:text.index("}\n\n", begin) + 3]


def added(text: str):
    return lambda script: script + text


def first(text: str):
    """In front of the first source."""
    return lambda script: script.replace("stream s\n", text + "stream s\n", 1)


OTHER = ("stream w\n  time at within 10s\n  from file \"in/u.ndjson\" format json\n{ id: int, at: timestamp }\n\n"
         "product before version 1 {\n  from w\n  window tumbling 1h\n  group { rows: count() }\n}\n\n")
# Steps whose rows say by number where they come from.
NUMBERED = {name: "converted" for name in ("asof", "pairs", "newest", "best", "podium", "ends", "once", "apart",
                                           "balance", "rolling", "rises", "zones", "bills")}
NUMBERED |= {"owned": "converted kept", "named": "converted kept", "cities": "converted kept", "busiest": "converted",
             "middles": "rebuilt", "visits": "rebuilt"}

# name: (the script of before, of after; words besides `kept`; products that begin later, or are gone)
PAIRS = {
    # What changes nothing of what a step means.
    "a_view_is_renamed": (None, replaced(("view good", "view sound"), ("from good", "from sound")), {}),
    "aliases_are_renamed": (None, replaced(("t as x on x.k", "t as y on y.k"), ("x?.", "y?."), ("u as w on w.id",
                                           "u as z on z.id"), ("w.fee", "z.fee"), ("v as o on o.k", "v as q on q.k"),
                                           ("o.owner", "q.owner")), {}),
    "conditions_change_places": (None, replaced(("  where n > 2\n  where amount > 1.00\n",
                                                 "  where amount > 1.00\n  where n > 2\n")), {}),
    "conditions_are_joined": (None, replaced(("  where n > 2\n  where amount > 1.00\n",
                                              "  where n > 2 and amount > 1.00\n")), {}),
    "a_let_comes_in": (None, replaced(("  where n > 20\n", "  let what = n\n  where what > 20\n")), {}),
    "fields_of_products_change_places": (None, replaced(("{ id, k, name: x?.name, city: x?.city, at }",
                                                         "{ at, city: x?.city, name: x?.name, k, id }"),
                                                        ("{ k, id, n, start", "{ n, id, k, start")), {}),
    "computed_fields_come": (None, replaced(("{ k, id, n }", "{ k, id, n, double: n * 2 }"),
                                            ("low: low.id, high", "sum: low.id + high.id, low: low.id, high")), {}),
    "a_source_gets_a_field": (None, replaced(("{ id: int, k: string, kind", "{ id: int, extra: string?, k: string, kind"),
                                             ("{ id: int, fee", "{ extra: int?, id: int, fee")), {}),
    "fields_of_a_source_change_places": (None, replaced(("kind: string, amount: decimal(10,2), n: int, at",
                                                         "n: int, amount: decimal(10,2), kind: string, at")),
                                         {"podium": "converted", "apart": "converted", "rolling": "converted"}),
    "a_product_comes": (None, added("product few version 1 {\n  from s\n  where n > 20\n  select { id, n }\n}\n"),
                        {"busiest": "converted"}),
    "a_step_comes": (None, added("product more version 1 {\n  from s\n  window tumbling 1h\n  group { rows: count() }\n"
                                 "  select { start: window.start, rows }\n}\n"), {"busiest": "converted", "more": "new"}),
    "products_change_places": (None, lambda text: text.replace(product_of(text, "totals"), "").replace(
        product_of(text, "asof"), product_of(text, "totals") + product_of(text, "asof")), {}),
    # What moves the numbers by which rows are known.
    "a_source_comes_first": (None, first(OTHER), {**NUMBERED, "before": "new"}),
    "a_source_that_nobody_reads_comes_first": (None, first(OTHER[:OTHER.index("product")]), {}),
    "the_first_source_goes": (first(OTHER), lambda text: text.replace(OTHER, ""),
                              {**NUMBERED, "before": "gone"}),
    "sources_change_places": (None, lambda text: text.replace(source_of(text, "u"), "").replace(
        "stream s\n", source_of(text, "u") + "stream s\n", 1), {}),
    # Of two sources the order decides between rows of one time.
    "another_source_is_read_first": (None, replaced(("product asof", "product fees version 1 {\n  from u\n"
                                                     "  select { id, fee }\n}\n\nproduct asof")),
                                     {**NUMBERED, "pairs": "rebuilt", "bills": "rebuilt"}),
    # What a step keeps less of.
    "an_as_of_join_drops_a_field": (None, replaced((", city: x?.city", "")), {"asof": "converted"}),
    "a_left_side_drops_a_field": (None, replaced(("fee: w.fee, n, at", "fee: w.fee, at")), {"pairs": "converted"}),
    "last_drops_a_field": (None, replaced(("select { k, id, n }", "select { k, id }")), {"newest": "converted"}),
    "an_aggregate_goes": (None, replaced((", total: sum(amount)", ""), ("count, total, least", "count, least")),
                          {"hourly": "converted"}),
    "a_chosen_value_goes": (None, replaced(("first: first(id), last", "last"), ("first, last }", "last }")),
                            {"ends": "converted"}),
    "aggregates_change_places": (None, replaced(("count: count(), total: sum(amount), least: min(n)",
                                                 "least: min(n), total: sum(amount), count: count()")),
                                 {"hourly": "converted"}),
    "an_aggregate_of_a_table_goes": (None, replaced(("rows: count(), sum: sum(n)", "sum: sum(n)")),
                                     {"totals": "converted"}),
    "running_drops_a_field": (None, replaced(("select { k, id, total, rows }\n}\n\nproduct rolling",
                                              "select { k, total, rows }\n}\n\nproduct rolling")),
                              {"balance": "converted"}),
    "running_drops_an_aggregate": (None, replaced(("{ total: sum(n), rows: count() }", "{ rows: count() }"),
                                                  ("select { k, id, total, rows }\n}\n\nproduct rolling",
                                                   "select { k, id, rows }\n}\n\nproduct rolling")),
                                   {"balance": "converted"}),
    "aggregates_of_running_change_places": (None, replaced(("{ total: sum(n), rows: count() }",
                                                            "{ rows: count(), total: sum(n) }")),
                                            {"balance": "converted"}),
    "running_over_drops_a_field": (None, replaced(("select { k, id, kind, total, rows }",
                                                   "select { total, k, rows }")), {"rolling": "converted"}),
    "running_over_drops_an_aggregate": (None, replaced(("{ total: sum(n, where: n > 5), rows: count() }",
                                                        "{ rows: count() }"),
                                                       ("kind, total, rows }", "kind, rows }")),
                                        {"rolling": "converted"}),
    "elements_drop_a_field": (replaced(("{ k, low: low.id,", "{ k, n: low.n, kind: high.kind, low: low.id,")),
                              replaced(("n: low.n, kind: high.kind, ", "")), {"rises": "converted"}),
    "a_join_by_another_column_drops_a_field": (None, replaced(("name: z?.name, city: z?.city, at }\n}\n\nproduct bills",
                                                               "name: z?.name, at }\n}\n\nproduct bills")),
                                               {"zones": "converted"}),
    "a_full_join_drops_fields_of_both_sides": (None, replaced(("fee: r?.fee, of: r?.k, n }", "fee: r?.fee }")),
                                               {"bills": "converted"}),
    "joined_tables_drop_a_field": (None, replaced(("{ k, name, city, owner: o.owner }", "{ k, name, owner: o.owner }")),
                                   {"owned": "converted kept"}),
    # Rows that were different have become the same; a group over a table begins anew.
    "joined_tables_become_alike": (None, replaced((", name: min(name ?? \"\") }", " }")),
                                   {"named": "converted kept rebuilt"}),
    "fields_go_and_a_source_comes": (None, lambda text: first(OTHER)(replaced(
        ("select { k, id, kind, total, rows }", "select { k, total, rows }"),
        ("name: z?.name, city: z?.city, at }\n}\n\nproduct bills", "name: z?.name, at }\n}\n\nproduct bills"),
        ("fee: r?.fee, of: r?.k, n }", "fee: r?.fee }"))(text)), {**NUMBERED, "before": "new"}),
    # What it keeps more of, and has already.
    "elements_get_their_key": (None, replaced(("{ k, low: low.id,", "{ k, of: low.k, low: low.id,")),
                               {"rises": "converted"}),
    "elements_get_their_key_and_a_source_comes": (None, lambda text: first(OTHER)(replaced(
        ("{ k, low: low.id,", "{ k, of: low.k, low: low.id,"))(text)), {**NUMBERED, "before": "new"}),
    "running_over_gets_an_aggregate": (None, replaced(("rows: count() } retain forever\n  select { k, id, kind",
                                                       "rows: count(), mean: avg(n, where: n > 5), "
                                                       "one: previous(n, where: n > 5) } retain forever\n"
                                                       "  select { k, id, mean, one, kind")),
                                       {"rolling": "converted"}),
    "a_field_goes_and_a_source_comes": (None, lambda text: first(OTHER)(replaced((", city: x?.city", ""))(text)),
                                        {**NUMBERED, "before": "new"}),
    # What a step has never held.
    "an_as_of_join_keeps_another_field": (None, replaced(("city: x?.city, at", "city: x?.city, rank: x?.rank, at")),
                                          {"asof": "rebuilt"}),
    "a_right_side_keeps_another_field": (None, replaced(("fee: w.fee, n, at", "fee: w.fee, of: w.k, n, at")),
                                         {"pairs": "rebuilt"}),
    "last_keeps_another_field": (None, replaced(("select { k, id, n }", "select { k, id, n, kind }")),
                                 {"newest": "rebuilt"}),
    "an_aggregate_is_added": (None, replaced(("least: min(n) }", "least: min(n), most: max(n) }"),
                                             ("count, total, least }", "count, total, least, most }")),
                              {"hourly": "rebuilt"}),
    "a_session_gets_an_aggregate": (None, replaced(("rows: count(), entry", "rows: count(), sum: sum(n), entry"),
                                                   ("rows, entry }", "rows, sum, entry }")), {"visits": "rebuilt"}),
    "running_gets_an_aggregate": (None, replaced(("{ total: sum(n), rows: count() }",
                                                  "{ total: sum(n), rows: count(), most: max(n) }"),
                                                 ("select { k, id, total, rows }\n}\n\nproduct rolling",
                                                  "select { k, id, most, rows }\n}\n\nproduct rolling")),
                                  {"balance": "rebuilt"}),
    "running_over_gets_another_argument": (None, replaced(("rows: count() } retain forever\n  select { k, id, kind",
                                                           "rows: count(), ids: max(id) } retain forever\n"
                                                           "  select { k, id, ids, kind")), {"rolling": "rebuilt"}),
    "elements_get_a_field": (None, replaced(("{ k, low: low.id,", "{ k, n: low.n, low: low.id,")), {"rises": "rebuilt"}),
    "a_join_by_another_column_keeps_another_field": (None, replaced((
        "city: z?.city, at }\n}\n\nproduct bills", "city: z?.city, rank: z?.rank, at }\n}\n\nproduct bills")),
                                                     {"zones": "converted rebuilt"}),
    "joined_tables_keep_another_field": (None, replaced(("{ k, name, city, owner: o.owner }",
                                                         "{ k, name, city, rank, owner: o.owner }")),
                                         {"owned": "kept rebuilt"}),
    # What a step does otherwise.
    "a_window_is_longer": (None, replaced(("window tumbling 1h\n  group k { first", "window tumbling 2h\n  group k { first")),
                           {"ends": "rebuilt"}),
    "another_range": (None, replaced(("as w on w.id == id within -5m..5m", "as w on w.id == id within -10m..5m")),
                      {"pairs": "rebuilt"}),
    "a_longer_top": (None, replaced(("top 2 by n desc per k\n", "top 3 by n desc per k\n")), {"best": "rebuilt"}),
    "another_order_of_top": (None, replaced(("top 2 by n desc per kind", "top 2 by n per kind")), {"podium": "rebuilt"}),
    "another_key_of_last": (None, replaced(("last per k retain", "last per kind retain"),
                                            ("select { k, id, n }", "select { k, kind, id, n }")), {"newest": "rebuilt"}),
    "another_gap": (None, replaced(("session gap 30m", "session gap 20m")), {"visits": "rebuilt"}),
    "another_key_of_unique": (None, replaced(("unique k, n within", "unique k within")), {"once": "rebuilt"}),
    "distinct_for_longer": (None, replaced(("distinct kind, n within 1h", "distinct kind, n within 2h")),
                            {"apart": "rebuilt"}),
    "another_key_of_running": (None, replaced(("running per k {", "running per kind {")), {"balance": "rebuilt"}),
    "another_pattern": (None, replaced(("high: n > 18", "high: n > 15")), {"rises": "rebuilt"}),
    "a_condition_before_two_steps": (None, replaced(("where n > 2\n", "where n > 3\n")),
                                     {"asof": "rebuilt", "hourly": "rebuilt"}),
    "a_step_in_a_view": (None, replaced(("view counted {\n  from s\n", "view counted {\n  from s\n  where n > 1\n")),
                         {"counted": "rebuilt", "busiest": "rebuilt"}),
    "a_condition_before_joined_tables": (None, replaced(("  from t\n  group city", "  from t\n  where rank > 20\n"
                                                                                   "  group city")),
                                         {"cities": "rebuilt"}),
    "a_product_goes": (None, lambda text: text.replace(product_of(text, "totals"), ""),
                       {"totals": "gone", "busiest": "converted"}),
}


# Scripts of one product: name: (its steps, what is replaced in them, words besides `kept`).
SMALL = {
    "a_table_that_forgets": ("from s\n  last per k retain 1h\n  select { k, id, n }", ("{ k, id, n }", "{ k, n }"),
                             "converted"),
    "a_top_that_forgets": ("from s\n  top 2 by id desc per k numbered place retain 2h\n  select { k, place, id, n, kind }",
                           (", n, kind }", ", n }"), "converted"),
    "left_rows_with_ends": ("from s\n  let till = n * 1m\n  left join u as w on w.k == k within 0s..till\n"
                            "  select { k, id, n, w: w?.fee }", ("{ k, id, n, ", "{ k, "), "converted"),
    "the_nearest": ("from s\n  left join nearest u as w on w.k == k within -5m..5m\n"
                    "  select { k, id, n, fee: w?.fee, of: w?.id }", ("id, n, fee: w?.fee, of", "of"), "converted"),
    "the_latest_by_another_column": ("from s\n  left join latest t as z on z.zone == n\n"
                                     "  select { id, n, name: z?.name, city: z?.city, at }", ("city: z?.city, at", "at"),
                                     "converted"),
    "several_rows_of_an_element": ("from s\n  match per k within 2h { low{1..}: n < 5, high: n > 18 }\n"
                                   "  select { k, first: low[0]?.id, high: high.id, kind: high.kind }",
                                   (", kind: high.kind }", " }"), "converted"),
    "keys_of_a_pattern": ("from s\n  match per k, kind within 5h { low: n < 5, high: n > 18 }\n"
                          "  select { k, low: low.id, high: high.id }", ("{ k, low", "{ x: high.kind, y: low.k, low"),
                          "converted"),
    "sets_of_running": ("from s\n  running per k { some: count_distinct(n), mid: median(n) } retain forever\n"
                        "  select { id, k, kind, some, mid }", ("{ id, k, kind, ", "{ k, "), "converted"),
    "rows_in_range": ("from s\n  running per k over 40m { a: max(amount, where: n > 3), b: first(id) }\n"
                      "  select { id, k, kind, a, b }",
                      ("b: first(id) }", "b: first(id), c: last(id), d: min(amount, where: n > 3), e: collect(id) }\n"
                       "  where c >= 0 and (d ?? 0.0) >= 0.0 and length(e) > 0"), "converted"),
    "chosen_rows_of_running": ("from s\n  running per k { b: first(id), g: last(kind), m: arg_max(id, n) } retain 30h\n"
                               "  select { id, k, kind, b, g, m }",
                               ("first(id), g: last(kind), m: arg_max(id, n) } retain 30h\n  select { id, k, kind, b, g",
                                "first(id), m: arg_max(id, n) } retain 30h\n  select { k, b"), "converted"),
    "a_semi_join_of_tables": ("from t\n  semi join v as o on o.zone == zone and o.owner > name\n"
                              "  select { k, name, city }", ("name, city }", "name }"), "converted kept"),
}


def check_pair(case: Case, old: str, new: str, expected: dict, whole: bool = True) -> None:
    """`whole`: of SCRIPT, else of one product."""
    case.expect(new != old, "nothing has changed")
    job = Job(case, "job", old)
    job.run()
    job.write(new)
    loses = any("rebuilt" in word or word == "gone" for word in expected.values())
    said = json.loads(case.braid("diff", job.folder, "--store", job.folder / "store", "--format", "json",
                                 code=1 if loses else 0).out)
    found = words_of(said)
    wrong = {name: word for name, word in found.items() if word != expected.get(name, "kept")}
    case.expect(not wrong and set(expected) <= set(found), f"found {wrong}, expected {expected}")
    case.expect(not whole or ALL - set(found) <= {name for name, word in expected.items() if word == "gone"}, f"{found}")
    (case.directory / "old").mkdir()
    (case.directory / "old/main.braid").write_text(old)
    scripts = json.loads(case.braid("diff", case.directory / "old/main.braid", job.folder / "main.braid", "--format",
                                    "json", code=1 if loses else 0).out)
    case.expect(words_of(scripts) == found, f"the scripts alone say {words_of(scripts)}")
    words = []
    if loses:
        out = job.out()
        job.run(code=STORE, finding="E8004")
        case.expect(job.out() == out, "a run that was refused has written")
        words = ["--rebuild", "all", "--accept", "all"]
    middle = job.out()
    if any("converted" in word for word in expected.values()):
        # Rows that are read over count with the commit behind them.
        job.run(*words, code=-9, environment={"BRAID_KILL_AT": "after_conversion"})
        case.expect(job.out() == middle, "a run that was killed has written")
    changed = job.run(*words)
    begins = {name for name, word in expected.items() if word == "new"}
    written = {name: content for name, content in job.out().items() if name.split(".")[1] not in begins}
    case.expect(written == {**{name: b"" for name in written}, **middle}, f"the change has written: {changed}")
    case.expect(json.loads(case.braid("diff", job.folder, "--store", job.folder / "store", "--format",
                                      "json").out)["loses"] is False, "the change is not over")
    job.grow()
    job.run()
    oracle = Job(case, "oracle", new)
    oracle.run()
    start = oracle.out()
    oracle.grow()
    oracle.run()
    left_out = {name for name, word in expected.items() if word in ("new", "gone")}
    rows, wanted = behind(middle, job.out()), behind(start, oracle.out())
    compared = 0
    for name, content in sorted(wanted.items()):
        if name.split(".")[1] in left_out:
            continue
        compared += len(content)
        case.expect(rows.get(name) == content, f"{name} is not what the new script writes: {len(content)} bytes "
                    f"expected, {len(rows.get(name, b''))} found")
    case.expect(compared > (5000 if whole else 70), f"hardly anything is compared: {compared} bytes")


def pair(name: str):
    def check(case: Case) -> None:
        before, after, expected = PAIRS[name]
        old = before(SCRIPT) if before else SCRIPT
        check_pair(case, old, after(old), expected)
    check.__name__ = name
    return check


def small(name: str):
    def check(case: Case) -> None:
        steps, (this, that), word = SMALL[name]
        old = f"{SCRIPT[:SCRIPT.index('view good')]}product p version 1 {{\n  {steps}\n}}\n"
        check_pair(case, old, replaced((this, that))(old), {"p": word}, whole=False)
    check.__name__ = name
    return check


def killed_at_any_time(case: Case) -> None:
    """While the rows of many steps are read over."""
    job = Job(case, "job", SCRIPT)
    job.run()
    new = PAIRS["fields_go_and_a_source_comes"][1](SCRIPT)
    job.write(new)
    middle = job.out()
    kept = case.directory / "kept"
    shutil.copytree(job.folder, kept)
    oracle = Job(case, "oracle", new)
    oracle.run()
    start = oracle.out()
    oracle.grow()
    oracle.run()
    wanted = {name: content for name, content in behind(start, oracle.out()).items() if ".before." not in name}
    words = ["--rebuild", "all"]
    began = time.monotonic()
    job.run(*words)
    takes = time.monotonic() - began
    for _ in range(6):
        shutil.rmtree(job.folder)
        shutil.copytree(kept, job.folder)
        job.hours = PART
        for _ in range(2):
            process = case.start("run", job.folder, "--store", job.folder / "store", "--no-seal", *words)
            time.sleep(case.random.uniform(0, takes))
            process.kill()
            process.communicate()
        job.run(*words)
        job.grow()
        job.run()
        found = behind(middle, job.out())
        for name, content in wanted.items():
            case.expect(found.get(name) == content, f"{name} is not what the new script writes")


def gone_inputs_are_said(case: Case) -> None:
    """A field that the state does not hold: from which history it can be had, and what if that is gone."""
    job = Job(case, "job", SCRIPT)
    job.run()
    new = PAIRS["an_as_of_join_keeps_another_field"][1](SCRIPT)
    job.write(new)
    said = json.loads(case.braid("diff", job.folder, "--store", job.folder / "store", "--format", "json", code=1).out)
    step = next(each for each in said["steps"] if each["step"].startswith("asof"))
    case.expect(step["reason"] == "it keeps `rank`, which its rows do not have, or not in that type" and
                step["rebuild"] == {"possible": True, "from": "from the first record of `d.s`, `d.t`"}, f"{step}")
    shutil.move(job.folder / "in/t.ndjson", case.directory / "t.ndjson")
    said = json.loads(case.braid("diff", job.folder, "--store", job.folder / "store", "--format", "json", code=1).out)
    step = next(each for each in said["steps"] if each["step"].startswith("asof"))
    case.expect(step["verdict"] == "lost" and "t.ndjson` is not there any more" in step["rebuild"]["why_not"], f"{step}")


if __name__ == "__main__":
    braid_command.main([*map(pair, PAIRS), *map(small, SMALL), killed_at_any_time, gone_inputs_are_said])
