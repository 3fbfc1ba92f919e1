#!/usr/bin/env python3
"""The scenarios of a data mesh in examples/: each is checked, its tests run, and it is run over its sample.

    run_scenarios.py BRAID [--only visit]
"""
import pathlib
import re
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import SOURCE, Case

SCENARIOS = ["account_kpi", "card_fraud", "customer_view", "flight_departure", "marketing_profile", "order_document",
             "profile_versions", "sensor_gap", "stock_balance", "trade_eur", "visit", "week_sales"]


def run_scenario(case: Case, name: str) -> None:
    project = case.directory / name
    shutil.copytree(SOURCE / "examples" / name, project, ignore=shutil.ignore_patterns("store"))
    case.braid("check", project)
    tests = case.braid("test", project).out
    passed = re.search(r"(\d+) passed, 0 failed", tests)
    case.expect(passed is not None and int(passed[1]) >= 3, f"three tests or more are expected: {tests}")
    case.braid("run", project, "--store", "store")
    products = [path for path in (case.directory / "store/out").iterdir() if re.search(r"\.v\d+\.ndjson$", path.name)]
    case.expect(len(products) > 0, "no product was written")
    for path in products:
        case.expect(path.stat().st_size > 0, f"the sample gives {path.name} no row")
    case.note(f"{passed[1]} tests, {len(products)} products")


def case_of(name: str):
    def run(case: Case) -> None:
        run_scenario(case, name)
    run.__name__ = name
    return run


if __name__ == "__main__":
    braid_command.main(list(map(case_of, SCENARIOS)))
