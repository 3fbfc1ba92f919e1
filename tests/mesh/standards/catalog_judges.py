#!/usr/bin/env python3
"""Files for AsyncAPI, Backstage and dbt, judged by their own programs: the JSON Schema of @asyncapi/specs, the validators of
@backstage/catalog-model, and `dbt parse`.

    catalog_judges.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parents[1]
BUILD = TESTS.parent / "build"
NPM = {"@asyncapi/specs": "6.11.1", "@backstage/catalog-model": "1.10.3"}
sys.path.insert(0, str(TESTS))
sys.path.insert(0, str(TESTS / "cli"))
import python_packages

python_packages.run_with(BUILD / "catalog_judges", ["dbt-core==1.10.15", "dbt-duckdb==1.9.6", "jsonschema", "pyyaml"])

import jsonschema
import yaml
import braid_command
from braid_command import Case
from contracts import EXPORTS

# Reads entities from standard input, and ends with 1 if its kind's validator refuses one.
VALIDATE = """
const model = require('@backstage/catalog-model');
const validators = {Resource: model.resourceEntityV1alpha1Validator, System: model.systemEntityV1alpha1Validator};
const check = async entity => {
  await model.entityEnvelopeSchemaValidator()(entity);
  await new model.FieldFormatEntityPolicy().enforce(entity);
  if (!await validators[entity.kind].check(entity)) throw new Error('no such apiVersion');
};
Promise.all(JSON.parse(require('fs').readFileSync(0)).map(check)).catch(e => { console.log(e.message); process.exit(1); });
"""


def node_modules() -> pathlib.Path:
    """The folder of the packages, which is made if need be. Ends the process with code 77 if they cannot be had."""
    folder = BUILD / "catalog_judges_npm"
    wanted = json.dumps({"dependencies": NPM, "private": True})
    stamp = folder / ".complete"
    if not stamp.is_file() or stamp.read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(wanted)
        npm = shutil.which("npm")
        if npm is None or subprocess.run([npm, "install", "--silent", "--no-fund", "--no-audit"], cwd=folder).returncode != 0:
            print("skipped: @asyncapi/specs cannot be had from npm", file=sys.stderr)
            sys.exit(python_packages.SKIPPED)
        stamp.write_text(wanted)
    return folder


def exported(case: Case, ending: str) -> dict:
    """Text by name of the file."""
    if not (case.directory / "shop").is_dir():
        shutil.copytree(HERE / "shop", case.directory / "shop")
    return {name: case.braid("contract", "export", *words).out for name, words in EXPORTS.items() if name.endswith(ending)}


def narrowest(error):
    """Of the ways in which a document may be right: what is wrong with the nearest one."""
    while error.context:
        error = max(error.context, key=lambda each: len(each.absolute_path))
    return error


def asyncapi_is_right(case: Case) -> None:
    schema = json.loads((node_modules() / "node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json").read_text())
    judge = jsonschema.Draft7Validator(schema)
    documents = {name: yaml.safe_load(text) for name, text in exported(case, ".asyncapi.yaml").items()}
    case.expect(len(documents) > 1, f"{documents}")
    for name, document in documents.items():
        found = [f"{each.json_path}: {each.message[:200]}" for each in map(narrowest, judge.iter_errors(document))]
        case.expect(not found, f"{name}: {found}")
        for operation in document["operations"].values():
            key = operation["channel"]["$ref"].removeprefix("#/channels/")
            message = document["channels"][key]["messages"]["row"]["$ref"].removeprefix("#/components/messages/")
            case.expect(message in document["components"]["messages"], f"{name}: {operation}")
    document["operations"]["wrong"] = {"action": "publish"}
    case.expect(any(judge.iter_errors(document)), "a wrong document was taken")


def backstage_is_right(case: Case) -> None:
    def judge(entities: list) -> subprocess.CompletedProcess:
        return subprocess.run(["node", "-e", VALIDATE], input=json.dumps(entities), cwd=node_modules(), text=True,
                              capture_output=True, timeout=60)

    for name, text in exported(case, ".backstage.yaml").items():
        entities = [entity for entity in yaml.safe_load_all(text) if entity]
        told = judge(entities)
        case.expect(len(entities) > 1 and told.returncode == 0, f"{name}: {told.stdout}{told.stderr}")
        entities[-1]["metadata"]["name"] = "no name of Backstage"
        case.expect(judge(entities).returncode == 1, "a wrong entity was taken")


def dbt_reads_it(case: Case) -> None:
    project = case.directory / "dbt"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: judge\nversion: '1.0.0'\nprofile: judge\nmodel-paths: [models]\n")
    (project / "profiles.yml").write_text("judge: {target: t, outputs: {t: {type: duckdb, path: ':memory:'}}}\n")
    for name, text in exported(case, ".dbt.yaml").items():
        (project / "models" / name.replace(".dbt.yaml", ".yml")).write_text(text)
        (project / "models/one.sql").write_text("select * from {{ source('shop', 'sold_v2') }}")
        command = [pathlib.Path(sys.executable).parent / "dbt", "parse", "--profiles-dir", ".", "--no-partial-parse"]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=300)
        case.expect(done.returncode == 0 and "deprecat" not in done.stdout.lower(), f"{name}: {done.stdout}{done.stderr}")
        manifest = json.loads((project / "target/manifest.json").read_text())
        source = manifest["sources"]["source.judge.shop.sold_v2"]
        case.expect(source["freshness"]["error_after"] == {"count": 5, "period": "minute"}, f"{source}")
        case.expect(source["loaded_at_field"] == "at" and source["meta"]["urn"].endswith(":shop:sold:2"), f"{source}")
        (project / "models" / name.replace(".dbt.yaml", ".yml")).unlink()


if __name__ == "__main__":
    braid_command.main([asyncapi_is_right, backstage_is_right, dbt_reads_it])
