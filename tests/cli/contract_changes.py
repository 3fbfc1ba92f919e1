#!/usr/bin/env python3
"""`braid contract diff` and `breaking`: what a change of a product breaks, as text, JSON and annotations.

    contract_changes.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import SCRIPT, USAGE, Case, tree

FINANCE = """domain finance
  owner "finance@acme.example"

stream booking
  time at within 10s
  from file "booking.ndjson" format json
{{ id: int, amount: decimal(12,2), currency: enum {{ eur, usd{symbol} }}, note: string?, at: timestamp }}

product payment version {version}
  key id
  contract {{
    fresh within {fresh}
    unique id within 1d
  }}
{{
  from booking
  select {{ {fields} }}
}}
"""


def project(case: Case, name: str, fields="id, amount, currency, note, at", version=1, fresh="5m", symbol="") -> str:
    script = case.directory / name / "finance.braid"
    script.parent.mkdir()
    script.write_text(FINANCE.format(fields=fields, version=version, fresh=fresh, symbol=symbol))
    return str(script)


def equal_products_have_no_change(case: Case) -> None:
    told = case.braid("contract", "diff", project(case, "old"), project(case, "new"))
    case.expect(told.out == "finance.payment version 1\n  nothing changes\n", f"{told}")


def what_breaks_is_named_with_the_ways_out(case: Case) -> None:
    told = case.braid("contract", "diff", project(case, "old"), project(case, "new", fields="id, currency, at"), code=SCRIPT)
    for text in ("  breaks  the field `amount` is gone; it was `decimal(12,2)`\n",
                 "a reader of all fields: it reads `amount`", "- publish `payment version 2` beside version 1"):
        case.expect(text in told.out, f"{text}: {told}")


def a_new_field_is_safe(case: Case) -> None:
    told = case.braid("contract", "diff", project(case, "old", fields="id, at"), project(case, "new"))
    case.expect("  safe    the field `amount` is new: `decimal(12,2)`\n" in told.out, f"{told}")
    case.expect("ways out" not in told.out, f"{told}")


def promises_and_symbols_are_judged(case: Case) -> None:
    told = case.braid("contract", "diff", project(case, "old"), project(case, "new", fresh="1h", symbol=", gbp"),
                      "--format", "json", code=SCRIPT)
    found = json.loads(told.out)
    changes = {each["change"]: each for each in found["products"][0]["changes"]}
    case.expect(found["breaks"] is True and set(changes) == {"symbol-added", "promise-loosened"}, f"{told}")
    case.expect(changes["symbol-added"]["where"] == "currency", f"{told}")
    case.expect(changes["promise-loosened"]["effects"][0]["why"] ==
                "it expects `fresh within 5m`, which is no longer promised", f"{told}")


def annotations_are_lines_of_a_ci_run(case: Case) -> None:
    told = case.braid("contract", "diff", project(case, "old"), project(case, "new", fields="id, currency, note, at"),
                      "--format", "annotations", code=SCRIPT)
    case.expect(told.out.startswith("::error::finance.payment version 1: the field `amount` is gone"), f"{told}")
    case.expect(told.out.count("\n") == 1, f"{told}")


def a_version_that_goes_is_missed(case: Case) -> None:
    told = case.braid("contract", "diff", project(case, "old"), project(case, "new", version=2), code=SCRIPT)
    case.expect("  breaks  the product is gone\n" in told.out, f"{told}")


def what_cannot_be_compared_is_refused(case: Case) -> None:
    old = project(case, "old")
    case.braid("contract", "diff", old, project(case, "new", fields="id, nothing, at"), code=USAGE)
    case.braid("contract", "diff", old, case.directory / "absent", code=USAGE)
    case.braid("contract", "diff", old, old, "--product", "paymnt", code=USAGE, finding="E7070")


TOML = """[project]
name = "{name}"

[mesh]
registry = "../registry"
key = "../{name}.pem"
"""
BOARD = """domain board
  owner "board@acme.example"

use finance.payment expect {{ fresh within 10m }}

product total version 1 {{
  from payment
  select {{ id, rank: case currency {{ "eur" -> 1, "usd" -> 2{otherwise} }} }}
}}
"""


def published(case: Case) -> None:
    """Finance, and a reader of it, in a registry."""
    project(case, "finance")
    script = case.directory / "finance/finance.braid"
    script.write_text(script.read_text().replace("  key id\n", "  key id\n  allow read to domain board\n"))
    (case.directory / "board").mkdir()
    (case.directory / "board/board.braid").write_text(BOARD.format(otherwise=""))
    for name in ("finance", "board"):
        (case.directory / name / "braid.toml").write_text(TOML.format(name=name))
        case.braid("mesh", "key", "new", f"{name}.pem")
        case.braid("publish", name)


def changed(case: Case, before: str, after: str) -> None:
    script = case.directory / "finance/finance.braid"
    case.expect(before in script.read_text(), before)
    script.write_text(script.read_text().replace(before, after))


def a_project_is_judged_against_what_it_has_published(case: Case) -> None:
    published(case)
    objects = tree(case.directory / "registry")
    told = case.braid("contract", "breaking", "finance")
    case.expect(told.out == "finance: no interface differs from publication 1\n", f"{told}")
    # What the reader does not use may go; a promise that still covers what it expects may be loosened.
    changed(case, "amount, currency, note, at }\n}", "currency, note, at }\n}")
    changed(case, "fresh within 5m", "fresh within 9m")
    for words in (("contract", "breaking", "finance"), ("publish", "finance", "--check")):
        told = case.braid(*words)
        case.expect("notice  the promise `fresh` was `5m` and is `9m`" in told.out, f"{told}")
    changed(case, "enum { eur, usd }", "enum { eur, usd, gbp }")
    changed(case, "fresh within 9m", "fresh within 1h")
    told = case.braid("contract", "breaking", "finance", code=SCRIPT)
    for part in ("breaks  `currency` has the new symbol `gbp`", "board.total version 1 (board@acme.example)",
                 "its `case` of `currency` names each symbol", "it expects `fresh within 10m`"):
        case.expect(part in told.out, f"`{part}` is missing: {told}")
    found = json.loads(case.braid("contract", "breaking", "finance", "--format", "json", code=SCRIPT).out)
    case.expect(found["breaks"] and found["products"][0]["product"] == "finance.payment version 1", f"{found}")
    found = json.loads(case.braid("publish", "finance", "--check", "--json", code=SCRIPT).out)
    case.expect(found["breaks"] is True, f"{found}")
    told = case.braid("contract", "breaking", "finance", "--format", "annotations", code=SCRIPT)
    case.expect(told.out.count("::error::finance.payment version 1: ") == 2, f"{told}")
    case.expect(tree(case.directory / "registry") == objects, "something was written")


def a_version_that_is_retired_breaks_its_readers(case: Case) -> None:
    published(case)
    told = case.braid("publish", "finance", "--check", "--retire", "finance.payment@1", code=SCRIPT)
    case.expect("the product is gone" in told.out and "board.total version 1" in told.out, f"{told}")


def breaking_compares_two_folders(case: Case) -> None:
    old, new = project(case, "old"), project(case, "new", fields="id, currency, at")
    told = case.braid("contract", "breaking", new, "--against", old, code=SCRIPT)
    case.expect(told.out == case.braid("contract", "diff", old, new, code=SCRIPT).out, f"{told}")
    case.braid("contract", "breaking", old, "--against", old)
    case.braid("contract", "breaking", old, code=USAGE, finding="E7205")
    case.braid("contract", "breaking", case.directory / "absent", code=USAGE)
    (case.directory / "registry/domains/finance").mkdir(parents=True)
    (case.directory / "registry/domains/finance/head").write_text("x")
    case.braid("contract", "breaking", new, "--registry", "registry", code=USAGE, finding="E7202")


if __name__ == "__main__":
    braid_command.main([equal_products_have_no_change, what_breaks_is_named_with_the_ways_out, a_new_field_is_safe,
                        promises_and_symbols_are_judged, annotations_are_lines_of_a_ci_run,
                        a_version_that_goes_is_missed, a_project_is_judged_against_what_it_has_published,
                        a_version_that_is_retired_breaks_its_readers, breaking_compares_two_folders, what_cannot_be_compared_is_refused])
