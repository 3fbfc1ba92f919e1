#!/usr/bin/env python3
"""Protobuf and raw records on topics against Apache Kafka and a schema registry: Confluent's serializers write and read
beside Braid.

    protobuf.py BRAID BROKERS REGISTRY VENV [--keep]

Records of one topic have two schemas and three message types, with imports, nested messages, maps, timestamps and enums.
One schema is hidden by the registry for a while. Keys of a table are deleted by records without a value. The product is
read back by Confluent's deserializer; its columns keep their numbers when some are added and some go. VENV is a folder
for a Python environment with confluent-kafka and grpcio-tools; exit code 77: it cannot be had.

Confluent's Python deserializer asks a registry for schemas with `?format=serialized`, a descriptor in base64, which
Apicurio does not give: the proxy here makes it, by protoc.
"""
import base64
import faulthandler
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

PACKAGES = ["confluent-kafka[avro,json,protobuf]==2.16.1", "grpcio-tools==1.76.0"]
BRAID, BROKERS, REGISTRY, VENV = sys.argv[1], sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
KEEP = "--keep" in sys.argv

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import python_packages

python_packages.run_with(VENV, PACKAGES)
faulthandler.dump_traceback_later(400, exit=True)

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

from job import Job, fail
from registry_topics import HidingRegistry, ProductReader, read_values

START = 1_790_000_000_000  # milliseconds
PREFIX = f"proto{random.randrange(10**9)}."
PARTITIONS = 2
ENDS = -1  # the id of records that only move time

SCRIPT = """domain shop

stream sale
  key sku
  time at within 10s
  from topic "{p}sales" format protobuf
{{
  id: int,
  sku: string,
  at: timestamp,
  channel: enum {{ WEB, SHOP }},
  city: string? from "customer.address.city",
  price: decimal(12,2) from "price.amount",
  tags: list<string>,
  stock: list<{{ key: string, value: int }}>,
  coupon: string?,
}}

table item
  key sku
  time at within 10s
  from topic "{p}items" format protobuf
{{ sku: string, name: string, at: timestamp }}

stream line
  from topic "{p}lines" format raw
{{ text: string }}

product sold version 1
  key sku, id
  contract {{ compatible backward }}
  to topic "{p}sold" format protobuf
{{
  from sale
  left join item as i on i.sku == sku
  select {{ {columns} }}
}}

product shout version 1
  to topic "{p}shouts" format raw
{{
  from line
  select {{ text: upper(text) }}
}}
"""
COLUMNS = "id, sku, at, channel, price, tags, stock, buyer: { city: city, coupon: coupon }, name: i?.name"
LATER = "name: i?.name, sku, note: \"new\", id, at, channel, price, stock, buyer: { coupon: coupon, city: city }"
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
MONEY = """syntax = "proto3";
package common;
message Money { string amount = 1; string currency = 2; }
"""
SALE_1 = """syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "common/money.proto";
message Sale {
  int64 id = 1;
  string sku = 2;
  google.protobuf.Timestamp at = 3;
  Channel channel = 4;
  Customer customer = 5;
  common.Money price = 6;
  repeated string tags = 7;
  map<string, int32> stock = 8;
  message Customer { string name = 1; Address address = 2; }
  message Address { string city = 1; }
  enum Channel { WEB = 0; SHOP = 1; }
}
"""
# Other numbers, other kinds, a oneof; and the message is the second one, or inside another.
SALE_2 = """syntax = "proto3";
package shop.v2;
import "google/protobuf/timestamp.proto";
import "common/money.proto";
message Unused { map<int32, string> more = 1; }
message Sale {
  repeated string tags = 1;
  optional sint32 id = 2;
  map<string, sfixed64> stock = 3;
  string sku = 100000;
  common.Money price = 5;
  google.protobuf.Timestamp at = 6;
  Channel channel = 7;
  Customer customer = 8;
  oneof discount { string coupon = 9; double percent = 10; }
  repeated double unread = 11;
  message Customer { message Address { string street = 1; string city = 2; } Address address = 7; }
}
enum Channel { NONE = 0; SHOP = 5; WEB = 6; }
message Outer { message Inner { int32 x = 1; } INNER }
"""
SALE_2 = SALE_2.replace("INNER", SALE_2[SALE_2.index("message Sale"):SALE_2.index("enum Channel")])
SALE_3 = SALE_1.replace("repeated string tags = 7;", "repeated string tags = 7; string remark = 9;")
ITEM = """syntax = "proto3";
import "google/protobuf/timestamp.proto";
message Item { string sku = 1; string name = 2; google.protobuf.Timestamp at = 3; }
"""


def compiled(files):
    """Descriptors of files, by their names, the last with all that it imports before it."""
    with tempfile.TemporaryDirectory() as place:
        for name, text in files.items():
            path = pathlib.Path(place) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        out = pathlib.Path(place) / "out"
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{place}", f"--descriptor_set_out={out}",
                        "--include_imports", list(files)[-1]], check=True, timeout=60)
        return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file


class Registry(HidingRegistry):
    """Texts become descriptors for those who ask for them."""

    def ask(self, path, body):
        path, _, query = path.partition("?")
        query = urllib.parse.parse_qs(query)
        wants_descriptor = query.pop("format", None) == ["serialized"]
        status, answered = super().ask(path + ("?" + urllib.parse.urlencode(query, doseq=True) if query else ""), body)
        return status, self.with_descriptor(answered) if status == 200 and wants_descriptor else answered

    def with_descriptor(self, answered):
        schema = json.loads(answered)
        if schema.get("schemaType") != "PROTOBUF" or "syntax" not in schema.get("schema", ""):
            return answered
        schema["schema"] = base64.b64encode(
            compiled({"braid.proto": schema["schema"]})[-1].SerializeToString()).decode()
        return json.dumps(schema).encode()


PROXY = Registry.serve(REGISTRY)
registry = SchemaRegistryClient({"url": PROXY, "timeout": 20})
producer = Producer({"bootstrap.servers": BROKERS, "partitioner": "murmur2_random", "message.timeout.ms": 30000})
admin = AdminClient({"bootstrap.servers": BROKERS})
folder = pathlib.Path(tempfile.mkdtemp(prefix="braid-protobuf-"))


def message_class(files, name):
    pool = descriptor_pool.DescriptorPool()
    for file in compiled(files):
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


class Writer:
    """Confluent's serializer of a message type."""

    def __init__(self, files, name):
        self.kind = message_class(files, name)
        self.serializer = ProtobufSerializer(self.kind, registry, {
            "auto.register.schemas": True, "use.deprecated.format": False,
            "subject.name.strategy": topic_subject_name_strategy})

    def __call__(self, topic, value):
        return self.serializer(value, SerializationContext(PREFIX + topic, MessageField.VALUE))


def stamp(ms):
    return timestamp_pb2.Timestamp(seconds=ms // 1000, nanos=ms % 1000 * 1_000_000)


def write(topic, key, value, ms):
    producer.produce(PREFIX + topic, key=key, value=value, timestamp=ms)
    producer.poll(0)


def script_of(columns):
    return SCRIPT.format(p=PREFIX, columns=columns)


def job_of(name, group="job", columns=COLUMNS):
    return Job(BRAID, folder / name, script_of(columns),
               TOML.format(p=PREFIX, brokers=BROKERS, group=group, registry=PROXY), "--log", "json")


class Results(ProductReader):
    """The rows of the product, by Confluent's deserializer."""

    def __init__(self):
        super().__init__(BROKERS, PREFIX, "sold")
        self.schemas, self.readers = {}, {}

    def reader(self, schema_id):
        """A new reader for each schema, with the class of that schema."""
        if schema_id not in self.readers:
            text = self.schemas[schema_id] = registry.get_schema(schema_id).schema_str
            kind = message_class({"sold.proto": text}, "shop.sold")
            self.readers[schema_id] = ProtobufDeserializer(
                kind, {"use.deprecated.format": False, "subject.name.strategy": topic_subject_name_strategy}, registry)
        return self.readers[schema_id]

    def take(self, message):
        framed = message.value()
        read = self.reader(int.from_bytes(framed[1:5], "big"))
        row = read(framed, SerializationContext(message.topic(), MessageField.VALUE))
        if row.id == ENDS:
            return
        if row.id in self.rows:
            fail(f"a row came twice: {row}")
        if json.loads(message.key()) != {"sku": row.sku, "id": row.id}:
            fail(f"the key {message.key()} is not that of {row}")
        channels = row.DESCRIPTOR.fields_by_name["channel"].enum_type.values_by_number
        has = lambda of, field: getattr(of, field) if of.HasField(field) else None
        made = {"id": row.id, "sku": row.sku, "at": row.at.ToMilliseconds(), "channel": channels[row.channel].name,
                "price": row.price, "stock": {each.key: each.value for each in row.stock},
                "city": has(row.buyer, "city"), "coupon": has(row.buyer, "coupon"), "name": has(row, "name")}
        if "tags" in row.DESCRIPTOR.fields_by_name:
            made["tags"] = list(row.tags)
        self.rows[row.id] = made


def read_all(topic, count):
    return read_values(BROKERS, PREFIX + topic, PREFIX + topic, count)


for future in admin.create_topics([NewTopic(PREFIX + each, PARTITIONS, 1) for each in
                                   ("sales", "items", "lines")]).values():
    future.result(30)
sale_1 = Writer({"common/money.proto": MONEY, "sale.proto": SALE_1}, "shop.Sale")
sale_2 = Writer({"common/money.proto": MONEY, "sale2.proto": SALE_2}, "shop.v2.Sale")
inside = Writer({"common/money.proto": MONEY, "sale2.proto": SALE_2}, "shop.v2.Outer.Sale")
item = Writer({"item.proto": ITEM}, "Item")
expected, next_id = {}, 0
SKUS = [f"sku-{i}" for i in range(6)]


def sell(made, ms, sku, names, tags=True):
    global next_id
    next_id += 1
    i = next_id
    row = {"id": i, "sku": sku, "at": ms, "channel": "WEB" if i % 2 else "SHOP", "price": f"{i // 4}.{i % 4 * 25:02}",
           "stock": {"a": i, "b": -i} if i % 3 else {}, "city": f"city {i}" if i % 5 else None,
           "coupon": "ten" if made in (sale_2, inside) and i % 2 else None, "name": names.get(sku)}
    if tags:
        row["tags"] = ["x"] * (i % 3)
    value = made.kind(id=i, sku=sku, tags=["x"] * (i % 3), channel=row["channel"], stock=row["stock"])
    value.at.CopyFrom(value.at.FromString(stamp(ms).SerializeToString()))
    value.price.amount = row["price"]
    if row["city"]:
        value.customer.address.city = row["city"]
    if row["coupon"]:
        value.coupon = row["coupon"]
    elif made is sale_2:
        value.percent = 0.5
    write("sales", sku, made("sales", value), ms)
    expected[i] = row
    return i


def put_item(sku, name, ms):
    value = item.kind(sku=sku, name=name)
    value.at.CopyFrom(value.at.FromString(stamp(ms).SerializeToString()))
    write("items", sku, item("items", value), ms)


def advance(ms):
    """Time moves on in every partition, so that nothing waits."""
    for sku in SKUS:
        put_item(sku, "end", ms)
        value = sale_1.kind(id=ENDS, sku=sku)
        value.at.CopyFrom(value.at.FromString(stamp(ms).SerializeToString()))
        value.price.amount = "0"
        write("sales", sku, sale_1("sales", value), ms)


def compare():
    if results.rows != expected:
        for number, row in expected.items():
            if results.rows[number] != row:
                fail(f"found {results.rows[number]}, expected {row}")


results = Results()
# ---- schemas and message types that change, deletes, broken records --------------------------------------------------
names = {sku: f"name of {sku}" for sku in SKUS}
for sku in SKUS:
    put_item(sku, names[sku], START)
now = START + 1000
for i in range(200):
    now += 100
    sell(sale_1 if i < 100 else (sale_1, sale_2, inside)[i % 3], now, SKUS[i % 6], names)
# A record without a value deletes its key.
now += 10_000
write("items", "sku-0", None, now)
del names["sku-0"]
framed = sale_1("sales", sale_1.kind(id=7))
broken = {"E6041": b"{}", "E6043": framed + b"\x12\x7f", "E6042": framed[:5] + b"\x02\x02" + framed[6:],
          "E6020": framed + b"\x12\x01\xff"}
for record in broken.values():
    write("sales", "sku-3", record, now)
for text in ("one", "zwei é", ""):
    write("lines", None, text.encode(), now)
write("lines", None, b"\xff", now)
for i in range(60):
    now += 100
    sell(sale_2, now, SKUS[i % 6], names)
now += 60_000
advance(now)
if producer.flush(30) != 0:
    fail("records cannot be written")

job = job_of("one")
shown = subprocess.run([BRAID, "dry-run", job.folder, "--env", "prod"], capture_output=True, text=True, timeout=120)
if shown.returncode != 0 or "E6043" not in shown.stdout or "ZWEI É" not in shown.stdout:
    fail(f"a dry run of the topics: {shown}")
job.start()
results.wait_for(expected, job)
compare()
rejected = [json.loads(each) for each in read_all("sold.rejected", len(broken))]
if sorted(each["code"] for each in rejected) != sorted(broken):
    fail(f"rejected: {rejected}, expected {sorted(broken)}")
shouts = read_all("shouts", 3)
if sorted(shouts) != sorted(["ONE".encode(), "ZWEI É".encode(), b""]):
    fail(f"raw records: {shouts}")
if [json.loads(each)["code"] for each in read_all("shouts.rejected", 1)] != ["E6020"]:
    fail("a raw record that is not UTF-8 is not rejected")
print(f"{len(expected)} rows of two schemas and three message types, deletes, {len(broken)} broken records, raw: as expected")

# ---- a schema that the registry does not know yet ---------------------------------------------------------------------
sale_3 = Writer({"common/money.proto": MONEY, "sale.proto": SALE_3}, "shop.Sale")
hidden = int.from_bytes(sale_3("sales", sale_3.kind())[1:5], "big")
Registry.hidden.add(hidden)
names = {sku: "end" for sku in SKUS}
before = set(expected)
now += 1000
sell(sale_3, now, "sku-0", names)
now += 100
sell(sale_2, now, "sku-0", names)
now += 60_000
advance(now)
producer.flush(30)
job.wait_for("W7078")
results.settle(3)
if set(results.rows) != before:
    fail(f"a row came that nobody could read: {set(results.rows) - before}")
job.end(signal.SIGKILL, -signal.SIGKILL)
job.start()
time.sleep(3)
Registry.hidden.clear()
results.wait_for(expected, job)
compare()
print("a schema that came later: its partition waited, and nothing was lost")
job.end()

# ---- columns that come and go -------------------------------------------------------------------------------------------
first = dict(results.schemas)
job.write_script(script_of(LATER))
job.start("--accept", "all")
now += 1000
put_item("sku-1", "end", now)  # another script may start with an empty state
later = sell(sale_1, now + 1, "sku-1", names, tags=False)
now += 60_000
advance(now)
producer.flush(30)
results.wait_for([later], job)
compare()
added = [text for number, text in results.schemas.items() if number not in first]
if len(first) != 1 or len(added) != 1:
    fail(f"schemas of the product: {first}, then {added}")
for part in ("reserved 6;", "reserved \"tags\";", "string note = 10;", "int64 id = 1;", "optional string name = 9;"):
    if part not in added[0]:
        fail(f"the schema has no `{part}`: {added[0]}")
print("columns that came and went: the others kept their numbers")
job.end()

# ---- a schema that readers of the product could not read -----------------------------------------------------------------
other = job_of("other", group="other", columns=LATER.replace("price,", "price: 5,"))
other.start()
try:
    refused = other.process.wait(60) != 0 and "E7079" in other.told()
except subprocess.TimeoutExpired:
    other.process.kill()
    refused = False
if not refused:
    fail(f"a schema that breaks its readers is registered:\n{other.told()}")
print("a schema that breaks its readers: refused before the first row")
if KEEP:
    print(folder)
else:
    shutil.rmtree(folder)
