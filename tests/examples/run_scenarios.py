#!/usr/bin/env python3
"""The scenarios of a data mesh in examples/: each is checked, its tests run, and it is run over its sample.

    run_scenarios.py BRAID [--only visit]
"""
import pathlib
import re
import shutil
import sys
from dataclasses import dataclass, field

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import SCRIPT, SOURCE, Case

SCENARIOS = ["account_kpi", "card_fraud", "customer_view", "flight_departure", "marketing_profile", "order_document",
             "profile_versions", "sensor_gap", "stock_balance", "trade_eur", "visit", "week_sales"]


@dataclass
class Waiting:
    """What a scenario waits for. With `stand_ins`, patterns and what stands in their place, all the rest runs today; the
    scripts themselves are in the form that they are to have."""
    constructs: str
    stand_ins: list = field(default_factory=list)
    left_out: list = field(default_factory=list)


# Scenarios that this version does not run. When the constructs run, delete the entry.
WAITS = {}

def stand_in(case: Case, project: pathlib.Path, waiting: Waiting) -> None:
    for name in waiting.left_out:
        (project / name).unlink()
    scripts = {path: path.read_text(encoding="utf-8") for path in project.glob("*.braid")}
    for pattern, text in waiting.stand_ins:
        changed = {path: re.sub(pattern, text, script) for path, script in scripts.items()}
        case.expect(changed != scripts, f"`{pattern}` stands in no script")
        scripts = changed
    for path, script in scripts.items():
        path.write_text(script, encoding="utf-8")


def run_scenario(case: Case, name: str) -> None:
    project = case.directory / name
    shutil.copytree(SOURCE / "examples" / name, project, ignore=shutil.ignore_patterns("store"))
    waiting = WAITS.get(name)
    if waiting:
        refused = case.braid("check", project, code=None)
        errors = {code for code in refused.codes if code.startswith("E")}
        case.expect(refused.code == SCRIPT and errors == {"E5001"},
                    f"it waits for {waiting.constructs} by the table WAITS; delete its entry if that runs: {refused}")
        case.note(f"waits for {waiting.constructs}")
        if not waiting.stand_ins:
            return
        stand_in(case, project, waiting)
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
