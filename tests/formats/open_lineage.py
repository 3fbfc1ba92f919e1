#!/usr/bin/env python3
"""`braid lineage --format openlineage` and the events of running jobs against the specification's own JSON schemas, and what braid.toml says of labels.

    open_lineage.py BRAID [--only NAME] [--keep]

The schemas are those of https://openlineage.io/spec. BRAID_OPENLINEAGE_SPEC names a folder that holds them (`spec` of the
repository OpenLineage/OpenLineage); without it they are asked for over the network.
"""
import functools
import json
import os
import pathlib
import signal
import sys
import time
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
from receiver import Receiver

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
    versions = {"OpenLineage.json": "2-0-2", "facets/SchemaDatasetFacet.json": "1-2-0", "facets/JobTypeJobFacet.json": "2-0-4",
                "facets/ColumnLineageDatasetFacet.json": "1-2-0", "facets/TagsDatasetFacet.json": "1-0-0",
                "facets/SourceCodeJobFacet.json": "1-0-1", "facets/SourceCodeLocationJobFacet.json": "1-1-0",
                "facets/ErrorMessageRunFacet.json": "1-0-1", "facets/ProcessingEngineRunFacet.json": "1-1-1",
                "facets/OutputStatisticsOutputDatasetFacet.json": "1-0-2"}
    folder = os.environ.get("BRAID_OPENLINEAGE_SPEC")
    found = {}
    for name in versions:
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


def validator(reference: str, formats: bool = False):
    registry = referencing.Registry().with_resources(
        (uri, referencing.Resource.from_contents(schema)) for uri, schema in schemas().items())
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER if formats else None
    return jsonschema.Draft202012Validator({"$ref": reference}, registry=registry, format_checker=checker)


def facets_of(event: dict) -> list:
    found = list(event["job"]["facets"].values()) + list(event.get("run", {}).get("facets", {}).values())
    for dataset in event["inputs"] + event["outputs"]:
        found += [*dataset["facets"].values(), *dataset.get("outputFacets", {}).values()]
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


RUN_SCRIPTS = {"shop.braid": """domain shop

stream payment
  time at within 10s
  from file "payment.ndjson" format json
{ id: int, card: string, amount: decimal(12,2), at: timestamp }

product paid version 1
  allow read to domain report
  mask card with x => x.right(4)
{
  from payment
}
""", "report.braid": """domain report

product seen version 1 {
  from shop.paid
  select { id, ending: f"card {card}", amount, at }
}
"""}
RUN_CONFIG = """[project]
name = "shop"
[env.dev.lineage]
to = "%s"
every = "1s"
%s"""


def payments(folder: pathlib.Path, begin: int, end: int) -> None:
    with (folder / "payment.ndjson").open("a", encoding="utf-8") as grown:
        for i in range(begin, end):
            grown.write(json.dumps({"id": i, "card": f"4000{i:04}", "amount": "1.50", "at": f"2026-01-01T00:{i // 60:02}:{i % 60:02}Z"})
                        + "\n")


def running(case: Case, to: str, more: str = "") -> pathlib.Path:
    for name, text in RUN_SCRIPTS.items():
        (case.directory / name).write_text(text, encoding="utf-8")
    (case.directory / "braid.toml").write_text(RUN_CONFIG % (to, more), encoding="utf-8")
    return case.directory


def pass_the_schemas(case: Case, events: list) -> None:
    for event in events:
        case.expect(event["schemaURL"] == BASE + ROOT + "#/$defs/RunEvent", event["schemaURL"])
        for reference, value in [(event["schemaURL"], event)] + [(facet["_schemaURL"], facet) for facet in facets_of(event)]:
            problems = [error.message for error in validator(reference, formats=True).iter_errors(value)]
            case.expect(not problems, f"{event['eventType']} of {event['job']['name']}, {reference}: {problems}")


def by_job(events: list) -> dict:
    found = {}
    for event in events:
        found.setdefault(event["job"]["name"], []).append(event)
    return found


def rows(event: dict) -> int:
    return event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"]


def runs_to_the_end_are_told(case: Case) -> None:
    folder = running(case, "file:told/lineage.ndjson")
    payments(folder, 0, 100)
    case.braid("run", folder, code=DONE)
    events = [json.loads(line) for line in (folder / "told/lineage.ndjson").read_text(encoding="utf-8").splitlines()]
    jobs = by_job(events)
    case.expect(set(jobs) == {"shop.paid.v1", "report.seen.v1"}, f"{set(jobs)}")
    for name, told in jobs.items():
        types = [event["eventType"] for event in told]
        case.expect(types[0] == "START" and types[-1] == "COMPLETE" and set(types[1:-1]) <= {"RUNNING"}, f"{name}: {types}")
        case.expect(len({event["run"]["runId"] for event in told}) == 1, f"{name}: several runs")
        case.expect(rows(told[-1]) == 100, f"{name}: {rows(told[-1])} rows")
        facets = told[0]["job"]["facets"]
        case.expect(facets["jobType"]["processingType"] == "BATCH", f"{facets['jobType']}")
        script = folder / (name.split(".")[0] + ".braid")
        case.expect(facets["sourceCode"]["sourceCode"] == script.read_text(encoding="utf-8"), "another script")
        case.expect(facets["sourceCodeLocation"]["url"] == script.resolve().as_uri(), facets["sourceCodeLocation"]["url"])
    masked = {(name, field, each["masking"])
              for name, told in jobs.items()
              for field, made in told[0]["outputs"][0]["facets"]["columnLineage"]["fields"].items()
              for entry in made["inputFields"] for each in entry["transformations"] if each["type"] == "DIRECT"}
    case.expect(masked == {("shop.paid.v1", "id", False), ("shop.paid.v1", "card", True), ("shop.paid.v1", "amount", False),
                           ("shop.paid.v1", "at", False), ("report.seen.v1", "id", False), ("report.seen.v1", "ending", True),
                           ("report.seen.v1", "amount", False), ("report.seen.v1", "at", False)}, f"{masked}")
    # What has ended is another run from then on.
    before = {event["run"]["runId"] for event in events}
    payments(folder, 100, 110)
    case.braid("run", folder, code=DONE)
    lines = (folder / "told/lineage.ndjson").read_text(encoding="utf-8").splitlines()[len(events):]
    again = [json.loads(line) for line in lines]
    case.expect(not before & {event["run"]["runId"] for event in again}, "a run that has ended goes on")
    case.expect(again[0]["eventType"] == "START", again[0]["eventType"])
    pass_the_schemas(case, events + again)


class Events(Receiver):
    """As a server of OpenLineage takes them."""

    def events(self, kind: str = "") -> list:
        return [event for event in self.bodies() if kind in event["eventType"]]

    def wait(self, case: Case, holds, what: str) -> None:
        until = time.monotonic() + 60
        while not holds(self):
            case.expect(time.monotonic() < until, f"{what}: {[event['eventType'] for event in self.events()]}")
            time.sleep(0.1)


def a_job_that_runs_is_told(case: Case) -> None:
    """It is killed, goes on as the same run, and is stopped; the server is busy at first."""
    receiver = Events(refuse=2, takes=201)
    folder = running(case, f"http://127.0.0.1:{receiver.server_address[1]}", 'token = "env:LINEAGE_TOKEN"\n')
    payments(folder, 0, 50)

    def job():
        return case.start("run", folder, "--follow", environment={"LINEAGE_TOKEN": "s3cret"})

    process = job()
    receiver.wait(case, lambda it: sum(rows(event) for event in it.events("RUNNING") if event["job"]["name"] == "shop.paid.v1") > 0
                  or len(it.events("RUNNING")) >= 4, "no event while it runs")
    process.kill()
    process.wait()
    seen = len(receiver.events())
    payments(folder, 50, 80)
    process = job()
    receiver.wait(case, lambda it: len(it.events()) >= seen + 4, "nothing behind the restart")
    process.send_signal(signal.SIGTERM)
    case.expect(process.wait(60) == DONE, "it did not stop")
    with receiver.lock:
        told = {(path, headers["Authorization"]) for path, headers, _ in receiver.requests}
        case.expect(told == {("/api/v1/lineage", "Bearer s3cret")}, f"{told}")
    for name, told in by_job(receiver.events()).items():
        types = [event["eventType"] for event in told]
        case.expect(types[0] == "START" and types[-1] == "ABORT" and set(types[1:-1]) == {"RUNNING"}, f"{name}: {types}")
        case.expect(len({event["run"]["runId"] for event in told}) == 1, f"{name}: a restart is another run")
        case.expect(told[0]["job"]["facets"]["jobType"]["emissionPattern"]["windowDuration"] == 1, "no window")
    pass_the_schemas(case, receiver.events())


def a_job_runs_where_nobody_takes_events(case: Case) -> None:
    folder = running(case, "http://127.0.0.1:9")
    payments(folder, 0, 10)
    process = case.start("run", folder, "--follow")
    out = folder / "data/out/shop.paid.v1.ndjson"
    until = time.monotonic() + 60
    while not out.exists() or len(out.read_text(encoding="utf-8").splitlines()) < 10:
        case.expect(time.monotonic() < until and process.poll() is None, "the job waits for the receiver")
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    ended = case.ended(process)
    case.expect(ended.code == DONE and "W7314" in ended.codes, f"{ended}")


def settings_are_checked(case: Case) -> None:
    folder = running(case, "ftp://x")
    case.braid("check", folder, code=USAGE, finding="E7017")
    running(case, "http://user:secret@x")
    case.braid("check", folder, code=USAGE, finding="E7017")
    running(case, "file:x.ndjson", 'token = "s3cret"\n')
    ended = case.braid("check", folder, code=USAGE, finding="E7042")
    case.expect("s3cret" not in ended.err, f"{ended}")
    running(case, "file:x.ndjson", 'topic = "x"\n')
    case.braid("check", folder, code=USAGE, finding="E7004")


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
                        labels_are_declared, runs_to_the_end_are_told, a_job_that_runs_is_told,
                        a_job_runs_where_nobody_takes_events, settings_are_checked])
