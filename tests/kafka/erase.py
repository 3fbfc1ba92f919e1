#!/usr/bin/env python3
"""A subject is erased from a job over a real broker: keys of a compacted topic are deleted, what stays is named with the
date until which it stays, the job goes on exactly once, and neither a task that is made again nor a reset brings the
subject back. The job tells what it reads and writes in a topic.

    erase.py BRAID BROKER VENV

VENV is a folder for a Python environment with confluent-kafka; exit code 77: it, or the broker, cannot be had.
"""
import datetime
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import chaos
from job import fail, skip

SUBJECT = "subject-4711-xyzzy"
KEPT = datetime.timedelta(days=7)
SCRIPT = """domain shop

stream payment
  key customer_id
  time at within 1m
  from topic "{name}.in" format json
{{ id: int, customer_id: string, amount: int, at: timestamp }}

product each version 1 {{
  from payment
  where amount >= 0
  select {{ id, customer_id, amount, at }}
}}

product spend version 1
  key customer_id
{{
  from payment
  group customer_id {{ n: count(), total: sum(amount) }} retain forever
}}
"""
TOML = """[project]
name = "{name}"

[mesh]
key = "shop.pem"

[env.prod]
store = "data"
brokers = "{brokers}"

[env.prod.kafka]
session_timeout = "6s"

[env.prod.lineage]
to = "kafka:{name}.lineage"

[env.prod.bind]
"shop.each" = {{ topic = "{name}.each" }}
"shop.spend" = {{ topic = "{name}.spend" }}
"""


class Job:
    def __init__(self, kafka, braid, brokers, folder, word="one", script=SCRIPT):
        self.kafka, self.braid, self.brokers, self.folder = kafka, braid, brokers, folder
        self.name = f"erase-{word}-{os.getpid()}"
        folder.mkdir(exist_ok=True)
        self.ids = 0
        self.began = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0) - datetime.timedelta(days=1)
        (folder / "shop.braid").write_text(script.format(name=self.name))
        (folder / "braid.toml").write_text(TOML.format(name=self.name, brokers=brokers))
        self.run_braid("mesh", "key", "new", "shop.pem")
        from confluent_kafka.admin import AdminClient, NewTopic
        admin = AdminClient({"bootstrap.servers": brokers})
        for made in admin.create_topics([NewTopic(f"{self.name}.in", 2),
                                         NewTopic(f"{self.name}.each", 1, config={"retention.ms": str(int(KEPT.total_seconds()) * 1000)}),
                                         NewTopic(f"{self.name}.spend", 2, config={"cleanup.policy": "compact"})]).values():
            made.result()

    def run_braid(self, *words, code=0):
        done = subprocess.run([self.braid, *words], cwd=self.folder, capture_output=True, text=True, timeout=300)
        if (done.returncode == 0) if code is None else (done.returncode != code):
            fail(f"{words} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def run(self, *words):
        return self.run_braid("run", ".", "--env", "prod", "--until", "caught-up", *words)

    def erase(self, *words, code=0):
        return self.run_braid("erase", ".", "--env", "prod", "--subject", "shop.payment", f"customer_id={SUBJECT}",
                              "--because", "ticket 12", *words, code=code)

    def pay(self, count):
        producer = self.kafka.Producer({"bootstrap.servers": self.brokers, "partitioner": "murmur2"})
        for _ in range(count):
            self.ids += 1
            who = SUBJECT if self.ids % 4 == 0 else f"customer-{self.ids % 7}"
            at = self.began + datetime.timedelta(minutes=self.ids)
            producer.produce(f"{self.name}.in", key=who, value=json.dumps(
                {"id": self.ids, "customer_id": who, "amount": self.ids % 13, "at": at.isoformat() + "Z"}))
        producer.flush(30)

    def read(self, topic):
        """All records, as key and value, in the order of their partitions."""
        consumer = self.kafka.Consumer({"bootstrap.servers": self.brokers, "group.id": f"{self.name}-reader",
                                        "enable.auto.commit": False, "isolation.level": "read_committed",
                                        "enable.partition.eof": True})
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        found = []
        for partition in sorted(partitions):
            consumer.assign([self.kafka.TopicPartition(topic, partition, 0)])
            while True:
                message = consumer.poll(30)
                if message is None:
                    fail(f"{topic} cannot be read")
                if message.error():
                    break
                found.append((message.key(), message.value()))
        consumer.close()
        return found

    def own_topics_with(self, text):
        """Those that the job has made for itself, and that have the text in a record."""
        from confluent_kafka.admin import AdminClient
        names = AdminClient({"bootstrap.servers": self.brokers}).list_topics(timeout=30).topics
        own = [name for name in names if name.startswith(f"{self.name}.") and name.split(".")[1] in ("epochs", "erasures", "repartition")]
        expect(len(own) >= 2, f"{own}")
        return [name for name in own if any(text.encode() in (part or b"") for record in self.read(name) for part in record)]

    def each(self):
        return [json.loads(value) for _, value in self.read(f"{self.name}.each")]

    def spend(self):
        rows = {}
        for key, value in self.read(f"{self.name}.spend"):
            rows.pop(key.decode(), None)
            if value is not None:
                rows[key.decode()] = json.loads(value)
        return rows


def expect(condition, text):
    if not condition:
        fail(text)


def ids_of(rows):
    return sorted(row["id"] for row in rows)


def files_with(folder, text):
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def check(job):
    job.pay(400)
    job.run()
    job.pay(200)
    job.run()
    before = job.each()
    of_subject = [row for row in before if row["customer_id"] == SUBJECT]
    expect(len(of_subject) == 150 and SUBJECT in job.spend(), "the test shows nothing")
    others = {key: row for key, row in job.spend().items() if key != SUBJECT}

    told = job.erase("--dry-run")
    expect("nothing was changed" in told, told)
    expect(job.spend() == {**others, SUBJECT: job.spend()[SUBJECT]}, "a dry run has changed the table")

    told = job.erase()
    newest = max(row["at"] for row in of_subject)
    ends = datetime.datetime.fromisoformat(newest) + KEPT
    [receipt] = (job.folder / "data/receipts").glob("*.json")
    read = json.loads(receipt.read_text())
    [stays] = [each["reason"] for each in read["remains"] if each["place"] == f"{job.name}.each" and "records" in each["reason"]]
    expect("150 records" in stays and "until " in stays and ends.strftime("%Y-%m-%dT%H:%M:%S") in stays, f"{stays}\n{told}")
    expect(any(each["place"] == f"{job.name}.spend" and "without a value" in each["reason"] for each in read["remains"]), told)
    expect(job.spend() == others, f"the table is another one: {job.spend()}")
    expect(not files_with(job.folder / "data/tasks", SUBJECT), "the subject is in the stores")
    told = job.run_braid("erase", ".", "--env", "prod", "--verify", str(receipt), "--subject", "shop.payment",
                         f"customer_id={SUBJECT}")
    expect("found nowhere" in told, told)

    # It goes on: of others each record once, of the subject none more.
    def goes_on(what):
        first = job.ids + 1
        job.pay(200)
        told = job.run()
        added = [row for row in job.each() if row["id"] >= first]
        expect(ids_of(added) == [i for i in range(first, job.ids + 1) if i % 4 != 0], f"{what}: {ids_of(added)}\n{told}")
        expect(SUBJECT not in job.spend(), f"{what}: the subject is in the table")
    goes_on("behind the erasure")
    goes_on("again")
    shutil.rmtree(job.folder / "data/tasks")
    goes_on("without stores")
    expect(not files_with(job.folder / "data/tasks", SUBJECT), "the subject is in the stores that were made again")

    rows = len(job.each())
    job.run("--reset")
    added = job.each()[rows:]
    expect(ids_of(added) == [i for i in range(1, job.ids + 1) if i % 4 != 0], f"a reset: {len(added)} rows")
    expect(SUBJECT not in job.spend(), "a reset brings the subject back")

    events = [json.loads(value) for _, value in job.read(f"{job.name}.lineage")]
    expect({each["job"]["name"] for each in events} == {"shop.each.v1", "shop.spend.v1"}, f"{events[:1]}")
    expect({"START", "COMPLETE"} <= {each["eventType"] for each in events}, f"{events[:1]}")


def check_started_over(job):
    """Rows of the subject lie between two stages, so the job cannot be run again, and is started over."""
    job.pay(400)
    job.run()
    others = {key: row for key, row in job.spend().items() if key != SUBJECT}
    before = len(job.each())
    expect(SUBJECT in job.spend() and job.own_topics_with(SUBJECT) != [], "the test shows nothing")
    told = job.erase(code=None)
    expect("E7346" in told and SUBJECT in job.spend(), told)
    told = job.erase("--for-reset")
    expect("--reset" in told, told)
    job.run("--reset")
    expect(SUBJECT in job.spend(), "a reset corrects no keys, so the rest shows nothing")
    told = job.erase()
    expect(job.spend() == others, f"the table is another one: {job.spend()}\n{told}")
    expect(job.own_topics_with(SUBJECT) == [], f"the subject is in {job.own_topics_with(SUBJECT)}")
    expect(not files_with(job.folder / "data/tasks", SUBJECT), "the subject is in the stores")
    added = job.each()[before:]
    expect(ids_of(added) == [i for i in range(1, job.ids + 1) if i % 4 != 0], f"the new run: {len(added)} rows")
    [receipt] = (job.folder / "data/receipts").glob("*.json")
    remains = {each["place"]: each["reason"] for each in json.loads(receipt.read_text())["remains"] if "of before" in each["reason"]}
    expect(f"{before} records of before" in remains[f"{job.name}.each"] and "until " in remains[f"{job.name}.each"], f"{remains}")
    first = job.ids + 1
    job.pay(100)
    job.run()
    expect(SUBJECT not in job.spend(), "the subject has come back")
    added = [row for row in job.each() if row["id"] >= first]
    expect(ids_of(added) == [i for i in range(first, job.ids + 1) if i % 4 != 0], f"it does not go on: {ids_of(added)}")


if __name__ == "__main__":
    braid, brokers, venv = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    kafka = chaos.client(venv)
    host, port = brokers.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        skip("no broker answers (scripts/kafka up)")
    with tempfile.TemporaryDirectory() as place:
        began = time.time()
        check(Job(kafka, braid, brokers, pathlib.Path(place) / "one"))
        # Without its key the stream is placed anyhow, so that the groups are of another stage.
        check_started_over(Job(kafka, braid, brokers, pathlib.Path(place) / "stages", "stages",
                               SCRIPT.replace("  key customer_id\n  time", "  time", 1)))
        print(f"erased in {time.time() - began:.0f} s")
