#!/usr/bin/env python3
"""Two projects and one registry: types, functions, aggregates and services of one are used in the other; their pins,
what a change of them breaks, and lineage from one project to the other.

    definitions.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import DONE, INPUT, SCRIPT, USAGE, Case
from mesh import TOML

SHOP = """domain shop
  owner "shop@shop.example"

/// What an order is going through.
public type order_status = enum { open, paid, gone }
type line = { sku: string, pieces: int }
public type order = { id: int, status: order_status, lines: list<line>, note: string? }

function half(x: int) -> int = x - x % 2
public function rounded(x: int, step: int = 10) -> int = half(x) + step
  example rounded(17, 10) == 26
public function either<T>(value: T?, otherwise: T) -> T = value ?? otherwise
public aggregate spread(x: int) -> int {
  init { low: int = 1000000, high: int = -1000000 }
  step { low: min(low, x), high: max(high, x) }
  finish high - low
}
public service colour_of(sku: string) -> { colour: string? }
  from file "colours.csv"

stream record
  time at within 1s
  from file "record.ndjson" format json
{ who: string, order: order, at: timestamp }

product sale version 1
  key id
  allow read to anyone
{
  from record
  select { id: order.id, who, status: order.status, at }
}
"""
KPI = """domain kpi
  owner "kpi@shop.example"

use shop.order
use shop.order_status as status
use shop.rounded
use shop.either
use shop.spread
use shop.colour_of
use shop.sale

stream placed
  time at within 1s
  from file "placed.ndjson" format json
{ who: string, order: order, at: timestamp }

product board version 1 {
  from placed
  left lookup colour_of(who) as asked
  select { id: order.id, state: order.status, near: rounded(order.id), colour: either(asked?.colour, "none"), at }
}

product spread_of version 1 {
  from placed
  window tumbling 1m
  group who { wide: spread(order.id) }
}

product open_sale version 1 {
  from sale
  where status == "open"
  select { id, who, at }
}

test "rounded" {
  given placed [
    { who: "s1", order: { id: 17, status: "paid", lines: [] }, at: @2026-01-01T00:00:01Z },
    { who: "s1", order: { id: 25, status: "gone", lines: [] }, at: @2026-01-01T00:00:02Z },
  ]
  expect spread_of [{ who: "s1", wide: 8, .. }]
}
"""
PLACED = [
    {"who": "s1", "order": {"id": 17, "status": "paid", "lines": []}, "at": "2026-01-01T00:00:01Z"},
    {"who": "s2", "order": {"id": 4, "status": "open", "lines": [{"sku": "a", "pieces": 2}]},
     "at": "2026-01-01T00:00:02Z"},
]


def write(case: Case, name: str, script: str, more: str = "") -> pathlib.Path:
    folder = case.directory / name
    folder.mkdir(exist_ok=True)
    (folder / "braid.toml").write_text(TOML.format(name=name) + more)
    (folder / f"{name}.braid").write_text(script)
    if not (case.directory / f"{name}.pem").exists():
        case.braid("mesh", "key", "new", f"{name}.pem")
    return folder


def write_shop(case: Case, *changes) -> pathlib.Path:
    script = SHOP
    for before, after in changes:
        case.expect(before in script, f"`{before}` is not in the script")
        script = script.replace(before, after)
    folder = write(case, "shop", script)
    (folder / "colours.csv").write_text("sku,colour\ns1,red\n")
    (folder / "record.ndjson").write_text("".join(json.dumps(one) + "\n" for one in PLACED))
    return folder


def write_kpi(case: Case, script: str = KPI) -> pathlib.Path:
    folder = write(case, "kpi", script)
    (folder / "placed.ndjson").write_text("".join(json.dumps(one) + "\n" for one in PLACED))
    return folder


def rows(path: pathlib.Path) -> list:
    return [json.loads(line) for line in path.read_text().splitlines()]


def shown(case: Case, name: str) -> dict:
    return json.loads(case.braid("mesh", "show", name, "--registry", "registry", "--json").out)


def definitions_are_used_by_another_project(case: Case) -> None:
    write_shop(case)
    kpi = write_kpi(case)
    case.braid("test", "shop")
    case.braid("check", "kpi", code=SCRIPT, finding="E7211")
    told = case.braid("publish", "shop")
    for part in ("new        type shop.order_status, change 0", "new        function shop.rounded, change 0",
                 "new        aggregate shop.spread", "new        service shop.colour_of", "new        shop.sale version 1.0"):
        case.expect(part in told.out, f"`{part}` is missing: {told}")
    case.expect("shop.half" not in told.out and "shop.line" not in told.out, f"what is not public is listed: {told}")
    case.expect("nothing changed since publication 1" in case.braid("publish", "shop").out, "published twice")

    case.braid("check", "kpi")
    tested = case.braid("test", "kpi")
    case.expect("rounded(17)" not in tested.out + tested.err, f"examples of others ran: {tested}")
    lock = json.loads((kpi / "braid.lock").read_text())
    case.expect(sorted(lock["definitions"]) == ["shop.colour_of", "shop.either", "shop.order", "shop.order_status",
                                                "shop.rounded", "shop.spread"], f"{lock}")
    case.expect(sorted(lock["products"]) == ["shop.sale"], f"{lock}")
    # The file of the service is where its owner has it.
    case.braid("run", "shop")
    case.braid("run", "kpi")
    found = {row["id"]: row for row in rows(kpi / "data/out/kpi.board.v1.ndjson")}
    case.expect({id: (row["state"], row["near"], row["colour"]) for id, row in found.items()} ==
                {17: ("paid", 26, "red"), 4: ("open", 14, "none")}, f"{found}")
    case.expect([row["id"] for row in rows(kpi / "data/out/kpi.open_sale.v1.ndjson")] == [4], "the open sale")

    # Without the registry, from the lock and the cache.
    (case.directory / "registry").rename(case.directory / "away")
    case.braid("check", "kpi")
    shutil.rmtree(kpi / ".braid")
    case.braid("check", "kpi", code=INPUT, finding="E7213")
    (case.directory / "away").rename(case.directory / "registry")
    case.braid("check", "kpi")

    # A reader's own settings come before the file of the owner.
    (kpi / "own.csv").write_text("sku,colour\ns1,blue\n")
    (kpi / "braid.toml").write_text(TOML.format(name="kpi") + '[env.dev.service."shop.colour_of"]\nfile = "own.csv"\n')
    shutil.rmtree(kpi / "data")
    case.braid("run", "kpi")
    found = {row["id"]: row["colour"] for row in rows(kpi / "data/out/kpi.board.v1.ndjson")}
    case.expect(found == {17: "blue", 4: "none"}, f"{found}")


def the_registry_knows_who_uses_what(case: Case) -> None:
    write_shop(case)
    write_kpi(case)
    case.braid("publish", "shop")
    told = case.braid("publish", "kpi")
    case.expect("kpi.board@1 uses shop.rounded" in told.out, f"{told}")
    order = shown(case, "shop.order")
    users = {one["user"]: one["fields"] for one in order["users"]}
    case.expect(users == {"kpi.board@1": ["id", "status"], "kpi.spread_of@1": ["id"]} or
                users == {"kpi.board@1": ["id", "status"], "kpi.spread_of@1": ["id", "status"]}, f"{order}")
    case.expect([item["name"] for item in order["definition"]["items"]] == ["line", "order", "order_status"], f"{order}")
    told = case.braid("mesh", "show", "shop.rounded", "--registry", "registry")
    for part in ("shop.rounded  function, change 0", "owner  shop@shop.example", "stands on shop.half",
                 "kpi.board@1 uses it"):
        case.expect(part in told.out, f"`{part}` is missing: {told}")
    told = case.braid("mesh", "list", "--registry", "registry")
    case.expect("  order_status  type, change 0  shop@shop.example" in told.out, f"{told}")
    # Nothing that somebody names is collected.
    case.expect("removed 0 objects" in case.braid("mesh", "gc", "--registry", "registry").out, "gc removed a definition")
    case.braid("publish", "shop", "--retire", "shop.order", code=USAGE, finding="E7219")
    write_shop(case, ("public service colour_of", "service colour_of"))
    case.braid("publish", "shop", "--retire", "shop.colour_of", code=None, finding="E7215")
    write_kpi(case, KPI.replace("use shop.colour_of\n", "").replace("  left lookup colour_of(who) as asked\n", "")
              .replace("either(asked?.colour, \"none\")", "either(order.note, \"none\")"))
    case.braid("publish", "kpi")
    told = case.braid("publish", "shop", "--retire", "shop.colour_of")
    case.expect("retired    service shop.colour_of" in told.out, f"{told}")
    case.braid("audit", "verify", "--registry", "registry")


def a_change_is_judged_for_those_who_use_it(case: Case) -> None:
    write_shop(case)
    write_kpi(case)
    case.braid("publish", "shop")
    case.braid("publish", "kpi")
    refused = (
        (("x: int, step: int = 10", "x: int, step: int"), ("shop.rounded", "the signature of `rounded` was")),
        (("id: int, status", "key: int, status"), ("shop.order", "the field `id` is gone")),
        (("init { low: int = 1000000, high", "init { n: int = 0, low: int = 1000000, high"), ("shop.spread", "the state")),
        (("enum { open, paid, gone }", "enum { open, paid }"), ("shop.order_status", "no longer has the symbol `gone`")),
        (("{ colour: string? }", "{ tint: string? }"), ("shop.colour_of", "the field `colour` is gone")),
    )
    for change, parts in refused:
        changes = [change]
        if "key: int" in change[1]:
            changes.append(("id: order.id", "id: order.key"))
        if "n: int = 0" in change[1]:
            changes.append(("step { low:", "step { n: n + 1, low:"))
        write_shop(case, *changes)
        told = case.braid("publish", "shop", code=SCRIPT, finding="E7220")
        for part in (*parts, "kpi.board version 1 (kpi@shop.example)" if "spread" not in parts[0] else
                     "kpi.spread_of version 1"):
            case.expect(part in told.out, f"`{part}` is missing: {told}")
        told = case.braid("contract", "breaking", "shop", code=SCRIPT)
        case.expect(parts[1] in told.out, f"{told}")
    # Nobody names `note` beside the type itself, and a symbol more breaks nobody without a `case`.
    write_shop(case, (", note: string? }", " }"), ("paid, gone }", "paid, gone, back }"), ("= half(x) + step", "= half(x) + step + 1"))
    told = case.braid("publish", "shop")
    for part in ("changed    type shop.order, change 1", "changed    function shop.rounded, change 1"):
        case.expect(part in told.out, f"`{part}` is missing: {told}")
    case.braid("check", "kpi")
    told = case.braid("update", "--project", "kpi")
    for part in ("shop.order_status: change 0 -> change 1\n  `order_status` has the new symbol `back`",
                 "shop.rounded: change 0 -> change 1\n  what `rounded` does differs",
                 "  the field `note` is gone; it was `string?`", "shop.spread: change 0, nothing changed"):
        case.expect(part in told.out, f"`{part}` is missing: {told}")
    case.braid("check", "kpi")

    # A `case` that names each symbol has no answer to another one.
    write_kpi(case, KPI.replace("state: order.status, near", "state: named(order.status), near").replace(
        "product board", "function named(s: status) -> int = case s { \"open\" -> 1, \"paid\" -> 2, \"gone\" -> 3, "
                         "\"back\" -> 4 }\nproduct board"))
    case.braid("publish", "kpi")
    write_shop(case, (", note: string? }", " }"), ("paid, gone }", "paid, gone, back, lost }"), ("= half(x) + step", "= half(x) + step + 1"))
    told = case.braid("publish", "shop", code=SCRIPT, finding="E7220")
    case.expect("names each symbol and has no `else`" in told.out, f"{told}")


def contracts_are_compared_without_a_registry(case: Case) -> None:
    write_shop(case)
    shutil.copytree(case.directory / "shop", case.directory / "before")
    write_shop(case, ("x: int, step: int = 10", "x: int, step: int = 10, more: int = 0"))
    told = case.braid("contract", "diff", "before", "shop")
    case.expect("shop.rounded\n  safe" in told.out, f"{told}")
    write_shop(case, ("public aggregate", "aggregate"), (", note: string? }", " }"))
    told = case.braid("contract", "diff", "before", "shop", code=SCRIPT)
    for part in ("the aggregate `spread` is gone", "the field `note` is gone"):
        case.expect(part in told.out, f"`{part}` is missing: {told}")
    told = case.braid("contract", "diff", "before", "shop", "--product", "shop.order", "--format", "json", code=SCRIPT)
    case.expect([one["product"] for one in json.loads(told.out)["products"]] == ["shop.order"], f"{told}")


def mistakes_are_answered(case: Case) -> None:
    write_shop(case)
    case.braid("publish", "shop")
    for script, code in (("use shop.order_staus\n", "E7209"), ("use shop.half\n", "E7209"),
                         ("use shop.order version 2\n", "E7236")):
        write_kpi(case, "domain kpi\n" + script)
        told = case.braid("check", "kpi", code=SCRIPT, finding=code)
        case.expect("kpi.braid:2:" in told.err, f"{told}")
    # Two that were pinned at different times stand on different forms of one declaration.
    two = "domain kpi\nuse shop.order\n"
    kpi = write_kpi(case, two)
    case.braid("check", "kpi")
    write_shop(case, ("paid, gone }", "paid, gone, back }"))
    case.braid("publish", "shop")
    write_kpi(case, two + "use shop.order_status\n")
    case.braid("check", "kpi", code=SCRIPT, finding="E7237")
    case.braid("update", "--project", "kpi")
    case.braid("check", "kpi")
    # A domain is declared by one project.
    write(case, "other", "domain kpi\npublic function twice(x: int) -> int = x * 2\n")
    case.braid("publish", "other")
    write_shop(case, ("  owner \"shop@shop.example\"\n", "  owner \"shop@shop.example\"\nuse kpi.twice\n"),
               ("= half(x) + step", "= half(twice(x)) + step"))
    case.braid("publish", "shop")
    write_kpi(case, "domain kpi\nuse shop.rounded\n")
    case.braid("check", "kpi", code=SCRIPT, finding="E7238")
    # What reads a param comes with its default, which another project may set for itself.
    write_shop(case, ("function half(x: int) -> int = x - x % 2", "param by: int = 2\nfunction half(x: int) -> int = x - by"))
    told = case.braid("publish", "shop")
    case.expect("left out" not in told.out, f"{told}")
    (kpi / "kpi.braid").write_text("domain kpi\nuse shop.rounded\npublic function far(x: int) -> int = rounded(x)\n")
    case.braid("update", "--project", "kpi")
    case.braid("check", "kpi")
    settings = (kpi / "braid.toml").read_text()
    (kpi / "braid.toml").write_text(settings + '[env.dev.param]\n"shop.by" = 4\n')
    case.braid("check", "kpi")
    (kpi / "braid.toml").write_text(settings + "[env.dev.param]\nby = 4\n")
    case.braid("check", "kpi", code=USAGE, finding="E7004")
    (kpi / "braid.toml").write_text(settings)
    # What was changed in the registry or in the cache is not believed.
    (kpi / "kpi.braid").write_text(two)
    case.braid("update", "--project", "kpi")
    for path in (kpi / ".braid/objects").rglob("*"):
        if path.is_file():
            path.write_text(path.read_text().replace("int", "string"))
    case.braid("check", "kpi")
    for path in (case.directory / "registry/objects").rglob("*"):
        if path.is_file() and b'"definition":1' in path.read_bytes():
            path.write_bytes(path.read_bytes().replace(b"int", b"str"))
    case.braid("mesh", "list", "--registry", "registry", code=INPUT, finding="E7202")


def lineage_goes_to_other_projects(case: Case) -> None:
    write_shop(case)
    kpi = write_kpi(case)
    case.braid("publish", "shop")
    case.braid("publish", "kpi")
    told = case.braid("lineage", "kpi.open_sale", "kpi")
    for part in ("    IDENTITY        shop.sale.who\n      IDENTITY        shop.record.who",
                 "      IDENTITY        shop.record.order.id"):
        case.expect(part in told.out, f"`{part}` is missing: {told}")
    made = json.loads(case.braid("lineage", "kpi.open_sale.who", "kpi", "--format", "json").out)
    case.expect([(one["relation"], one["field"]) for one in made["fields"][0]["from"]] == [("shop.record", "who")],
                f"{made}")
    for form in ("dot", "svg"):
        drawn = case.braid("lineage", "open_sale", "kpi", "--format", form)
        for part in ("shop.record", "shop.sale", "kpi.open_sale"):
            case.expect(part in drawn.out, f"`{part}` is missing: {drawn}")
    down = case.braid("lineage", "shop.record.who", "shop", "--down")
    for part in ("    IDENTITY        shop.sale.who", "      IDENTITY        kpi.open_sale.who",
                 "products: kpi.open_sale version 1, shop.sale version 1"):
        case.expect(part in down.out, f"`{part}` is missing: {down}")
    made = json.loads(case.braid("lineage", "shop.record.who", "shop", "--down", "--format", "json").out)
    case.expect({one["name"] for one in made["products"]} == {"shop.sale", "kpi.open_sale"}, f"{made}")
    # What the job of the reader reads is where its owner has published it.
    read = json.loads(case.braid("lineage", "kpi.open_sale", "kpi", "--format", "openlineage").out)
    case.expect([one["namespace"] for one in read["inputs"]] == ["file"], f"{read['inputs']}")
    case.expect(read["inputs"][0]["name"].endswith("shop.sale.v1.ndjson"), f"{read['inputs']}")
    # Where the registry cannot be read, lineage ends at the border, and says so.
    (case.directory / "registry/domains/shop/head").write_text("no hash\n")
    told = case.braid("lineage", "kpi.open_sale", "kpi")
    case.expect("shop.sale.who" in told.out and "shop.record" not in told.out, f"{told}")
    case.expect("W7239" in told.codes, f"{told}")


if __name__ == "__main__":
    braid_command.main([definitions_are_used_by_another_project, the_registry_knows_who_uses_what,
                        a_change_is_judged_for_those_who_use_it, contracts_are_compared_without_a_registry,
                        mistakes_are_answered, lineage_goes_to_other_projects])
