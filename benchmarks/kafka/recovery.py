#!/usr/bin/env python3
"""How long a job over Kafka with much state is away after kill -9: recovery.py --braid build/release/bin/braid --brokers ADDRESS

A job keeps a row of about a kilobyte for each key of a window that stays open, and writes a result for each probe, of which
one is sent every 20 ms to each partition. Two cases, each --rounds times:

- the same instance is started again (`instance` is set, the store is there): seconds from the start of the process to when
  each partition has a committed result
- another instance takes over, with a store of its own and snapshots in a folder. It has joined 25 s before, and has half of
  the tasks by then: seconds from the kill to when each partition has a committed result again

--brokers: of scripts/kafka up. Needs PyPI for confluent-kafka.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import python_packages

PARTITIONS = 4
SCRIPT = """domain bench

stream click
  time at within 1s
  key user
  from topic "{p}.click" format json (unit: "ms")
{{ user: string, page: string, n: int, at: timestamp }}

product last_page version 1
  key user, window.start
{{
  from click
  where n < 0
  window tumbling 30d
  group user {{ n: count(), page: last(page) }}
}}

product echo version 1
  key user
  to topic "{p}.echo"
{{
  from click
  where n >= 0
  select {{ user, n }}
}}
"""
TOML = """[project]
name = "{p}"

[env.prod]
brokers = "{brokers}"
store = "{store}"

[env.prod.kafka]
group = "{p}"
instance = "{instance}"
session_timeout = "{session}s"
transaction_timeout = "{transaction}s"
snapshots = "{snapshots}"
"""
SESSION, TRANSACTION = 6, 10


class Bench:
    def __init__(self, options):
        self.options = options
        self.prefix = f"recovery{random.randrange(10**9)}"
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="braid-recovery-", dir=options.work))
        self.start = int(time.time() * 1000) - 60_000
        self.sent, self.seen = 0, []  # when a result of which partition was read
        self.ended = threading.Event()
        self.producer = Producer({"bootstrap.servers": options.brokers, "partitioner": "murmur2_random", "linger.ms": 5,
                                  "queue.buffering.max.kbytes": 65536, "compression.type": "lz4"})

    def make_topics(self):
        admin = AdminClient({"bootstrap.servers": self.options.brokers})
        for made in admin.create_topics([NewTopic(f"{self.prefix}.{name}", PARTITIONS, 1) for name in ("click", "echo")]).values():
            made.result(60)

    def load(self):
        """Text that does not repeat, so that no compression makes it small."""
        noise = os.urandom(1 << 20).hex()
        for i in range(self.options.state * 1_000_000 // 1100):
            page = noise[i * 37 % 2_000_000:][:1024]
            row = json.dumps({"user": f"user-{i}", "page": page, "n": -1, "at": self.start})
            while True:
                try:
                    self.producer.produce(f"{self.prefix}.click", key=f"user-{i}", value=row)
                    break
                except BufferError:
                    self.producer.poll(0.1)
        self.producer.flush(300)

    def probe(self):
        while not self.ended.is_set():
            for partition in range(PARTITIONS):
                self.sent += 1
                self.producer.produce(f"{self.prefix}.click", partition=partition, key=f"probe-{partition}", value=json.dumps(
                    {"user": f"probe-{partition}", "page": "", "n": self.sent, "at": int(time.time() * 1000)}))
            self.producer.poll(0)
            time.sleep(0.02)

    def read(self):
        consumer = Consumer({"bootstrap.servers": self.options.brokers, "group.id": self.prefix + ".reader",
                             "isolation.level": "read_committed", "auto.offset.reset": "earliest", "fetch.wait.max.ms": 20})
        consumer.subscribe([f"{self.prefix}.echo"])
        while not self.ended.is_set():
            message = consumer.poll(0.05)
            if message is not None and not message.error():
                self.seen.append((time.monotonic(), json.loads(message.value())["user"]))
        consumer.close()

    def instance(self, name):
        folder = self.work / name
        if not folder.exists():
            folder.mkdir()
            (folder / "bench.braid").write_text(SCRIPT.format(p=self.prefix))
            (folder / "braid.toml").write_text(TOML.format(
                p=self.prefix, brokers=self.options.brokers, store=folder / "store", instance=name, session=SESSION,
                transaction=TRANSACTION, snapshots=self.work / "snapshots"))
        log = open(folder / "log", "a")
        return subprocess.Popen([self.options.braid.resolve(), "run", folder, "--env", "prod", "--log", "json"], stdout=log,
                                stderr=log)

    def wait_for_all(self, since, seconds=600, process=None):
        """When each partition has a result that was read after `since`: the time of the last of them."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            first = {}
            for at, user in reversed(self.seen):
                if at < since:
                    break
                first[user] = at
            if len(first) == PARTITIONS:
                return max(first.values())
            if process is not None and process.poll() is not None:
                sys.exit(f"the job ended with {process.returncode}: {self.work}")
            time.sleep(0.01)
        sys.exit(f"no results within {seconds} s: {self.work}")

    def size_of_state(self):
        stores = [path for path in self.work.glob("*/store/**/*") if path.is_file()]
        return sum(path.stat().st_size for path in stores) / 1e6

    def run(self):
        self.make_topics()
        self.load()
        one = self.instance("one")
        threads = [threading.Thread(target=each, daemon=True) for each in (self.probe, self.read)]
        for thread in threads:
            thread.start()
        self.wait_for_all(time.monotonic(), process=one)
        again, taken = [], []  # seconds
        for _ in range(self.options.rounds):
            time.sleep(15)
            one.kill()
            one.wait()
            time.sleep(0.3)  # what was committed before is read
            started = time.monotonic()
            one = self.instance("one")
            back = self.wait_for_all(started, process=one)
            again.append(back - started)
            print(f"the same instance: {again[-1]:.2f} s after its start", flush=True)
        print(f"files of the store: {self.size_of_state():.0f} MB")
        for number in range(self.options.rounds):
            other = self.instance(f"other-{number}")
            time.sleep(25)
            one.kill()
            one.wait()
            killed = time.monotonic()
            time.sleep(0.3)
            back = self.wait_for_all(killed + 0.3, process=other)
            taken.append(back - killed)
            print(f"another instance: {taken[-1]:.2f} s after the kill", flush=True)
            one = other
        self.ended.set()
        self.producer.flush(30)
        for thread in threads:
            thread.join()
        one.terminate()
        one.wait()
        print(f"\n| {self.options.state} MB of state | median s | longest s |\n| --- | --- | --- |")
        print(f"| the same instance, from its start | {statistics.median(again):.2f} | {max(again):.2f} |")
        print(f"| another instance, from the kill (session time-out {SESSION} s) | {statistics.median(taken):.2f} | {max(taken):.2f} |")
        shutil.rmtree(self.work)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--braid", type=pathlib.Path, required=True)
parser.add_argument("--brokers", required=True)
parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()))
parser.add_argument("--state", type=int, default=1000, help="megabytes")
parser.add_argument("--rounds", type=int, default=3)
options = parser.parse_args()
python_packages.run_with(options.work / "braid-recovery-venv", ["confluent-kafka==2.16.0"])
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

Bench(options).run()
