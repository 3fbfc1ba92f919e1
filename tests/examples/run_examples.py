#!/usr/bin/env python3
"""The examples as a user runs them: checked, tested, run, and their products compared with what the oracle computes.

    run_examples.py BRAID [--only NAME] [--seed N]
"""
import collections
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import SOURCE, Case, difference, tree

FLIGHTS, PAYMENTS = SOURCE / "examples/flights", SOURCE / "examples/payments"
ORACLE = SOURCE / "tests/oracle"


def check_and_test(case: Case, project: pathlib.Path) -> None:
    case.braid("check", project)
    tests = case.braid("test", project)
    case.expect("0 failed" in tests.out or "passed" in tests.out, f"no test ran: {tests}")


def ledger_of(report: str, product: str, relation: str) -> dict:
    """A line of the account as numbers."""
    within = report.split(f"{product} version ", 1)[1]
    line = re.search(rf"(?m)^  {re.escape(relation)} +([\d,]+) in = (.*)$", within)
    numbers = {word: int(count.replace(",", "")) for count, word in re.findall(r"([\d,]+) ([a-z]+)", line.group(2))}
    return {"in": int(line.group(1).replace(",", "")), **numbers}


def planted(data: pathlib.Path) -> dict:
    manifest = json.loads((data / "manifest.json").read_text())
    ledger = manifest["ledger"]["marketing.enriched_payment"]["payments.payment"]
    return {word: count for word, count in ledger.items() if count}


def flights_equal_the_oracle(case: Case) -> None:
    check_and_test(case, FLIGHTS)
    case.braid("run", FLIGHTS, "--env", "dev", "--store", "store")
    case.note(case.python(ORACLE / "flights.py", "compare", FLIGHTS / "expected", case.directory / "store")
              .replace("\n", ", ").rstrip(", "))


def payments_equal_the_oracle(case: Case) -> None:
    check_and_test(case, PAYMENTS)
    run = case.braid("run", PAYMENTS, "--env", "dev", "--store", "store")
    case.python(ORACLE / "payments.py", "compare", PAYMENTS / "data", case.directory / "store")
    ledger = ledger_of(run.out, "marketing.enriched_payment", "payments.payment")
    case.expect(ledger == planted(PAYMENTS / "data"), f"the account is {ledger}")
    case.python(ORACLE / "payments.py", "expect", PAYMENTS / "data", case.directory / "expected")
    apart = difference(tree(PAYMENTS / "expected"), tree(case.directory / "expected"))
    case.expect(not apart, f"examples/payments/expected is old: {apart}")


def generated_payments_equal_the_oracle(case: Case) -> None:
    seed = case.random.randrange(1 << 20)
    environment = case.payments("data", 3000, "--seed", seed, "--huge", 2)
    run = case.braid("run", PAYMENTS, "--env", "big", "--store", "store", environment=environment)
    case.python(ORACLE / "payments.py", "compare", case.directory / "data", case.directory / "store")
    ledger = ledger_of(run.out, "marketing.enriched_payment", "payments.payment")
    case.expect(ledger == planted(case.directory / "data"), f"the account is {ledger} with generate.py --seed {seed}")


def same_bytes_every_way(case: Case) -> None:
    """Interpreted, without each pass, and with commits after every turn."""
    environment = case.payments("data", 6000, "--seed", case.random.randrange(1 << 20))
    runs = 0
    for project, name, *words in ((FLIGHTS, "flights"), (PAYMENTS, "payments", "--env", "big")):
        timings = case.braid("explain", project, "--timings")
        passes = re.findall(r"(?m)^ *pass (\w+)", timings.out)
        case.expect(len(passes) >= 5, f"the passes are not told: {timings}")
        without = [["--disable-pass", each] for each in passes]
        ways = [[], ["--interpret"], *without, sum(without, []), ["--interpret", *sum(without, [])],
                ["--commit-every", "1"]]
        expected = None
        for number, way in enumerate(ways):
            store = case.directory / f"{name}-{number}"
            case.braid("run", project, *words, "--store", store, *way, environment=environment)
            found = tree(store / "out")
            expected = expected or found
            apart = difference(expected, found)
            case.expect(not apart, f"{name} with {' '.join(way)} differs from a plain run: {apart}")
            runs += 1
    case.note(f"{runs} runs")


def dry_run_shows_the_rows_of_run(case: Case) -> None:
    for project, name in ((FLIGHTS, "flights"), (PAYMENTS, "payments")):
        case.braid("run", project, "--env", "dev", "--store", name)
        products = [path for path in sorted((case.directory / name / "out").iterdir())
                    if re.search(r"\.v\d+\.ndjson$", path.name)]
        shown = collections.defaultdict(list)
        for line in case.braid("dry-run", project, "--env", "dev", "--format", "json").out.splitlines():
            shown[tuple(json.loads(line))].append(line)
        for path in products:
            rows = path.read_text(encoding="utf-8").splitlines()
            fields = tuple(json.loads(rows[0]))
            case.expect(shown.pop(fields, []) == rows, f"dry-run shows other rows than {path.name} has")
        case.expect(not shown, f"dry-run shows rows of no product: {list(shown)}")


if __name__ == "__main__":
    braid_command.main([flights_equal_the_oracle, payments_equal_the_oracle, generated_payments_equal_the_oracle,
                        same_bytes_every_way, dry_run_shows_the_rows_of_run])
