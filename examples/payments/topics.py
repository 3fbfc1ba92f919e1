#!/usr/bin/env python3
"""The payments example over topics.

    topics.py send DATA_DIR BROKERS REGISTRY [SECONDS]   sends the records of generate.py, in the order of their files, spread
                                                         over the time; makes the topics, with three partitions each
    topics.py save DATA_DIR BROKERS REGISTRY             writes what the input topics hold as files, one of each partition
    topics.py compare OUT_DIR BROKERS                    compares the rows of product topics with the files of a run, in any
                                                         order

Payments are JSON. Customers are Avro, with their schema in the registry, and a few records of them are broken: files do not
get those, and the topic of rejected rows must have each of them. Reads committed records only. Needs confluent-kafka[avro].
"""
import collections
import datetime
import json
import pathlib
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

PARTITIONS = 3
TOPICS = {"payment": "payments.payment.v1", "customer": "crm.customer.v1"}
CUSTOMER = SerializationContext(TOPICS["customer"], MessageField.VALUE)
SCHEMA = """{"type": "record", "name": "customer", "namespace": "crm", "fields": [
  {"name": "id", "type": "int"}, {"name": "email", "type": "string"}, {"name": "country", "type": "string"},
  {"name": "segment", "type": ["null", "string"], "default": null},
  {"name": "updated_at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
  {"name": "deleted", "type": "boolean", "default": false}]}"""
BROKEN = [b'{"id": 1}', b"", b"\x01\x02\x03"] * 4  # text, nothing, and a name of a schema that ends too early


def key_of(record: bytes):
    """The record's id as the text of a key; none, of a record that is broken."""
    try:
        return str(json.loads(record)["id"]).encode()
    except (ValueError, KeyError, TypeError):
        return None


def send(data: pathlib.Path, brokers: str, registry: str, seconds: float):
    serialize = AvroSerializer(SchemaRegistryClient({"url": registry}), SCHEMA)
    admin = AdminClient({"bootstrap.servers": brokers})
    for made in admin.create_topics([NewTopic(name, PARTITIONS) for name in TOPICS.values()]).values():
        made.result()
    failed = []
    producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "linger.ms": 5, "partitioner": "murmur2"})

    def write(topic: str, record: bytes, partition: int = -1):
        producer.produce(topic, key=key_of(record), value=record, partition=partition,
                         on_delivery=lambda error, _: failed.append(error) if error else None)
        producer.poll(0)

    for i, record in enumerate((data / "customer.ndjson").read_bytes().splitlines()):
        row = {"segment": None, "deleted": False, **json.loads(record)}
        row["updated_at"] = datetime.datetime.fromisoformat(row["updated_at"].replace("Z", "+00:00"))
        producer.produce(TOPICS["customer"], key=key_of(record), value=serialize(row, CUSTOMER))
        if i < len(BROKEN):
            producer.produce(TOPICS["customer"], key=key_of(record), value=BROKEN[i])
    files = [(data / f"payment-{i}.ndjson").read_bytes().split(b"\n")[:-1] for i in range(PARTITIONS)]
    longest, steps = max(len(file) for file in files), 100
    for step in range(steps):
        for partition, records in enumerate(files):
            for record in records[longest * step // steps:longest * (step + 1) // steps]:
                write(TOPICS["payment"], record, partition)
        time.sleep(seconds / steps)
    producer.flush()
    if failed:
        sys.exit(f"topics.py: {failed[0]}")
    print(f"sent {sum(len(file) for file in files)} payments, and {len(BROKEN)} broken records among the customers")


def values_of(brokers: str, topic: str) -> list:
    """The values of each partition, in their order."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "topics.py", "isolation.level": "read_committed",
                         "enable.auto.commit": False, "enable.partition.eof": True})
    partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
    values = [[] for _ in partitions]
    consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in partitions])
    ended = 0
    while ended < len(values):
        message = consumer.poll(30)
        if message is None:
            sys.exit(f"topics.py: {topic} cannot be read to its end")
        if message.error() is None:
            values[message.partition()].append(message.value())
        elif message.error().code() == KafkaError._PARTITION_EOF:
            ended += 1
    consumer.close()
    return values


def save(data: pathlib.Path, brokers: str, registry: str):
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry}))

    def line_of(value: bytes) -> bytes:
        row = deserialize(value, CUSTOMER)
        row["updated_at"] = row["updated_at"].isoformat()
        return json.dumps(row).encode()

    data.mkdir(parents=True, exist_ok=True)
    for name, topic in TOPICS.items():
        for partition, values in enumerate(values_of(brokers, topic)):
            if name == "customer":
                values = [line_of(value) for value in values if value not in BROKEN]
            (data / f"{name}-{partition}.ndjson").write_bytes(b"".join(value + b"\n" for value in values))


def row_of(line: bytes) -> str:
    """Without the place of the record, which is a file or a topic."""
    row = json.loads(line)
    for name in ("origin", "bytes"):
        row.pop(name, None)
    return json.dumps(row, sort_keys=True)


def is_of_customers(line: bytes) -> bool:
    return json.loads(line)["origin"]["source"] == "customers.customer"


def is_of_a_promise(line: bytes) -> bool:
    """An alert of the time at which the job ran: these payments are old. No record is its origin."""
    return json.loads(line)["origin"]["partition"] == ""


def compare(out: pathlib.Path, brokers: str):
    wrong, broken = False, 0
    for path in sorted(out.glob("*.ndjson")):
        expected = collections.Counter(map(row_of, path.read_bytes().splitlines()))
        rows = [value for values in values_of(brokers, path.stem) for value in values]
        if path.stem.endswith(".alerts"):
            rows = [row for row in rows if not is_of_a_promise(row)]
        sound = [row for row in rows if not (path.stem.endswith(".rejected") and is_of_customers(row))]
        broken += len(rows) - len(sound)
        found = collections.Counter(map(row_of, sound))
        missing, extra = (expected - found).total(), (found - expected).total()
        print(f"{path.stem}: {expected.total()} rows, {missing} missing, {extra} too many")
        wrong |= missing > 0 or extra > 0
    print(f"{broken} of {len(BROKEN)} broken customers are in topics of rejected rows")
    wrong |= broken != len(BROKEN)
    sys.exit(1 if wrong else 0)


def main():
    action, folder, brokers = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    if action == "send":
        send(folder, brokers, sys.argv[4], float(sys.argv[5]) if len(sys.argv) > 5 else 15)
    elif action == "save":
        save(folder, brokers, sys.argv[4])
    else:
        compare(folder, brokers)


main()
