"""What the tests of PostgreSQL's changes share: the database and the worker of `scripts/debezium`, and a job that reads
what the connectors write. A failure ends the test with a word."""
import datetime
import decimal
import json
import random
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

from job import fail, skip

CONNECTOR = "io.debezium.connector.postgresql.PostgresConnector"


def wait_for(what, seconds, done):
    end = time.time() + seconds
    while not done():
        if time.time() > end:
            fail(f"{what} did not come within {seconds} s")
        time.sleep(0.2)


class Database:
    """A new one on the server."""

    def __init__(self, port, name):
        self.port, self.name = port, "postgres"
        self.sql(f"CREATE DATABASE {name}")
        self.name = name

    def sql(self, text):
        """Runs statements, and gives what the last one gives."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(self.port), "-U", "braid", "-v",
                               "ON_ERROR_STOP=1", self.name], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"{text}\n{done.stderr}")
        return done.stdout.strip()

    def now(self):
        return int(self.sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"))


def ask_worker(port, path, body=None, method=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method,
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=90) as answered:
            return json.loads(answered.read() or b"null")
    except urllib.error.HTTPError as refused:
        fail(f"the worker says of {path}: {refused.read().decode()}")


def has_class(port, setting, name):
    """Whether the worker finds the class that the setting of a connector names."""
    found = ask_worker(port, f"/connector-plugins/{CONNECTOR}/config/validate",
                       {"connector.class": CONNECTOR, "name": "any", setting: name}, "PUT")
    values = [each["value"] or {} for each in found["configs"]]
    return not any(each["errors"] for each in values if each.get("name") == setting)


class Worker:
    """Of Kafka Connect, for connectors of one database."""

    def __init__(self, port, database, admin):
        self.port, self.database, self.admin = port, database, admin
        self.connectors, self.topics = [], []

    def connect(self, name, tables, partitions, settings):
        """Topics are `database.name.schema.table`. Connectors with one prefix in one worker would wait for a minute:
        their metrics have one name."""
        database, prefix = self.database, f"{self.database.name}.{name}"
        self.connectors.append(f"{database.name}-{name}")
        self.topics += [f"{prefix}.{table}" for table in tables]
        ask_worker(self.port, "/connectors", {"name": self.connectors[-1], "config": {
            "connector.class": CONNECTOR, "database.hostname": "127.0.0.1",
            "database.port": database.port, "database.user": "braid", "database.password": "none",
            "database.dbname": database.name, "plugin.name": "pgoutput", "slot.name": f"{database.name}_{name}",
            "publication.name": f"{database.name}_{name}", "publication.autocreate.mode": "filtered", "topic.prefix": prefix,
            "table.include.list": ",".join(tables), "topic.creation.default.partitions": partitions,
            "topic.creation.default.replication.factor": 1, **settings}})

    def is_streaming(self):
        for name in self.connectors:
            found = ask_worker(self.port, f"/connectors/{name}/status")
            for task in [found["connector"], *found["tasks"]]:
                if task["state"] == "FAILED":
                    fail(f"{name}: {task['trace'][:2000]}")
        active = self.database.sql("SELECT count(*) FROM pg_replication_slots WHERE active AND database = current_database()")
        found = self.admin.list_topics(timeout=30).topics
        return int(active) == len(self.connectors) and all(each in found for each in self.topics)

    def end(self):
        for name in self.connectors:
            ask_worker(self.port, f"/connectors/{name}", method="DELETE")


def find_worker(port):
    """Ends the test, if there is no database or no worker."""
    def answers(each):
        try:
            socket.create_connection(("127.0.0.1", each), timeout=5).close()
            return True
        except OSError:
            return False

    if shutil.which("psql") is None or not answers(port) or not answers(port + 1):
        skip("no database or no worker answers (scripts/debezium up)")
    return port + 1


class Questions:
    """Records of a stream, and what is to be found for each at its time."""
    ENDS = -1  # the customer of records that only move time

    def __init__(self, brokers, topic, partitions):
        from confluent_kafka import Producer

        self.topic, self.partitions = topic, partitions
        self.expected = {}
        self.producer = Producer({"bootstrap.servers": brokers, "partitioner": "murmur2_random"})

    def write(self, customer, at, expected):
        n = len(self.expected)
        self.expected[n] = expected
        self.producer.produce(self.topic, key=str(customer), value=json.dumps({"n": n, "customer_id": customer, "at": at}))
        self.producer.poll(0)
        return n

    def ask(self, database, query, customers, nothing):
        """After the changes that were committed, and before those that will be. `query`: rows with their `customer`."""
        at = int(database.sql("SELECT pg_sleep(0.005); "
                              "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;").split()[-1])
        lines = database.sql(f"SELECT pg_sleep(0.005); SELECT row_to_json(r) FROM ({query}) r;").split("\n")
        rows = {row.pop("customer"): row for row in map(json.loads, filter(None, lines))}
        for customer in customers:
            self.write(customer, at, rows.get(customer, nothing))

    def end(self, database, touch):
        """Time moves on in every partition: a partition's last record has to be confirmed by another. `touch` changes
        rows of all partitions of all tables."""
        for _ in range(2):
            database.sql("SELECT pg_sleep(1.5);" + touch)
            at = database.now()
            for partition in range(self.partitions):
                self.producer.produce(self.topic, partition=partition,
                                      value=json.dumps({"n": self.ENDS, "customer_id": self.ENDS, "at": at}))
        self.producer.flush(30)


def read_topic(brokers, topic, count, seconds, job=None, wanted=lambda row: True):
    """That many records of a topic in JSON, and those that come within two seconds more."""
    from confluent_kafka import Consumer

    consumer = Consumer({"bootstrap.servers": brokers, "group.id": f"{topic}.{random.randrange(10**9)}",
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
        if job is not None:
            job.check()
    consumer.close()
    return found


def check_nothing_lost(admin, brokers, product):
    """A product without rows that were late, rejected and the like."""
    lost = [name for name in admin.list_topics(timeout=30).topics
            if name.startswith(f"{product}.") and read_topic(brokers, name, 1, 10)]
    if lost:
        fail(f"rows are in {lost}")


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
