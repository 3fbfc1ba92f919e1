#!/usr/bin/env python3
"""Two projects and one registry: publish, use, pin, check without the registry, update; publishers that are killed or
meet each other; files of the registry that were changed.

    mesh.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import pathlib
import re
import shutil
import signal
import sys
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import DONE, INPUT, SCRIPT, USAGE, Case, tree

PAYMENTS = """domain payments
  owner "payments@shop.example"

stream record
  time at within 10s
  from file "record.ndjson" format json
{{ id: int, who: string from "customer.name", amount: decimal(12,2), state: enum {{ open, paid }}, at: timestamp }}

/// Payments as they come.
product payment version 1
  key id
  allow read to domain kpi
{{
  from record
  select {{ id, who, amount, state, at{more} }}
}}

/// What is open now.
product balance version 1
  allow read to domain kpi
{{
  from record
  group who {{ open: sum(amount), payments: count() }} retain forever
}}
"""
KPI = """domain kpi
  owner "kpi@shop.example"

use payments.payment version 1
use payments.balance as account

/// Paid amounts by the minute.
product turnover version 1 {
  from payment
  where state == "paid"
  window tumbling 1m
  group who { paid: sum(amount) }
}

product account_of version 1 {
  from account
  select { who, open }
}

test "a minute" {
  given payment [
    { id: 1, who: "a", amount: 2.00, state: "paid", at: @2026-01-01T00:00:01Z },
    { id: 2, who: "a", amount: 3.00, state: "paid", at: @2026-01-01T00:00:02Z },
    { id: 3, who: "a", amount: 5.00, state: "open", at: @2026-01-01T00:00:03Z },
  ]
  given account [{ who: "a", open: 1.00, payments: 1 }]
  expect account_of [{ who: "a", open: 1.00 }]
  expect turnover [{ who: "a", paid: 5.00, .. }]
}
"""
TOML = """[project]
name = "{name}"
default_env = "dev"

[mesh]
registry = "../registry"
tenant = "acme"
key = "../{name}.pem"

[env.dev]
store = "data"
"""
RECORDS = [
    {"id": 1, "customer": {"name": "ann"}, "amount": "2.50", "state": "paid", "at": "2026-01-01T00:00:01Z"},
    {"id": 2, "customer": {"name": "bob"}, "amount": "4.00", "state": "open", "at": "2026-01-01T00:00:02Z"},
    {"id": 3, "customer": {"name": "ann"}, "amount": "1.25", "state": "paid", "at": "2026-01-01T00:00:03Z"},
    {"id": 4, "customer": {"name": "ann"}, "amount": "9.00", "state": "paid", "at": "2026-01-01T00:01:30Z"},
]


def write_payments(case: Case, more: str = "", name: str = "payments") -> pathlib.Path:
    folder = case.directory / name
    folder.mkdir(exist_ok=True)
    (folder / "braid.toml").write_text(TOML.format(name="payments"))
    (folder / "payments.braid").write_text(PAYMENTS.format(more=more))
    (folder / "record.ndjson").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    if not (case.directory / "payments.pem").exists():
        case.braid("mesh", "key", "new", "payments.pem")
    return folder


def write_kpi(case: Case) -> pathlib.Path:
    folder = case.directory / "kpi"
    folder.mkdir(exist_ok=True)
    (folder / "braid.toml").write_text(TOML.format(name="kpi"))
    (folder / "kpi.braid").write_text(KPI)
    if not (case.directory / "kpi.pem").exists():
        case.braid("mesh", "key", "new", "kpi.pem")
    return folder


def versions(case: Case, *words) -> dict:
    lines = case.braid("mesh", "list", "--registry", "registry", "--json", *words).out.splitlines()
    return {f"{one['product']}@{one['version']}": one for one in map(json.loads, lines)}


def a_product_is_used_by_another_project(case: Case) -> None:
    payments, kpi = write_payments(case), write_kpi(case)
    case.braid("check", "kpi", code=SCRIPT, finding="E7211")
    told = case.braid("publish", "payments")
    for part in ("payments: publication 1 in payments/../registry, 9 new objects", "new        payments.payment version 1.0"):
        case.expect(part in told.out, f"`{part}` is missing: {told}")
    case.expect("nothing changed since publication 1" in case.braid("publish", "payments").out, "published twice")

    checked = case.braid("check", "kpi")
    case.expect("kpi: 1 script, 2 products" in checked.out, f"{checked}")
    case.braid("test", "kpi")
    lock = json.loads((kpi / "braid.lock").read_text())
    case.expect(sorted(lock["products"]) == ["payments.balance", "payments.payment@1"], f"{lock}")
    # Its rows are where the owner says they are, in the environment of the same name.
    case.braid("run", "payments")
    case.braid("run", "kpi")
    rows = [json.loads(line) for line in (kpi / "data/out/kpi.turnover.v1.ndjson").read_text().splitlines()]
    case.expect([(row["who"], str(row["paid"])) for row in rows] == [("ann", "3.75"), ("ann", "9.0")] or
                [(row["who"], float(row["paid"])) for row in rows] == [("ann", 3.75), ("ann", 9.0)], f"{rows}")
    accounts = {}
    for line in (kpi / "data/out/kpi.account_of.v1.ndjson").read_text().splitlines():
        row = json.loads(line)
        accounts[row["who"]] = float(row["open"])
        case.expect(set(row) <= {"who", "open", "__deleted"}, f"{row}")
    case.expect(accounts == {"ann": 12.75, "bob": 4.0}, f"{accounts}")

    # The registry learns what the reader uses.
    case.braid("publish", "kpi")
    shown = json.loads(case.braid("mesh", "show", "payments.payment@1", "--registry", "registry", "--json").out)
    reads = {one["reader"]: one["fields"] for one in shown["readers"]}
    case.expect(reads == {"kpi.turnover@1": ["amount", "at", "id", "state", "who"]}, f"{reads}")
    shown = json.loads(case.braid("mesh", "show", "payments.balance", "--registry", "registry", "--json").out)
    case.expect(shown["interface"]["kind"] == "changes" and shown["interface"]["key"] == [["who"]], f"{shown}")
    case.expect(shown["readers"][0]["fields"] == ["open", "who"], f"{shown}")
    told = case.braid("mesh", "show", "payments.payment", "--registry", "registry")
    case.expect("kpi.turnover@1 reads amount, at, id, state, who" in told.out, f"{told}")


def a_deleted_row_of_a_table_is_gone(case: Case) -> None:
    write_payments(case)
    (case.directory / "payments/payments.braid").write_text("""domain payments
table record
  key id
  delete when gone
  from file "record-*.ndjson" format json
{ id: int, amount: int, gone: bool = false }
product open version 1
  allow read to domain kpi
{
  from record
  select { id, amount }
}
""")
    # Two files: what comes and goes in one turn is never written.
    (case.directory / "payments/record-0.ndjson").write_text('{"id":1,"amount":5}\n{"id":2,"amount":7}\n')
    (case.directory / "payments/record-1.ndjson").write_text('{"id":1,"amount":5,"gone":true}\n{"id":3,"amount":1}\n')
    kpi = write_kpi(case)
    (kpi / "kpi.braid").write_text("""domain kpi
use payments.open
product total version 1 {
  from open
  group odd: id % 2 { amount: sum(amount), n: count() }
}
product all_of version 1 {
  from open
}
""")
    case.braid("publish", "payments")
    case.braid("run", "payments")
    written = (case.directory / "payments/data/out/payments.open.v1.ndjson").read_text()
    case.expect("__deleted" in written, f"the key did not go:\n{written}")
    case.braid("run", "kpi")
    rows = {}
    for line in (kpi / "data/out/kpi.all_of.v1.ndjson").read_text().splitlines():
        row = json.loads(line)
        if row.pop("__deleted", False):
            rows.pop(row["id"], None)
        else:
            rows[row["id"]] = row
    case.expect(rows == {2: {"id": 2, "amount": 7}, 3: {"id": 3, "amount": 1}}, f"{rows}")


def a_check_needs_no_registry(case: Case) -> None:
    write_payments(case)
    kpi = write_kpi(case)
    case.braid("publish", "payments")
    case.braid("check", "kpi")
    (case.directory / "registry").rename(case.directory / "away")
    case.braid("check", "kpi")
    case.braid("test", "kpi")
    lock = (kpi / "braid.lock").read_text()
    # Without its cache it needs the registry again, and takes what is pinned.
    shutil.rmtree(kpi / ".braid")
    case.braid("check", "kpi", code=INPUT, finding="E7213")
    (case.directory / "away").rename(case.directory / "registry")
    case.braid("check", "kpi")
    case.expect((kpi / "braid.lock").read_text() == lock, "the lock has changed")
    # What was changed in the cache is not believed.
    for path in (kpi / ".braid/objects").rglob("*"):
        if path.is_file():
            path.write_text(path.read_text().replace('"int"', '"float"'))
    case.braid("check", "kpi")
    (kpi / "braid.lock").write_text("{")
    case.braid("check", "kpi", code=INPUT, finding="E7212")


def an_update_moves_the_pin(case: Case) -> None:
    write_payments(case)
    kpi = write_kpi(case)
    case.braid("publish", "payments")
    case.braid("check", "kpi")
    before = json.loads((kpi / "braid.lock").read_text())
    write_payments(case, more=", half: amount / 2")
    told = case.braid("publish", "payments")
    case.expect("changed    payments.payment version 1.1" in told.out, f"{told}")
    case.braid("check", "kpi")
    case.expect(json.loads((kpi / "braid.lock").read_text()) == before, "a check has moved a pin")
    told = case.braid("update", "--project", "kpi")
    case.expect("payments.payment@1: 1.0 -> 1.1\n" in told.out and "half" in told.out, f"{told}")
    case.expect("payments.balance: 1.0, nothing changed" in told.out, f"{told}")
    after = json.loads((kpi / "braid.lock").read_text())
    case.expect(after["products"]["payments.payment@1"]["minor"] == 1, f"{after}")
    case.expect(after["products"]["payments.balance"] == before["products"]["payments.balance"], f"{after}")
    case.braid("update", "payments.paymnt", "--project", "kpi", code=USAGE, finding="E7218")
    one = json.loads(case.braid("update", "payments.payment", "--project", "kpi", "--json").out)
    case.expect(one["state"] == "same" and one["changes"] == [], f"{one}")


def a_change_that_breaks_a_reader_is_refused(case: Case) -> None:
    payments = write_payments(case, more=", note: \"x\"")
    write_kpi(case)
    (case.directory / "kpi/kpi.braid").write_text(KPI.split("test ")[0])
    case.braid("publish", "payments")
    case.braid("publish", "kpi")
    objects = tree(case.directory / "registry/objects")
    # Nobody reads `note`; kpi.turnover reads `amount`.
    script = payments / "payments.braid"
    script.write_text(script.read_text().replace("select { id, who, amount, state", "select { id, who, state"))
    told = case.braid("publish", "payments", code=SCRIPT, finding="E7220")
    for part in ("amount", "kpi.turnover version 1", "kpi@shop.example"):
        case.expect(part in told.out, f"`{part}` is missing: {told}")
    case.expect(tree(case.directory / "registry/objects") == objects, "something was written")
    write_payments(case)
    case.expect("changed    payments.payment version 1.1" in case.braid("publish", "payments").out, "`note` is unused")


def mistakes_are_answered(case: Case) -> None:
    payments, kpi = write_payments(case), write_kpi(case)
    case.braid("publish", "payments")
    for script, code in (("use payments.paymnt\n", "E7209"), ("use payments.payment version 7\n", "E7210"),
                         ("use paymets.payment\n", "E7211")):
        (kpi / "kpi.braid").write_text("domain kpi\n" + script)
        told = case.braid("check", "kpi", code=SCRIPT, finding=code)
        case.expect("kpi.braid:2:" in told.err, f"{told}")
    case.braid("publish", "kpi", code=SCRIPT)
    # Another's domain.
    other = write_payments(case, ", twice: amount * 2", "other")
    (other / "braid.toml").write_text((other / "braid.toml").read_text().replace("../payments.pem", "../kpi.pem"))
    case.braid("publish", "other", code=USAGE, finding="E7203")
    (other / "braid.toml").write_text('[project]\nname = "other"\n')
    case.braid("publish", "other", code=USAGE, finding="E7205")
    (other / "braid.toml").write_text('[mesh]\nregistry = "ftp://acme/registry"\n')
    case.braid("publish", "other", code=USAGE, finding="E7206")
    (other / "braid.toml").write_text('[mesh]\nregistry = "s3://acme/registry"\n')
    case.braid("publish", "other", code=USAGE, finding="E7255")
    (other / "braid.toml").write_text('[mesh]\nregistry = "../registry"\n')
    case.braid("publish", "other", code=USAGE, finding="E7207")
    (case.directory / "broken.pem").write_text("no key")
    (other / "braid.toml").write_text('[mesh]\nregistry = "../registry"\nkey = "../broken.pem"\n')
    case.braid("publish", "other", code=INPUT, finding="E7208")
    (other / "braid.toml").write_text('[mesh]\nregistri = "../registry"\n')
    case.braid("publish", "other", code=USAGE, finding="E7004")
    case.braid("publish", "payments", "--retire", "payments.payment@1", code=USAGE, finding="E7219")
    case.braid("mesh", "show", "payments.paymnt", "--project", "payments", code=SCRIPT, finding="E7209")
    case.expect((case.directory / "payments.pem").stat().st_mode & 0o077 == 0, "others may read the key")
    case.braid("mesh", "key", "new", "payments.pem", code=braid_command.STORE)


def what_was_changed_is_found(case: Case) -> None:
    write_payments(case)
    write_kpi(case)
    case.braid("publish", "payments")
    case.braid("check", "kpi")
    right = tree(case.directory / "registry")
    head = json.loads(right["objects/" + (lambda hash: f"{hash[:2]}/{hash}")(
        right["domains/payments/head"].decode().strip())])
    # A list does not read documents; whoever asks for one is told.
    documents = {f"objects/{hash[:2]}/{hash}": ("mesh", "show", f"payments.{name}", "--as", form)
                 for name, versions in head["products"].items() for form, hash in versions["1"]["documents"].items()}
    case.expect(len(documents) == 6, f"{documents}")
    for name, content in right.items():
        if not content or name.startswith("audit/"):
            continue
        path = case.directory / "registry" / name
        at = case.random.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
        case.braid(*documents.get(name, ("mesh", "list")), "--registry", "registry", code=INPUT, finding="E7202")
        path.write_bytes(content)
    case.braid("mesh", "list", "--registry", "registry")
    # Somebody begins the domain anew, with another key: the pinned key finds that.
    shutil.rmtree(case.directory / "registry")
    (case.directory / "payments.pem").unlink()
    write_payments(case)
    case.braid("publish", "payments")
    case.braid("check", "kpi")
    case.braid("update", "--project", "kpi", code=INPUT, finding="E7214")


def killed_publishers_leave_it_whole(case: Case) -> None:
    """At each write, and at moments by chance, until 50 were killed."""
    write_payments(case)
    began = time.monotonic()
    case.braid("publish", "payments")
    takes = time.monotonic() - began
    killed = old = new = 0
    nth, writes = 1, 26  # of a publication, at most
    counter = 0
    sequence = 1
    for attempt in range(400):
        if killed >= 50:
            break
        counter += 1
        write_payments(case, more=f", made_{counter}: {counter}")
        if killed < 25:
            process = case.start("publish", "payments", environment={"BRAID_KILL_AT": f"registry_write:{nth}"})
        else:
            process = case.start("publish", "payments")
            time.sleep(case.random.uniform(0.0, takes))
            process.send_signal(signal.SIGKILL)
        ended = case.ended(process)
        killed += ended.code == -signal.SIGKILL
        if killed < 25:
            if ended.code == DONE:
                writes = max(nth - 1, 1)
            nth = nth % writes + 1
        case.expect(ended.code in (DONE, -signal.SIGKILL), f"{ended}")
        found = versions(case)
        case.expect(sorted(found) == ["payments.balance@1", "payments.payment@1"], f"{found}")
        shown = json.loads(case.braid("mesh", "show", "payments.payment", "--registry", "registry", "--json").out)
        now = any(field["name"] == f"made_{counter}" for field in shown["interface"]["fields"])
        case.expect(now or ended.code != DONE, f"it was reported as published and is not there: {ended}")
        sequence += now
        old, new = old + (not now), new + now
    case.expect(killed >= 50 and old > 5 and new > 3, f"{killed} killed, {old} old and {new} new states")
    case.braid("mesh", "gc", "--registry", "registry")
    case.expect("removed 0 objects" in case.braid("mesh", "gc", "--registry", "registry").out, "not all was collected")
    told = case.braid("publish", "payments")
    listed = case.braid("mesh", "list", "--registry", "registry").out
    case.expect(f"payments: publication {sequence}" in listed or f"payments: publication {sequence + 1}" in listed,
                f"{sequence}: {listed}\n{told}")
    case.note(f"{killed} killed, {old} old and {new} new states")


def publishers_at_once_lose_nothing(case: Case) -> None:
    """Checkouts of one domain, each with a product of its own, and another domain."""
    write_payments(case)
    write_kpi(case)
    case.braid("publish", "payments")
    folders = []
    for number in range(4):
        folder = write_payments(case, name=f"checkout_{number}")
        text = (folder / "payments.braid").read_text()
        (folder / "payments.braid").write_text(text.replace("product balance", f"product balance_{number}"))
        folders.append(folder.name)
    started = [case.start("publish", name) for name in folders + ["kpi"]]
    for process in started:
        ended = case.ended(process)
        case.expect(ended.code == DONE, f"{ended}")
    found = {name.split("@")[0] for name in versions(case)}
    wanted = {"payments.payment", "payments.balance", "kpi.turnover", "kpi.account_of"}
    wanted |= {f"payments.balance_{number}" for number in range(4)}
    case.expect(found == wanted, f"{found}")


def a_product_is_closed_without_a_grant(case: Case) -> None:
    folder = write_payments(case)
    script = folder / "payments.braid"
    script.write_text(script.read_text().replace("  allow read to domain kpi\n", "  allow read to domain audit\n", 1))
    case.braid("publish", "payments")
    write_kpi(case)
    told = case.braid("check", "kpi", code=SCRIPT)
    case.expect("payment" in told.err and "E540" in told.err, f"{told}")


PEOPLE = """domain people
  owner "people@shop.example"

stream record
  time at within 10s
  from file "record.ndjson" format json
{{ id: int, email: string #pii, score: int, at: timestamp }}

function fair(score: int) -> bool = score >= 0

product person version 1
  key id
  allow read to domain kpi
  mask email with hash
  contract {{
    compatible full
    fresh within {fresh}
    unique id within 1d
    check sound: fair(score) else reject
  }}
  {end}
{{ from record }}
"""
PERSON_READER = """domain kpi
  owner "kpi@shop.example"

use people.person version 1 expect {
  fresh within 5m
  unique id within 1h
  check sound
}

product contact version 1 {
  from person
  select { id, email }
}
"""


def write_people(case: Case, fresh: str = "1m", end: str = "") -> pathlib.Path:
    folder = case.directory / "people"
    folder.mkdir(exist_ok=True)
    (folder / "braid.toml").write_text(TOML.format(name="people"))
    (folder / "people.braid").write_text(PEOPLE.format(fresh=fresh, end=end))
    if not (case.directory / "people.pem").exists():
        case.braid("mesh", "key", "new", "people.pem")
    return folder


def a_contract_reaches_its_readers(case: Case) -> None:
    write_people(case)
    kpi = write_kpi(case)
    script = kpi / "kpi.braid"
    script.write_text(PERSON_READER)
    case.braid("publish", "people")
    shown = json.loads(case.braid("mesh", "show", "people.person", "--registry", "registry", "--json").out)["interface"]
    case.expect({field["name"]: field.get("labels") for field in shown["fields"]} ==
                {"id": None, "email": ["pii"], "score": None, "at": None}, f"{shown}")
    # Nothing of the other project is warned of here, and what is expected is promised.
    told = case.braid("check", "kpi")
    case.expect(told.codes == [], f"{told}")
    script.write_text(PERSON_READER.replace("fresh within 5m", "fresh within 5s"))
    told = case.braid("check", "kpi", code=SCRIPT, finding="E5460")
    case.expect("it promises `fresh within 1m`" in told.err, f"{told}")
    script.write_text(PERSON_READER.replace("check sound", "check sond"))
    told = case.braid("check", "kpi", code=SCRIPT, finding="E5460")
    case.expect("use `check sound`" in told.err, f"{told}")
    # The label goes on into what is made of the field.
    script.write_text(PERSON_READER.replace("version 1 {", "version 1 allow read to domain sales {"))
    told = case.braid("check", "kpi", code=SCRIPT, finding="E5442")
    case.expect("`#pii`" in told.err, f"{told}")
    script.write_text(PERSON_READER)
    case.braid("check", "kpi")
    # A contract that is loosened reaches the reader with its pin.
    write_people(case, fresh="10m", end="deprecated until @2999-12-31")
    case.braid("publish", "people")
    case.expect(case.braid("check", "kpi").codes == [], "the pin has moved")
    case.braid("update", "--project", "kpi")
    told = case.braid("check", "kpi", code=SCRIPT, finding="E5460")
    case.expect("W5462" in told.codes, f"{told}")
    write_people(case, end="deprecated until @2020-12-31")
    case.braid("publish", "people")
    case.braid("update", "--project", "kpi")
    case.braid("check", "kpi", code=SCRIPT, finding="E5463")


def a_change_is_judged_by_what_a_reader_relies_on(case: Case) -> None:
    people = write_people(case)
    kpi = write_kpi(case)
    owner = people / "people.braid"
    # Without a level for readers that the registry does not know.
    script = owner.read_text().replace("score: int,", "score: int, state: enum { new, known },", 1)
    script = script.replace("    compatible full\n", "")
    owner.write_text(script)
    case.braid("publish", "people")
    reader = PERSON_READER.replace("select { id, email }", "select { id, n: case state { \"new\" -> 1, \"known\" -> 2 } }")
    (kpi / "kpi.braid").write_text(reader)
    case.braid("publish", "kpi")
    shown = json.loads(case.braid("mesh", "show", "people.person", "--registry", "registry", "--json").out)["readers"][0]
    case.expect(shown["exhaustive"] == ["state"], f"{shown}")
    case.expect(shown["expects"]["fresh_us"] == 300_000_000 and shown["expects"]["unique"][0]["fields"] == [["id"]] and
                shown["expects"]["checks"] == ["sound"], f"{shown}")
    objects = tree(case.directory / "registry/objects")
    # A symbol more, a promise that is loosened, and one that is taken back: each breaks the reader that relies on it.
    for before, after, why in (("new, known }", "new, known, lost }", "its `case` of `state` names each symbol"),
                               ("fresh within 1m", "fresh within 10m", "it expects `fresh within 5m`"),
                               ("    unique id within 1d\n", "", "it expects `unique id within 1h`"),
                               ("    check sound: fair(score) else reject\n", "", "it expects the check `sound`"),
                               ("fair(score) else reject", "fair(score) else alert", "it expects the check `sound`")):
        owner.write_text(script.replace(before, after))
        told = case.braid("publish", "people", code=SCRIPT, finding="E7220")
        for part in (why, "kpi.contact version 1", "kpi@shop.example"):
            case.expect(part in told.out, f"`{part}` is missing: {told}")
    case.expect(tree(case.directory / "registry/objects") == objects, "something was written")
    # What still covers the expectation is no break; nor is a symbol for a reader that has an `else`.
    owner.write_text(script.replace("fresh within 1m", "fresh within 3m"))
    case.braid("publish", "people")
    (kpi / "kpi.braid").write_text(reader.replace("\"known\" -> 2", "else -> 2"))
    case.braid("publish", "kpi")
    owner.write_text(script.replace("new, known }", "new, known, lost }"))
    case.braid("publish", "people")


def documents_are_published_with_a_product(case: Case) -> None:
    payments = write_payments(case)
    script = payments / "payments.braid"
    script.write_text(script.read_text() + "\npublic stream rate\n{ id: int, rate: float }\n")
    case.braid("publish", "payments")

    def shown(name: str, form: str) -> str:
        return case.braid("mesh", "show", name, "--registry", "registry", "--as", form).out

    contract, graph = shown("payments.payment", "odcs"), shown("payments.payment@1", "odps")
    case.expect("id: urn:braid:acme:payments:payment:1\n" in contract and "kind: DataContract\n" in contract, contract)
    case.expect("kind: DataProduct\n" in graph and "contractId: urn:braid:acme:payments:payment:1\n" in graph, graph)
    fields = {field["name"]: field["from"] for field in json.loads(shown("payments.payment", "lineage"))["fields"]}
    case.expect([each["field"] for each in fields["amount"]] == ["amount"], f"{fields}")
    case.expect("id: urn:braid:acme:payments:rate:1\n" in shown("payments.rate", "odcs"), "a source has a contract")
    told = case.braid("mesh", "show", "payments.rate", "--registry", "registry", "--as", "lineage", code=USAGE,
                      finding="E7313")
    case.expect("it has: odcs" in told.err, f"{told}")
    # Nothing that is named is collected, and the same project is the same publication.
    case.expect("removed 0 objects" in case.braid("mesh", "gc", "--registry", "registry").out, "documents are named")
    case.expect("nothing changed since publication 1" in case.braid("publish", "payments").out, "published twice")
    # Another way to the same rows: the interface stays, the lineage does not.
    script.write_text(script.read_text().replace("  group who {", "  where id > 0\n  group who {"))
    told = case.braid("publish", "payments")
    case.expect("documents  payments.balance version 1.0" in told.out, f"{told}")


def what_was_published_is_on_record(case: Case) -> None:
    write_payments(case)
    case.braid("publish", "payments")
    write_payments(case, more=", note: \"\"")
    # Killed behind the swap of the head, and before the event: the next publisher records it.
    killed = 0
    for nth in range(1, 30):
        write_payments(case, more=f", note_{nth}: {nth}")
        process = case.start("publish", "payments", environment={"BRAID_KILL_AT": f"registry_write:{nth}"})
        killed += case.ended(process).code == -signal.SIGKILL
    case.expect(killed > 3, f"killed {killed} times")
    case.braid("publish", "payments")
    told = case.braid("audit", "verify", "payments", "--registry", "registry")
    last = re.search(r"the last is ([0-9a-f]{64})", told.out)
    case.expect(last is not None, f"{told}")
    events = [json.loads(line) for line in
              case.braid("audit", "log", "payments", "--registry", "registry", "--json").out.splitlines()]
    shown = [each["data"]["sequence"] for each in events if each["type"] == "io.braid.contract.published"]
    case.expect([int(each) for each in shown] == sorted(int(each) for each in shown), f"{shown}")
    sequence = json.loads(case.braid("publish", "payments", "--json").out)["sequence"]
    case.expect(set(range(1, sequence + 1)) == {int(each) for each in shown}, f"{sequence}: {shown}")
    case.braid("audit", "verify", "--registry", "registry", "--known", last[1])
    case.braid("audit", "verify", "--registry", "registry", "--known", "0" * 64, code=USAGE, finding="E7241")
    files = sorted((case.directory / "registry/audit/payments").glob("*.json"))
    text = files[2].read_text()
    files[2].write_text(text.replace("minor", "major"))
    case.braid("audit", "verify", "--registry", "registry", code=USAGE, finding="E7241")
    files[2].unlink()
    case.braid("audit", "verify", "--registry", "registry", code=USAGE, finding="E7241")
    files[2].write_text(text)
    case.braid("audit", "verify", "--registry", "registry")


def reads_are_on_record(case: Case) -> None:
    """A job that reads products of another project says so in the log of its domain; scripts read that."""
    payments = write_payments(case)
    kpi = write_kpi(case)
    case.braid("publish", "payments")
    case.braid("run", "payments", "--no-seal")

    def used() -> list:
        lines = case.braid("audit", "log", "kpi", "--registry", "registry", "--format", "ndjson").out.splitlines()
        return [event for event in map(json.loads, lines) if event["type"] == "io.braid.access.used"]

    case.braid("run", "kpi", "--no-seal")
    first = {event["data"]["by"]: event for event in used()}
    case.expect(set(first) == {"kpi.turnover@1", "kpi.account_of@1"}, f"{first}")
    read = first["kpi.turnover@1"]
    case.expect(read["subject"] == "urn:braid:acme:payments:payment:1" and read["source"] == "urn:braid:acme:kpi", f"{read}")
    told = read["data"]
    case.expect((told["rows"], told["total"], told["reader"], told["grant"]) == ("4", "4", "kpi", "allow"), f"{told}")
    case.expect({"amount", "state", "who"} <= set(told["columns"].split(", ")), f"{told}")
    # Without new rows there is nothing to record; what comes is the rest.
    case.braid("run", "kpi", "--no-seal")
    case.expect(len(used()) == 2, f"{used()}")
    with (payments / "record.ndjson").open("a") as grown:
        grown.write(json.dumps({**RECORDS[0], "id": 9, "at": "2026-01-01T00:02:00Z"}) + "\n")
    case.braid("run", "payments", "--no-seal")
    case.braid("run", "kpi", "--no-seal")
    last = [event["data"] for event in used() if event["data"]["by"] == "kpi.turnover@1"][-1]
    case.expect((last["rows"], last["total"]) == ("1", "5"), f"{last}")
    case.braid("audit", "verify", "--registry", "registry")

    # Followed as a file, and read by the script of the docs.
    log = case.directory / "oversight/log"
    log.mkdir(parents=True)
    (log.parent / "braid.toml").write_text(TOML.format(name="oversight"))
    page = (braid_command.SOURCE / "docs/mesh/audit.md").read_text(encoding="utf-8")
    (log.parent / "oversight.braid").write_text(re.search(r"```braid\n(.*?)```", page, re.S)[1], encoding="utf-8")
    with (log / "kpi.ndjson").open("w") as file:
        process = case.start("audit", "log", "kpi", "--registry", "registry", "--format", "ndjson", "--follow", stdout=file)
        until = time.monotonic() + 60
        while len((log / "kpi.ndjson").read_text().splitlines()) < len(used()):
            case.expect(time.monotonic() < until, "nothing is followed")
            time.sleep(0.1)
        # A key that cannot be read, and one that is not the domain's: the job goes on.
        case.braid("publish", "kpi")
        while "contract.published" not in (log / "kpi.ndjson").read_text():
            case.expect(time.monotonic() < until, "what comes is not followed")
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        case.expect(process.wait(30) == DONE, "it did not end")
    case.braid("test", "oversight")
    case.braid("run", "oversight")
    rows = [json.loads(line) for line in (log.parent / "data/out/oversight.use_of.v1.ndjson").read_text().splitlines()]
    of_payment = sum(row["rows"] for row in rows if row["subject"] == "urn:braid:acme:payments:payment:1")
    case.expect(of_payment == 5, f"{rows}")
    behind = case.braid("audit", "log", "kpi", "--registry", "registry", "--json", "--after", "1").out
    case.expect(json.loads(behind.splitlines()[0])["id"] == "2", behind)

    with (payments / "record.ndjson").open("a") as grown:
        grown.write(json.dumps({**RECORDS[0], "id": 10, "at": "2026-01-01T00:03:00Z"}) + "\n")
    case.braid("run", "payments", "--no-seal")
    (case.directory / "kpi.pem").rename(case.directory / "away.pem")
    case.expect("W7315" in case.braid("run", "kpi", "--no-seal").codes, "a key that is away is not told")
    case.braid("mesh", "key", "new", "kpi.pem")
    count = len(used())
    case.expect("W7315" in case.braid("run", "kpi", "--no-seal").codes, "a key of nobody is not told")
    case.expect(len(used()) == count, "a key of nobody has signed")


OVERSIGHT = """domain oversight

stream event
  time at within 10m
  from audit "{log}"
{{
  id: string,
  kind: string from "type",
  at: timestamp from "time",
  subject: string,
  data: {{ sequence: string? }},
}}

/// What is published, as it comes.
product publication version 1 {{
  from event
  where kind == "io.braid.contract.published"
  select {{ at, subject, sequence: data.sequence }}
}}
"""


def an_audit_log_is_read_by_scripts(case: Case) -> None:
    """`from audit` gives each event once, goes on with what comes, and is refused where the log is another one."""
    write_payments(case)
    case.braid("publish", "payments")
    write_kpi(case)
    case.braid("publish", "kpi")
    folder = case.directory / "oversight"
    folder.mkdir()
    (folder / "braid.toml").write_text(TOML.format(name="oversight"))
    script = folder / "oversight.braid"
    script.write_text(OVERSIGHT.format(log="payments"))
    out = folder / "data/out/oversight.publication.v1.ndjson"

    def rows() -> list:
        return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []

    def logged(domain: str = "payments") -> int:
        lines = case.braid("audit", "log", domain, "--registry", "registry", "--json").out.splitlines()
        return sum(json.loads(line)["type"] == "io.braid.contract.published" for line in lines)

    case.expect("urn:braid:acme:payments:payment:1" in case.braid("dry-run", "oversight").out, "the dry run has no event")
    case.braid("run", "oversight")
    case.expect(len(rows()) == logged() > 0, f"{rows()}")
    case.expect({row["subject"] for row in rows()} >= {"urn:braid:acme:payments:payment:1"}, f"{rows()}")
    # A copy that is gone comes back as it was; nothing is read twice.
    shutil.rmtree(folder / ".braid/audit")
    case.braid("run", "oversight")
    case.expect(len(rows()) == logged(), f"{rows()}")
    # A job that follows reads events as they come.
    process = case.start("run", "oversight", "--follow")
    try:
        write_payments(case, more=", note: \"\"")
        case.braid("publish", "payments")
        deadline = time.monotonic() + 60
        while len(rows()) < logged() and time.monotonic() < deadline:
            time.sleep(0.2)
        case.expect(len(rows()) == logged() > 2, f"{rows()}")
        process.send_signal(signal.SIGTERM)
        case.expect(case.ended(process).code == DONE, "it does not end")
    finally:
        process.kill()
    case.expect(len(rows()) == logged(), f"{rows()}")
    # A log that was taken back, and one that was changed.
    copy = folder / ".braid/audit/payments.ndjson"
    whole = copy.read_text()
    copy.write_text(whole + whole.splitlines()[-1] + "\n")
    case.braid("run", "oversight", code=INPUT, finding="E7327")
    copy.write_text(whole.replace("payment:1", "payment:2", 1))
    case.braid("run", "oversight", code=INPUT, finding="E7327")
    copy.write_text(whole + whole[:20])  # killed while it was written
    case.braid("run", "oversight")
    case.expect(copy.read_text() == whole and len(rows()) == logged(), "the rest of a line is not taken away")
    # All logs at once, each of them a partition.
    script.write_text(OVERSIGHT.format(log="*"))
    shutil.rmtree(folder / "data")
    case.braid("run", "oversight")
    case.expect(len(rows()) == logged() + logged("kpi") and logged("kpi") > 0, f"{rows()}")
    (folder / "braid.toml").write_text("[project]\nname = \"oversight\"\n")
    case.braid("run", "oversight", code=USAGE, finding="E7205")


def an_audit_log_of_somebody_else_is_not_read(case: Case) -> None:
    """`from audit` takes no log whose head a key has signed that does not sign for the domain."""
    payments = write_payments(case)
    case.braid("publish", "payments")
    folder = case.directory / "oversight"
    folder.mkdir()
    (folder / "braid.toml").write_text(TOML.format(name="oversight"))
    script = OVERSIGHT.format(log="payments")
    (folder / "oversight.braid").write_text(script)
    case.braid("run", "oversight")
    # Somebody else with a registry of their own calls their domain `payments`, too: a log that is whole in itself.
    (case.directory / "registry").rename(case.directory / "true")
    (case.directory / "payments.pem").rename(case.directory / "true.pem")
    case.braid("mesh", "key", "new", "payments.pem")
    case.braid("publish", "payments")
    case.braid("audit", "verify", "payments", "--registry", "registry")
    false_log = tree(case.directory / "registry/audit/payments")
    shutil.rmtree(case.directory / "registry")
    (case.directory / "true").rename(case.directory / "registry")
    log = case.directory / "registry/audit/payments"
    true_log = tree(log)
    shutil.rmtree(log)
    log.mkdir()
    for name, content in false_log.items():
        (log / name).write_bytes(content)
    case.braid("audit", "verify", "payments", "--registry", "registry", code=None, finding="E7241")
    shutil.rmtree(folder / ".braid")
    for words in (("run", "oversight", "--reset"), ("dry-run", "oversight")):
        told = case.braid(*words, code=INPUT, finding="E7202")
        case.expect("a key that does not sign for `payments` has signed it" in told.err, f"{told}")
    # The domain's own log is read again, also behind a change of its key.
    shutil.rmtree(log)
    log.mkdir()
    for name, content in true_log.items():
        (log / name).write_bytes(content)
    (case.directory / "true.pem").replace(case.directory / "payments.pem")
    case.braid("run", "oversight", "--reset")
    case.braid("mesh", "key", "new", "next.pem")
    case.braid("mesh", "key", "rotate", "next.pem", "--project", "payments")
    (case.directory / "next.pem").replace(case.directory / "payments.pem")
    write_payments(case, more=", note: \"\"")
    case.braid("publish", "payments")
    case.braid("run", "oversight")


def a_registry_that_is_gone_is_told(case: Case) -> None:
    """While a job follows audit logs: a directory that is gone is not an empty log, and the job reads on when it is back."""
    write_payments(case)
    case.braid("publish", "payments")
    folder = case.directory / "oversight"
    folder.mkdir()
    (folder / "braid.toml").write_text(TOML.format(name="oversight"))
    (folder / "oversight.braid").write_text(OVERSIGHT.format(log="payments"))
    out = folder / "data/out/oversight.publication.v1.ndjson"
    process = case.start("run", "oversight", "--follow", "--listen", "127.0.0.1:0")
    lines = []
    found = None
    while found is None:
        lines.append(process.stderr.readline())
        case.expect(lines[-1] != "", f"the job does not listen: {lines}")
        found = re.search(r"listening.*127\.0\.0\.1:(\d+)", lines[-1])

    def away() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/metrics", timeout=20) as answer:
            return (re.search(r"(?m)^braid_audit_logs_away (\d)$", answer.read().decode()) or ["", "none"])[1]

    def wait(holds, text: str) -> None:
        end = time.monotonic() + 60
        while not holds():
            case.expect(time.monotonic() < end and process.poll() is None, text)
            time.sleep(0.05)

    wait(lambda: away() == "0" and out.exists() and out.read_text() != "", "the log is not read")
    before = len(out.read_text().splitlines())
    (case.directory / "registry").rename(case.directory / "away")
    wait(lambda: away() == "1", "nobody is told that the registry is gone")
    (case.directory / "registry").mkdir()  # what an unmount leaves
    time.sleep(2.5)
    case.expect(away() == "1", "an empty directory is a registry")
    (case.directory / "registry").rmdir()
    (case.directory / "away").rename(case.directory / "registry")
    wait(lambda: away() == "0", "the registry is not found again")
    write_payments(case, more=", note: \"\"")
    case.braid("publish", "payments")
    wait(lambda: len(out.read_text().splitlines()) > before, "the log is not read any more")
    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=60)
    case.expect(process.returncode == DONE and told[1].count("W7330") == 1, f"{process.returncode} {told}")


def a_token_in_the_clear_is_told(case: Case) -> None:
    """A warning for another machine without TLS, and none for this one, for TLS, and without a token."""
    payments = write_payments(case)
    config = payments / "braid.toml"
    token = '[mesh.http]\ntoken = "env:TOKEN"\n\n[env.dev]'
    for address, secret, told in (("http://registry.invalid:7575/a", token, True), ("http://[2001:db8::1]:1", token, True),
                                  ("http://127.0.0.1:1", token, False), ("http://[::1]:1", token, False),
                                  ("http://localhost:1", token, False), ("https://registry.invalid", token, False),
                                  ("http://registry.invalid", "[env.dev]", False)):
        config.write_text(TOML.format(name="payments").replace("../registry", address).replace("[env.dev]", secret))
        checked = case.braid("check", "payments", environment={"TOKEN": "s3cret"})
        case.expect(("W7329" in checked.codes) == told, f"{address}: {checked}")
        case.expect("s3cret" not in checked.out + checked.err, f"{checked}")


if __name__ == "__main__":
    braid_command.main([a_product_is_used_by_another_project, a_registry_that_is_gone_is_told, a_deleted_row_of_a_table_is_gone, a_check_needs_no_registry,
                        an_update_moves_the_pin, a_change_that_breaks_a_reader_is_refused, mistakes_are_answered, what_was_changed_is_found,
                        killed_publishers_leave_it_whole, a_product_is_closed_without_a_grant,
                        what_was_published_is_on_record, a_contract_reaches_its_readers,
                        a_change_is_judged_by_what_a_reader_relies_on, documents_are_published_with_a_product,
                        publishers_at_once_lose_nothing, reads_are_on_record,
                        an_audit_log_is_read_by_scripts, an_audit_log_of_somebody_else_is_not_read,
                        a_token_in_the_clear_is_told])
