#!/usr/bin/env python3
"""What jobs over topics tell others: alerts, lineage, the audit log, and rows for several readers. Whatever happens
between, each alert is there once, in the commit of its epoch, and no read is on record twice.

usage: told.py BRAID --brokers HOST:PORT --venv VENV --kafka HOME --port PORT [--only NAME]

As faults.py, whose jobs these are. Exit code 77: confluent-kafka, or the broker, cannot be had.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import sys
import threading
import time

import chaos
import faults

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from braid_command import DONE, main  # noqa: E402
from receiver import Receiver  # noqa: E402

SALE = """domain shop

stream sale
  key id
  time at within 0s
  idle never
  from topic "{topic}" format json{contract}
{{ id: int, user: string, email: string #pii, at: timestamp, note: string? }}
"""
TOML = """[project]
name = "{group}"
default_env = "prod"
{mesh}
[env.prod]
store = "data"
brokers = "{brokers}"

[env.prod.kafka]
session_timeout = "3s"
transaction_timeout = "4s"
{kafka}
"""


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() // 1000 % 1000000:06}Z"


class Job(faults.Job):
    """A job whose script is given; `{topic}` and `{results}` in it are topics of its own."""

    def __init__(self, case, script, kafka="", mesh="", more="", contract="", name=None, topic=None):
        self.case = case
        self.name = name or f"told-{os.getpid()}-{time.monotonic_ns()}"
        self.topic, self.results = topic or f"{self.name}.in", f"{self.name}.out"
        self.folder = case.directory / self.name
        self.settings, self.environment = {}, {}
        self.ids = 0
        self.sent = collections.defaultdict(dict)
        self.folder.mkdir()
        self.script(script, contract)
        (self.folder / "braid.toml").write_text(
            TOML.format(group=self.name, brokers=case.options.brokers, kafka=kafka, mesh=mesh) + more)
        if topic is None:
            self.make(self.topic)

    def script(self, text, contract=""):
        text = text.replace("{topic}", self.topic).replace("{results}", self.results)
        (self.folder / "main.braid").write_text(text.replace("{contract}", contract))

    def sale(self, note="n", **more):
        self.ids += 1
        row = {"id": self.ids, "user": f"u{self.ids % 7}", "email": f"u{self.ids % 7}@shop.example", "at": now(), "note": note}
        return json.dumps({**row, **more}).encode()

    def alerts(self, topic=None):
        return [json.loads(each.value()) for each in self.read((topic or self.results) + ".alerts")]

    def promises(self, running):
        """Of products and sources: what the status says of each, by relation and promise."""
        code, body = running.get("/status")
        status = json.loads(body) if code == 200 else {}
        return {(each["name"], one["promise"]): one for each in status.get("products", []) + status.get("sources", [])
                for one in each.get("promises", [])}


@contextlib.contextmanager
def sells(job, each=5, every=0.1):
    """Records come all the time, while the block is run."""
    ended = threading.Event()

    def sell():
        while not ended.wait(every):
            job.sell(each)

    thread = threading.Thread(target=sell)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


# ---- alerts

ALERTED = SALE.replace("{{", "{").replace("}}", "}") + """
product kept version 1
  key id
  contract {
    check odd_one: id % 7 != 0 else alert
    fresh within 2s
  }
  to topic "{results}"
{
  from sale
  select { id, user, at }
}
"""


def alerts_are_there_once_whatever_happens(case):
    """Killed at any time and in the middle of commits, stopped until its transaction is aborted, stopped on request."""
    job = Job(case, ALERTED, kafka='commit_within = "500ms"')

    def breach(running):
        """The promise is met, so that the next breach is another one. Then nothing comes until it is breached."""
        def state():
            return job.promises(running).get(("shop.kept", "fresh within 2s"), {}).get("state")
        with sells(job):
            job.wait_for("the promise to be met", lambda: state() in ("ok", "at risk"), 60)
        job.wait_for("a breach", lambda: state() == "breached", 30)

    with job.running() as running:
        breach(running)
        with sells(job):
            time.sleep(case.random.uniform(0, 1))
            running.process.kill()
    for point in ("before_offsets:2", "after_transaction:2"):
        job.environment = {"BRAID_KILL_AT": point}
        with job.running() as running, sells(job):
            try:
                running.process.wait(timeout=60)
            except Exception:
                case.fail(f"it was not killed at {point}: {running.text()[-2000:]}")
    job.environment = {}
    with job.running() as running:
        breach(running)
        with sells(job):
            running.process.send_signal(signal.SIGSTOP)
            time.sleep(7)  # its transaction and its session end meanwhile
            running.process.send_signal(signal.SIGCONT)
            running.wait_for_rows(len(job.sent["kept"]), 60)
        breach(running)
        running.stop()
    job.run()
    job.check()
    rows = job.alerts()
    checks = collections.Counter(row["row"]["id"] for row in rows if row["check"] == "odd_one")
    expected = collections.Counter(each for each in range(1, job.ids + 1) if each % 7 == 0)
    case.expect(checks == expected, f"alerts of the check: missing {expected - checks}, too many {checks - expected}")
    # Of the promise: as the records of epochs have it, which are in the same transactions.
    told = [row["row"] for row in rows if row["check"] == "fresh within 2s"]
    case.expect(len([row for row in told if row["state"] == "breached"]) >= 3 and
                any(row["state"] == "recovered" for row in told), f"{told}")
    found = collections.Counter((row["state"], row["measured"]) for row in told)
    recorded = collections.Counter()
    for each in job.read(job.name + ".epochs"):
        for text in re.findall(rb"shop\.kept\n1\nfresh within 2s\n(the newest row is [0-9.]+ s old|)", each.value() or b""):
            recorded[text.decode()] += 1
    by_text = collections.Counter()
    for (_, measured), count in found.items():
        by_text[measured] += count
    case.expect(by_text == recorded, f"alerts {by_text}, in epochs {recorded}")
    case.note(f"{checks.total()} alerts of the check, {len(told)} of the promise")


# ---- readers

READERS = SALE.replace("{{", "{").replace("}}", "}") + """
product kept version 1
  key id
  allow read to role crm, role audit
  mask email with hidden except role crm
  to topic "{results}"
  to topic "{results}.crm" for role crm
  to topic "{results}.audit" format csv for role audit
{
  from sale
  where note != "none"
  select { id, user, email, at }
}

function hidden(email: string) -> string = f"***@{email.after("@")}"
"""


def each_reader_has_its_topic(case):
    """Masked and not, each row once, also when the job is killed while it writes."""
    job = Job(case, READERS, kafka='commit_within = "200ms"')

    def rows(topic):
        return {each["id"]: each["email"] for each in map(json.loads, (record.value() for record in job.read(topic)))}

    for point in ("before_offsets:2", "after_transaction:2"):
        job.environment = {"BRAID_KILL_AT": point}
        with job.running() as running, sells(job):
            running.process.wait(timeout=60)
    job.environment = {}
    job.sell(20)
    job.run()
    job.check()
    topics = {name: job.read(name) for name in (job.results, job.results + ".crm", job.results + ".audit")}
    for name, records in topics.items():
        case.expect(len(records) == job.ids, f"{name} has {len(records)} records of {job.ids}")
    masked, whole = rows(job.results), rows(job.results + ".crm")
    case.expect(masked.keys() == whole.keys() == set(range(1, job.ids + 1)), "other rows")
    case.expect(set(masked.values()) == {"***@shop.example"}, f"{set(masked.values())}")
    case.expect(all(email == f"u{each % 7}@shop.example" for each, email in whole.items()), f"{whole}")
    lines = [record.value().decode().strip() for record in topics[job.results + ".audit"]]
    case.expect(all("***@shop.example" in line and "," in line for line in lines), f"{lines[:3]}")
    case.expect(not any(b"u1@" in (record.value() or b"") for record in topics[job.results]), "a value is shown")
    # The same key of a row in each topic, so that each reader has it in order.
    for records in topics.values():
        case.expect(all(record.key() for record in records), "a row without a key")


# ---- lineage and audit

OWNER = SALE.replace("{{", "{").replace("}}", "}") + """
product payment version 1
  key id
  allow read to domain kpi
  to topic "{results}"
{
  from sale
  select { id, user, at }
}
"""
READER = """domain kpi

use shop.payment version 1

product volume version 1
  key id
  contract { fresh within 3s }
  to topic "{results}"
{
  from payment
  where id > 0
  select { id, user, at }
}
"""
MESH = """
[mesh]
registry = "../registry"
tenant = "acme"
key = "../{name}.pem"
record_use = "1s"
"""


def used(case, kind="access.used"):
    lines = case.braid("audit", "log", "kpi", "--registry", "registry", "--format", "ndjson").out.splitlines()
    return [event for event in map(json.loads, lines) if event["type"] == "io.braid." + kind]


def lineage_and_reads_add_up(case):
    """Two instances, of which one is killed: their reads and rows are those of the job, and none twice."""
    receiver = Receiver(0)
    for name in ("shop", "kpi"):
        case.braid("mesh", "key", "new", f"{name}.pem")
    owner = Job(case, OWNER, mesh=MESH.format(name="shop"))
    case.braid("publish", owner.folder)
    lineage = f'\n[env.prod.lineage]\nto = "http://127.0.0.1:{receiver.server_port}"\nevery = "1s"\n'
    # What the owner's job writes comes from this test.
    reader = Job(case, READER, mesh=MESH.format(name="kpi"), more=lineage, topic=owner.results)
    reader.make(owner.results)

    def recorded():
        return sum(int(event["data"]["rows"]) for event in used(case))

    def told():
        """Rows of the product, by the run that wrote them."""
        rows = collections.Counter()
        for event in receiver.bodies():
            for output in event["outputs"]:
                rows[event["run"]["runId"]] += output.get("outputFacets", {}).get("outputStatistics", {}).get("rowCount", 0)
        return rows

    def all_told(count):
        reader.wait_for(f"{count} reads on record", lambda: recorded() >= count, 20)
        reader.wait_for(f"{count} rows of lineage", lambda: told().total() >= count, 20)
        case.expect(recorded() == count, f"{recorded()} reads on record, not {count}: {[each['data'] for each in used(case)]}")
        case.expect(told().total() == count, f"{told()} rows of lineage, not {count}")

    with reader.running("--store", case.directory / "one", log="one") as one:
        reader.sell(40)
        one.wait_for_rows(40)
        all_told(40)
        with reader.running("--store", case.directory / "two", log="two") as two:
            reader.wait_for("both have a task", lambda: all(
                "braid_tasks{state=\"running\"} 1" in (each.get("/metrics")[1] or "") for each in (one, two)), 60)
            reader.sell(20)
            reader.wait_for("60 rows", lambda: len(reader.rows()) == 60)
            all_told(60)
            one.process.kill()
            one.process.wait()
            reader.sell(20)
            two.wait_for_rows(80)
            all_told(80)
            with reader.running("--store", case.directory / "one", log="again") as again:
                reader.wait_for("both have a task", lambda: all(
                    "braid_tasks{state=\"running\"} 1" in (each.get("/metrics")[1] or "") for each in (again, two)), 60)
                reader.sell(20)
                reader.wait_for("100 rows", lambda: len(reader.rows()) == 100)
                all_told(100)
                again.stop()
            two.stop()
    all_told(100)
    case.braid("audit", "verify", "kpi", "--registry", "registry")
    case.expect(all(event["data"]["columns"] == "at, id, user" and event["data"]["environment"] == "prod" and
                    event["subject"] == "urn:braid:acme:shop:payment:1" for event in used(case)), f"{used(case)}")
    # Runs: each instance has one until its end; the one that was killed goes on with its run.
    runs = collections.defaultdict(list)
    for event in receiver.bodies():
        runs[event["run"]["runId"]].append(event["eventType"])
    case.expect(len(runs) == 2, f"{dict(runs)}")
    for kinds in runs.values():
        case.expect(kinds[0] == "START" and kinds[-1] == "ABORT" and set(kinds[1:-1]) == {"RUNNING"}, f"{dict(runs)}")
    event = receiver.bodies()[-1]
    place = f"kafka://{case.options.brokers}"
    case.expect([(each["namespace"], each["name"]) for each in event["inputs"]] == [(place, owner.results)], f"{event['inputs']}")
    case.expect([(each["namespace"], each["name"]) for each in event["outputs"]] == [(place, reader.results)],
                f"{event['outputs']}")
    # Breaches of the own product are on record, too: nothing came for longer than three seconds.
    breached = used(case, "contract.breached")
    case.expect(breached and all(event["subject"] == "urn:braid:acme:kpi:volume:1" and
                                 event["data"]["promise"] == "fresh within 3s" for event in breached), f"{breached}")


# ---- promises

PROMISING = SALE.replace("{{", "{").replace("}}", "}") + """
product kept version 1
  key id
  contract {
    unique id within 1h
    fresh within 3s
    volume 4..100_000 per 2s
    complete note >= 90%
  }
  to topic "{results}"
{
  from sale
  select { id, user, at, note }
}
"""
OF_SOURCE = """
  contract {
    unique id within 1h
    fresh within 3s
    volume 4..100_000 per 2s
  }"""


def promises_are_watched_over_topics(case):
    """`unique`, `volume`, `fresh` and `complete`, of the source and of the product: breached, and met again."""
    job = Job(case, PROMISING, contract=OF_SOURCE, kafka='commit_within = "200ms"')

    def states(running):
        return {name: each["state"] for name, each in job.promises(running).items()}

    def wait(running, what, **wanted):
        """The states of the promises that begin with these words, of both."""
        def so():
            found = states(running)
            return all(any(promise.startswith(word) for _, promise in found) and
                       all(state in want for (_, promise), state in found.items() if promise.startswith(word))
                       for word, want in wanted.items())
        try:
            job.wait_for(what, so, 40)
        except faults.Failed as reason:
            case.fail(f"{reason}: {states(running)}")

    met = ("ok", "at risk")
    with job.running() as running:
        with sells(job, each=4, every=0.2):
            running.wait_for_rows(4)
            wait(running, "all promises are met", fresh=met, volume=met, complete=met)
        wait(running, "nothing comes", fresh=("breached",))
        time.sleep(1.5)  # a whole period of two seconds is without rows
        with sells(job, each=4, every=0.2):
            # The periods in which nothing came are over when something comes.
            wait(running, "a period without rows", volume=("breached",), fresh=met)
            wait(running, "it recovers", volume=met, fresh=met)
        # A record that is there twice: the source breaches `unique`, the product does not have the row.
        twice = job.sale()
        job.put([twice], "kept")
        job.put([twice], "rejected")
        job.sell(8)
        job.wait_for("a repeated key", lambda: states(running)["shop.sale", "unique id within 1h"] == "breached", 30)
        job.put([job.sale(note=None) for _ in range(len(job.sent["kept"]))], "kept")
        wait(running, "nulls", complete=("breached",))
        job.wait_for("its row", lambda: any(row["check"].startswith("complete") for row in job.alerts()), 20)
        running.stop()
    rows = job.alerts()
    told = collections.Counter((row["check"], row["row"].get("of", "shop.kept"), row["row"]["state"]) for row in rows)
    for promise in ("fresh within 3s", "volume 4..100000 per 2s"):
        for of in ("shop.kept", "shop.sale"):
            # Once each; fresh may be breached again while the job is stopped.
            case.expect(told[promise, of, "breached"] >= 1 and told[promise, of, "recovered"] >= 1, f"{promise} of {of}: {told}")
    case.expect(told["unique id within 1h", "shop.sale", "breached"] == 1, f"{told}")
    case.expect(told["complete note >= 90%", "shop.kept", "breached"] == 1, f"{told}")
    case.expect(not any(check.startswith("unique") and of == "shop.kept" for check, of, _ in told), f"{told}")
    case.expect(all("part" not in row["row"] for row in rows), f"one instance has all tasks: {rows}")
    job.run()
    job.check(is_whole=False)  # `unique` holds the last rows until time has passed them


def instances_speak_for_their_tasks(case):
    """Two of them judge `volume` over the rows of both, and rows of `alerts` say whose tasks they are about."""
    job = Job(case, PROMISING, kafka='commit_within = "200ms"')
    with job.running() as one, job.running("--store", case.directory / "other", log="other") as two:
        job.wait_for("both have a task", lambda: all(
            "braid_tasks{state=\"running\"} 1" in (each.get("/metrics")[1] or "") for each in (one, two)), 60)

        def volume(each):
            return job.promises(each).get(("shop.kept", "volume 4..100000 per 2s"), {})

        with sells(job, each=4, every=0.2):
            job.wait_for("rows", lambda: len(job.rows()) > 8)
            job.wait_for("both have judged a period", lambda: all(volume(each).get("rows") is not None for each in (one, two)), 40)
            for each in (one, two):
                case.expect(volume(each)["state"] == "ok" and volume(each)["rows"] >= 4, f"{volume(each)}")
        job.wait_for("both tell of a breach", lambda: len(
            {row["row"].get("part") for row in job.alerts() if row["check"] == "fresh within 3s"} -
            {None}) == 2, 30)
        parts = {row["row"]["part"] for row in job.alerts() if row["row"].get("part")}
        case.expect(parts == {"task 0 of 2", "task 1 of 2"}, f"{parts}")
        one.stop()
        two.stop()
    job.run()
    job.check(is_whole=False)


CASES = [alerts_are_there_once_whatever_happens, each_reader_has_its_topic, lineage_and_reads_add_up,
         promises_are_watched_over_topics, instances_speak_for_their_tasks]

if __name__ == "__main__":
    if "--venv" in sys.argv and "--port" in sys.argv:
        faults.kafka = chaos.client(pathlib.Path(sys.argv[sys.argv.index("--venv") + 1]))
        if not faults.answers(int(sys.argv[sys.argv.index("--port") + 1])):
            print("skipped: no broker answers (scripts/kafka up --secure)")
            sys.exit(77)
    main(CASES, faults.options)
