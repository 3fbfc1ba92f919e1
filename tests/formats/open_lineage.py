#!/usr/bin/env python3
"""`braid lineage --format openlineage` against the specification's own JSON schemas, and what braid.toml says of labels.

    open_lineage.py BRAID [--only NAME] [--keep]

The schemas are those of https://openlineage.io/spec. BRAID_OPENLINEAGE_SPEC names a folder that holds them (`spec` of the
repository OpenLineage/OpenLineage); without it they are asked for over the network.
"""
import functools
import json
import os
import pathlib
import sys
import urllib.request
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import oracle_packages

oracle_packages.run_with({"jsonschema": "jsonschema", "referencing": "referencing"})

import jsonschema
import referencing
import braid_command
from braid_command import DONE, SCRIPT, USAGE, Case, Skipped

BASE = "https://openlineage.io/spec/"
ROOT = "2-0-2/OpenLineage.json"

SCRIPT_TEXT = """domain shop

public stream payment
  time at within 10s
  from topic "shop.payment.v1" format json
{
  /// Who paid.
  customer_id: int,
  amount: decimal(12,2),
  card: { number: string #pii #card, network: string },
  at: timestamp,
}

table customer
  key id
  time updated_at within 1m
{ id: int, email: string #pii, segment: string?, updated_at: timestamp }

view enriched {
  from payment
  join customer as c on c.id == customer_id
  let segment = c.segment ?? "unknown"
}

product paid version 2
  key customer_id
{
  from enriched
  where amount > 0
  select { customer_id, amount, segment, mail: c.email.lower(), ending: card.number.right(4), at }
}

product spend version 1
  key segment, window.start
{
  from enriched
  window tumbling 1m
  group segment { total: sum(amount), buyers: count_distinct(c.email), newest: last(c.email) }
}
"""
CONFIG = """[project]
name = "shop"
[labels]
pii = "tells who somebody is"
card = "numbers of cards"
[env.prod]
brokers = "broker1:9092,broker2:9092"
[env.dev.bind]
"shop.payment" = { file = "payment.ndjson" }
"""


@functools.cache
def schemas() -> dict:
    """By their $id."""
    names = ["OpenLineage.json", "facets/SchemaDatasetFacet.json", "facets/ColumnLineageDatasetFacet.json",
             "facets/JobTypeJobFacet.json", "facets/TagsDatasetFacet.json"]
    versions = {"OpenLineage.json": "2-0-2", "facets/SchemaDatasetFacet.json": "1-2-0", "facets/JobTypeJobFacet.json": "2-0-4",
                "facets/ColumnLineageDatasetFacet.json": "1-2-0", "facets/TagsDatasetFacet.json": "1-0-0"}
    folder = os.environ.get("BRAID_OPENLINEAGE_SPEC")
    found = {}
    for name in names:
        try:
            if folder:
                text = (pathlib.Path(folder) / name).read_text(encoding="utf-8")
            else:
                place = name.replace("facets/", f"facets/{versions[name]}/") if "/" in name else f"{versions[name]}/{name}"
                with urllib.request.urlopen(BASE + place, timeout=20) as answer:
                    text = answer.read().decode("utf-8")
        except (OSError, ValueError) as problem:
            raise Skipped(f"the schemas of OpenLineage cannot be had: {problem}") from None
        schema = json.loads(text)
        found[schema["$id"]] = schema
    return found


def project(case: Case) -> pathlib.Path:
    (case.directory / "shop.braid").write_text(SCRIPT_TEXT, encoding="utf-8")
    (case.directory / "braid.toml").write_text(CONFIG, encoding="utf-8")
    return case.directory


def event_of(case: Case, name: str, *options: str) -> dict:
    done = case.braid("lineage", name, project(case), "--format", "openlineage", *options, code=DONE)
    return json.loads(done.out)


def validator(reference: str):
    registry = referencing.Registry().with_resources(
        (uri, referencing.Resource.from_contents(schema)) for uri, schema in schemas().items())
    return jsonschema.Draft202012Validator({"$ref": reference}, registry=registry)


def facets_of(event: dict) -> list:
    found = list(event["job"]["facets"].values())
    for dataset in event["inputs"] + event["outputs"]:
        found += dataset["facets"].values()
    return found


def events_pass_the_schemas(case: Case) -> None:
    for name in ["paid", "shop.spend"]:
        event = event_of(case, name, "--env", "prod")
        # The root takes any event; the kind that it says it is has to fit.
        case.expect(event["schemaURL"] == BASE + ROOT + "#/$defs/JobEvent", event["schemaURL"])
        problems = [error.message for error in validator(event["schemaURL"]).iter_errors(event)]
        case.expect(not problems, f"{name}: {problems}")
        facets = facets_of(event)
        case.expect(len(facets) >= 5, f"{len(facets)} facets")
        for facet in facets:
            problems = [error.message for error in validator(facet["_schemaURL"]).iter_errors(facet)]
            case.expect(not problems, f"{name}, {facet['_schemaURL']}: {problems}")


def the_schemas_are_asked(case: Case) -> None:
    """A schema that is never looked at would take anything."""
    event = event_of(case, "paid", "--env", "prod")
    del event["job"]["namespace"]
    case.expect(any(validator(event["schemaURL"]).iter_errors(event)), "an event without its job's namespace passes")
    facet = event["outputs"][0]["facets"]["columnLineage"]
    del facet["fields"]
    case.expect(any(validator(facet["_schemaURL"]).iter_errors(facet)), "a columnLineage without fields passes")


def kinds(event: dict, field: str) -> set:
    lineage = event["outputs"][0]["facets"]["columnLineage"]["fields"][field]["inputFields"]
    return {(entry["name"], entry["field"], each["type"], each["subtype"])
            for entry in lineage for each in entry["transformations"]}


def lineage_says_what_the_script_says(case: Case) -> None:
    event = event_of(case, "paid", "--env", "prod")
    case.expect([dataset["name"] for dataset in event["inputs"]] == ["shop.payment.v1", "shop.customer.v1"], event["inputs"])
    case.expect(event["outputs"][0]["name"] == "shop.paid.v2", event["outputs"][0]["name"])
    case.expect(event["outputs"][0]["namespace"] == "kafka://broker1:9092", event["outputs"][0]["namespace"])
    case.expect(kinds(event, "customer_id") == {("shop.payment.v1", "customer_id", "DIRECT", "IDENTITY")},
                kinds(event, "customer_id"))
    case.expect(kinds(event, "mail") == {("shop.customer.v1", "email", "DIRECT", "TRANSFORMATION")}, kinds(event, "mail"))
    case.expect(kinds(event, "ending") == {("shop.payment.v1", "card.number", "DIRECT", "TRANSFORMATION")},
                kinds(event, "ending"))
    tags = {(tag["field"], tag["key"]) for tag in event["outputs"][0]["facets"]["tags"]["tags"]}
    case.expect(tags == {("mail", "pii"), ("ending", "pii"), ("ending", "card")}, tags)
    rows = {(entry["field"], entry["transformations"][0]["subtype"])
            for entry in event["outputs"][0]["facets"]["columnLineage"]["dataset"]}
    case.expect({("customer_id", "JOIN"), ("id", "JOIN"), ("amount", "FILTER")} <= rows, rows)
    first = event["inputs"][0]["facets"]["schema"]["fields"][0]
    case.expect(first["name"] == "customer_id" and first["description"] == "Who paid.", first)
    spend = event_of(case, "spend", "--env", "dev")
    case.expect(spend["inputs"][0]["namespace"] == "file" and spend["inputs"][0]["name"].endswith("payment.ndjson"), spend["inputs"])
    case.expect(kinds(spend, "total") == {(spend["inputs"][0]["name"], "amount", "DIRECT", "AGGREGATION")}, kinds(spend, "total"))
    tagged = {tag["field"] for tag in spend["outputs"][0]["facets"]["tags"]["tags"]}
    case.expect(tagged == {"newest"}, f"counts drop labels: {tagged}")


def down_names_all_that_is_reached(case: Case) -> None:
    done = case.braid("lineage", "customer.email", project(case), "--down", "--format", "json", code=DONE)
    found = json.loads(done.out)
    reached = {(each["relation"], each["field"]) for each in found["reaches"]}
    case.expect({("shop.paid", "mail"), ("shop.spend", "buyers"), ("shop.spend", "newest")} <= reached, reached)
    case.expect([each["name"] for each in found["products"]] == ["shop.paid", "shop.spend"], found["products"])
    case.expect(found["labels"] == ["pii"], found["labels"])


SPEND_SCRIPT = """domain shop

stream payment
  time at within 10s
{ id: int, customer_id: int, amount: decimal(12,2), status: enum { authorised, captured }, at: timestamp }

table customer
  key id
  time updated_at within 1m
{ id: int, segment: string?, updated_at: timestamp }

view enriched {
  from payment
  where status == "captured"
  join customer as c on c.id == customer_id
  select { at, amount, segment: c.segment ?? "unknown" }
}

product segment_spend version 1
  key segment, window.start
{
  from enriched
  window tumbling 1m
  group segment { total: sum(amount) }
}
"""
SPEND_TEXT = """product shop.segment_spend version 1
  segment: string
    IDENTITY        shop.enriched.segment
      TRANSFORMATION  shop.customer.segment
  total: decimal(38,2)
    AGGREGATION     shop.enriched.amount
      IDENTITY        shop.payment.amount
  window.start: timestamp
    TRANSFORMATION  shop.enriched.at
      IDENTITY        shop.payment.at
  window.end: timestamp
    TRANSFORMATION  shop.enriched.at
      IDENTITY        shop.payment.at
  which rows
    JOIN            shop.payment.customer_id, shop.payment.at, shop.customer.id, shop.customer.updated_at
    FILTER          shop.payment.status
    GROUP_BY        shop.customer.id, shop.customer.segment
    SORT            shop.customer.updated_at
    WINDOW          shop.payment.at
    CONDITIONAL     shop.payment.amount
"""
SPEND_DOT = """  r0:f0 -> r1:f0 [color="#2f6f4f" tooltip="IDENTITY"]
  r1:f0 -> r2:f0 [color="#6a3fa0" tooltip="AGGREGATION"]
}
"""


def text_and_pictures_are_as_shown(case: Case) -> None:
    """docs/mesh/lineage.md has this text."""
    script = case.directory / "spend.braid"
    script.write_text(SPEND_SCRIPT, encoding="utf-8")
    shown = case.braid("lineage", "segment_spend", script).out
    case.expect(shown == SPEND_TEXT, shown)
    page = (braid_command.SOURCE / "docs/mesh/lineage.md").read_text(encoding="utf-8")
    case.expect(SPEND_TEXT in page, "the page shows another text")
    dot = case.braid("lineage", "payment.amount", script, "--down", "--format", "dot").out
    case.expect(dot.startswith("digraph lineage {\n") and dot.endswith(SPEND_DOT), dot)
    svg = case.braid("lineage", "segment_spend.total", script, "--format", "svg").out
    drawn = xml.etree.ElementTree.fromstring(svg)
    curves = [path for path in drawn if path.tag.endswith("path")]
    case.expect(len(curves) == 2 and "shop.payment.amount" in svg, svg)


def names_that_are_not_there(case: Case) -> None:
    folder = project(case)
    case.braid("lineage", "shop.spnd", folder, code=USAGE, finding="E7070")
    case.braid("lineage", "spend.totl", folder, code=USAGE, finding="E7400")
    case.braid("lineage", "spend.total", folder, "--format", "openlineage", code=USAGE, finding="E7401")
    case.braid("lineage", "customer", folder, "--format", "openlineage", code=USAGE, finding="E7401")


def labels_are_declared(case: Case) -> None:
    folder = project(case)
    case.braid("check", folder, code=DONE)
    (folder / "shop.braid").write_text(SCRIPT_TEXT.replace("email: string #pii", "email: string #pi"), encoding="utf-8")
    case.braid("check", folder, code=SCRIPT, finding="E5440")
    (folder / "braid.toml").write_text('[project]\nname = "shop"\n', encoding="utf-8")
    case.braid("check", folder, code=DONE)


if __name__ == "__main__":
    braid_command.main([events_pass_the_schemas, the_schemas_are_asked, lineage_says_what_the_script_says,
                        down_names_all_that_is_reached, text_and_pictures_are_as_shown, names_that_are_not_there,
                        labels_are_declared])
