#!/usr/bin/env python3
"""What a running job shows: metrics, probes and its status over HTTP, `braid status`, and the structured log.

    operations.py BRAID [--only NAME] [--seed N] [--keep]
"""
import http.client
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import DONE, SOURCE, STORE, USAGE, Case, tree
from receiver import Receiver

SCRIPT = """domain d

stream s
  time at within 1h
{ a: int, at: timestamp }

product hourly {
  from s
  window tumbling 1h
  group { n: count(), total: sum(a) }
}

product big
  contract {
    check a_known: a < 110 else alert
  }
{
  from s
  where a >= 10
  select { a, at }
}
"""
TOML = """[project]
name = "shop"
[env.dev.bind]
"d.s" = { file = "in/*.ndjson" }
"""


WATERMARK = 1767232740 - 3600  # the last record's time, less `within`


class Shop:
    """A project with two partitions: 240 records, of which 20 are filtered by `big` and 2 are broken."""

    def __init__(self, case: Case, toml: str = TOML):
        self.case = case
        self.folder = case.directory / "shop"
        (self.folder / "in").mkdir(parents=True)
        (self.folder / "main.braid").write_text(SCRIPT)
        (self.folder / "braid.toml").write_text(toml)
        for part in range(2):
            lines = [f'{{"a":{i},"at":"2026-01-01T{i // 60:02}:{i % 60:02}:00Z"}}' for i in range(120)]
            lines[50] = "{broken"
            (self.folder / f"in/{part}.ndjson").write_text("\n".join(lines) + "\n")
        self.store = self.folder / "data"

    def run(self, *words, **options):
        return self.case.braid("run", self.folder, *words, **options)

    def status(self, *words, **options):
        return self.case.braid("status", self.folder, *words, **options)


class Job:
    """A job that follows its inputs and listens; ended at the end of the block."""

    def __init__(self, shop: Shop, *words, ready=True):
        self.case, self.shop = shop.case, shop
        self.process = self.case.start("run", shop.folder, "--follow", "--listen", "127.0.0.1:0", *words)
        self.lines = []
        self.address = None
        while self.address is None:
            line = self.process.stderr.readline()
            self.lines.append(line)
            self.case.expect(line != "", f"the job does not listen: {self.lines}")
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            self.address = ("127.0.0.1", int(found[1])) if found and "listening" in line else None
        if ready:
            self.wait(lambda: self.get("/readyz").status == 200, "the job does not get ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def get(self, path, method="GET", **headers):
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    def raw(self, data: bytes) -> bytes:
        """What comes back until the server closes."""
        with socket.create_connection(self.address, timeout=20) as link:
            link.sendall(data)
            got = b""
            while part := link.recv(65536):
                got += part
            return got

    def wait(self, holds, text: str, seconds=60):
        end = time.monotonic() + seconds
        while not holds():
            self.case.expect(time.monotonic() < end and self.process.poll() is None, text)
            time.sleep(0.02)

    def wait_for_events(self, count: int):
        self.wait(lambda: json.loads(self.get("/status").text).get("events") == count, f"no {count} events")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=60)
        self.case.expect(self.process.returncode == DONE, f"exit code {self.process.returncode}: {out}{err}")
        return out, "".join(self.lines) + err


def samples(text: str) -> dict:
    """The value of each sample, by name and labels as they stand there."""
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if
            line and not line.startswith("#")}


def families(text: str) -> dict:
    """The type of each family."""
    return dict(re.findall(r"(?m)^# TYPE (\S+) (\S+)$", text))


def documented() -> dict:
    """The type of each metric in the tables of docs/operations/metrics.md."""
    page = (SOURCE / "docs/operations/metrics.md").read_text()
    return dict(re.findall(r"(?m)^\| `([a-z_]+)[^`]*` \| (counter|gauge|histogram) \|", page))


def metrics_say_what_the_job_does(case: Case) -> None:
    shop = Shop(case)
    with Job(shop) as job:
        job.wait_for_events(240)
        big_bytes = 'braid_output_bytes_total{product="d.big",version="1"}'
        job.wait(lambda: samples(job.get("/metrics").text)[big_bytes] > 0, "no commit")
        answer = job.get("/metrics")
        case.expect(answer.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8",
                    answer.getheader("Content-Type"))
        found = samples(answer.text)
        big = 'product="d.big",version="1",input="d.s"'
        for name, value in {
            'braid_source_records_total{source="d.s",partition="in/0.ndjson"}': 120,
            'braid_source_bytes_total{source="d.s",partition="in/0.ndjson"}':
                (shop.folder / "in/0.ndjson").stat().st_size,
            'braid_source_lag_bytes{source="d.s",partition="in/0.ndjson"}': 0,
            'braid_source_partitions{source="d.s",state="active"}': 2,
            f"braid_product_records_in_total{{{big}}}": 240,
            f'braid_product_records_total{{{big},outcome="filtered"}}': 20,
            f'braid_product_records_total{{{big},outcome="rejected"}}': 2,
            f'braid_product_records_total{{{big},outcome="used"}}': 218,
            'braid_output_rows_total{product="d.big",version="1"}': 218,
            big_bytes: (shop.store / "out/d.big.v1.ndjson").stat().st_size,
            'braid_output_rows_total{product="d.big",version="1",port="rejected"}': 2,
            'braid_product_alerts_total{product="d.big",version="1"}': 20,
            'braid_output_rows_total{product="d.big",version="1",port="alerts"}': 20,
            "braid_accounting_deviation_records": 0,
            'braid_job_phase{phase="running"}': 1,
            'braid_job_info{job="shop",environment="dev"}': 1,
            'braid_source_watermark_timestamp_seconds{source="d.s"}': WATERMARK,
            'process_open_fds': found["process_open_fds"],
        }.items():
            case.expect(found.get(name) == value, f"{name} is {found.get(name)}, not {value}")
        delay = found['braid_source_watermark_delay_seconds{source="d.s"}']
        case.expect(abs(delay - (time.time() - WATERMARK)) < 60, f"delay {delay}")
        case.expect(abs(found["process_start_time_seconds"] - time.time()) < 120, "start time")
        case.expect(found["process_resident_memory_bytes"] > 1e6 and found["process_cpu_seconds_total"] > 0, "process")
        # A file that grows: what has not been read is the lag, and is read.
        with (shop.folder / "in/0.ndjson").open("a") as grown:
            grown.write('{"a":500,"at":"2026-01-01T02:00:00Z"}\n{"a":')
        job.wait_for_events(241)
        job.wait(lambda: samples(job.get("/metrics").text)[
                     'braid_source_lag_bytes{source="d.s",partition="in/0.ndjson"}'] == 5, "the rest is no lag")


def promises_are_watched(case: Case) -> None:
    shop = Shop(case)
    (shop.folder / "main.braid").write_text("""domain d

stream s
  time at within 0s
  idle never
{ a: int, at: timestamp }

product newest
  contract { fresh within 3s }
{
  from s
}
""")
    for file in (shop.folder / "in").iterdir():
        file.unlink()

    def write(age: float) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))
        with (shop.folder / "in/0.ndjson").open("a") as grown:
            grown.write(f'{{"a":1,"at":"{at}"}}\n')

    write(0)
    labels = '{product="d.newest",version="1",promise="fresh within 3s"}'
    with Job(shop, "--log", "json") as job:
        breached = lambda: samples(job.get("/metrics").text).get("braid_promise_breached" + labels)
        job.wait(lambda: breached() == 1, "not breached without rows")
        case.expect(samples(job.get("/metrics").text)["braid_promise_budget_ratio" + labels] < 0, "budget")
        case.expect("breached" in shop.status().out, f"{shop.status()}")

        def recovers() -> bool:
            write(0)
            time.sleep(0.3)
            return breached() == 0
        job.wait(recovers, "does not recover")
        promise = json.loads(job.get("/status").text)["products"][0]["promises"][0]
        case.expect(promise["promise"] == "fresh within 3s" and promise["breaches"] >= 1 and promise["age_s"] < 3,
                    f"{promise}")
        out, log = job.stop()
        events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        kinds = [each["event"] for each in events if each["event"].startswith("promise_")]
        case.expect(kinds[:2] == ["promise_breached", "promise_recovered"], f"{kinds}")
    told = [json.loads(line) for line in (shop.store / "out/d.newest.v1.alerts.ndjson").read_text().splitlines()]
    states = [each["row"]["state"] for each in told]
    case.expect(states[:2] == ["breached", "recovered"] and {each["check"] for each in told} == {"fresh within 3s"},
                f"{told}")
    case.expect(told[0]["row"]["since"] < told[1]["row"]["since"] and "s old" in told[0]["row"]["measured"], f"{told}")


def what_a_reader_expects_is_watched(case: Case) -> None:
    """The reader's job watches it from the rows that it reads, and its alerts name the owner."""
    shop = Shop(case, TOML.replace("d.s", "payments.payment"))
    (shop.folder / "main.braid").unlink()
    (shop.folder / "payments.braid").write_text("""domain payments owner "ana@payments.example"

public stream payment
  time at within 0s
  idle never
  contract {
    fresh within 2s
    unique id within 1h
    complete note >= 90%
  }
{ id: int, note: string?, at: timestamp }
""")
    (shop.folder / "kpi.braid").write_text("""domain kpi owner "kpi@shop.example"

use payments.payment expect {
  fresh within 3s
  unique id within 10m
  complete note >= 50%
}

product newest {
  from payment
  select { id, at }
}
""")
    for file in (shop.folder / "in").iterdir():
        file.unlink()
    count = 0

    def write(note: str = '"x"', id: int | None = None) -> None:
        nonlocal count
        count += 1
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with (shop.folder / "in/0.ndjson").open("a") as grown:
            grown.write(f'{{"id":{count if id is None else id},"note":{note},"at":"{at}"}}\n')

    alerts = shop.store / "out/kpi.newest.v1.alerts.ndjson"
    checked = case.braid("check", shop.folder)
    case.expect(checked.codes == [], f"{checked}")
    write()
    with Job(shop, "--log", "json") as job:
        def states() -> dict:
            sources = json.loads(job.get("/status").text).get("sources", [])
            return {each["promise"]: each for source in sources for each in source["promises"]}

        def state(promise: str) -> str:
            return states().get(promise, {}).get("state")
        job.wait(lambda: state("expect fresh within 3s") == "breached", "silence is no breach")
        shown = states()
        case.expect(shown["expect fresh within 3s"]["owner"] == "ana@payments.example" and
                    shown["expect fresh within 3s"]["expected_by"] == "kpi", f"{shown}")
        case.expect(shown["expect unique id within 10m"]["state"] == "ok" and shown["unique id within 1h"]["state"] == "ok",
                    f"{shown}")
        text = shop.status().out
        case.expect("expect fresh within 3s" in text and "ana@payments.example" in text, text)

        def recovers() -> bool:
            write()
            time.sleep(0.3)
            return state("expect fresh within 3s") == "ok"
        job.wait(recovers, "does not recover")
        for _ in range(30):
            write()
        job.wait(lambda: state("complete note >= 90%") == "ok", "no row has a null")
        # The reader does not read `note`, and is told all the same. What the owner promises is breached first.
        for _ in range(10):
            write(note="null")
        job.wait(lambda: state("complete note >= 90%") == "breached", "nulls are no breach")
        case.expect(state("expect complete note >= 50%") != "breached", f"{states()}")
        write(id=1)
        job.wait(lambda: state("expect unique id within 10m") == "breached", "a repeated key is no breach")
        labels = '{product="payments.payment",version="1",promise="expect unique id within 10m"}'
        case.expect(samples(job.get("/metrics").text)["braid_promise_breached" + labels] == 1, "metrics")
        for _ in range(200):
            write()
        job.wait(lambda: state("complete note >= 90%") != "breached", "does not recover from nulls")
        # A change that is known when the job is asked to stop is not told any more.
        told = lambda: [json.loads(line) for line in alerts.read_text().splitlines()]
        job.wait(lambda: any(each["check"] == "complete note >= 90%" and each["row"]["state"] == "recovered"
                             for each in told()), "the recovery is no row")
        _, log = job.stop()
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    first = next(each for each in events if each["event"] == "promise_breached" and each["promise"].startswith("expect"))
    case.expect(first["owner"] == "ana@payments.example" and first["product"] == "payments.payment", f"{first}")
    rows = told()
    of = {(each["check"], each["row"]["state"]) for each in rows}
    for wanted in (("expect fresh within 3s", "breached"), ("expect fresh within 3s", "recovered"),
                   ("complete note >= 90%", "breached"), ("complete note >= 90%", "recovered"),
                   ("expect unique id within 10m", "breached")):
        case.expect(wanted in of, f"{wanted} is missing: {rows}")
    case.expect(all(each["row"]["of"] == "payments.payment" and each["row"]["owner"] == "ana@payments.example"
                    for each in rows), f"{rows}")


def rules_that_are_not_run_are_shown(case: Case) -> None:
    """A rule that nobody runs is shown as such, by the job and by its metrics, and never as met."""
    (case.directory / "orders.odcs.yaml").write_text("""apiVersion: v3.1.0
kind: DataContract
id: orders
name: orders
version: 1.0.0
status: active
schema:
  - name: order
    properties:
      - {name: id, logicalType: integer, required: true}
      - {name: at, logicalType: timestamp, required: true}
    quality:
      - {id: orphans, type: sql, query: 'SELECT count(*) FROM {object}', mustBe: 0}
      - {id: orphans, type: text, description: somebody looks at it}
""")
    imported = case.braid("contract", "import", "orders.odcs.yaml", finding="W7307").out
    shop = Shop(case)
    script = imported.replace("stream order version 1", "stream s version 1").replace("from order", "from s")
    (shop.folder / "main.braid").write_text("domain d\n\n" + script)
    for file in (shop.folder / "in").iterdir():
        file.unlink()
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    (shop.folder / "in/0.ndjson").write_text(f'{{"id":1,"at":"{at}"}}\n')
    with Job(shop) as job:
        job.wait(lambda: "not_run" in json.loads(job.get("/status").text), "the status has no such rules")
        rules = json.loads(job.get("/status").text)["not_run"]
        case.expect([each["rule"] for each in rules] == ["orphans", "orphans 2"] and
                    {each["state"] for each in rules} == {"not run"}, f"{rules}")
        case.expect(rules[0]["product"] == "d.checked_order" and "SQL" in rules[0]["reason"], f"{rules}")
        line = next(line for line in shop.status().out.splitlines() if "orphans" in line)
        case.expect("not run" in line and "it is a query of SQL" in line, line)
        values = samples(job.get("/metrics").text)
        case.expect(values['braid_contract_rule_not_run{product="d.checked_order",version="1",rule="orphans"}'] == 1,
                    "metrics")
        case.expect(not [name for name in values if name.startswith("braid_promise_breached") and "orphans" in name],
                    "it is no promise that is met")


def promises_about_rows_and_state_are_watched(case: Case) -> None:
    shop = Shop(case)
    (shop.folder / "main.braid").write_text("""domain d

stream s
  time at within 0s
  idle never
{ a: int, note: string?, at: timestamp }

product all_rows
  contract {
    latency p50 < 20s
    complete note >= 50%
    volume 1..100 per 2s
  }
{
  from s
}

product once
  contract {
    unique a within 2s
    state <= 64KB
  }
{
  from s
}
""")
    for file in (shop.folder / "in").iterdir():
        file.unlink()
    promises = {"latency p50 < 20s", "complete note >= 50%", "volume 1..100 per 2s", "state <= 64KB"}

    def write(rows: int, note: str = '"x"', age: float = 0, step: int = 0) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))
        with (shop.folder / "in/0.ndjson").open("a") as grown:
            grown.write("".join(f'{{"a":{row * step},"note":{note},"at":"{at}"}}\n' for row in range(rows)))

    write(1)
    with Job(shop, "--log", "json") as job:
        def states() -> dict:
            write(1)
            time.sleep(0.3)
            return {each["promise"]: each["state"] for each in shown()}

        def shown() -> list:
            products = json.loads(job.get("/status").text)["products"]
            return [each for product in products for each in product["promises"]]

        # The period in which the job starts is not judged.
        job.wait(lambda: set(states().values()) == {"ok"} and
                 all(each[unit] is not None for each in shown() for unit in ("share", "rows", "bytes") if unit in each),
                 "not all are measured and ok")
        # Rows that are too many, old and without a note, of many keys; an old row is late for `unique`.
        write(3000, note="null", step=1)
        write(4000, note="null", age=100)
        seen = set()

        def all_were_breached() -> bool:
            seen.update(promise for promise, state in states().items() if state == "breached")
            return seen == promises
        job.wait(all_were_breached, "not all were breached")
        text = shop.status().out
        case.expect("rows in time" in text and "rows complete" in text, text)
        write(12000)
        job.wait(lambda: "breached" not in states().values(), "not all have recovered")
        values = samples(job.get("/metrics").text)
        labels = lambda product, promise: f'{{product="d.{product}",version="1",promise="{promise}"}}'
        measured = values["braid_promise_rows_total" + labels("all_rows", "complete note >= 50%")]
        missed = values["braid_promise_missed_rows_total" + labels("all_rows", "complete note >= 50%")]
        case.expect(missed == 7000 and measured > 19000, f"{missed} of {measured}")
        case.expect(values['braid_product_state_bytes{product="d.once",version="1"}'] <= 65536, "state")
        case.expect(values["braid_promise_period_rows" + labels("all_rows", "volume 1..100 per 2s")] <= 100, "volume")
        _, log = job.stop()
        events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        for kind in ("promise_breached", "promise_recovered"):
            told = {each["promise"] for each in events if each["event"] == kind}
            case.expect(told == promises, f"{kind}: {told}")


class Alerts(Receiver):
    """As an Alertmanager takes them."""

    def alerts(self) -> list:
        return [alert for body in self.bodies() for alert in body]


def alerts_are_sent(case: Case) -> None:
    receiver = Alerts(refuse=2)
    shop = Shop(case)
    (shop.folder / "main.braid").write_text("""domain d

stream s
  time at within 0s
  idle never
{ a: int, at: timestamp }

product newest
  contract { fresh within 3s }
{
  from s
}
""")
    with (shop.folder / "braid.toml").open("a") as config:
        config.write(f'\n[env.dev.alerts]\nwebhook = "http://127.0.0.1:{receiver.server_port}"\n')
    for file in (shop.folder / "in").iterdir():
        file.unlink()

    def write() -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with (shop.folder / "in/0.ndjson").open("a") as grown:
            grown.write(f'{{"a":1,"at":"{at}"}}\n')

    write()
    with Job(shop, "--log", "json") as job:
        job.wait(lambda: len(receiver.alerts()) > 0, "nobody was told of the breach")
        path, headers, _ = receiver.requests[0]
        kind = headers["Content-Type"]
        case.expect(path == "/api/v2/alerts" and kind == "application/json", f"{path} {kind}")
        breach = receiver.alerts()[0]
        labels = breach["labels"]
        case.expect(labels["alertname"] == "BraidPromiseBreached" and labels["product"] == "d.newest" and
                    labels["promise"] == "fresh within 3s" and labels["version"] == "1", f"{labels}")
        case.expect("newest row is" in breach["annotations"]["description"], f"{breach}")
        case.expect(breach["endsAt"] > breach["startsAt"], f"{breach}")

        def is_over() -> bool:
            write()
            time.sleep(0.3)
            last = receiver.alerts()[-1]
            return last["labels"] == labels and last["startsAt"] == breach["startsAt"] and last["endsAt"] < breach["endsAt"]
        job.wait(is_over, "nobody was told of the recovery")
        _, log = job.stop()
        case.expect("7402" in log and "503" in log, log)


def alerts_to_nobody_do_no_harm(case: Case) -> None:
    shop = Shop(case)
    with (shop.folder / "braid.toml").open("a") as config:
        config.write('\n[env.dev.alerts]\nwebhook = "alertmanager:9093"\n')
    ran = case.braid("check", shop.folder, code=USAGE)
    case.expect("webhook" in ran.err + ran.out, f"{ran}")


def metrics_are_the_documented_ones(case: Case) -> None:
    with Job(Shop(case, TOML + '[env.dev.lineage]\nto = "file:told.ndjson"\n')) as job:
        shown, described = families(job.get("/metrics").text), documented()
        described.pop("braid_audit_logs_away")  # only in jobs that read audit logs
        case.expect(shown == described, f"only in /metrics or of another type: {sorted(shown.items() - described.items())}; "
                                        f"only in metrics.md: {sorted(described.items() - shown.items())}")


def metrics_are_well_formed(case: Case) -> None:
    with Job(Shop(case)) as job:
        job.wait_for_events(240)
        text = job.get("/metrics").text
        open_metrics = job.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
        case.expect(open_metrics.getheader("Content-Type").startswith("application/openmetrics-text"), "content type")
        case.expect(open_metrics.text.endswith("\n# EOF\n"), "no end")
        case.expect("# TYPE braid_turns counter\nbraid_turns_total " in open_metrics.text, "names of counters")
        if shutil.which("promtool") is None:
            raise braid_command.Skipped("there is no promtool (Debian package prometheus)")
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        case.expect(checked.returncode == 0, f"promtool: {checked.stdout}{checked.stderr}")


def probes_and_paths(case: Case) -> None:
    with Job(Shop(case)) as job:
        ready = job.get("/readyz")
        case.expect(json.loads(ready.text) == {"ready": True, "phase": "running", "reason": "ok", "detail": ""}, ready.text)
        case.expect(ready.getheader("Content-Type") == "application/json", "type")
        healthy = job.get("/healthz?verbose")
        case.expect(healthy.status == 200 and json.loads(healthy.text)["healthy"], healthy.text)
        case.expect(job.get("/").status == 200 and job.get("/metric").status == 404, "paths")
        head = job.get("/readyz", method="HEAD")
        case.expect(head.status == 200 and head.text == "" and int(head.getheader("Content-Length")) > 0, "HEAD")
        post = job.get("/status", method="POST")
        case.expect(post.status == 405 and post.getheader("Allow") == "GET, HEAD", "POST")
        # Two requests over one connection.
        connection = http.client.HTTPConnection(*job.address, timeout=20)
        for _ in range(2):
            connection.request("GET", "/healthz")
            case.expect(connection.getresponse().read() != b"", "kept connection")
        connection.close()


def a_job_that_recovers_is_not_ready(case: Case) -> None:
    shop = Shop(case, TOML + '"d.t" = { file = "table.ndjson" }\n')
    with (shop.folder / "main.braid").open("a") as script:
        script.write("\ntable t\n  key k\n{ k: int, name: string }\n\nproduct named {\n  from s\n"
                     "  join t on t.k == a\n  select { a, name: t.name }\n}\n")
    (shop.folder / "table.ndjson").write_text("".join(f'{{"k":{i},"name":"n{i}"}}\n' for i in range(400000)))
    with Job(shop, ready=False) as job:
        seen = []

        def ready():
            answer = job.get("/readyz")
            seen.append((answer.status, json.loads(answer.text)["reason"]))
            case.expect(job.get("/healthz").status == 200, "not healthy while it recovers")
            return answer.status == 200

        job.wait(ready, "the job does not get ready")
        case.expect((503, "recovering") in seen, f"{seen[:20]}")


def broken_requests_do_no_harm(case: Case) -> None:
    with Job(Shop(case)) as job:
        for data, status in ((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"), (b"GET\r\n\r\n", b"400"),
                             (b"GET / HTTP/9.9\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
                             (b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", b"413"),
                             (b"GET / HTTP/1.1\r\nX: " + b"x" * 20000 + b"\r\n\r\n", b"431"),
                             (b"DELETE /status HTTP/1.1\r\n\r\n", b"405"),
                             (b"GET /" + bytes(range(1, 10)) + b" HTTP/1.1\r\n\r\n", b"400")):
            got = job.raw(data)
            case.expect(got.startswith(b"HTTP/1.1 " + status), f"{data[:60]}: {got[:200]}")
        # Connections that say nothing: beyond the bound new ones are closed, and the silent ones end by themselves.
        silent = [socket.create_connection(job.address, timeout=30) for _ in range(64)]
        time.sleep(0.3)
        with socket.create_connection(job.address, timeout=30) as beyond:
            case.expect(beyond.recv(10) == b"", "a connection beyond the bound is served")
        began = time.monotonic()
        silent[0].sendall(b"GET / HT")  # half a request
        case.expect(all(link.recv(10) == b"" for link in silent), "a silent connection gets an answer")
        case.expect(time.monotonic() - began < 25, "silent connections stay")
        for link in silent:
            link.close()
        case.expect(job.get("/readyz").status == 200, "the server is gone")
        job.stop()


def an_address_in_use(case: Case) -> None:
    shop = Shop(case)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = shop.run("--listen", f"127.0.0.1:{port}", "--reset", code=USAGE, finding="E7024")
        case.expect(f"127.0.0.1:{port}" in ended.err and "in use" in ended.err, ended.err)
        case.expect(not shop.store.exists(), "the store was touched")
    shop.run("--listen", f"{port}")
    shop.run("--listen", "203.0.113.7:9464", code=USAGE, finding="E7024")
    for wrong in ("host:80", "127.0.0.1", "127.0.0.1:99999", "1.2.3:80", "::1:80", "127.0.0.1:-1"):
        ended = shop.run(f"--listen={wrong}", code=USAGE)
        case.expect("--listen" in ended.err and "9464" in ended.err, ended.err)


def the_address_of_the_environment(case: Case) -> None:
    shop = Shop(case, TOML.replace("[env.dev.bind]", '[env.dev]\nlisten = "127.0.0.1:0"\n[env.dev.bind]'))
    ended = shop.run()
    case.expect(re.fullmatch(r"listening on http://127\.0\.0\.1:\d+\n", ended.err) is not None, ended.err)
    for wrong in ('"nowhere"', "9464"):
        (shop.folder / "braid.toml").write_text(TOML.replace("[env.dev.bind]", f"[env.dev]\nlisten = {wrong}\n[env.dev.bind]"))
        shop.run(code=USAGE, finding="E7017")


def status_of_a_running_and_of_a_stopped_job(case: Case) -> None:
    shop = Shop(case)
    shop.status(code=USAGE, finding="E7027")
    with Job(shop) as job:
        job.wait_for_events(240)
        job.wait(lambda: json.loads(job.get("/status").text)["epoch"] >= 1, "no commit")
        running = json.loads(shop.status("--format", "json").out)
        case.expect(running == {**json.loads(job.get("/status").text), "taken_at": running["taken_at"]}, f"{running}")
        case.expect(running["phase"] == "running" and running["ready"] and running["environment"] == "dev", f"{running}")
        table = shop.status().out
        case.expect(table.startswith("shop (environment dev): running, ready; store ") and "in/0.ndjson" in table, table)
        at = case.braid("status", "--at", f"127.0.0.1:{job.address[1]}").out
        case.expect(at.splitlines()[0] == table.splitlines()[0], at)
        shop.run(code=STORE, finding="E8001")  # it does not take the address of the first one away
        shop.status()
        job.stop()
    case.expect(not (shop.store / "listening").exists(), "the address stays")
    before = tree(shop.store)
    stopped = json.loads(shop.status("--format", "json").out)
    case.expect(tree(shop.store) == before, "reading the status changes the store")
    case.expect(stopped["phase"] == "stopped" and not stopped["ready"] and stopped["job"] == "shop", f"{stopped}")
    for key in ("products", "events", "watermark", "newest", "accounting_deviation"):
        case.expect(stopped[key] == running[key] or key == "products", f"{key}: {stopped[key]}, not {running[key]}")
    without_paths = [{**product, "outputs": [{**output, "path": ""} for output in product["outputs"]]} for product in
                     stopped["products"]]
    expected = [{**product, "outputs": [{**output, "path": ""} for output in product["outputs"]]} for product in
                running["products"]]
    by_name = lambda products: sorted(products, key=lambda product: product["name"])
    case.expect(by_name(without_paths) == by_name(expected), f"{without_paths}\n{expected}")
    where = lambda status: [(each["partition"], each["position"], each["watermark"]) for each in status["partitions"]]
    case.expect(where(stopped) == where(running), f"{where(stopped)} {where(running)}")
    case.expect("shop (environment dev): stopped; store " in shop.status().out, "table")
    shop.run("--no-seal")


def status_of_jobs_that_do_not_answer(case: Case) -> None:
    shop = Shop(case)
    with Job(shop) as job:
        job.wait((shop.store / "listening").exists, "no address")
        job.process.kill()
        job.process.wait()
        case.expect("stopped" in shop.status().out, "a killed job is stopped")
        case.braid("status", "--at", f"127.0.0.1:{job.address[1]}", code=USAGE, finding="E7025")
    quiet = case.start("run", shop.folder, "--follow")
    try:
        end = time.monotonic() + 60
        while (shop.store / "listening").exists() and time.monotonic() < end:
            time.sleep(0.02)
        shop.status(code=USAGE, finding="E7026")
    finally:
        quiet.send_signal(signal.SIGTERM)
        quiet.communicate()
    with socket.create_server(("127.0.0.1", 0)) as other:  # says nothing
        case.braid("status", "--at", f"{other.getsockname()[1]}", code=USAGE, finding="E7025")


def structured_log(case: Case) -> None:
    shop = Shop(case)
    with Job(shop, "--log", "json", "--log-level", "debug", "--commit-within", "10ms") as job:
        job.wait_for_events(240)
        job.wait(lambda: json.loads(job.get("/status").text)["epoch"] >= 1, "no commit")
        out, err = job.stop()
    case.expect(out == "", f"a report for people: {out}")
    lines = [json.loads(line) for line in err.splitlines()]
    events = [line["event"] for line in lines]
    case.expect(events[:3] == ["started", "listening", "recovered"] and events[-1] == "stopped", f"{events}")
    for event in ("committed", "draining", "rows_not_used", "product"):
        case.expect(event in events, f"{event} is missing in {events}")
    case.expect(all({"time", "level", "event"} <= line.keys() for line in lines), err)
    rejected = [line for line in lines if line["event"] == "rows_not_used" and line["product"] == "d.big"]
    case.expect(sum(line["rejected"] for line in rejected) == 2, f"{rejected}")
    case.expect(lines[-1]["reason"] == "drained" and lines[-1]["events"] == 240, f"{lines[-1]}")
    # Slow commits are warnings, and the level is the least that is written.
    ended = shop.run("--reset", "--log=json", "--log-level=warn", "--slow-commit=1us")
    found = {(line["event"], line["level"]) for line in map(json.loads, ended.err.splitlines())}
    case.expect(found == {("commit_slow", "warn"), ("rows_not_used", "warn")}, f"{found}")


def failures_in_the_log(case: Case) -> None:
    shop = Shop(case)
    with Job(shop):
        ended = shop.run("--log=json", code=STORE)
        last = json.loads(ended.err.splitlines()[-1])
        case.expect((last["level"], last["event"], last["code"]) == ("error", "failed", "E8001"), ended.err)
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = shop.run("--log=json", "--listen", f"{other.getsockname()[1]}", code=USAGE)
        case.expect(json.loads(ended.err.splitlines()[-1])["code"] == "E7024", ended.err)


def without_options_nothing_changes(case: Case) -> None:
    ended = Shop(case).run()
    case.expect(ended.err == "" and re.match(r"d\.\w+ version 1: \d+ rows", ended.out), f"{ended}")


braid_command.main([metrics_say_what_the_job_does, promises_are_watched, what_a_reader_expects_is_watched,
                    rules_that_are_not_run_are_shown, promises_about_rows_and_state_are_watched,
                    alerts_are_sent, alerts_to_nobody_do_no_harm,
                    metrics_are_the_documented_ones, metrics_are_well_formed,
                    probes_and_paths, a_job_that_recovers_is_not_ready, broken_requests_do_no_harm, an_address_in_use,
                    the_address_of_the_environment, status_of_a_running_and_of_a_stopped_job,
                    status_of_jobs_that_do_not_answer, structured_log, failures_in_the_log,
                    without_options_nothing_changes])
