#!/usr/bin/env python3
"""Documents that the command exports, judged by other programs: datacontract-cli for contracts of the ODCS, and the JSON
Schemas of the standards, as datacontract-cli and dataproduct-cli carry them.

    judges.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parents[1]
sys.path.insert(0, str(TESTS))
sys.path.insert(0, str(TESTS / "cli"))
import python_packages

python_packages.run_with(TESTS.parent / "build/contract_judges",
                         ["datacontract-cli==1.2.8", "dataproduct-cli==0.3.2", "jsonschema", "pyyaml"])

import importlib.util

import jsonschema
import yaml
import braid_command
from braid_command import Case
from contracts import CONTRACTS, EXPORTS, a_round_trip_keeps_the_rest


def schema_of(package: str, name: str) -> dict:
    folder = pathlib.Path(importlib.util.find_spec(package).origin).parent
    return json.loads((folder / "schemas" / name).read_text())


def faults(document: dict, package: str, name: str) -> list:
    validator = jsonschema.Draft201909Validator(schema_of(package, name))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def lint(case: Case, path: pathlib.Path) -> None:
    command = pathlib.Path(sys.executable).parent / "datacontract"
    done = subprocess.run([command, "lint", path], capture_output=True, text=True, timeout=120)
    case.expect(done.returncode == 0, f"datacontract lint {path.name}:\n{done.stdout}{done.stderr}")


def judge(case: Case, path: pathlib.Path) -> None:
    document = yaml.safe_load(path.read_text())
    if document["kind"] == "DataProduct":
        found = faults(document, "dataproduct", "odps-1.0.0.schema.json")
    else:
        found = faults(document, "datacontract", f"odcs-{document['apiVersion'].lstrip('v')}.schema.json")
        lint(case, path)
    case.expect(not found, f"{path.name}: {found}")


def the_judges_refuse(case: Case) -> None:
    """A judge that takes everything would be none."""
    document = yaml.safe_load((HERE / "expected/sold.odcs.yaml").read_text())
    document["schema"][0]["properties"][0]["logicalType"] = "varchar"
    case.expect(len(faults(document, "datacontract", "odcs-3.1.0.schema.json")) > 0, "a wrong contract was taken")
    document = yaml.safe_load((HERE / "expected/sold.odps.yaml").read_text())
    del document["outputPorts"][0]["version"]
    case.expect(len(faults(document, "dataproduct", "odps-1.0.0.schema.json")) > 0, "a wrong product was taken")


def contracts_of_the_tests_are_right(case: Case) -> None:
    for contract in CONTRACTS:
        lint(case, contract)


def exports_are_right(case: Case) -> None:
    shutil.copytree(HERE / "shop", case.directory / "shop")
    for name, words in EXPORTS.items():
        if not name.endswith((".odcs.yaml", ".odps.yaml")):
            continue  # catalog_judges.py
        path = case.directory / name
        path.write_text(case.braid("contract", "export", *words).out)
        judge(case, path)


def exports_over_files_are_right(case: Case) -> None:
    """Of a file that was there, with parts of its own."""
    shutil.copytree(HERE / "shop", case.directory / "shop")
    for contract, product in (("customers.odcs.yaml", "tbl_customer"), ("sensors.odcs.yaml", "reading"),
                              ("orders_enriched.odcs.yaml", "orders_enriched"), ("shop.odcs.json", "orders")):
        script = case.directory / "shop" / f"{product}.braid"
        script.write_text(f"domain other\n\nproduct {product} version 1\n  contract {{ unique id within 1h }}\n{{ from shop.order }}\n")
        (case.directory / "shop/shop.braid").write_text((HERE / "shop/shop.braid").read_text())
        path = case.directory / f"{product}.odcs.yaml"
        path.write_text(case.braid("contract", "export", f"other.{product}", "shop", "--over", HERE / "contracts" / contract).out)
        judge(case, path)
        script.unlink()


if __name__ == "__main__":
    braid_command.main([the_judges_refuse, contracts_of_the_tests_are_right, exports_are_right,
                        exports_over_files_are_right, a_round_trip_keeps_the_rest])
