#!/usr/bin/env python3
"""Each fault of a broker and of its records, one at a time: the job goes on, or ends with a code, a place and a way out,
and whatever happens each record is in a product or in `rejected` once.

usage: faults.py BRAID --brokers HOST:PORT --venv VENV --kafka HOME --port PORT [--away SECONDS] [--only NAME]

HOME and PORT are those of `scripts/kafka up --secure`, which a case kills and starts again. VENV is a folder for a Python
environment with confluent-kafka; exit code 77: it, or the broker, cannot be had.
"""
import base64
import collections
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import chaos

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from braid_command import DONE, INPUT, SOURCE, STORE, USAGE, Failed, Skipped, main  # noqa: E402

SCRIPT = """domain shop

stream sale
  key id
  time at within 10s
  from topic "{topic}" format json
{{ id: int, user: string, at: timestamp, note: string }}

product kept version 1
  key id
{{
  from sale
  select {{ id, user, at, {select} }}
}}
"""
TOML = """[project]
name = "{group}"

[env.prod]
store = "{store}"
brokers = "{brokers}"

[env.prod.kafka]
session_timeout = "6s"
transaction_timeout = "10s"
{kafka}

[env.prod.bind]
"shop.kept" = {{ topic = "{results}" }}
"""
SECURE = """security.protocol = "sasl_ssl"
sasl.mechanism = "SCRAM-SHA-512"
sasl.username = "guest"
sasl.password = "env:SHOP_PASSWORD"
ssl.ca.pem = "file:{authority}"
"""
PARTITIONS = 2
kafka = None  # confluent_kafka


def admin(case):
    """One for each case: what it answers is lost when it goes."""
    from confluent_kafka.admin import AdminClient
    if not hasattr(case, "admin"):
        case.admin = AdminClient({"bootstrap.servers": case.options.brokers, "log_level": 2})
    return case.admin


class Job:
    """A project over topics of its own, and the records that were put into them."""

    def __init__(self, case, select="note", kafka="", settings=None, brokers=None, store=None):
        self.case = case
        self.name = f"faults-{os.getpid()}-{time.monotonic_ns()}"
        self.topic, self.results = f"{self.name}.in", f"{self.name}.out"
        self.folder = case.directory / self.name
        self.store = store or self.folder / "data"
        self.settings = settings or {}
        self.brokers, self.kafka = brokers or case.options.brokers, kafka
        self.sent = collections.defaultdict(dict)  # (partition, offset) by what becomes of it: "kept", "rejected"
        self.ids = 0
        self.environment = {}
        self.folder.mkdir()
        (self.folder / "shop.braid").write_text(SCRIPT.format(topic=self.topic, select=select))
        self.configure()
        self.make(self.topic)

    def configure(self, kafka=None):
        self.kafka = self.kafka if kafka is None else kafka
        (self.folder / "braid.toml").write_text(TOML.format(
            group=self.name, store=self.store, brokers=self.brokers, kafka=self.kafka, results=self.results))

    # ---- topics and records

    def make(self, topic, partitions=PARTITIONS, **settings):
        from confluent_kafka.admin import NewTopic
        config = {name.replace("_", "."): str(value) for name, value in {**self.settings, **settings}.items()}
        end = time.monotonic() + 20
        while True:
            try:
                admin(self.case).create_topics([NewTopic(topic, partitions, config=config)])[topic].result()
                return
            except kafka.KafkaException as error:  # one of that name is still being deleted
                if error.args[0].code() != kafka.KafkaError.TOPIC_ALREADY_EXISTS or time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def delete(self, topic):
        admin(self.case).delete_topics([topic], operation_timeout=30)[topic].result()

    def alter(self, topic, **settings):
        from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource
        entries = [ConfigEntry(name.replace("_", "."), str(value), incremental_operation=AlterConfigOpType.SET) for
                   name, value in settings.items()]
        for done in admin(self.case).incremental_alter_configs(
                [ConfigResource("topic", topic, incremental_configs=entries)]).values():
            done.result()

    def delete_records(self, topic, partition, before):
        for done in admin(self.case).delete_records([kafka.TopicPartition(topic, partition, before)]).values():
            done.result()

    def put(self, values, becomes="rejected", headers=None):
        """Bytes or None each. Keeps where they came to lie."""
        producer = kafka.Producer({"bootstrap.servers": self.case.options.brokers, "message.max.bytes": 20_000_000,
                                   "enable.idempotence": True, "log_level": 2})
        failed = []

        def delivered(error, message):
            if error is not None:
                failed.append(error)
            else:
                # Of a record that was sent again and was there already, the client does not know the offset.
                known = message.offset() >= 0
                place = message.offset() if known else -1 - len(self.sent[becomes])
                self.sent[becomes][message.partition(), place] = message.value()

        for number, value in enumerate(values):
            producer.produce(self.topic, value=value, partition=number % PARTITIONS, headers=headers, on_delivery=delivered)
            producer.poll(0)
        producer.flush()
        self.case.expect(not failed, f"records could not be produced: {failed}")

    def sale(self, note="n", **more):
        self.ids += 1
        at = f"2026-01-01T00:{self.ids // 60 % 60:02}:{self.ids % 60:02}Z"
        return json.dumps({"id": self.ids, "user": f"u{self.ids % 7}", "at": at, "note": note, **more}).encode()

    def sell(self, count=20, **more):
        self.put([self.sale(**more) for _ in range(count)], "kept")

    def read(self, topic):
        """Committed records, from the first that is there."""
        consumer = kafka.Consumer({"bootstrap.servers": self.case.options.brokers, "group.id": self.name + ".oracle",
                                   "isolation.level": "read_committed", "auto.offset.reset": "earliest",
                                   "enable.auto.commit": False, "enable.partition.eof": True, "log_level": 2})
        try:
            found = consumer.list_topics(topic, timeout=30).topics[topic]
            if found.error is not None:
                return []
            consumer.assign([kafka.TopicPartition(topic, each, kafka.OFFSET_BEGINNING) for each in found.partitions])
            records, ended = [], 0
            while ended < len(found.partitions):
                message = consumer.poll(30)
                self.case.expect(message is not None, f"{topic} cannot be read to its end")
                if message.error() is None:
                    records.append(message)
                else:
                    ended += message.error().code() == kafka.KafkaError._PARTITION_EOF
            return records
        finally:
            consumer.close()

    def rows(self):
        return [json.loads(each.value()) for each in self.read(self.results)]

    def rejected(self):
        return [json.loads(each.value()) for each in self.read(self.results + ".rejected")]

    # ---- the job

    def run(self, code=DONE, finding=None, *words):
        """To the end that the topics have."""
        return self.case.braid("run", self.folder, "--env", "prod", "--until", "caught-up", *words, code=code, finding=finding,
                               environment=self.environment)

    @contextlib.contextmanager
    def running(self, *words, log="log"):
        """The job as it follows its topics; it is killed at the end if it has not ended."""
        log = open(self.case.directory / f"{self.name}.{log}", "a+")
        process = self.case.start("run", self.folder, "--env", "prod", "--log", "json", "--listen", "127.0.0.1:0", *words,
                                  environment=self.environment, stderr=log)
        try:
            yield Running(self, process, log)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()
            log.close()

    def wait_for(self, what, is_so, seconds=60):
        end = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > end:
                self.case.fail(f"not within {seconds} s: {what}")
            time.sleep(0.1)

    def check(self, is_whole=True):
        """Each record that was put is a row, or a rejected row that names it, once; or not yet."""
        expected = collections.Counter(json.loads(value)["id"] for value in self.sent["kept"].values())
        read = self.read(self.results)
        found = collections.Counter(json.loads(each.value())["id"] for each in read)
        self.case.expect(not found - expected, f"too many: {found - expected}, all rows: " + ", ".join(
            f"{json.loads(each.value())['id']} at {each.partition()}/{each.offset()}" for each in read))
        self.case.expect(found == expected or not is_whole, f"missing: {expected - found}")
        rejected = self.rejected()
        places = collections.Counter(self.place(row) for row in rejected)
        self.case.expect(places == collections.Counter(self.sent["rejected"].keys()),
                         f"rejected {places}, expected {sorted(self.sent['rejected'])}")
        return rejected

    @staticmethod
    def place(row):
        return int(row["origin"]["partition"].rsplit("/", 1)[1]), row["origin"]["position"]


class Running:
    def __init__(self, job, process, log):
        self.job, self.process, self.log, self.case = job, process, log, job.case

    def text(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def events(self):
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]

    def address(self):
        found = [event["address"] for event in self.events() if event["event"] == "listening"]
        return found[-1] if found else None

    def get(self, path):
        """Status and body."""
        try:
            with urllib.request.urlopen(f"http://{self.address()}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except urllib.error.URLError as error:
            return None, str(error)

    def wait_for_rows(self, count, seconds=20):
        def enough():
            self.case.expect(self.process.poll() is None, f"the job has ended: {self.text()[-2000:]}")
            return len(self.job.rows()) >= count

        try:
            self.job.wait_for(f"{count} rows", enough, seconds)
        except Failed as reason:
            self.case.fail(f"{reason}, but {len(self.job.rows())}: {self.text()[-2000:]}{self.get('/status')[1][-3000:]}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=120)
        self.case.expect(code == DONE, f"it left with {code}: {self.text()[-2000:]}")

    def fails(self, code, finding, *parts, seconds=90):
        """It ends by itself, as it should."""
        try:
            ended = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.case.fail(f"it goes on: {self.text()[-2000:]}")
        failure = [event for event in self.events() if event["event"] == "failed"]
        self.case.expect(len(failure) == 1, f"no word of why it ended with {ended}: {self.text()[-2000:]}")
        self.case.expect((ended, failure[0]["code"]) == (code, finding), f"expected {code} {finding}: {ended} {failure[0]}")
        told(self.case, failure[0]["message"], *parts)


def told(case, text, *parts):
    for part in parts:
        case.expect(part in text, f"expected `{part}` in: {text}")


# ---- records

def poison_records(case):
    """Each is rejected with a code and its bytes, and the job goes on, also where they have a trace."""
    job = Job(case)
    good = job.sale()
    job.put([good], "kept")
    poison = {
        b"{ broken": "E6021", good[:-1]: "E6021", b"[1, 2]": "E6021", b'"text"': "E6021", good + good: "E6021",
        b'{"id": "x", "user": "u", "at": "2026-01-01T00:00:00Z", "note": "n"}': "E6003",
        b'{"id": 1.5, "user": "u", "at": "2026-01-01T00:00:00Z", "note": "n"}': "E6005",
        b'{"id": 99999999999999999999, "user": "u", "at": "2026-01-01T00:00:00Z", "note": "n"}': "E6005",
        b'{"id": 1, "user": 7, "at": "2026-01-01T00:00:00Z", "note": "n"}': None,
        b'{"id": 1, "user": "u", "at": "yesterday", "note": "n"}': None,
        b'{"id": 1, "user": null, "at": "2026-01-01T00:00:00Z", "note": "n"}': None,
        b'{"user": "u", "at": "2026-01-01T00:00:00Z", "note": "n"}': "E6001",
        b'{"id": 1, "user": "\xff\xfe", "at": "2026-01-01T00:00:00Z", "note": "n"}': None,
        b"\x00\x01\x02\xff": None, b"\xef\xbb\xbf{ bom": None,
        b"[" * 5000: None, b'{"id":' * 2000: None,
        b'{"id": 1, "user": "u",\n "at": "2026-01-01T00:00:00Z",\n "note": 3}': None,
        b'{"id": 1, "user": "u", "at": "9999-01-01T00:00:00Z", "note": "n"}': None,
        None: "E6028", b"": "E6028", b" \n\t": "E6028",
    }
    with job.running() as running:
        for headers in (None, [("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]):
            job.put(poison, headers=headers)
            job.sell(7)
        running.wait_for_rows(15)
        running.stop()
    rejected = job.check()
    for row in rejected:
        value = job.sent["rejected"][job.place(row)]
        code = poison[value]
        case.expect(row["code"] == code if code else row["code"].startswith("E6"), f"{value} has {row['code']}: {row}")
        kept = row["bytes"].encode()
        case.expect(kept == (value or b"") or base64.b64decode(row["bytes"]) == value, f"other bytes than {value}: {row}")
        case.expect(row["reason"] and row["span"].startswith("shop.braid:"), f"{row}")
    for message in job.read(job.results + ".rejected"):
        # A broker deletes what is older than its topic keeps.
        case.expect(abs(message.timestamp()[1] / 1000 - time.time()) < 600, f"the time of a rejected row: {message.timestamp()}")
    case.expect(sum(message.headers() is not None for message in job.read(job.results + ".rejected")) == len(poison),
                "rejected rows have no trace")


def oversized_records(case):
    """Whatever a topic takes can be read. What is too long to be a record is rejected, and so is its row shortened."""
    job = Job(case, kafka='fetch.message.max.bytes = "20000"', settings={"max.message.bytes": 20_000_000})
    job.sell(4)
    # Fields that the script does not read.
    job.put([job.sale(other="x" * 500_000), job.sale(other='"' * 400_000), job.sale(other="x" * 1_040_000)], "kept")
    oversized = [job.sale(other="x" * 2_000_000), job.sale(other="x" * 15_000_000),
                 b'{ "' + b'"' * 900_000, b"\xff" * 900_000, b"x" * 1_048_000, b"\x01" * 300_000]
    with job.running() as running:
        job.put(oversized)
        job.sell(4)
        running.wait_for_rows(11)
        job.wait_for("rejected rows", lambda: len(job.rejected()) >= len(oversized))
        running.stop()
    for row in job.check():
        value = job.sent["rejected"][job.place(row)]
        case.expect(row["bytes_length"] > len(row["bytes"]), f"{row['bytes_length']} of {len(value)}")
        begin = row["bytes"].encode()
        case.expect(value.startswith(begin) or value.startswith(base64.b64decode(row["bytes"])), f"other bytes: {begin[:80]}")
        case.expect(len(begin) > 100_000, f"only {len(begin)} bytes are kept of {len(value)}")
        if len(value) > 1 << 20:
            case.expect(row["code"] == "E6024" and str(len(value)) in row["reason"], f"{row['code']} {row['reason']}")


def rows_too_long_for_their_topic(case):
    """The broker refuses them; nothing of their commit is seen, and with another limit the job goes on."""
    job = Job(case, select='note: f"{note}{note}{note}"')
    job.make(job.results, max_message_bytes=50_000)
    job.sell(5)
    job.run()
    job.put([job.sale(note="".join(case.random.choices("abcdefgh01234567", k=60_000)))], "kept")
    job.sell(5)
    for _ in range(2):
        ended = job.run(USAGE, "E7053")
        told(case, ended.err, f"write to {job.results}/", "max.message.bytes of the topic", "`message.max.bytes`")
        job.check(is_whole=False)
        case.expect(6 not in {row["id"] for row in job.rows()}, "the row that is too long is there")
    job.alter(job.results, max_message_bytes=1_048_588)
    job.run()
    job.check()


def rows_too_long_for_the_client(case):
    job = Job(case, select='note: f"{note}{note}{note}"')
    job.make(job.results, max_message_bytes=4_000_000)
    job.sell(5)
    job.put([job.sale(note="x" * 500_000)], "kept")
    told(case, job.run(USAGE, "E7053").err, f"write to {job.results}/", "max.message.bytes of the topic", "`message.max.bytes`")
    job.check(is_whole=False)
    job.configure('message.max.bytes = "3000000"')
    job.run()
    job.check()


# ---- topics

def an_input_topic_is_deleted(case):
    job = Job(case)
    job.sell()
    with job.running() as running:
        running.wait_for_rows(20)
        job.delete(job.topic)
        running.fails(USAGE, "E7053", f"read {job.topic}/", "the topic was deleted")
    told(case, job.run(USAGE, "E7049").err, f"`{job.topic}` does not exist")
    job.check()


def an_output_topic_is_deleted(case):
    job = Job(case)
    job.sell()
    with job.running() as running:
        running.wait_for_rows(20)
        job.delete(job.results)
        job.sell()
        running.fails(USAGE, "E7053", job.results, "the topic was deleted", "the next start makes those again")
    job.run()
    # What was in the topic is lost, and nothing else.
    ids = sorted(row["id"] for row in job.rows())
    case.expect(ids == list(range(21, 41)), f"{ids}")


def the_topic_of_epochs_is_deleted(case):
    job = Job(case)
    job.sell()
    with job.running() as running:
        running.wait_for_rows(20)
        job.delete(f"{job.name}.epochs")
        job.sell()
        running.fails(USAGE, "E7053", f"{job.name}.epochs", "the topic was deleted")
    # What is committed and is not in the store is not known any more. Records of epochs may come late, so it waits.
    with job.running() as running:
        job.wait_for("a warning", lambda: "W7116" in [event.get("code") for event in running.events()])
        told(case, running.text(), f"waits for records of `{job.name}.epochs`")
        running.stop()
    case.expect(len(job.rows()) == 20, f"{len(job.rows())} rows")
    job.run(DONE, "W7103", "--reset")
    ids = sorted(row["id"] for row in job.rows())
    case.expect(ids == sorted([*range(1, 21), *range(1, 41)]), f"{ids}")


def an_input_topic_is_made_again(case):
    """The brokers forget its offsets with it, so the state of the job does not fit any more."""
    job = Job(case)
    job.sell(40)
    job.run()
    job.delete(job.topic)
    job.make(job.topic)
    job.sell(4)
    for _ in range(2):
        told(case, job.run(STORE, "E8017").err, f"the group `{job.name}`", "has committed epoch 0")
    case.expect(len(job.rows()) == 40, f"{len(job.rows())} rows")
    job.run(DONE, "W7103", "--reset")
    ids = sorted(row["id"] for row in job.rows())
    case.expect(ids == list(range(1, 45)), f"{ids}")


def a_start_behind_the_end(case):
    job = Job(case)
    job.sell(4)
    text = (job.folder / "braid.toml").read_text()
    (job.folder / "braid.toml").write_text(text + f'"shop.sale" = {{ topic = "{job.topic}", start = {{ 0 = 3 }} }}\n')
    told(case, job.run(USAGE, "E7052").err,
         f"`shop.sale` cannot start at offset 3 of `{job.topic}/0`", "its next record will have offset 2")
    case.expect(job.rows() == [], "it has begun all the same")


def records_expire_that_were_read(case):
    """Retention takes what is committed while the job is down: that is not needed any more."""
    job = Job(case)
    job.sell(40)
    job.run()
    for partition in range(PARTITIONS):
        job.delete_records(job.topic, partition, 20)
    job.sell(10)
    job.run()
    job.check()


def records_expire_that_were_not_read(case):
    job = Job(case)
    job.sell(40)
    job.run()
    job.sell(10)
    job.delete_records(job.topic, 1, 23)
    for _ in range(2):
        told(case, job.run(INPUT, "E7090").err, f"`{job.topic}/1` begins at offset 23", "has read it up to 20")
    job.check(is_whole=False)
    # To go on with what is there is a decision: it is made by starting over, where results stay.
    job.run(DONE, "W7103", "--reset")
    lost = {json.loads(job.sent["kept"][1, offset])["id"] for offset in range(20, 23)}
    ids = {row["id"] for row in job.rows()}
    case.expect(ids == set(range(1, 51)) - lost, f"{sorted(ids)}")


def records_expire_that_are_needed_again(case):
    """After a kill the epochs behind the last checkpoint are run again, from records that are gone by then."""
    job = Job(case)
    with job.running() as running:
        for _ in range(4):
            job.sell(10)
            time.sleep(0.2)
        running.wait_for_rows(40)
        running.process.kill()
        running.process.wait()
    for partition in range(PARTITIONS):
        job.delete_records(job.topic, partition, 20)
    ended = job.run(None)
    case.expect(ended.codes in (["E7090"], ["E8020"]), f"{ended}")
    told(case, ended.err, f"{job.topic}/")
    case.expect(len(job.rows()) == 40, f"{len(job.rows())} rows")


# ---- topics that rows make

class ByUser(Job):
    """Its product has a topic for each user."""

    def __init__(self, case):
        super().__init__(case)
        self.results += ".{user}"
        self.configure()

    def topics(self):
        names = admin(self.case).list_topics(timeout=30).topics
        return sorted(name for name in names if name.startswith(f"{self.name}.out.") and not name.endswith(".rejected"))

    def read(self, topic):
        if topic != self.results:
            return Job.read(self, f"{self.name}.out.all.rejected")
        return [message for name in self.topics() for message in Job.read(self, name)]


def a_topic_for_each_value(case):
    """Each is made in an open transaction, with its first row, while the job is killed again and again."""
    job = ByUser(case)
    users = 0
    for run in range(2):
        with job.running() as running:
            for user in range(users, users + 4):
                job.sell(6, user=f"u.{user}")
                time.sleep(case.random.random() * 0.3)
            users += 4
            if run == 0:
                running.wait_for_rows(len(job.sent["kept"]), 60)
            running.process.kill()
            running.process.wait()
    job.sell(6, user="u.0")
    job.put([b"{ broken"])
    job.run()
    job.wait_for("all rows", lambda: len(job.rows()) >= len(job.sent["kept"]), 20)  # their end is told, and then written
    job.check()
    expected = sorted(f"{job.name}.out.u_2E{user}" for user in range(users))
    case.expect(job.topics() == expected, f"{job.topics()}")
    for message in job.read(job.results):
        user = json.loads(message.value())["user"].replace(".", "_2E")
        case.expect(message.topic().endswith(f".out.{user}"), f"{message.value()} in {message.topic()}")


# ---- rights

class Rights:
    """Of the user `guest`, who has none but these."""

    def __init__(self, case, job):
        self.case, self.job = case, job
        everything = job.name
        self.all = {
            "read": [("topic", job.topic, each) for each in ("read", "describe")],
            "write": [("topic", job.results, each) for each in ("write", "describe", "create")] +
                     [("topic", job.results + ".rejected", each) for each in ("write", "describe", "create")],
            "epochs": [("topic", everything + ".epochs", each) for each in ("read", "write", "describe", "create")],
            "erasures": [("topic", everything + ".erasures", each) for each in ("read", "describe")],
            "group": [("group", everything, "read")],
            "id": [("id", everything, each) for each in ("write", "describe")]}

    def binding(self, kind, name, operation):
        from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType)
        types = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "id": ResourceType.TRANSACTIONAL_ID}
        pattern = ResourcePatternType.PREFIXED if kind == "id" else ResourcePatternType.LITERAL
        return AclBinding(types[kind], name, pattern, "User:guest", "*", AclOperation[operation.upper()],
                          AclPermissionType.ALLOW)

    def give(self, *names):
        bindings = [self.binding(*each) for name in names for each in self.all[name]]
        for done in admin(self.case).create_acls(bindings).values():
            done.result()

    def take(self, *names):
        from confluent_kafka.admin import AclBindingFilter
        for name in names:
            for kind, resource, operation in self.all[name]:
                one = self.binding(kind, resource, operation)
                wanted = AclBindingFilter(one.restype, one.name, one.resource_pattern_type, one.principal, one.host,
                                          one.operation, one.permission_type)
                for done in admin(self.case).delete_acls([wanted]).values():
                    done.result()


def secure_job(case):
    authority = pathlib.Path(case.options.kafka) / "tls/ca.pem"
    if not authority.exists():
        raise Skipped("the broker has no logins (scripts/kafka up --secure)")
    job = Job(case, kafka=SECURE.format(authority=authority), brokers=f"localhost:{case.options.port + 20}")
    job.environment = {"SHOP_PASSWORD": "guest"}
    return job, Rights(case, job)


def rights_that_are_missing_at_the_start(case):
    """One after the other is named, until the job runs."""
    job, rights = secure_job(case)
    job.sell()
    needed = {"read": f"on the topic `{job.topic}`", "write": f"on the topic `{job.results}`",
              "epochs": f"on the topic `{job.name}.epochs`", "erasures": f"on the topic `{job.name}.erasures`",
              "group": f"`Read` on the group `{job.name}`",
              "id": f"`Write` on the transactional id `{job.name}."}
    try:
        for name, text in needed.items():
            rights.give(*(each for each in needed if each != name))
            began = time.monotonic()
            ended = job.run(USAGE, "E7050")
            told(case, ended.err, text)
            case.expect(time.monotonic() - began < 30, f"{name} took {time.monotonic() - began:.1f} s")
            case.expect(job.rows() == [], f"without {name}: rows")
            rights.take(*(each for each in needed if each != name))
        rights.give(*needed)
        job.run()
        job.check()
    finally:
        rights.take(*needed)


def taken_while_it_runs(case, name, *parts):
    job, rights = secure_job(case)
    job.sell()
    try:
        rights.give(*rights.all)
        with job.running() as running:
            running.wait_for_rows(20)
            rights.take(name)
            job.sell()
            running.fails(USAGE, "E7050", *(part.format(job=job) for part in parts))
        rights.give(name)
        job.run()
        job.check()
    finally:
        rights.take(*rights.all)


def the_right_to_read_is_taken(case):
    taken_while_it_runs(case, "read", "`Read` on the topic `{job.topic}`")


def the_right_to_write_is_taken(case):
    # The client does not say which topic of the transaction it was.
    taken_while_it_runs(case, "write", "`Write` on the topic `", "`{job.results}`")


def the_right_to_the_group_is_taken(case):
    taken_while_it_runs(case, "group", "`Read` on the group `{job.name}`")


def the_right_to_transactions_is_taken(case):
    taken_while_it_runs(case, "id", "`Write` on the transactional id `{job.name}.")


# ---- instances

def two_instances_with_one_name(case):
    """One says so and ends, mostly the one that was there before; the other one goes on."""
    job = Job(case, kafka='instance = "a"')
    job.sell()
    with job.running() as first:
        first.wait_for_rows(20)
        with job.running("--store", job.folder / "other", log="other") as second:
            both = [first, second]
            job.wait_for("the end of one", lambda: any(each.process.poll() is not None for each in both))
            both.sort(key=lambda each: each.process.poll() is None)
            both[0].fails(USAGE, "E7117", f"`{job.name}`", "`a`")
            job.sell()
            both[1].wait_for_rows(40)
            both[1].stop()
    job.check()


# ---- the broker and the disk

def scripts_kafka(case, *words):
    return subprocess.run([SOURCE / "scripts/kafka", *words], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "BRAID_KAFKA": case.options.kafka, "BRAID_KAFKA_PORT": str(case.options.port)})


def the_broker_is_away(case):
    """It is killed, and comes back: the job waits, and goes on by itself."""
    pid = int((pathlib.Path(case.options.kafka) / "broker-1/pid").read_text())
    job = Job(case)
    job.sell()
    with job.running() as running:
        running.wait_for_rows(20)
        job.sell()  # some of it is on its way
        os.kill(pid, signal.SIGKILL)
        try:
            end = time.monotonic() + case.options.away
            asked = 0
            while time.monotonic() < end:
                case.expect(running.process.poll() is None, f"it has ended: {running.text()[-2000:]}")
                healthy, body = running.get("/healthz")
                case.expect(healthy == 200, f"its orchestrator would restart it: {body}")
                asked += 1
                time.sleep(1)
        finally:
            up = scripts_kafka(case, "up", "--secure")
        case.expect(up.returncode == 0, f"the broker does not come back: {up.stdout}{up.stderr}")
        began = time.monotonic()
        job.sell()
        running.wait_for_rows(60, 120)
        case.note(f"away for {case.options.away} s; all rows {time.monotonic() - began:.1f} s behind its return")
        told_of = [event for event in running.events() if event.get("code") == "W7115"]
        case.expect(case.options.away < 100 or told_of, f"nothing says that the brokers are away: {running.text()}")
        for event in told_of:
            case.note(f"{event['time']}: {event['message']}")
        running.stop()
    job.run()
    job.check()


@contextlib.contextmanager
def small_disk(case, size):
    folder = case.directory / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        raise Skipped(f"a small disk cannot be mounted: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def the_disk_is_full(case):
    """Of the state. What was not committed does not count, and with more room the job goes on."""
    with small_disk(case, "24m") as disk:
        job = Job(case, store=disk / "data")
        job.sell(10)
        job.run()
        filler = disk / "filler"
        with open(filler, "wb") as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 65536)
                    file.flush()
        job.sell(2000)
        ended = job.run(None)
        case.expect(ended.code == STORE and ended.codes == ["E8003"], f"{ended}")
        told(case, ended.err, str(disk))
        filler.unlink()
        job.run()
        job.check()


def answers(port):
    """Somebody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


def options(parser):
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--venv", type=pathlib.Path, required=True)
    parser.add_argument("--kafka", required=True, help="BRAID_KAFKA of the broker")
    parser.add_argument("--port", type=int, required=True, help="BRAID_KAFKA_PORT of the broker")
    parser.add_argument("--away", type=float, default=20, help="seconds without a broker")


CASES = [poison_records, oversized_records, rows_too_long_for_their_topic, rows_too_long_for_the_client,
         an_input_topic_is_deleted, an_output_topic_is_deleted, the_topic_of_epochs_is_deleted,
         an_input_topic_is_made_again, a_start_behind_the_end, records_expire_that_were_read,
         records_expire_that_were_not_read, records_expire_that_are_needed_again, a_topic_for_each_value,
         rights_that_are_missing_at_the_start, the_right_to_read_is_taken, the_right_to_write_is_taken,
         the_right_to_the_group_is_taken, the_right_to_transactions_is_taken, two_instances_with_one_name,
         the_disk_is_full, the_broker_is_away]

if __name__ == "__main__":
    if "--venv" in sys.argv and "--port" in sys.argv:
        kafka = chaos.client(pathlib.Path(sys.argv[sys.argv.index("--venv") + 1]))
        if not answers(int(sys.argv[sys.argv.index("--port") + 1])):
            print("skipped: no broker answers (scripts/kafka up --secure)")
            sys.exit(77)
    main(CASES, options)
