#!/usr/bin/env python3
"""From a table of PostgreSQL to a table of Braid, by Debezium's connector and Apache Kafka.

    postgres.py BRAID BROKERS DATABASE_PORT VENV [--keep]

`scripts/debezium` has started the database and the worker, on DATABASE_PORT and the next one. Rows that were there before
come by a snapshot, then rows are inserted, updated, deleted and inserted again, also several times in one transaction,
and keys change. After each step records of a stream are written that have the time of the database. Joined as of that
time they must find what the database had. Two connectors write the same changes: envelopes alone, and with their schemas.
VENV is a folder for a Python environment with confluent-kafka; exit code 77: it, or the database, cannot be had.
"""
import datetime
import decimal
import json
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

PACKAGES = ["confluent-kafka==2.16.0"]
BRAID, BROKERS, PORT, VENV = sys.argv[1], sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4])
KEEP = "--keep" in sys.argv

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import python_packages

python_packages.run_with(VENV, PACKAGES)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


if shutil.which("psql") is None or not answers(PORT) or not answers(PORT + 1):
    print("skipped: no database or no worker answers (scripts/debezium up)")
    sys.exit(77)

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

PREFIX = f"pg{random.randrange(10**9)}"
PARTITIONS = 2
CUSTOMERS = 12
ENDS = -1  # the customer of records that only move time

TABLE = """CREATE TABLE customer (
  id bigint PRIMARY KEY, segment text, credit numeric(12,2) NOT NULL, vip boolean NOT NULL, born date, opens time,
  seen timestamptz, visits int[] NOT NULL, ref uuid NOT NULL, file bytea, pause interval, score double precision,
  updated_at timestamp NOT NULL, note text)"""
# What both sides write of a row, so that they can be compared.
COLUMNS = """id, segment, credit::text AS credit, vip, born::text AS born, opens::text AS opens, array_to_json(visits) AS visits,
  ref::text AS ref, encode(file, 'base64') AS file, extract(epoch FROM pause)::bigint AS pause, score,
  (extract(epoch FROM seen) * 1000000)::bigint AS seen, (extract(epoch FROM updated_at) * 1000000)::bigint AS updated_at"""

SCRIPT = """domain shop

table customer
  key id
  time changed_at within 1s
  idle never
  from topic "{p}.{schema}.{schema}.customer" format debezium (unit: "us")
{{
  id: int, segment: string?, credit: decimal(12,2), vip: bool, born: date?, opens: time?, seen: timestamp?,
  visits: list<int>, ref: uuid, file: bytes?, pause: duration?, score: float?, updated_at: timestamp,
  changed_at: timestamp from "$.source.ts_us",
}}

stream question
  time at within 1s
  idle never
  key customer_id
  from topic "{p}.question" format json (unit: "us")
{{ n: int, customer_id: int, at: timestamp }}

product answer version 1
  key customer_id, n
  to topic "{p}.{schema}.answer"
{{
  from question
  left join customer as c on c.id == customer_id
  select {{
    n, customer_id, at, id: c?.id, segment: c?.segment, credit: c?.credit, vip: c?.vip, born: c?.born, opens: c?.opens, seen: c?.seen,
    visits: c?.visits, ref: c?.ref, file: c?.file, pause: c?.pause, score: c?.score, updated_at: c?.updated_at,
  }}
}}
"""
NOTES = """domain shop

table customer
  key id
  time changed_at within 1s
  idle never
  from topic "{p}.{schema}.{schema}.customer" format debezium (unit: "us")
{{ id: int, note: string?, changed_at: timestamp from "$.source.ts_us" }}

stream question
  time at within 1s
  idle never
  from topic "{p}.question" format json (unit: "us")
{{ n: int, customer_id: int, at: timestamp }}

product noted version 1
  to topic "{p}.noted"
{{
  from question
  join customer as c on c.id == customer_id
  select {{ n, note: c.note }}
}}
"""
TOML = """[project]
name = "{p}"

[env.prod]
brokers = "{brokers}"
store = "store"

[env.prod.kafka]
group = "{p}.{name}"
session_timeout = "6s"
"""


def fail(text):
    print(f"postgres: {text}", file=sys.stderr)
    sys.exit(1)


def sql(text):
    """Runs statements, and gives what the last one gives."""
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(PORT), "-U", "braid", "-v",
                           "ON_ERROR_STOP=1", PREFIX if made_database else "postgres"], input=text, capture_output=True,
                          text=True)
    if done.returncode != 0:
        fail(f"{text}\n{done.stderr}")
    return done.stdout.strip()


def worker(path, body=None, method=None):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT + 1}{path}", method=method,
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=90) as answered:
            return json.loads(answered.read() or b"null")
    except urllib.error.HTTPError as refused:
        fail(f"the worker says of {path}: {refused.read().decode()}")


def connect(schema, **settings):
    """Of a schema. Connectors with one prefix in one worker would wait for a minute: their metrics have one name."""
    name = f"{PREFIX}-{schema}"
    worker("/connectors", {"name": name, "config": {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "database.hostname": "127.0.0.1",
        "database.port": PORT, "database.user": "braid", "database.password": "none", "database.dbname": PREFIX,
        "plugin.name": "pgoutput", "slot.name": f"{PREFIX}_{schema}", "publication.name": f"{PREFIX}_{schema}",
        "publication.autocreate.mode": "filtered", "topic.prefix": f"{PREFIX}.{schema}", "table.include.list": f"{schema}.customer",
        "topic.creation.default.partitions": PARTITIONS, "topic.creation.default.replication.factor": 1,
        "time.precision.mode": "microseconds", "decimal.handling.mode": "string",
        **{key.replace("_", "."): value for key, value in settings.items()}}})
    return name


def wait_for(what, seconds, done):
    end = time.time() + seconds
    while not done():
        if time.time() > end:
            fail(f"{what} did not come within {seconds} s")
        time.sleep(0.2)


class Job:
    def __init__(self, name, script, schema):
        self.folder = folder / name
        self.folder.mkdir()
        (self.folder / "shop.braid").write_text(script.format(p=PREFIX, schema=schema))
        (self.folder / "braid.toml").write_text(TOML.format(p=PREFIX, brokers=BROKERS, name=name))
        self.log = open(self.folder / "log", "w")
        self.process = None

    def start(self, *words):
        self.process = subprocess.Popen([BRAID, "run", self.folder, "--env", "prod", *words], stdout=self.log,
                                        stderr=self.log)

    def said(self):
        return (self.folder / "log").read_text()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            fail(f"a job ended with {self.process.returncode}:\n{self.said()[-3000:]}")


def read_topic(topic, count, seconds, job=None, wanted=lambda row: True):
    """That many records of a topic in JSON, and those that come within two seconds more."""
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": f"{PREFIX}.{random.randrange(10**9)}",
                         "auto.offset.reset": "earliest", "isolation.level": "read_committed",
                         "topic.metadata.refresh.interval.ms": 1000})
    consumer.subscribe([topic])
    found, end = [], time.time() + seconds
    while time.time() < end:
        message = consumer.poll(0.2)
        if message is not None and not message.error() and message.value() is not None:
            row = json.loads(message.value(), parse_float=decimal.Decimal)
            found += [row] if wanted(row) else []
        if len(found) == count:
            end = min(end, time.time() + 2)
        if job is not None and job.process.poll() not in (None, 0):
            fail(f"a job ended with {job.process.returncode}:\n{job.said()[-3000:]}")
    consumer.close()
    return found


def micros(text):
    return None if text is None else round(datetime.datetime.fromisoformat(text).timestamp() * 1_000_000)


def seconds_of(text):
    """Of the durations that are used here."""
    if text is None:
        return None
    total, number = 0, ""
    for letter in text.removeprefix("P").replace("T", ""):
        if letter.isdigit():
            number += letter
        else:
            total += int(number) * {"D": 86400, "H": 3600, "M": 60, "S": 1}[letter]
            number = ""
    return total


def as_database(row):
    """A row of Braid as the database writes it."""
    made = {name: value for name, value in row.items() if name not in ("n", "customer_id", "at")}
    made["credit"] = None if row["credit"] is None else str(row["credit"])
    for name in ("seen", "updated_at"):
        made[name] = micros(row[name])
    made["pause"] = seconds_of(row["pause"])
    return made


NOTHING = dict.fromkeys("id segment credit vip born opens visits ref file pause score seen updated_at".split())


class Questions:
    """Records of the stream, and what the database had at their times."""

    def __init__(self):
        self.expected = {}
        self.producer = Producer({"bootstrap.servers": BROKERS, "partitioner": "murmur2_random"})

    def write(self, customer, at):
        n = len(self.expected)
        self.producer.produce(f"{PREFIX}.question", key=str(customer),
                              value=json.dumps({"n": n, "customer_id": customer, "at": at}))
        self.producer.poll(0)
        return n

    def ask(self):
        """After the changes that were committed, and before those that will be."""
        at = int(sql("SELECT pg_sleep(0.005); SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;").split()[-1])
        lines = sql(f"SELECT pg_sleep(0.005); SELECT row_to_json(r) FROM (SELECT {COLUMNS} FROM plain.customer) r;").split("\n")
        rows = {row["id"]: row for row in map(json.loads, filter(None, lines))}
        for customer in [*range(CUSTOMERS + 6), 1000]:
            self.expected[self.write(customer, at)] = rows.get(customer, NOTHING)

    def end(self):
        """Time moves on in every partition: a partition's last record has to be confirmed by another."""
        for _ in range(2):
            both("SELECT pg_sleep(1.5); UPDATE customer SET vip = vip")
            at = int(sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;"))
            for partition in range(PARTITIONS):
                self.producer.produce(f"{PREFIX}.question", partition=partition,
                                      value=json.dumps({"n": ENDS, "customer_id": ENDS, "at": at}))
        self.producer.flush(30)


def both(text):
    """The same in each schema, in one transaction for each."""
    for schema in ("plain", "framed"):
        sql(f"SET search_path = {schema}; BEGIN; {text}; COMMIT;")


made_database = False
folder = pathlib.Path(tempfile.mkdtemp(prefix="braid-postgres-"))
sql(f"CREATE DATABASE {PREFIX}")
made_database = True
for each in ("plain", "framed"):
    sql(f"CREATE SCHEMA {each}; SET search_path = {each}; {TABLE};")
# Rows of the snapshot: their own times are years behind, in no order.
INSERT = """INSERT INTO customer (id, segment, credit, vip, born, opens, seen, visits, ref, file, pause, score, updated_at)
  SELECT i, CASE WHEN i % 3 > 0 THEN 'segment ' || i END, (i * 7919 % 1000 - 500) * 1234567.89, i % 2 = 0,
    CASE WHEN i % 4 > 0 THEN date '1969-12-28' + i END, time '00:00:00.000001' + i * interval '1 hour',
    CASE WHEN i % 5 > 0 THEN timestamptz '2026-01-01 12:00:00.123456+02' + i * interval '1 day' END,
    ARRAY[i, -i], md5(i::text)::uuid, CASE WHEN i % 2 > 0 THEN decode('00ff' || lpad(i::text, 4, '0'), 'hex') END,
    CASE WHEN i % 3 > 0 THEN i * interval '1 day 2 hours 3 minutes 4 seconds' END, i / 8.0,
    timestamp '2020-01-01' + (i * 7 % 11) * interval '100 days' + interval '1 microsecond'
  FROM generate_series({first}, {last}) i"""
both(INSERT.format(first=0, last=CUSTOMERS - 1))

admin = AdminClient({"bootstrap.servers": BROKERS})
for future in admin.create_topics([NewTopic(f"{PREFIX}.question", PARTITIONS, 1)]).values():
    future.result(60)
JSON = "org.apache.kafka.connect.json.JsonConverter"
connectors = [connect("plain"),
              connect("framed", value_converter=JSON, value_converter_schemas_enable="true", key_converter=JSON,
                      key_converter_schemas_enable="true")]


def streaming():
    for name in connectors:
        found = worker(f"/connectors/{name}/status")
        for task in [found["connector"], *found["tasks"]]:
            if task["state"] == "FAILED":
                fail(f"{name}: {task['trace'][:2000]}")
    active = sql("SELECT count(*) FROM pg_replication_slots WHERE active AND database = current_database()")
    topics = admin.list_topics(timeout=30).topics
    return active == "2" and all(f"{PREFIX}.{schema}.{schema}.customer" in topics for schema in ("plain", "framed"))


wait_for("the connectors' stream of changes", 300, streaming)
questions = Questions()
questions.ask()
jobs = [Job(schema, SCRIPT, schema) for schema in ("plain", "framed")]
for job in jobs:
    job.start()

both(INSERT.format(first=CUSTOMERS, last=CUSTOMERS + 2))
questions.ask()
both("UPDATE customer SET segment = 'silver', credit = credit + 0.01, updated_at = '2026-02-03 04:05:06.789' WHERE id < 4")
questions.ask()
both("DELETE FROM customer WHERE id IN (1, 2)")
questions.ask()
# The record without a value behind a delete comes later than the row that was inserted again.
both("DELETE FROM customer WHERE id IN (3, 4)")
both(INSERT.format(first=3, last=4))
questions.ask()
both(f"DELETE FROM customer WHERE id = 5; {INSERT.format(first=5, last=5)}; UPDATE customer SET segment = 'again' WHERE id = 5;"
     f"DELETE FROM customer WHERE id = 6; {INSERT.format(first=6, last=6)}; DELETE FROM customer WHERE id = 6")
questions.ask()
both("UPDATE customer SET id = 1000 WHERE id = 7")
questions.ask()
both("UPDATE customer SET segment = NULL, born = NULL, seen = NULL, file = NULL, pause = NULL, score = NULL WHERE id = 8;"
     "UPDATE customer SET born = '1815-12-10', credit = -0.01, visits = '{}', opens = '23:59:59.999999' WHERE id = 9")
questions.ask()
# Undone, so it never was.
for each in ("plain", "framed"):
    sql(f"SET search_path = {each}; BEGIN; DELETE FROM customer; ROLLBACK;")
questions.ask()
# The second table is told whole rows, also of what a change did not touch.
both("ALTER TABLE customer REPLICA IDENTITY FULL")
both("UPDATE customer SET vip = NOT vip WHERE id = 10; DELETE FROM customer WHERE id = 11")
questions.ask()
questions.end()

for job, schema in zip(jobs, ("plain", "framed")):
    found = read_topic(f"{PREFIX}.{schema}.answer", len(questions.expected), 120, job, lambda row: row["n"] != ENDS)
    if len(found) != len(questions.expected):
        fail(f"{schema}: {len(found)} rows, and {len(questions.expected)} questions\n{job.said()[-3000:]}")
    for row in found:
        if as_database(row) != questions.expected[row["n"]]:
            fail(f"{schema}: at {row['at']} the database had\n{questions.expected[row['n']]}\nand Braid has\n{as_database(row)}")
    job.end()
    lost = [name for name in admin.list_topics(timeout=30).topics
            if name.startswith(f"{PREFIX}.{schema}.answer.") and read_topic(name, 1, 10)]
    if lost:
        fail(f"{schema}: rows are in {lost}")
print(f"{len(questions.expected)} rows of each of two topics have what the database had at their times")

# ---- what the log of the database does not have -----------------------------------------------------------------
sql("""SET search_path = plain; ALTER TABLE customer REPLICA IDENTITY DEFAULT;
  UPDATE customer SET note = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i) WHERE id IN (9, 10);
  UPDATE customer SET vip = false WHERE id = 9;
  ALTER TABLE customer REPLICA IDENTITY FULL; UPDATE customer SET vip = false WHERE id = 10;""")
notes = sql("SELECT note FROM plain.customer WHERE id = 10")
at = int(sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;"))
asked = []
for customer in (9, 10):
    asked.append(questions.write(customer, at))
    questions.expected[asked[-1]] = notes
questions.end()
job = Job("notes", NOTES, "plain")
job.start()
rejected = read_topic(f"{PREFIX}.noted.rejected", 1, 90, job)
if [row["code"] for row in rejected] != ["E6030"] or "`note`" not in rejected[0]["reason"]:
    fail(f"the change that lacks a value is rejected: {rejected}")
noted = read_topic(f"{PREFIX}.noted", 2, 60, job, lambda row: row["n"] in asked)
if sorted((row["n"], row["note"]) for row in noted) != [(n, notes) for n in asked]:
    fail(f"the notes are those that were logged: {noted}")
job.end()
print("a value that the database did not log is no value")

if not KEEP:
    for name in connectors:
        worker(f"/connectors/{name}", method="DELETE")
    subprocess.run(["rm", "-rf", folder], check=True)
