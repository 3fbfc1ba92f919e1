#!/usr/bin/env python3
"""Confluent's serializers against our framing and our client, over one registry: what they write we read, and the reverse.

usage: confluent.py PROBE URL VENV    installs confluent-kafka into VENV; 77 if it cannot be had
"""
import faulthandler
import json
import random
import subprocess
import sys
from pathlib import Path

PROBE, URL, VENV = sys.argv[1], sys.argv[2], Path(sys.argv[3])
SECONDS, STUCK = 90, 1  # faulthandler ends with 1
PACKAGES = ["confluent-kafka[avro,json,protobuf]==2.16.1", "fastavro==1.13.1", "jsonschema==4.26.0"]

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import python_packages

if (python := python_packages.interpreter(VENV, PACKAGES)) is not None:
    # Seen once: an answer of the registry never came. The first attempt says where it waited.
    for attempt in range(2):
        ended = subprocess.run([python, *sys.argv]).returncode
        if ended != STUCK:
            break
    sys.exit(ended)

faulthandler.dump_traceback_later(SECONDS, exit=True)

from confluent_kafka.schema_registry import (SchemaRegistryClient, dual_schema_id_deserializer,
                                             header_schema_id_serializer)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

probe = subprocess.Popen([PROBE, URL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def hexed(data):
    return data.hex() or "-"


def ask(*words):
    probe.stdin.write(" ".join(str(word) for word in words) + "\n")
    probe.stdin.flush()
    return json.loads(probe.stdout.readline())


def check(what, found, expected):
    if found != expected:
        print(f"{what}: found {found!r}, expected {expected!r}", file=sys.stderr)
        sys.exit(2)


client = SchemaRegistryClient({"url": URL, "timeout": 30})
random.seed(1)
run = random.randrange(1 << 30)
records = 0


def context(topic):
    return SerializationContext(f"{topic}-{run}", MessageField.VALUE, [])


# ---- Avro ------------------------------------------------------------------------------------------------------------
AVRO = json.dumps({"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"},
    {"name": "note", "type": ["null", "string"], "default": None},
    {"name": "tags", "type": {"type": "array", "items": "string"}}]})
serializer, deserializer = AvroSerializer(client, AVRO), AvroDeserializer(client)
for _ in range(50):
    value = {"id": random.randrange(-2**63, 2**63), "note": random.choice([None, "", "é" * random.randrange(99)]),
             "tags": ["t"] * random.randrange(4)}
    written = serializer(value, context("avro"))
    read = ask("read", "avro", hexed(written))
    check("Avro id", read["id"], str(int.from_bytes(written[1:5], "big")))
    check("Avro value", read["value"], written[5:].hex())
    check("Avro schema", json.loads(read["schema"]), json.loads(AVRO))
    ours = ask("write", "avro", f"avro-{run}-value", hexed(AVRO.encode()), hexed(written[5:]))
    check("Avro, read by Confluent", deserializer(bytes.fromhex(ours["record"]), context("avro")), value)
    records += 1

# ---- JSON ------------------------------------------------------------------------------------------------------------
JSON = json.dumps({"title": "Order", "type": "object", "properties": {"id": {"type": "integer"}}})
serializer, deserializer = JSONSerializer(JSON, client), JSONDeserializer(JSON)
for _ in range(50):
    value = {"id": random.randrange(2**40), "other": "x" * random.randrange(50)}
    written = serializer(value, context("json"))
    read = ask("read", "json", hexed(written))
    check("JSON value", json.loads(bytes.fromhex(read["value"])), value)
    check("JSON schema", json.loads(read["schema"]), json.loads(JSON))
    ours = ask("write", "json", f"json-{run}-value", hexed(JSON.encode()), hexed(written[5:]))
    check("JSON, read by Confluent", deserializer(bytes.fromhex(ours["record"]), context("json")), value)
    records += 1

# ---- Protobuf: the first message, the second, and one inside another -------------------------------------------------
file = descriptor_pb2.FileDescriptorProto(name=f"order_{run}.proto", package="shop", syntax="proto3")
for name in ("Order", "Line"):
    message = file.message_type.add(name=name)
    message.field.add(name="id", number=1, type=3, label=1, json_name="id")
file.message_type[1].nested_type.add(name="Unused").field.add(name="x", number=1, type=3, label=1)
inner = file.message_type[1].nested_type.add(name="Part")
inner.field.add(name="id", number=1, type=3, label=1, json_name="id")
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
for name, indexes in (("shop.Order", [0]), ("shop.Line", [1]), ("shop.Line.Part", [1, 1])):
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    topic = "protobuf-" + name
    serializer = ProtobufSerializer(kind, client, {"use.deprecated.format": False})
    deserializer = ProtobufDeserializer(kind, {"use.deprecated.format": False}, client)
    for _ in range(20):
        value = kind(id=random.randrange(2**40))
        written = serializer(value, context(topic))
        read = ask("read", "protobuf", hexed(written))
        check(f"{name} indexes", read["message"], indexes)
        check(f"{name} value", read["value"], value.SerializeToString().hex())
        ours = ask("write", "protobuf", f"{topic}-{run}-value", hexed(read["schema"].encode()),
                   hexed(value.SerializeToString()), *indexes)
        check(f"{name}, read by Confluent", deserializer(bytes.fromhex(ours["record"]), context(topic)), value)
        records += 1

# ---- ids in headers: Confluent's own registry in memory gives GUIDs --------------------------------------------------
mock = SchemaRegistryClient.new_client({"url": "mock://"})
serializer = AvroSerializer(mock, AVRO, conf={"schema.id.serializer": header_schema_id_serializer})
value = {"id": 1, "note": "in a header", "tags": []}
there = context("guid")
written = serializer(value, there)
header = dict(there.headers)["__value_schema_id"]
read = ask("read", "avro", hexed(written), hexed(header))
schema = mock.get_latest_version(f"guid-{run}-value")
check("GUID", read["id"], str(schema.guid))
check("value beside a GUID", read["value"], written.hex())
ours = ask("write", "avro", f"avro-{run}-value", hexed(AVRO.encode()), hexed(written))
there.headers = [("__value_schema_id", bytes.fromhex(ours["header"]))]
deserializer = AvroDeserializer(client, conf={"schema.id.deserializer": dual_schema_id_deserializer})
check("header, read by Confluent", deserializer(written, there), value)

# ---- what is not framed ----------------------------------------------------------------------------------------------
for record in (b"", b"\0", b"\0\0\0\0", b"{}", b"\x07\0\0\0\1x"):
    answer = ask("read", "avro", hexed(record))
    assert "error" in answer, (record, answer)
assert "no_schema" in ask("read", "avro", hexed(b"\0\x7f\xff\xff\xff" + b"x")), "an id that nobody registered"

probe.stdin.close()
check("the probe", probe.wait(), 0)
print(f"{records} records in both directions, and headers")
