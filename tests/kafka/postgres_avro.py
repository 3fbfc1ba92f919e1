#!/usr/bin/env python3
"""Tables of PostgreSQL whose changes Debezium writes in Avro, by Apicurio's converter and a schema registry.

    postgres_avro.py BRAID BROKERS DATABASE_PORT REGISTRY VENV [--keep]

As postgres.py, which has more of changes; this has more of types and schemas. Two connectors write changes. `whole` has
the defaults: whole schemas, decimals as bytes, times in the unit of their column; its keys are in Avro, and it has two
tables. `parts` has schemas that refer to others, decimals as text, times of Kafka Connect, and keys in JSON. Meanwhile a
column is added to the second table, and another gets a wider type; the job is killed before that and starts again behind
it. (With references this converter would go on with the schema before.)
REGISTRY is the address of Confluent's REST API of an Apicurio Registry. Exit code 77: something of it cannot be had.
"""
import decimal
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import urllib.request

PACKAGES = ["confluent-kafka==2.16.0"]
BRAID, BROKERS, PORT, REGISTRY, VENV = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], pathlib.Path(sys.argv[5])
KEEP = "--keep" in sys.argv

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import database as shared
import python_packages

python_packages.run_with(VENV, PACKAGES)
WORKER_PORT = shared.find_worker(PORT)

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic

from database import Questions, check_nothing_lost, micros, read_topic, seconds_of
from job import Job, fail, skip

PREFIX = f"pgavro{random.randrange(10**9)}"
PARTITIONS = 2
CUSTOMERS = 12

TABLES = """CREATE TYPE mood AS ENUM ('calm', 'cross');
CREATE TABLE customer (
  id bigint PRIMARY KEY, name text DEFAULT 'nobody', credit numeric(12,2) NOT NULL, rate numeric(8,4),
  vip boolean NOT NULL DEFAULT false, born date, opens time(3), closes time(6), seen timestamptz, met timestamp(3),
  updated_at timestamp NOT NULL, visits int[] NOT NULL, tags text[], ref uuid NOT NULL, doc jsonb, mood mood, score double precision,
  ratio real, small smallint, file bytea, pause interval);
CREATE TABLE wallet (currency text, owner bigint, amount numeric(20,8) NOT NULL, points int NOT NULL DEFAULT 7, opened timestamp(3),
  PRIMARY KEY (currency, owner));"""
INSERT = """INSERT INTO customer (id, name, credit, rate, vip, born, opens, closes, seen, met, updated_at, visits, tags, ref, doc, mood,
    score, ratio, small, file, pause)
  SELECT i, 'name ' || i, (i * 7919 % 1000 - 500) * 1234567.89, CASE WHEN i % 3 > 0 THEN i / -7.0 END, i % 2 = 0,
    CASE WHEN i % 4 > 0 THEN date '1969-12-28' + i END, time '00:00:00.007' + i * interval '1 hour',
    CASE WHEN i % 4 > 1 THEN time '00:00:00.000001' + i * interval '1 hour' END,
    CASE WHEN i % 5 > 0 THEN timestamptz '2026-01-01 12:00:00.123456+02' + i * interval '1 day' END,
    CASE WHEN i % 5 > 1 THEN timestamp '1969-12-31 23:59:58.5' + i * interval '1 second' END,
    timestamp '2020-01-01' + (i * 7 % 11) * interval '100 days' + interval '1001 microseconds', ARRAY[i, -i],
    CASE WHEN i % 3 > 0 THEN ARRAY['tag', 'ü' || i] END, md5(i::text)::uuid,
    CASE WHEN i % 2 > 0 THEN jsonb_build_object('n', i, 'list', ARRAY[i]) END, CASE WHEN i % 3 > 0 THEN 'cross'::mood END,
    i / 8.0, i / -4.0, i, CASE WHEN i % 2 > 0 THEN decode('00ff' || lpad(i::text, 4, '0'), 'hex') END,
    CASE WHEN i % 3 > 0 THEN i * interval '1 day 2 hours 3 minutes 4 seconds' END
  FROM generate_series({first}, {last}) i;
INSERT INTO wallet (currency, owner, amount, opened)
  SELECT c, i, i * 0.00000003, CASE WHEN i % 4 > 0 THEN timestamp '2026-01-01 00:00:00.25' + i * interval '1 hour' END
  FROM generate_series({first}, {last}, 2) i, unnest(ARRAY['EUR', 'USD']) c"""
# What both sides write of a row, so that they can be compared. A column that is added later is read where it is.
ROWS = """SELECT coalesce(id, owner) AS customer, id, name, credit::text AS credit, rate::text AS rate, vip, born::text AS born,
  opens::text AS opens, closes::text AS closes, (extract(epoch FROM seen) * 1000000)::bigint AS seen,
  (extract(epoch FROM met) * 1000000)::bigint AS met, (extract(epoch FROM updated_at) * 1000000)::bigint AS updated_at,
  array_to_json(visits) AS visits, array_to_json(tags) AS tags, ref::text AS ref, doc::text AS doc, mood, score, ratio, small,
  encode(file, 'base64') AS file, extract(epoch FROM pause)::bigint AS pause, amount::text AS amount, points,
  (extract(epoch FROM opened) * 1000000)::bigint AS opened, to_jsonb(w) ->> 'note' AS note
  FROM customer FULL JOIN (SELECT * FROM wallet WHERE currency = 'EUR') w ON owner = id"""
SCRIPT = """domain shop

table customer
  key id
  time changed_at within 1s
  idle never
  from topic "{p}.{name}.public.customer" format debezium (encoding: "avro", unit: "us")
{{
  id: int, name: string?, credit: decimal(12,2), rate: decimal(8,4)?, vip: bool, born: date?, opens: time?, closes: time?,
  seen: timestamp?, met: timestamp?, updated_at: timestamp, visits: list<int>, tags: list<string>?, ref: uuid, doc: string?,
  mood: enum {{ calm, cross }}?, score: float?, ratio: float?, small: int?, file: bytes?, pause: duration?,
  changed_at: timestamp from "$.source.ts_us",
}}

{wallet}stream question
  time at within 1s
  idle never
  from topic "{p}.question" format json (unit: "us")
{{ n: int, customer_id: int, at: timestamp, currency: string = "EUR" }}

product answer version 1
  key customer_id, n
  to topic "{p}.{name}.answer"
{{
  from question
  left join customer as c on c.id == customer_id
  {join}
  select {{ n, customer_id, at, {columns} }}
}}
"""
WALLET = """table wallet
  key currency, owner
  time changed_at within 1s
  idle never
  from topic "{p}.whole.public.wallet" format debezium (encoding: "avro", unit: "us")
{{
  currency: string, owner: int, amount: decimal(20,8), points: int, opened: timestamp?, note: string?,
  changed_at: timestamp from "$.source.ts_us",
}}

"""
JOIN = "left join wallet as w on w.currency == currency and w.owner == customer_id"
TOML = """[project]
name = "{p}"

[env.prod]
brokers = "{brokers}"
store = "store"

[env.prod.kafka]
group = "{p}.{name}"
session_timeout = "6s"

[env.prod.registry]
url = "{registry}"
"""
CUSTOMER = "id name credit rate vip born opens closes seen met updated_at visits tags ref doc mood score ratio small file pause".split()
OF_WALLET = "amount points opened note".split()
TOUCH = "UPDATE customer SET vip = vip; UPDATE wallet SET amount = amount"
NOTHING = dict.fromkeys([*CUSTOMER, *OF_WALLET])
CONVERTER = {"": "io.apicurio.registry.utils.converter.AvroConverter",
             ".apicurio.registry.url": REGISTRY.replace("ccompat/v7", "registry/v2"), ".apicurio.registry.auto-register": "true",
             ".apicurio.registry.as-confluent": "true", ".apicurio.registry.use-id": "contentId",
             ".apicurio.registry.headers.enabled": "false"}


def converter(side, **more):
    return {f"{side}.converter{name}": value for name, value in CONVERTER.items()} | {
        f"{side}.converter.apicurio.registry.{name.replace('_', '-')}": value for name, value in more.items()}


def ask():
    questions.ask(database, ROWS, [*range(CUSTOMERS + 4), 1000], NOTHING)


def job_of(name):
    columns = [f"{each}: c?.{each}" for each in CUSTOMER]
    columns += [f"{each}: w?.{each}" for each in OF_WALLET] if name == "whole" else []
    wallet, join = (WALLET.format(p=PREFIX), JOIN) if name == "whole" else ("", "")
    return Job(BRAID, folder / name,
                      SCRIPT.format(p=PREFIX, name=name, columns=", ".join(columns), wallet=wallet, join=join),
                      TOML.format(p=PREFIX, brokers=BROKERS, name=name, registry=REGISTRY))


def number(text):
    return None if text is None else decimal.Decimal(str(text))


def to_millis(text):
    """Of a text that ends with a time; Kafka Connect's times have no more."""
    return text if text is None or "." not in text else text[:text.index(".") + 4].rstrip("0").rstrip(".")


def comparable(row, name, of_braid):
    made = {each: row[each] for each in (NOTHING if name == "whole" else CUSTOMER)}
    for each in {"credit", "rate", "amount"} & made.keys():
        made[each] = number(row[each])
    for each in {"seen", "met", "updated_at", "opened"} & made.keys():
        made[each] = micros(row[each]) if of_braid else row[each]
    if of_braid:
        made["pause"] = seconds_of(row["pause"])
    elif name == "parts":
        made["closes"] = to_millis(row["closes"])
        if row["updated_at"] is not None:
            made["updated_at"] = row["updated_at"] // 1000 * 1000
    # `doc` is JSON in JSON.
    made["doc"] = None if row["doc"] is None else json.loads(row["doc"])
    return made


def records_of(topic):
    """All that are there: keys and values."""
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": f"{topic}.raw", "auto.offset.reset": "earliest",
                         "enable.partition.eof": True})
    consumer.subscribe([topic])
    found, ended = [], 0
    while ended < PARTITIONS:
        message = consumer.poll(30)
        if message is None:
            fail(f"{topic} cannot be read")
        if message.error():
            ended += 1
        else:
            found.append((message.key(), message.value()))
    consumer.close()
    return found


if not shared.has_class(WORKER_PORT, "value.converter", CONVERTER[""]):
    skip("the worker has no converter for Avro (scripts/debezium up --avro)")
folder = pathlib.Path(tempfile.mkdtemp(prefix="braid-postgres-avro-"))
database = shared.Database(PORT, PREFIX)
admin = AdminClient({"bootstrap.servers": BROKERS})
worker = shared.Worker(WORKER_PORT, database, admin)
database.sql(f"{TABLES} {INSERT.format(first=0, last=CUSTOMERS - 1)};")
for future in admin.create_topics([NewTopic(f"{PREFIX}.question", PARTITIONS, 1)]).values():
    future.result(60)
worker.connect("whole", ["public.customer", "public.wallet"], PARTITIONS, {**converter("key"), **converter("value")})
worker.connect("parts", ["public.customer"], PARTITIONS,
               {**converter("value", dereference_schema="false"), "time.precision.mode": "connect",
                "decimal.handling.mode": "string"})
shared.wait_for("the connectors' stream of changes", 300, worker.is_streaming)
questions = Questions(BROKERS, f"{PREFIX}.question", PARTITIONS)
ask()
whole, parts = jobs = [job_of(name) for name in ("whole", "parts")]
for job in jobs:
    job.start()

database.sql(INSERT.format(first=CUSTOMERS, last=CUSTOMERS + 2))
ask()
database.sql("UPDATE customer SET name = 'silver', credit = credit + 0.01, rate = 0.5, updated_at = '2026-02-03 04:05:06.789' WHERE id < 4;"
             "UPDATE wallet SET amount = 999999999999.99999999 WHERE owner = 2")
ask()
database.sql("DELETE FROM customer WHERE id IN (1, 2); DELETE FROM wallet WHERE owner = 4")
ask()
database.sql(f"BEGIN; DELETE FROM customer WHERE id = 5; {INSERT.format(first=5, last=5)} ON CONFLICT DO NOTHING; COMMIT")
database.sql("UPDATE customer SET id = 1000 WHERE id = 7; UPDATE wallet SET owner = 9 WHERE owner = 8")
ask()
# A job is killed when it has written, and what comes meanwhile has another schema.
questions.end(database, TOUCH)
read_topic(BROKERS, f"{PREFIX}.whole.answer", 1, 60, whole)
whole.end(signal.SIGKILL, -signal.SIGKILL)
database.sql("UPDATE customer SET rate = NULL, born = NULL, opens = NULL, seen = NULL, met = NULL, tags = NULL, doc = NULL, mood = NULL,"
             "score = NULL, ratio = NULL, small = NULL, file = NULL, pause = NULL WHERE id = 8")
ask()
database.sql("ALTER TABLE wallet ADD COLUMN note text, ALTER COLUMN points TYPE bigint;"
             "UPDATE wallet SET note = 'new', points = 5000000000 WHERE owner = 2;"
             "UPDATE customer SET born = '1815-12-10', closes = '23:59:59.999999', visits = '{}' WHERE id = 9;"
             "DELETE FROM customer WHERE id = 10; DELETE FROM wallet WHERE owner = 12")
whole.start()
ask()
questions.end(database, TOUCH)

for job, name in ((whole, "whole"), (parts, "parts")):
    found = read_topic(BROKERS, f"{PREFIX}.{name}.answer", len(questions.expected), 120, job, lambda row: row["n"] != Questions.ENDS)
    if len(found) != len(questions.expected):
        fail(f"{name}: {len(found)} rows, and {len(questions.expected)} questions\n{job.told()[-3000:]}")
    for row in found:
        had, has = comparable(questions.expected[row["n"]], name, False), comparable(row, name, True)
        if had != has:
            fail(f"{name}: at {row['at']} differ\n" + "\n".join(f"{each}: {had[each]!r} in the database, {has[each]!r} in Braid"
                                                              for each in had if had[each] != has[each]))
    check_nothing_lost(admin, BROKERS, f"{PREFIX}.{name}.answer")
print(f"{len(questions.expected)} rows of each of two connectors have what the database had at their times")

# ---- that it was what it says ------------------------------------------------------------------------------------
for topic, versions, references in (("whole.public.wallet", 2, False), ("parts.public.customer", 1, True)):
    records = records_of(f"{PREFIX}.{topic}")
    ids = {int.from_bytes(value[1:5], "big") for _, value in records if value is not None and value[0] == 0}
    schemas = [json.load(urllib.request.urlopen(f"{REGISTRY}/schemas/ids/{each}", timeout=30)) for each in ids]
    if len(ids) != versions or any(bool(each.get("references")) != references for each in schemas):
        fail(f"{topic}: schemas are not what they should be: {schemas}")
    if not any(value is None for _, value in records) or any((key[0] == 0) == references for key, _ in records):
        fail(f"{topic}: the keys are in another form, or no record is without a value")

# ---- a list that the database did not log ------------------------------------------------------------------------
database.sql("UPDATE customer SET visits = (SELECT array_agg(('x' || substr(md5(i::text), 1, 7))::bit(28)::int) "
             "FROM generate_series(1, 3000) i) WHERE id = 0; UPDATE customer SET vip = NOT vip WHERE id = 0")
rejected = read_topic(BROKERS, f"{PREFIX}.whole.answer.rejected", 1, 30, whole)
if [row["code"] for row in rejected] != ["E6030"] or "`visits`" not in rejected[0]["reason"]:
    fail(f"the change that lacks a list is rejected: {rejected}")
print("schemas by reference and whole, keys in Avro and JSON, and a list that was not logged: as expected")
for job in jobs:
    job.end()
if not KEEP:
    worker.end()
    subprocess.run(["rm", "-rf", folder], check=True)
