#!/usr/bin/env python3
"""The life of a product over a registry: drafts, versions that end and are retired, rows that follow from those of the
version before, sample rows, and a product that is written for several readers.

    mesh_life.py BRAID [--only NAME] [--seed N] [--keep]
"""
import datetime
import json
import pathlib
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import DONE, SCRIPT, USAGE, Case
from mesh import TOML, versions

HEAD = """domain payments
  owner "payments@shop.example"

stream record
  time at within 10s
  from file "record.ndjson" format json
{ id: int, who: string, cents: int, at: timestamp }
"""
FIRST = """
product payment version 1
  key id
  %s
  allow read to domain kpi
{ from record }
"""
SECOND = """
product payment version 2
  key id
  %s
  allow read to domain kpi
{
  from record
  where cents > 0
  select { id, who, amount: decimal(cents / 100, 18, 2), at }
}
"""
MIGRATION = """migrate from version 1 {
    where cents > 0
    select { id, who, amount: decimal(cents / 100, 18, 2), at }
  }"""
READER = """domain kpi

use payments.payment version %s

product large version 1 %s
{
  from payment
  select { id, at }
}
"""
RECORDS = [{"id": n, "who": f"w{n}@shop.example", "cents": 150 * n, "at": f"2026-01-01T00:00:{n:02}Z"} for n in range(6)]


def write(case: Case, name: str, script: str) -> pathlib.Path:
    folder = case.directory / name
    folder.mkdir(exist_ok=True)
    (folder / "braid.toml").write_text(TOML.format(name=name))
    (folder / f"{name}.braid").write_text(script)
    (folder / "record.ndjson").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    if not (case.directory / f"{name}.pem").exists():
        case.braid("mesh", "key", "new", f"{name}.pem")
    return folder


def write_payments(case: Case, *products: str) -> pathlib.Path:
    return write(case, "payments", HEAD + "".join(products))


def states(case: Case) -> dict:
    return {name: one["state"] for name, one in versions(case).items()}


def a_draft_changes_without_the_gate(case: Case) -> None:
    write_payments(case, FIRST % "", SECOND % "draft")
    case.braid("publish", "payments")
    case.expect(states(case) == {"payments.payment@1": "active", "payments.payment@2": "draft"}, f"{versions(case)}")
    case.expect("version 2.0  stream  draft" in case.braid("mesh", "list", "--registry", "registry").out, "no state")
    shown = case.braid("mesh", "show", "payments.payment@2", "--registry", "registry").out
    case.expect("payments.payment version 2.0  stream  draft\n" in shown, shown)
    odcs = case.braid("mesh", "show", "payments.payment@2", "--registry", "registry", "--as", "odcs").out
    case.expect("status: draft" in odcs, odcs)
    # One version is active, so the product is.
    odps = case.braid("mesh", "show", "payments.payment@2", "--registry", "registry", "--as", "odps").out
    case.expect("status: active" in odps, odps)
    # The reader is told, and cannot promise more than it stands on.
    write(case, "kpi", READER % (2, ""))
    told = case.braid("check", "kpi", finding="W7242")
    case.expect("payments.payment version 2" in told.err, f"{told}")
    case.braid("publish", "kpi", code=USAGE, finding="E7243")
    case.expect("kpi.large@1" not in versions(case), "it was published")
    write(case, "kpi", READER % (1, ""))
    case.braid("publish", "kpi")
    write(case, "kpi", READER % (2, "draft"))
    # It becomes a draft, and nobody reads it.
    case.braid("publish", "kpi")
    case.expect(states(case)["kpi.large@1"] == "draft", f"{versions(case)}")
    # A field that is read goes: the gate tells, and lets it pass.
    write_payments(case, FIRST % "", (SECOND % "draft").replace("{ id, who, amount", "{ number: id, who, amount").replace(
        "key id\n", "key number\n"))
    told = case.braid("publish", "payments", "--check")
    case.expect("kpi.large version 1" in told.out, f"{told}")
    case.braid("publish", "payments")
    # Once it is active, it stays.
    write_payments(case, FIRST % "", SECOND % "")
    case.braid("publish", "payments")
    case.braid("update", "--project", "kpi")
    write(case, "kpi", READER % (2, ""))
    case.expect(case.braid("check", "kpi").codes == [], "it is no draft any more")
    case.braid("publish", "kpi")
    write_payments(case, FIRST % "", SECOND % "draft")
    told = case.braid("publish", "payments", code=SCRIPT, finding="E7220")
    case.expect("is a draft" in told.out, f"{told}")
    # It stands on it by way of a view and a join, too.
    write_payments(case, FIRST % "", SECOND % "draft", (SECOND % "draft").replace("version 2", "version 3"))
    write(case, "kpi", "domain kpi\nuse payments.payment version 1 as old\nuse payments.payment version 3 as tried\n"
                       "view some { from tried where id > 1 }\n"
                       "product both version 1 { from old as o join some on some.id == o.id within 0s..1m select { id, at } }\n")
    write_payments(case, FIRST % "", SECOND % "", (SECOND % "draft").replace("version 2", "version 3"))
    case.braid("publish", "payments")
    told = case.braid("publish", "kpi", code=USAGE, finding="E7243")
    case.expect("payments.payment version 3" in told.err, f"{told}")


def a_version_ends_and_is_retired(case: Case) -> None:
    write_payments(case, FIRST % "", SECOND % "")
    case.braid("publish", "payments")
    write(case, "kpi", READER % (1, ""))
    case.braid("publish", "kpi")
    ended = FIRST % "deprecated until @2020-01-01 for version 2"
    payments = write_payments(case, ended, SECOND % "")
    case.braid("publish", "payments")
    case.expect(states(case)["payments.payment@1"] == "deprecated", f"{versions(case)}")
    # The job of the owner does not make it any more.
    told = case.braid("run", "payments", finding="W7246")
    made = sorted(path.name for path in (payments / "data").rglob("*.ndjson")) if (payments / "data").exists() else []
    case.expect("payments.payment version 2: 5 rows" in told.out and "payment version 1" not in told.out, f"{told} {made}")
    write_payments(case, ended)
    case.braid("run", "payments", code=USAGE, finding="E7245")
    # The project has it no more: it stays as long as it is read.
    write_payments(case, SECOND % "")
    told = case.braid("publish", "payments")
    case.expect(states(case)["payments.payment@1"] == "deprecated", f"{told}")
    case.braid("publish", "payments", "--retire", "payments.payment@1", code=USAGE, finding="E7215")
    write(case, "kpi", READER % (2, ""))
    case.braid("publish", "kpi")
    told = case.braid("publish", "payments")
    case.expect("retired    payments.payment version 1.1\n" in told.out, f"{told}")
    case.expect(states(case) == {"payments.payment@1": "retired", "payments.payment@2": "active",
                                 "kpi.large@1": "active"}, f"{versions(case)}")
    case.expect("nothing changed" in case.braid("publish", "payments").out, "it was retired twice")
    shown = case.braid("mesh", "show", "payments.payment@1", "--registry", "registry").out
    case.expect("payments.payment version 1.1  stream  retired\n" in shown, shown)
    one = json.loads(case.braid("mesh", "show", "payments.payment@1", "--registry", "registry", "--json").out)
    case.expect(one["state"] == "retired" and len(one["interface"]["fields"]) == 4, f"{one}")
    # Nobody finds it, and its number is taken.
    write(case, "late", READER.replace("domain kpi", "domain late") % (1, ""))
    told = case.braid("check", "late", code=SCRIPT, finding="E7210")
    case.expect("it is retired" in told.err, f"{told}")
    write_payments(case, (FIRST % "").replace("{ from record }", "{ from record drop who }"), SECOND % "")
    case.braid("publish", "payments", code=USAGE, finding="E7244")
    write_payments(case, FIRST % "", SECOND % "")
    told = case.braid("publish", "payments")
    case.expect("new        payments.payment version 1.2\n" in told.out, f"{told}")
    kinds = [json.loads(line)["type"] for line in
             case.braid("audit", "log", "payments", "--registry", "registry", "--json").out.splitlines()]
    case.expect("io.braid.contract.retired" in kinds, f"{kinds}")


def a_job_stops_when_its_product_ends(case: Case) -> None:
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=8)
    payments = write_payments(case, FIRST % f"deprecated until @{until:%Y-%m-%dT%H:%M:%SZ}", SECOND % "")
    case.braid("check", "payments")
    job = case.start("run", "payments", "--follow")
    ended = case.ended(job)
    case.expect(datetime.datetime.now(datetime.timezone.utc) >= until - datetime.timedelta(seconds=1), f"{ended}")
    case.expect(ended.code != DONE and "E7245" in ended.codes, f"{ended}")
    case.expect(any("payment.v1" in path.name for path in payments.rglob("*")), "nothing was written")
    # All is committed; started again it goes on without it.
    job = case.start("run", "payments", "--follow")
    time.sleep(3)
    job.send_signal(signal.SIGTERM)
    ended = case.ended(job)
    case.expect(ended.code == DONE and "W7246" in ended.codes, f"{ended}")


def rows_follow_from_those_before(case: Case) -> None:
    write_payments(case, FIRST % "", SECOND % MIGRATION)
    case.braid("publish", "payments")
    shown = case.braid("mesh", "show", "payments.payment@2", "--registry", "registry").out
    case.expect("a row of version 1 becomes one of version 2:\n    where cents > 0\n    select {" in shown, shown)
    kpi = write(case, "kpi", READER % (1, ""))
    case.braid("publish", "kpi")
    told = case.braid("update", "--project", "kpi").out
    case.expect("braid update --migrate" in told, told)
    one = json.loads(case.braid("update", "--project", "kpi", "--json").out)
    case.expect(one["migrates_to"] == 2, f"{one}")
    told = case.braid("update", "--migrate", "--project", "kpi").out
    case.expect("    use payments.payment version 1 as payment_1\n" in told, told)
    # The script that is shown reads the old rows as the new ones are.
    write(case, "kpi", "domain kpi\n" + one["migration"] +
          "\nproduct all version 1 to file \"all.ndjson\" format json { from payment }\n")
    case.braid("update", "--project", "kpi")
    case.braid("run", "payments")
    case.braid("run", "kpi")
    new = [json.loads(line) for line in next((case.directory / "payments").rglob("*payment.v2.ndjson")).read_text().splitlines()]
    old = [json.loads(line) for line in (kpi / "all.ndjson").read_text().splitlines()]
    case.expect(len(new) == 5 and old == new, f"{old}\n{new}")
    # What does not fit the version is found.
    write_payments(case, FIRST % "", SECOND % MIGRATION.replace("amount:", "money:"))
    told = case.braid("check", "payments", code=SCRIPT, finding="E2286")
    case.expect("`amount` is missing" in told.err and "it has no field `money`" in told.err, f"{told}")


MASKED = """
product person version 1
  key id
  to file "out/open.ndjson" format json
  to file "out/crm.ndjson" format json for role crm
  to file "out/audit.csv" format csv for role audit
  allow read to domain kpi
  allow read to role crm
  allow read to role audit where cents > 300
  mask who with hash except role crm
{ from record }

product balance version 1
  to file "out/balance.ndjson" format json changes as upsert
  to file "out/balance_crm.ndjson" format json for role crm changes as append
  allow read to domain kpi, role crm
  mask last with hash except role crm
{
  from record
  group id { cents: sum(cents), last: max(who) } retain forever
}

product secret version 1
  allow read to role crm
  to file "out/secret.ndjson" format json for role crm
{ from record }
"""


# Versions of a declared table: each record takes the place of the one before it of its key.
HOLDERS = """
table holder
  key id
  time at within 10s
  delete when cents < 0
  from file "holder.ndjson" format json
{ id: int, who: string, cents: int, at: timestamp }

product held version 1
  to file "out/held.ndjson" format json changes as append
  to file "out/held_crm.ndjson" format json for role crm changes as append
  to file "out/held_audit.ndjson" format json for role audit changes as append
  allow read to role crm
  allow read to role audit where cents > 300
  mask who with hash except role crm
{
  from holder
  select { id, who, cents }
}
"""


def rows(path: pathlib.Path) -> list:
    return [json.loads(line) for line in path.read_text().splitlines()]


def samples_show_what_everybody_may_see(case: Case) -> None:
    payments = write_payments(case, MASKED.replace("allow read to role crm\n  to file", "allow read to role crm where cents > 0\n  to file"))
    told = case.braid("publish", "payments", "--samples", "3")
    case.expect("samples of payments.secret version 1" in told.out, f"{told}")

    def sample(name: str, **options) -> list:
        return [json.loads(line) for line in
                case.braid("mesh", "show", name, "--registry", "registry", "--samples", **options).out.splitlines()]

    found = sample("payments.person")
    case.expect([row["id"] for row in found] == [0, 1, 2], f"{found}")
    everything = "".join(path.read_text(errors="replace") for path in (case.directory / "registry").rglob("*")
                         if path.is_file())
    case.expect("@shop.example" not in everything.replace("payments@shop.example", ""), "a masked value is there")
    case.expect(all(len(row["who"]) >= 32 for row in found), f"{found}")
    case.expect(len(sample("payments.balance")) == 3, "no rows of a table")
    case.braid("mesh", "show", "payments.secret", "--registry", "registry", "--samples", code=USAGE)
    odcs = case.braid("mesh", "show", "payments.person", "--registry", "registry", "--as", "odcs").out
    case.expect("examples:" in odcs and found[0]["who"] in odcs, odcs)
    # What a reader does not see changes nothing of them.
    before = case.braid("mesh", "show", "payments.person", "--registry", "registry", "--samples").out
    case.expect("nothing changed" in case.braid("publish", "payments", "--samples", "3").out, "other rows")
    # Without the flag there are none.
    case.braid("publish", "payments")
    case.braid("mesh", "show", "payments.person", "--registry", "registry", "--samples", code=USAGE)
    case.braid("publish", "payments", "--samples", "3")
    case.expect(case.braid("mesh", "show", "payments.person", "--registry", "registry", "--samples").out == before, "")
    case.expect(not (payments / "out").exists() and not (payments / "data").exists(), "something was written")


def a_product_is_written_for_several_readers(case: Case) -> None:
    payments = write_payments(case, MASKED)
    told = case.braid("check", "payments")
    case.expect("3 products" in told.out, f"{told}")
    case.braid("run", "payments")
    out = payments / "out"
    plain = [record["who"] for record in RECORDS]
    case.expect([row["who"] for row in rows(out / "crm.ndjson")] == plain, "crm sees it")
    shown = rows(out / "open.ndjson")
    case.expect(len(shown) == len(RECORDS) and not any(row["who"] in plain for row in shown), f"{shown}")
    audit = (out / "audit.csv").read_text().splitlines()
    case.expect(len(audit) == 1 + sum(record["cents"] > 300 for record in RECORDS), f"{audit}")
    case.expect(not any(who in line for who in plain for line in audit), f"{audit}")
    case.expect({row["last"] for row in rows(out / "balance_crm.ndjson")} == set(plain), "crm sees the table")
    case.expect(not any(row["last"] in plain for row in rows(out / "balance.ndjson")), "the table is masked")
    # They are no products of their own for others.
    case.braid("publish", "payments")
    case.expect(sorted(versions(case)) == ["payments.balance@1", "payments.person@1", "payments.secret@1"],
                f"{versions(case)}")
    # A kill between commits is made good, as with one place.
    (payments / "record.ndjson").open("a").write("".join(
        json.dumps({**record, "id": record["id"] + 10}) + "\n" for record in RECORDS))
    case.braid("run", "payments", environment={"BRAID_KILL_AT": "3"}, code=None)
    case.braid("run", "payments", code=None)
    case.braid("run", "payments", "--reset")
    case.expect([row["who"] for row in rows(out / "crm.ndjson")] == plain + plain, "rows are missing")


def versions_of_a_table_are_written_for_several_readers(case: Case) -> None:
    payments = write_payments(case, HOLDERS)
    records = RECORDS + [{**RECORDS[1], "cents": 900, "at": "2026-01-01T00:01:00Z"},
                         {**RECORDS[4], "cents": 10, "at": "2026-01-01T00:01:01Z"},
                         {**RECORDS[5], "cents": -1, "at": "2026-01-01T00:01:02Z"}]
    (payments / "holder.ndjson").write_text("".join(json.dumps(record) + "\n" for record in records))
    case.expect("1 product" in case.braid("check", "payments").out, "an output is a product of its own")
    case.braid("run", "payments")
    out = payments / "out"

    def standing(name: str) -> dict:
        there = {}
        for row in rows(out / name):
            there.pop(row["id"], None)
            if row.pop("__op") != "d":
                there[row["id"]] = row
        return there

    crm, audit = standing("held_crm.ndjson"), standing("held_audit.ndjson")
    last = {record["id"]: record for record in records}
    expected = {n: {"id": n, "who": row["who"], "cents": row["cents"]} for n, row in last.items() if row["cents"] >= 0}
    case.expect(crm == expected, f"{crm}")
    case.expect(set(audit) == {n for n, row in expected.items() if row["cents"] > 300}, f"{audit}")
    case.expect(not any(row["who"] == last[n]["who"] for n, row in audit.items()), f"{audit}")
    everybody = standing("held.ndjson")
    case.expect(set(everybody) == set(expected), f"{everybody}")
    case.expect(not any(row["who"] == last[n]["who"] for n, row in everybody.items()), f"{everybody}")
    case.braid("publish", "payments")
    case.expect(sorted(versions(case)) == ["payments.held@1"], f"{versions(case)}")
    case.braid("run", "payments")
    case.expect(standing("held_crm.ndjson") == expected, "a run again changed it")


if __name__ == "__main__":
    braid_command.main([a_draft_changes_without_the_gate, a_version_ends_and_is_retired, a_job_stops_when_its_product_ends,
                        rows_follow_from_those_before, samples_show_what_everybody_may_see,
                        a_product_is_written_for_several_readers,
                        versions_of_a_table_are_written_for_several_readers])
