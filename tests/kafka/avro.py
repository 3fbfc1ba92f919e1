#!/usr/bin/env python3
"""Avro on topics against Apache Kafka and a schema registry: Confluent's serializers write and read beside Braid.

    avro.py BRAID BROKERS REGISTRY VENV [--keep]

The schema of a topic changes in the middle of it, one of its schemas is hidden by the registry for a while, keys of a
table are deleted by records without a value, and changes of another table come from Debezium's envelopes in JSON and in
Avro. The products are read back by Confluent's deserializer. VENV is a folder for a Python environment with
confluent-kafka; exit code 77: it cannot be had.
"""
import decimal
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PACKAGES = ["confluent-kafka[avro,json,protobuf]==2.16.1", "fastavro==1.13.1", "jsonschema==4.26.0"]
BRAID, BROKERS, REGISTRY, VENV = sys.argv[1], sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
KEEP = "--keep" in sys.argv

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import python_packages

python_packages.run_with(VENV, PACKAGES)

import datetime

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from job import Job, fail
from registry_topics import HidingRegistry, ProductReader, read_values

START = 1_790_000_000_000  # milliseconds
PREFIX = f"avro{random.randrange(10**9)}."
PARTITIONS = 2
ENDS = -1  # the id of records that only move time

SCRIPT = """domain shop

stream sale
  key sku
  time at within 10s
  from topic "{p}sales" format avro
{{ id: int, sku: string, at: timestamp, price: decimal(12,2), channel: string? }}

table item
  key sku
  time at within 10s
  from topic "{p}items" format avro
{{ sku: string, name: string, at: timestamp }}

table stock
  key sku
  time at within 10s
  from topic "{p}stock" format debezium (unit: "ms")
{{ sku: string, pieces: int, at: timestamp }}

table rating
  key sku
  time at within 10s
  from topic "{p}rating" format debezium (encoding: "avro")
{{ sku: string, stars: int, at: timestamp }}

product sold version 1
  key sku, id
  contract {{ compatible backward }}
  to topic "{p}sold" format avro
{{
  from sale
  left join item as i on i.sku == sku
  left join stock as s on s.sku == sku
  left join rating as r on r.sku == sku
  select {{ id, sku, at, price, channel{cast}, name: i?.name, pieces: s?.pieces, stars: r?.stars }}
}}
"""
TOML = """[project]
name = "{p}shop"

[env.prod]
brokers = "{brokers}"
store = "store"

[env.prod.kafka]
group = "{p}{group}"
session_timeout = "6s"

[env.prod.registry]
url = "{registry}"
"""
SALE_1 = """{"type": "record", "name": "sale", "fields": [
  {"name": "sku", "type": "string"}, {"name": "id", "type": "int"},
  {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
  {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}}]}"""
SALE_2 = """{"type": "record", "name": "sale", "fields": [
  {"name": "channel", "type": ["null", "string"], "default": null}, {"name": "id", "type": "long"},
  {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
  {"name": "note", "type": ["null", {"type": "map", "values": "int"}], "default": null},
  {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
  {"name": "sku", "type": "string"}]}"""
SALE_3 = SALE_2.replace('"note"', '"remark"')
ITEM = """{"type": "record", "name": "item", "fields": [
  {"name": "sku", "type": "string"}, {"name": "name", "type": "string"},
  {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}"""
RATING = """{"type": "record", "name": "envelope", "fields": [
  {"name": "before", "type": ["null", {"type": "record", "name": "row", "fields": [
    {"name": "sku", "type": "string"}, {"name": "stars", "type": ["null", "int"], "default": null},
    {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}], "default": null}]}]},
  {"name": "after", "type": ["null", "row"]}, {"name": "op", "type": "string"},
  {"name": "source", "type": {"type": "record", "name": "source", "fields": [{"name": "ts_ms", "type": "long"}]}},
  {"name": "ts_ms", "type": ["null", "long"], "default": null}]}"""

PROXY = HidingRegistry.serve(REGISTRY)
registry = SchemaRegistryClient({"url": REGISTRY, "timeout": 20})
producer = Producer({"bootstrap.servers": BROKERS, "partitioner": "murmur2_random"})
admin = AdminClient({"bootstrap.servers": BROKERS})
folder = pathlib.Path(tempfile.mkdtemp(prefix="braid-avro-"))


def instant(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)


def serializer(text):
    return AvroSerializer(registry, text, conf={"auto.register.schemas": True})


def write(topic, key, value, ms, made=None):
    if made is not None and value is not None:
        value = made(value, SerializationContext(PREFIX + topic, MessageField.VALUE))
    producer.produce(PREFIX + topic, key=key, value=value, timestamp=ms)
    producer.poll(0)


def make_topics():
    names = [PREFIX + each for each in ("sales", "items", "stock", "rating")]
    for future in admin.create_topics([NewTopic(each, PARTITIONS, 1) for each in names]).values():
        future.result(30)


def job_of(name, group="job", cast=""):
    return Job(BRAID, folder / name, SCRIPT.format(p=PREFIX, cast=cast),
               TOML.format(p=PREFIX, brokers=BROKERS, group=group, registry=PROXY), "--log", "json")


class Results(ProductReader):
    """The rows of the product, by Confluent's deserializer."""
    read = AvroDeserializer(registry)

    def take(self, message):
        row = self.read(message.value(), SerializationContext(message.topic(), MessageField.VALUE))
        if row["id"] == ENDS:
            return
        if row["id"] in self.rows:
            fail(f"a row came twice: {row}")
        if json.loads(message.key()) != {"sku": row["sku"], "id": row["id"]}:
            fail(f"the key {message.key()} is not that of {row}")
        self.rows[row["id"]] = row


expected = {}
next_id = 0
SKUS = [f"sku-{i}" for i in range(6)]


def sell(made, ms, sku, channel=None, names=None, pieces=None, stars=None):
    global next_id
    next_id += 1
    price = decimal.Decimal(next_id * 7 % 1000).scaleb(-2)
    row = {"id": next_id, "sku": sku, "at": instant(ms), "price": price}
    if made is not sale_1:
        row["channel"] = channel
    write("sales", sku, row, ms, made)
    expected[next_id] = {"id": next_id, "sku": sku, "at": instant(ms), "price": price,
                         "channel": channel if made is not sale_1 else None,
                         "name": (names or {}).get(sku), "pieces": (pieces or {}).get(sku),
                         "stars": (stars or {}).get(sku)}
    return next_id


wrapped = 0


def envelope(op, ms, before=None, after=None):
    """Of two in turn one is as the JsonConverter writes it with `schemas.enable`."""
    global wrapped
    wrapped += 1
    change = {"before": before, "after": after, "op": op, "source": {"ts_ms": ms, "table": "stock"}, "ts_ms": ms + 5}
    return {"schema": {"type": "struct"}, "payload": change} if wrapped % 2 else change


def rate(op, ms, before=None, after=None):
    write("rating", (before or after)["sku"],
          {"before": before, "after": after, "op": op, "source": {"ts_ms": ms}, "ts_ms": ms + 5}, ms, rating)


def advance(ms):
    """Time moves on in every partition, so that nothing waits."""
    for sku in SKUS:
        write("items", sku, {"sku": sku, "name": "end", "at": instant(ms)}, ms, item)
        write("stock", sku, json.dumps(envelope("u", ms, None, {"sku": sku, "pieces": 1, "at": ms})), ms)
        rate("u", ms, None, {"sku": sku, "stars": 1, "at": instant(ms)})
        write("sales", sku, {"id": ENDS, "sku": sku, "at": instant(ms), "price": decimal.Decimal(0)}, ms, sale_1)


make_topics()
sale_1, sale_2, item, rating = serializer(SALE_1), serializer(SALE_2), serializer(ITEM), serializer(RATING)
results = Results(BROKERS, PREFIX, "sold")

# ---- schemas that change, deletes, changes ----------------------------------------------------------------------
names = {sku: f"name of {sku}" for sku in SKUS}
pieces, stars = {}, {}
for sku in SKUS:
    write("items", sku, {"sku": sku, "name": names[sku], "at": instant(START)}, START, item)
    pieces[sku], stars[sku] = len(pieces), len(stars) + 1
    write("stock", sku,
          json.dumps(envelope("r", START, None, {"sku": sku, "pieces": pieces[sku], "at": START})), START)
    rate("c", START, None, {"sku": sku, "stars": stars[sku], "at": instant(START)})
now = START + 1000
for i in range(200):
    now += 100
    made = sale_1 if i < 100 or i % 3 == 0 else sale_2
    sell(made, now, SKUS[i % 6], channel="web" if i % 2 else None, names=names, pieces=pieces, stars=stars)
# A record without a value deletes its key; Debezium says `d`.
now += 10_000
write("items", "sku-0", None, now)
write("stock", "sku-1", json.dumps(envelope("d", now, {"sku": "sku-1"}, None)), now)
write("stock", "sku-1", None, now)
rate("d", now, {"sku": "sku-2", "stars": None, "at": None}, None)
del names["sku-0"], pieces["sku-1"], stars["sku-2"]
# Poison: no framing.
write("sales", "sku-3", b"{}", now)
for i in range(60):
    now += 100
    sell(sale_2, now, SKUS[i % 6], channel="shop", names=names, pieces=pieces, stars=stars)
now += 60_000
advance(now)
producer.flush(30)

job = job_of("one")
job.start()
results.wait_for(expected, job)
if results.rows != expected:
    for number, row in expected.items():
        if results.rows[number] != row:
            fail(f"found {results.rows[number]}, expected {row}")
rejected = [json.loads(each) for each in read_values(BROKERS, PREFIX + "rejected", PREFIX + "sold.rejected", 1)]
if len(rejected) != 1 or rejected[0]["code"] != "E6041":
    fail(f"one record without framing is rejected: {rejected}")
print(f"{len(expected)} rows, with two schemas in one topic, deletes and changes: as expected")

# ---- a schema that the registry does not know yet ---------------------------------------------------------------
hidden = registry.register_schema(PREFIX + "sales-value", Schema(SALE_3, "AVRO"))
HidingRegistry.hidden.add(hidden)
sale_3 = serializer(SALE_3)
names, pieces, stars = {sku: "end" for sku in SKUS}, {sku: 1 for sku in SKUS}, {sku: 1 for sku in SKUS}
before = dict(expected)
now += 1000
waiting = [sell(sale_3, now, "sku-0", channel="late", names=names, pieces=pieces, stars=stars)]
now += 100
waiting.append(sell(sale_2, now, "sku-0", channel="behind", names=names, pieces=pieces, stars=stars))
now += 60_000
advance(now)
producer.flush(30)
job.wait_for("W7078")
if f"does not know schema id {hidden}" not in job.told() and f"schema {hidden}" not in job.told():
    fail(f"the warning does not name the schema:\n{job.told()}")
results.settle(3)
if set(results.rows) != set(before):
    fail(f"a row came that nobody could read: {set(results.rows) - set(before)}")
# A job that is killed meanwhile finds all of it again.
job.end(signal.SIGKILL, -signal.SIGKILL)
job.start()
time.sleep(3)
HidingRegistry.hidden.clear()
results.wait_for(expected, job)
if results.rows != expected:
    fail(f"found {[results.rows[each] for each in waiting]}, expected {[expected[each] for each in waiting]}")
print("a schema that came later: its partition waited, and nothing was lost")
job.end()

# ---- a schema that readers of the product could not read ----------------------------------------------------------
other = job_of("other", group="other", cast=": 5")
other.start()
try:
    refused = other.process.wait(60) != 0 and "E7079" in other.told()
except subprocess.TimeoutExpired:
    other.process.kill()
    refused = False
if not refused:
    fail(f"a schema that breaks its readers is registered:\n{other.told()}")
results.settle(2)
if results.rows != expected:
    fail("rows were written with a schema that was refused")
print("a schema that breaks its readers: refused before the first row")
if KEEP:
    print(folder)
else:
    shutil.rmtree(folder)
