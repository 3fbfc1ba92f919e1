#!/usr/bin/env python3
"""From a table of PostgreSQL to a table of Braid, by Debezium's connector and Apache Kafka.

    postgres.py BRAID BROKERS DATABASE_PORT VENV [--keep]

`scripts/debezium` has started the database and the worker, on DATABASE_PORT and the next one. Rows that were there before
come by a snapshot, then rows are inserted, updated, deleted and inserted again, also several times in one transaction,
and keys change. After each step records of a stream are written that have the time of the database. Joined as of that
time they must find what the database had. Two connectors write the same changes: envelopes alone, and with their schemas.
VENV is a folder for a Python environment with confluent-kafka; exit code 77: it, or the database, cannot be had.
"""
import pathlib
import random
import subprocess
import sys
import tempfile

PACKAGES = ["confluent-kafka==2.16.0"]
BRAID, BROKERS, PORT, VENV = sys.argv[1], sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4])
KEEP = "--keep" in sys.argv

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import database as shared
import python_packages

python_packages.run_with(VENV, PACKAGES)
WORKER_PORT = shared.find_worker(PORT)

from confluent_kafka.admin import AdminClient, NewTopic

from database import Questions, check_nothing_lost, micros, read_topic, seconds_of
from job import Job, fail

PREFIX = f"pg{random.randrange(10**9)}"
PARTITIONS = 2
CUSTOMERS = 12

TABLE = """CREATE TABLE customer (
  id bigint PRIMARY KEY, segment text DEFAULT 'none', credit numeric(12,2) NOT NULL, vip boolean NOT NULL, born date, opens time,
  seen timestamptz, visits int[] NOT NULL, ref uuid NOT NULL, file bytea, pause interval, score double precision,
  updated_at timestamp NOT NULL, note text)"""
# What both sides write of a row, so that they can be compared.
ROWS = """SELECT id AS customer, id, segment, credit::text AS credit, vip, born::text AS born, opens::text AS opens,
  array_to_json(visits) AS visits,
  ref::text AS ref, encode(file, 'base64') AS file, extract(epoch FROM pause)::bigint AS pause, score,
  (extract(epoch FROM seen) * 1000000)::bigint AS seen, (extract(epoch FROM updated_at) * 1000000)::bigint AS updated_at
  FROM plain.customer"""

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


def job_of(name, script, schema):
    return Job(BRAID, folder / name, script.format(p=PREFIX, schema=schema),
                      TOML.format(p=PREFIX, brokers=BROKERS, name=name))


def as_database(row):
    """A row of Braid as the database writes it."""
    made = {name: value for name, value in row.items() if name not in ("n", "customer_id", "at")}
    made["credit"] = None if row["credit"] is None else str(row["credit"])
    for name in ("seen", "updated_at"):
        made[name] = micros(row[name])
    made["pause"] = seconds_of(row["pause"])
    return made


NOTHING = dict.fromkeys("id segment credit vip born opens visits ref file pause score seen updated_at".split())


def ask():
    questions.ask(database, ROWS, [*range(CUSTOMERS + 6), 1000], NOTHING)


def in_both(text):
    """The same in each schema, in one transaction for each."""
    return "".join(f"SET search_path = {schema}; BEGIN; {text}; COMMIT;" for schema in ("plain", "framed"))


def both(text):
    database.sql(in_both(text))


folder = pathlib.Path(tempfile.mkdtemp(prefix="braid-postgres-"))
database = shared.Database(PORT, PREFIX)
for each in ("plain", "framed"):
    database.sql(f"CREATE SCHEMA {each}; SET search_path = {each}; {TABLE};")
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
TEXTS = {"time.precision.mode": "microseconds", "decimal.handling.mode": "string", "key.converter": JSON, "value.converter": JSON,
         "value.converter.replace.null.with.default": "false"}
worker = shared.Worker(WORKER_PORT, database, admin)
for schema, schemas in (("plain", "false"), ("framed", "true")):
    worker.connect(schema, [f"{schema}.customer"], PARTITIONS,
                   {**TEXTS, "key.converter.schemas.enable": schemas, "value.converter.schemas.enable": schemas})
shared.wait_for("the connectors' stream of changes", 300, worker.is_streaming)
questions = Questions(BROKERS, f"{PREFIX}.question", PARTITIONS)
ask()
jobs = [job_of(schema, SCRIPT, schema) for schema in ("plain", "framed")]
for job in jobs:
    job.start()

both(INSERT.format(first=CUSTOMERS, last=CUSTOMERS + 2))
ask()
both("UPDATE customer SET segment = 'silver', credit = credit + 0.01, updated_at = '2026-02-03 04:05:06.789' WHERE id < 4")
ask()
both("DELETE FROM customer WHERE id IN (1, 2)")
ask()
# The record without a value behind a delete comes later than the row that was inserted again.
both("DELETE FROM customer WHERE id IN (3, 4)")
both(INSERT.format(first=3, last=4))
ask()
both(f"DELETE FROM customer WHERE id = 5; {INSERT.format(first=5, last=5)}; UPDATE customer SET segment = 'again' WHERE id = 5;"
     f"DELETE FROM customer WHERE id = 6; {INSERT.format(first=6, last=6)}; DELETE FROM customer WHERE id = 6")
ask()
both("UPDATE customer SET id = 1000 WHERE id = 7")
ask()
both("UPDATE customer SET segment = NULL, born = NULL, seen = NULL, file = NULL, pause = NULL, score = NULL WHERE id = 8;"
     "UPDATE customer SET born = '1815-12-10', credit = -0.01, visits = '{}', opens = '23:59:59.999999' WHERE id = 9")
ask()
# Undone, so it never was.
for each in ("plain", "framed"):
    database.sql(f"SET search_path = {each}; BEGIN; DELETE FROM customer; ROLLBACK;")
ask()
# The second table is told whole rows, also of what a change did not touch.
both("ALTER TABLE customer REPLICA IDENTITY FULL")
both("UPDATE customer SET vip = NOT vip WHERE id = 10; DELETE FROM customer WHERE id = 11")
ask()
questions.end(database, in_both("UPDATE customer SET vip = vip"))

for job, schema in zip(jobs, ("plain", "framed")):
    found = read_topic(BROKERS, f"{PREFIX}.{schema}.answer", len(questions.expected), 120, job,
                       lambda row: row["n"] != Questions.ENDS)
    if len(found) != len(questions.expected):
        fail(f"{schema}: {len(found)} rows, and {len(questions.expected)} questions\n{job.told()[-3000:]}")
    for row in found:
        if as_database(row) != questions.expected[row["n"]]:
            fail(f"{schema}: at {row['at']} the database had\n{questions.expected[row['n']]}\nand Braid has\n{as_database(row)}")
    job.end()
    check_nothing_lost(admin, BROKERS, f"{PREFIX}.{schema}.answer")
print(f"{len(questions.expected)} rows of each of two topics have what the database had at their times")

# ---- what the log of the database does not have -----------------------------------------------------------------
database.sql("""SET search_path = plain; ALTER TABLE customer REPLICA IDENTITY DEFAULT;
  UPDATE customer SET note = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i) WHERE id IN (9, 10);
  UPDATE customer SET vip = false WHERE id = 9;
  ALTER TABLE customer REPLICA IDENTITY FULL; UPDATE customer SET vip = false WHERE id = 10;""")
notes = database.sql("SELECT note FROM plain.customer WHERE id = 10")
at = database.now()
asked = [questions.write(customer, at, notes) for customer in (9, 10)]
questions.end(database, in_both("UPDATE customer SET vip = vip"))
job = job_of("notes", NOTES, "plain")
job.start()
rejected = read_topic(BROKERS, f"{PREFIX}.noted.rejected", 1, 90, job)
if [row["code"] for row in rejected] != ["E6030"] or "`note`" not in rejected[0]["reason"]:
    fail(f"the change that lacks a value is rejected: {rejected}")
noted = read_topic(BROKERS, f"{PREFIX}.noted", 2, 60, job, lambda row: row["n"] in asked)
if sorted((row["n"], row["note"]) for row in noted) != [(n, notes) for n in asked]:
    fail(f"the notes are those that were logged: {noted}")
job.end()
print("a value that the database did not log is no value")

if not KEEP:
    worker.end()
    subprocess.run(["rm", "-rf", folder], check=True)
