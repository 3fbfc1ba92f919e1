#!/usr/bin/env python3
"""A job over Apache Kafka, on several instances that are killed and stopped at random, gives each row exactly once.

    chaos.py BRAID BROKERS VENV [--seconds 60] [--instances 2] [--partitions 4] [--rate 2000] [--seed N] [--keep]
             [--at-least-once]

While records are produced, in disorder and with broken ones, instances run with a shared store and end by SIGKILL, are
stopped longer than their session lasts, and leave by SIGTERM. At the end a last instance reads what is left. Then the
topics of products and ports, read committed by another client, must hold the rows that runs over files give: one for
each partition number, since each is a task, and for products that group or join by another key than that of the topics
one over all of them. Of a table the rows that stand at the end are compared. Sources are never idle: what goes by the clock is not in files. With --at-least-once the job has no
transactions: each of these rows must be there, any of them may be there several times, and no other row. It then has no
steps that cross partitions, with which it would be one task. VENV is a folder for a Python environment with
confluent-kafka; exit code 77: it cannot be had.
"""
import argparse
import collections
import datetime
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

SCRIPT = """domain shop

stream click
  key user
  time at within 10s
  idle never
  from topic "{prefix}clicks" format json
{{ id: int, user: string, at: timestamp, price: decimal(12,2) }}

table member
  key name
  time at within 10s
  idle never
  from topic "{prefix}members" format json
{{ name: string, level: int, at: timestamp }}

product spent version 1
  key user, window.start
  to topic "{prefix}spent"
{{
  from click
  window tumbling 2h
  group user {{ n: count(), total: sum(price), first_price: first(price) }}
}}

product visit version 1
  key user, id
  contract {{ unique user, id within 2h }}
  to topic "{prefix}visit"
{{
  from click
  left join member as m on m.name == user
  select {{ id, user, at, level: m?.level ?? -1 }}
}}

product followed version 1
  to topic "{prefix}followed"
{{
  from click
  left join click as later on later.user == user within 1us..40m
  select {{ id, user, at, next: later?.id ?? -1 }}
}}

product busy version 1
  key bucket, window.start
  to topic "{prefix}busy"
{{
  from click
  let bucket = id % 16
  window tumbling 2h
  group bucket {{ n: count(), total: sum(price), users: count_distinct(user), first_user: first(user) }}
}}

product alike version 1
  to topic "{prefix}alike"
{{
  from click
  left join click as later on later.price == price within 1us..5m
  select {{ id, user, at, later_user: later?.user ?? "" }}
}}

view newest {{
  from click
  last per user retain forever
  let bucket = id % 16
}}

view bucket_total {{
  from click
  let bucket = id % 16
  group bucket {{ n: count(), total: sum(price) }} retain forever
}}

product card version 1
  key user
  to topic "{prefix}card"
{{
  from newest
  join bucket_total as b on b.bucket == bucket
  select {{ user, id, bucket, n: b.n, total: b.total }}
}}
"""
TOML = """[project]
name = "{prefix}shop"

[env.dev]
store = "data"

[env.dev.bind]
"shop.click" = {{ file = "in/click-*.ndjson", format = "json" }}
"shop.member" = {{ file = "in/member-*.ndjson", format = "json" }}

[env.prod]
store = "prod"
brokers = "{brokers}"

[env.prod.kafka]
session_timeout = "6s"
transaction_timeout = "10s"
delivery = "{delivery}"
"""
BY_PARTITION = ("spent", "visit", "followed")
ACROSS = ("busy", "alike")
TABLES = {"card": "user"}  # with their keys
PRODUCTS = BY_PARTITION + ACROSS + tuple(TABLES)
SCRIPT_BY_PARTITION = SCRIPT[:SCRIPT.index("product busy")]
PORTS = ("", ".rejected", ".late", ".unmatched", ".alerts")


def client(venv: pathlib.Path):
    """The module confluent_kafka, installed if need be."""
    if not (venv / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    found = sorted(venv.glob("lib/python*/site-packages"))[0]
    sys.path.insert(0, str(found))
    try:
        import confluent_kafka
    except ImportError:
        made = subprocess.run([venv / "bin/pip", "install", "-q", "confluent-kafka==2.16.0"], capture_output=True, text=True)
        if made.returncode != 0:
            print("skipped: confluent-kafka cannot be had: " + made.stderr[-300:])
            sys.exit(77)
        import confluent_kafka
    return confluent_kafka


class Input:
    """Records as they are produced, and what they are as files by partition number."""

    def __init__(self, options, kafka, prefix):
        self.random = random.Random(options.seed)
        self.options = options
        self.prefix = prefix
        self.producer = kafka.Producer({"bootstrap.servers": options.brokers, "enable.idempotence": True,
                                        "linger.ms": 5, "partitioner": "murmur2"})
        self.files = {(topic, partition): [] for topic in ("clicks", "members") for partition in range(options.partitions)}
        self.error = None
        self.made = 0
        self.stopped = False

    def delivered(self, error, message):
        if error is not None:
            self.error = error
            return
        topic = message.topic()[len(self.prefix):]
        self.files[topic, message.partition()].append((message.offset(), message.value()))

    def send(self, topic, key, value):
        self.producer.produce(self.prefix + topic, key=key.encode(), value=value.encode(), on_delivery=self.delivered)
        self.producer.poll(0)

    def produce(self, until):
        begin = datetime.datetime(2026, 1, 1)
        while time.monotonic() < until and not self.stopped:
            for _ in range(max(1, self.options.rate // 20)):
                self.made += 1
                at = begin + datetime.timedelta(seconds=self.made * 3 - self.random.random() * 9)
                user = f"user{self.random.randrange(200)}"
                if self.random.random() < 0.1:
                    self.send("members", user, json.dumps({"name": user, "level": self.random.randrange(9),
                                                           "at": at.isoformat() + "Z"}))
                value = json.dumps({"id": self.made, "user": user, "at": at.isoformat() + "Z",
                                    "price": round(self.random.random() * 100, 2)})
                if self.random.random() < 0.01:
                    value = "{ broken"
                elif self.random.random() < 0.01:
                    value = value.replace(", ", ",\n  ")
                self.send("clicks", user, value)
            time.sleep(0.05)
        self.producer.flush()

    def write(self, folder: pathlib.Path):
        for (topic, partition), records in self.files.items():
            place = folder / str(partition) / "in"
            place.mkdir(parents=True, exist_ok=True)
            values = [value.replace(b"\n", b"\r") for _, value in sorted(records)]
            content = b"".join(value + b"\n" for value in values)
            (place / f"{topic[:-1]}-{partition}.ndjson").write_bytes(content)
            whole = folder / "whole" / "in"
            whole.mkdir(parents=True, exist_ok=True)
            (whole / f"{topic[:-1]}-{partition}.ndjson").write_bytes(content)


def without_place(line) -> str:
    """Files and topics have different places, and raw bytes."""
    row = json.loads(line)
    for name in ("origin", "bytes"):
        row.pop(name, None)
    return json.dumps(row, sort_keys=True)


def rows_of_files(options, project: pathlib.Path, script: str, toml: str, products, rows: dict):
    (project / "shop.braid").write_text(script)
    (project / "braid.toml").write_text(toml)
    ran = subprocess.run([options.braid, "run", "--env", "dev", "--no-seal", project], capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit("the run over files failed: " + ran.stderr)
    for product in products:
        for port in PORTS:
            path = project / "data/out" / f"shop.{product}.v1{port}.ndjson"
            if not path.exists():
                continue
            lines = path.read_bytes().splitlines()
            if product + port in TABLES:
                changes = map(json.loads, lines)
                lines = standing_rows((row[TABLES[product]], None if row.pop("__deleted", False) else json.dumps(row))
                                      for row in changes)
            rows[product + port].update(map(without_place, lines))


def standing_rows(changes) -> list:
    """Of each key the last row, unless it is gone."""
    return [row for row in dict(changes).values() if row is not None]


def expected_rows(options, folder: pathlib.Path, script: str, toml: str) -> dict:
    rows = collections.defaultdict(collections.Counter)
    for partition in range(options.partitions):
        rows_of_files(options, folder / str(partition), script, toml, BY_PARTITION, rows)
    if f"product {ACROSS[0]} " in script:
        rows_of_files(options, folder / "whole", script, toml, (*ACROSS, *TABLES), rows)
    return rows


def committed_rows(options, kafka, prefix) -> dict:
    rows = collections.defaultdict(collections.Counter)
    consumer = kafka.Consumer({"bootstrap.servers": options.brokers, "group.id": prefix + "oracle",
                               "isolation.level": "read_committed", "auto.offset.reset": "earliest",
                               "enable.auto.commit": False, "enable.partition.eof": True})
    known = consumer.list_topics(timeout=30).topics
    for name, topic in known.items():
        if not name.startswith(prefix) or name[len(prefix):].split(".")[0] not in PRODUCTS:
            continue
        places = [kafka.TopicPartition(name, each, kafka.OFFSET_BEGINNING) for each in topic.partitions]
        consumer.assign(places)
        ended = 0
        changes = []
        while ended < len(places):
            message = consumer.poll(30)
            if message is None:
                sys.exit(f"{name} cannot be read to its end")
            if message.error() is not None:
                ended += message.error().code() == kafka.KafkaError._PARTITION_EOF
                continue
            if name[len(prefix):] in TABLES:
                changes.append(((message.partition(), message.key()), message.value()))
            else:
                rows[name[len(prefix):]][without_place(message.value())] += 1
        rows[name[len(prefix):]].update(map(without_place, standing_rows(changes)))
    consumer.close()
    return rows


def compare(expected: dict, found: dict, may_repeat=False) -> list:
    wrong = []
    for name in sorted(expected.keys() | found.keys()):
        missing, extra = expected[name] - found[name], found[name] - expected[name]
        if may_repeat:
            extra = collections.Counter({row: count for row, count in extra.items() if row not in expected[name]})
        if missing:
            wrong.append(f"{name}: {missing.total()} rows are missing, as {next(iter(missing))}")
        if extra:
            wrong.append(f"{name}: {extra.total()} rows are too many, as {next(iter(extra))}")
    return wrong


def make_job(project: pathlib.Path, prefix: str, brokers: str, at_least_once=False) -> tuple:
    """The script and the braid.toml, which are written to a new folder."""
    project.mkdir()
    script = (SCRIPT_BY_PARTITION if at_least_once else SCRIPT).format(prefix=prefix)
    toml = TOML.format(prefix=prefix, brokers=brokers, delivery="at-least-once" if at_least_once else "exactly-once")
    (project / "shop.braid").write_text(script)
    (project / "braid.toml").write_text(toml)
    return script, toml


def make_inputs(options, prefix: str):
    """Makes the topics of the inputs. The client for topics."""
    from confluent_kafka.admin import AdminClient, NewTopic
    admin = AdminClient({"bootstrap.servers": options.brokers})
    for made in admin.create_topics([NewTopic(prefix + each, options.partitions) for each in ("clicks", "members")]).values():
        made.result()
    return admin


def delete_topics(admin, prefix: str):
    admin.delete_topics([name for name in admin.list_topics(timeout=30).topics if name.startswith(prefix)])


class Instance:
    def __init__(self, options, project: pathlib.Path, number: int):
        self.options, self.project, self.number = options, project, number
        self.starts = 0
        self.process = None
        self.start()

    def start(self):
        self.starts += 1
        log = open(self.project / f"instance-{self.number}.log", "ab")
        self.process = subprocess.Popen([self.options.braid, "run", "--env", "prod", self.project], stdout=log, stderr=log)

    def end(self, how) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("braid")
    parser.add_argument("brokers")
    parser.add_argument("venv", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--instances", type=int, default=2)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--at-least-once", action="store_true", help="without transactions: rows may be there several times")
    parser.add_argument("--keep", action="store_true", help="leaves the folder with stores and logs")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    kafka = client(options.venv)
    chance = random.Random(options.seed + 1)
    prefix = f"chaos-{os.getpid()}-{options.seed}-"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="braid-chaos-"))
    project = folder / "project"
    script, toml = make_job(project, prefix, options.brokers, options.at_least_once)
    admin = make_inputs(options, prefix)

    source = Input(options, kafka, prefix)
    end = time.monotonic() + options.seconds
    producer = threading.Thread(target=source.produce, args=(end,))
    producer.start()
    instances = [Instance(options, project, number) for number in range(options.instances)]
    counts = collections.Counter()
    failed = []
    while time.monotonic() < end and not failed:
        time.sleep(chance.uniform(0.2, 4))
        one = chance.choice(instances)
        if one.process.poll() is not None:
            failed.append(f"instance {one.number} ended with {one.process.returncode}")
            break
        what = chance.choices(("kill", "stop", "leave"), (5, 2, 2))[0]
        counts[what] += 1
        if what == "kill":
            one.end(signal.SIGKILL)
            one.start()
        elif what == "leave":
            code = one.end(signal.SIGTERM)
            if code not in (0, -signal.SIGTERM):  # it had only just started
                failed.append(f"instance {one.number} left with {code}")
                break
            one.start()
        else:
            one.process.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(1, 15))
            one.process.send_signal(signal.SIGCONT)
    source.stopped = bool(failed)
    producer.join()
    for one in instances:
        if one.process.poll() is None and one.end(signal.SIGTERM) not in (0, -signal.SIGTERM):
            failed.append(f"instance {one.number} left with {one.process.returncode}")
    if source.error is not None:
        failed.append(f"records could not be produced: {source.error}")
    began = time.monotonic()
    last = subprocess.run([options.braid, "run", "--env", "prod", "--until", "caught-up", project], capture_output=True,
                          text=True, timeout=300 + options.seconds)
    if last.returncode != 0:
        failed.append("the last run failed: " + last.stderr)
    if not failed:
        source.write(folder)
        expected = expected_rows(options, folder, script, toml)
        found = committed_rows(options, kafka, prefix)
        failed = compare(expected, found, options.at_least_once)
        rows, repeated = (sum(each.total() for each in rows.values()) for rows in (expected, found))
        repeated -= rows
        print(f"{source.made} clicks, {rows} rows{f', {repeated} of them again' if options.at_least_once else ''}; "
              f"{counts['kill']} kills, {counts['stop']} stops, {counts['leave']} leaves; "
              f"the last instance took {time.monotonic() - began:.1f} s", flush=True)
    for line in failed:
        print("wrong: " + line)
    if failed:
        for log in sorted(project.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}")
        print(f"the stores and logs are in {folder}")
    elif not options.keep:
        shutil.rmtree(folder)
        delete_topics(admin, prefix)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
