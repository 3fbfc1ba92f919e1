#!/usr/bin/env python3
"""`braid contract diff`: what a change of a product breaks, as text, JSON and annotations.

    contract_changes.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import SCRIPT, USAGE, Case

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


if __name__ == "__main__":
    braid_command.main([equal_products_have_no_change, what_breaks_is_named_with_the_ways_out, a_new_field_is_safe,
                        promises_and_symbols_are_judged, annotations_are_lines_of_a_ci_run,
                        a_version_that_goes_is_missed, what_cannot_be_compared_is_refused])
