#!/usr/bin/env python3
"""The command against real brokers: what a person meets who binds a job to them.

usage: kafka_run.py BRAID --tool TOPIC_TOOL --port PORT --authority CA_PEM [--only NAME]    (scripts/kafka up --secure)
"""
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from braid_command import DONE, INPUT, USAGE, main

SCRIPT_TEXT = """domain shop

stream sale
  time at within 10s
  key id
  from topic "shop.sale.v1" format json
{ id: int, amount: decimal(12,2), at: timestamp }

product big version 1
  key id
{
  from sale
  where amount > 100
  select { id, amount, at }
}
"""
ARRIVALS = """domain shop

stream sale
  time at within 10s
  key id
  from topic "shop.sale.v1" format json
{ id: int, amount: decimal(12,2), at: timestamp }

product big version 1
  key id
{
  from sale by arrival
  let side = if id % 2 == 0 then "even" else "odd one"
  select { id, side, came: arrival_time(), seen: event_time(), trace: string(headers()["traceparent"] ?? bytes("")) }
}
"""
CANARY = "canary-b7c1"
SECURE = '''[env.prod.kafka]
security.protocol = "sasl_ssl"
sasl.mechanism = "SCRAM-SHA-512"
sasl.username = "{user}"
sasl.password = "env:SHOP_PASSWORD"
ssl.ca.pem = "file:ca.pem"
'''


def topic(case, partitions=2):
    """A topic of its own, so that tests can be run again on the same broker."""
    name = f"cli.{int(time.time() * 1000)}.{case.random.randrange(10000)}"
    tool(case, "make", name, partitions)
    return name


def tool(case, *words, text=None):
    made = subprocess.run([case.options.tool, f"127.0.0.1:{case.options.port}", *map(str, words)], input=text,
                          capture_output=True, text=True, timeout=60)
    case.expect(made.returncode == 0, f"{words}: {made.stderr}")
    return made.stdout


def run(case, brokers, kafka="", bind="", finding=None, environment=None, code=USAGE):
    """A run to the end that the topics have. `finding`: with which it fails."""
    folder = case.directory / "shop"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(case.options.authority, folder / "ca.pem")
    (folder / "shop.braid").write_text(SCRIPT_TEXT)
    (folder / "braid.toml").write_text(
        f'[project]\nname = "shop-{case.random.randrange(1 << 40)}"\n[env.prod]\nbrokers = "{brokers}"\n{kafka}\n[env.prod.bind]\n{bind}\n')
    began = time.monotonic()
    code = code if finding else DONE
    ended = case.braid("run", folder, "--env", "prod", "--until", "caught-up", code=code, environment=environment)
    took = time.monotonic() - began
    case.expect(ended.codes == ([finding] if finding else []), f"expected {finding} alone: {ended}")
    case.expect(took < (25 if finding else 90), f"took {took:.1f} s: {ended}")
    case.expect(CANARY not in ended.err + ended.out, f"a secret is shown: {ended}")
    case.expect("%3|" not in ended.err and "rdkafka#" not in ended.err, f"the log of the library is shown: {ended}")
    return ended.err


def plain(case):
    return f"127.0.0.1:{case.options.port}"


def secure(case):
    return f"localhost:{case.options.port + 20}"


def told(case, text, *parts):
    for part in parts:
        case.expect(part in text, f"expected `{part}` in: {text}")


def a_plain_broker(case):
    run(case, plain(case), bind=f'"shop.sale" = {{ topic = "{topic(case)}" }}')


def a_login_by_scram_over_tls(case):
    bind = f'"shop.sale" = {{ topic = "{topic(case)}" }}'
    run(case, secure(case), SECURE.format(user="braid"), bind, environment={"SHOP_PASSWORD": "braid"})
    # The password in a file, with a line end; all of it under TLS.
    (case.directory / "password").write_text("braid\n")
    by_file = SECURE.replace("env:SHOP_PASSWORD", f"file:{case.directory}/password")
    run(case, secure(case), by_file.format(user="braid"), bind)


def a_wrong_password(case):
    text = run(case, secure(case), SECURE.format(user="braid"), finding="E7048",
               environment={"SHOP_PASSWORD": CANARY})
    told(case, text, secure(case), "refuses the login")


def secrets_that_are_not_there(case):
    text = run(case, secure(case), SECURE.format(user="braid"), finding="E7014", environment={"SHOP_PASSWORD": None})
    told(case, text, "`SHOP_PASSWORD` is not set")
    run(case, secure(case), SECURE.format(user="braid"), finding="E7043", environment={"SHOP_PASSWORD": ""})
    missing = SECURE.format(user="braid").replace("env:SHOP_PASSWORD", "file:no-such-file")
    told(case, run(case, secure(case), missing, finding="E7001", code=3), "no-such-file")


def an_authority_that_is_not_trusted(case):
    untrusted = SECURE.format(user="braid").replace("ssl.ca.pem = \"file:ca.pem\"\n", "")
    text = run(case, secure(case), untrusted, finding="E7047", environment={"SHOP_PASSWORD": "braid"})
    told(case, text, "`ssl.ca.pem`")
    case.expect("ssl.ca.location" not in text, f"names a setting that is refused: {text}")


def a_wrong_port(case):
    """TLS where there is none, and none where there is TLS."""
    text = run(case, plain(case), SECURE.format(user="braid"), finding="E7047", environment={"SHOP_PASSWORD": "braid"})
    told(case, text, plain(case))
    text = run(case, secure(case), finding="E7046", code=INPUT)
    told(case, text, secure(case))


def no_broker(case):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{free.getsockname()[1]}"
        told(case, run(case, nobody, finding="E7046", code=INPUT), nobody, "Connection refused")
    told(case, run(case, "no-such-host.invalid:9092", finding="E7046", code=INPUT), "no-such-host.invalid:9092", "resolve")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        told(case, run(case, f"127.0.0.1:{silent.getsockname()[1]}", finding="E7046", code=INPUT), "no broker answers")


def a_topic_that_is_missing(case):
    name = topic(case)
    text = run(case, plain(case), bind=f'"shop.sale" = {{ topic = "{name}x" }}', finding="E7049")
    told(case, text, f"`{name}x` does not exist, and `shop.sale` reads it", f"`{name}`")


def topics_with_other_partitions(case):
    sale, big = topic(case), topic(case, 3)
    text = run(case, plain(case), finding="E7051",
               bind=f'"shop.sale" = {{ topic = "{sale}" }}\n"shop.big" = {{ topic = "{big}", partitions = 4 }}')
    told(case, text, f"`{big}` has 3 partitions, and `shop.big` asks for 4")
    text = run(case, plain(case), bind=f'"shop.sale" = {{ topic = "{sale}", start = {{ 2 = 0 }} }}', finding="E7052")
    told(case, text, "2 partitions, from 0 to 1")


def sales(*ids, amount=500):
    return "".join(f'{{"id":{each},"amount":{amount},"at":"2026-01-01T00:00:{each % 60:02}Z"}}\n' for each in ids)


def a_dry_run(case):
    """The tail of the topic, which a job that runs does not notice."""
    name = topic(case)
    tool(case, "put", name, 0, text=sales(*range(100)))
    tool(case, "put", name, 1, text=sales(500))
    folder = case.directory / "look"
    folder.mkdir()
    (folder / "shop.braid").write_text(SCRIPT_TEXT)
    (folder / "braid.toml").write_text(f"""[project]
name = "look-{name.replace('.', '-')}"
[env.prod]
brokers = "{plain(case)}"
[env.prod.bind]
"shop.sale" = {{ topic = "{name}", start = "latest" }}
"shop.big" = {{ topic = "{name}.big" }}
""")
    shown = case.braid("dry-run", folder, "--env", "prod", "--tail", "10", "--format", "json")
    ids = sorted(json.loads(line)["id"] for line in shown.out.splitlines())
    case.expect(ids == [*range(90, 100), 500], f"shows {ids}")
    told(case, shown.err, f"{name}/0: from offset 90 up to 100, of 0 to 100", f"{name}/1: from offset 0 up to 1",
         "90 offsets before them were not read", "nothing was written")
    # Nothing was committed, no topic was made, and nothing was kept: a job begins at the end, as it is bound.
    names = tool(case, "list").split()
    case.expect(name in names and f"{name}.big" not in names, f"topics: {names}")
    case.expect(not (folder / "data").exists(), "a dry run has made a store")
    case.braid("run", folder, "--env", "prod", "--until", "caught-up")
    case.expect(tool(case, "read", f"{name}.big") == "", "the job has read what was shown")
    # Of a topic that is not there.
    text = (folder / "braid.toml").read_text().replace(f'"{name}", start', f'"{name}x", start')
    (folder / "braid.toml").write_text(text)
    missing = case.braid("dry-run", folder, "--env", "prod", code=USAGE)
    case.expect(missing.codes == ["E7049"], f"{missing}")


def listening(process):
    """The address of a job that was started with `--log json`."""
    while (event := json.loads(process.stderr.readline()))["event"] != "listening":
        pass
    return event["address"]


def ready(address):
    try:
        urllib.request.urlopen(f"http://{address}/readyz", timeout=10).close()
        return True
    except urllib.error.URLError:
        return False


class Job:
    """A job of its own over a topic of its own. Its project is `job`."""

    def __init__(self, case, partitions=2, kafka="", script=SCRIPT_TEXT, source=None):
        self.case, self.folder = case, case.directory / "job"
        self.topic = topic(case, partitions)
        self.results = f"{self.topic}.big"
        self.group = f"job-{self.topic.replace('.', '-')}"  # every case draws the same numbers
        self.folder.mkdir()
        (self.folder / "shop.braid").write_text(script)
        source = source or f'topic = "{self.topic}"'
        (self.folder / "braid.toml").write_text(f"""[project]
name = "{self.group}"
[env.prod]
store = "{self.folder}/data"
brokers = "{plain(case)}"
[env.prod.kafka]
{kafka}
[env.prod.bind]
"shop.sale" = {{ {source} }}
"shop.big" = {{ topic = "{self.results}" }}
""")

    def put(self, *ids, partition=0, trace=None):
        tool(self.case, "put", self.topic, partition, *([trace] if trace else []), text=sales(*ids))

    def run(self, *words, code=DONE, finding=None, environment=None):
        ended = self.case.braid("run", self.folder, "--env", "prod", "--until", "caught-up", *words, code=code,
                                environment=environment)
        if finding:
            self.case.expect(ended.codes == [finding], f"expected {finding}: {ended}")
        return ended

    def ids(self):
        return sorted(json.loads(line)["id"] for line in tool(self.case, "read", self.results).splitlines())


def at_least_once(case):
    """Without transactions nothing is lost, and what was not committed comes again."""
    job = Job(case, kafka='delivery = "at-least-once"')
    job.put(*range(50))
    job.put(*range(50, 100), partition=1)
    told(case, job.run().out, "at least once:")
    case.expect(job.ids() == list(range(100)), f"{job.ids()}")
    job.put(100, 101)
    # Results are written, and the process ends before it commits what was read.
    job.run(code=-9, environment={"BRAID_KILL_AT": "before_offsets:1"})
    job.put(102)
    job.run()
    ids = job.ids()
    case.expect(set(ids) == set(range(103)), f"lost: {sorted(set(range(103)) - set(ids))}")
    case.expect(ids.count(100) == 2 and ids.count(1) == 1, f"{ids}")
    told(case, case.braid("explain", job.folder, "--env", "prod").out, "at least once: results are written before")
    # The other way from here on: what was committed stays as it is.
    text = (job.folder / "braid.toml").read_text().replace('delivery = "at-least-once"', "")
    (job.folder / "braid.toml").write_text(text)
    job.put(103)
    told(case, job.run().out, "exactly once: results and what was read are one transaction")
    case.expect(job.ids() == sorted([*ids, 103]), f"{job.ids()}")


def files_into_a_topic(case):
    """What was read of files is committed with the results, too."""
    job = Job(case, source='file = "in.ndjson"')
    (job.folder / "in.ndjson").write_text(sales(*range(10)))
    told(case, job.run().out, "exactly once:", "the files of shop.sale are read again")
    case.expect(job.ids() == list(range(10)), f"{job.ids()}")
    with open(job.folder / "in.ndjson", "a") as file:
        file.write(sales(*range(10, 15)))
    job.run(code=-9, environment={"BRAID_KILL_AT": "after_transaction:1"})
    case.expect(job.ids() == list(range(15)), f"{job.ids()}")
    job.run()
    case.expect(job.ids() == list(range(15)), f"{job.ids()}")
    shutil.rmtree(job.folder / "data")
    job.run()
    case.expect(job.ids() == list(range(15)), f"{job.ids()}")


def a_start_outside_of_a_topic(case):
    """Before any record is read."""
    job = Job(case, source='topic = "x"')
    text = (job.folder / "braid.toml").read_text()
    bound = text.replace('topic = "x"', f'topic = "{job.topic}", start = {{ 0 = 3 }}')
    (job.folder / "braid.toml").write_text(bound)
    job.put(1, 2)
    told(case, job.run(code=USAGE, finding="E7052").err,
         f"`shop.sale` cannot start at offset 3 of `{job.topic}/0`: its next record will have offset 2")
    job.put(3, 4)
    job.run()
    case.expect(job.ids() == [4], f"{job.ids()}")


def times_of_commits(case):
    """How far apart they may be."""
    job = Job(case)
    job.put(*range(20))
    text = job.run("--commit-within", "40s", code=USAGE, finding="E7101").err
    told(case, text, "a commit may come 40s after its first record", "abort a transaction after 1m")
    job.run("--follow", code=USAGE, finding="E7102")
    path = job.folder / "braid.toml"
    written = path.read_text()
    path.write_text(written.replace("[env.prod.kafka]\n", '[env.prod.kafka]\ncommit_within = "31s"\n'))
    job.run(code=USAGE, finding="E7101")
    path.write_text(written.replace("[env.prod.kafka]\n", '[env.prod.kafka]\ncommit_within = "soon"\n'))
    job.run(code=USAGE, finding="E7017")
    path.write_text(written.replace("[env.prod.kafka]\n", '[env.prod.kafka]\ncommit_within = "20ms"\n'))
    # A commit for each turn: the records that come one by one are turns of their own.
    job.run("--commit-every", "1")
    case.expect(job.ids() == list(range(20)), f"{job.ids()}")


def starting_over(case):
    """What belongs to the job goes, what others read stays."""
    job = Job(case, kafka='snapshots = "snapshots"\nsession_timeout = "6s"')
    job.put(*range(10))
    job.run()
    # Not while it runs.
    other = case.start("run", job.folder, "--env", "prod", "--store", job.folder / "other", "--listen", "127.0.0.1:0",
                       "--log", "json")
    try:
        address = listening(other)
        end = time.monotonic() + 30
        while not ready(address) and time.monotonic() < end:
            case.expect(other.poll() is None, f"it has ended: {other.stderr.read() if other.poll() else ''}")
            time.sleep(0.1)
        ended = job.run("--reset", code=USAGE, finding="E7100")
        told(case, ended.err, f"the group `{job.group}` has members")
        case.expect((job.folder / "data/tasks/0/state").is_dir(), "state was deleted")
    finally:
        other.terminate()
        other.communicate(timeout=60)
    before = job.ids()
    ended = job.run("--reset", finding="W7103")
    told(case, ended.err, f"deleted the committed offsets of the group `{job.group}`",
         f"deleted the topic `{job.group}.epochs`", "deleted the state of 2 tasks", f"`{job.results}`")
    case.expect(job.ids() == sorted([*before, *range(10)]), f"{job.ids()}")
    # And once more, where there is nothing any more but results.
    job.run("--reset", finding="W7103")


def a_standby(case):
    """A new instance copies snapshots before it joins, and again while it runs: a task that moves starts from a copy."""
    job = Job(case, kafka='snapshots = "snapshots"\nstandby = "1GB"\nsession_timeout = "6s"')
    job.put(*range(10))
    job.put(*range(10, 20), partition=1)
    stored = job.folder / "snapshots"
    words = ("run", job.folder, "--env", "prod", "--listen", "127.0.0.1:0", "--log", "json")

    def wait_for(what, is_so):
        end = time.monotonic() + 60
        while not is_so():
            case.expect(time.monotonic() < end, f"not within a minute: {what}")
            time.sleep(0.2)

    first = case.start(*words)
    second = None
    try:
        listening(first)
        wait_for("two snapshots", lambda: len(list(stored.glob("*/*/manifests/*"))) >= 2)
        second = case.start(*words, "--store", job.folder / "other")
        address = listening(second)
        copies = job.folder / "other/standby"
        wait_for("copies of both tasks", lambda: len(list(copies.glob("*/*/files"))) == 2)
        wait_for("its tasks", lambda: ready(address))
        # Its own task needs no copy any more.
        wait_for("copies of one task", lambda: len(list(copies.glob("*/*/files/*"))) > 0 and
                 len(list(copies.glob("*/*/files"))) == 1)
        first.kill()
        first.communicate(timeout=60)
        # Whoever reads the folder of snapshots now finds nothing.
        for file in stored.glob("*/*/files/*"):
            file.unlink()
        job.put(*range(20, 30))
        job.put(*range(30, 40), partition=1)
        wait_for("both tasks", lambda: all((job.folder / f"other/tasks/{task}/state").exists() for task in range(2)) and
                 len(job.ids()) == 40)
    finally:
        first.kill()
        if second is not None:
            second.terminate()
            told_by_second = second.communicate(timeout=60)[1]
    case.expect(job.ids() == list(range(40)), f"{job.ids()}")
    case.expect("W8033" not in told_by_second and "W8045" not in told_by_second, told_by_second)


def traces(case):
    """A row that is made from one record has its trace."""
    job = Job(case)
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    job.put(1, trace=trace)
    job.put(2)
    job.run()
    found = sorted(tool(case, "read", job.results, "headers").splitlines())
    case.expect(found[0].endswith(f"\ttraceparent={trace}") and "\t" not in found[1], f"{found}")


def rows_of(case, topic, count):
    """The end of a transaction is told when it is decided, and written to the partitions a moment later."""
    end, rows = time.monotonic() + 20, []
    while len(rows) < count and time.monotonic() < end:
        rows = [json.loads(line) for line in tool(case, "read", topic).splitlines()]
    return rows


def how_records_came(case):
    """Arrival and headers are values of a row, and each value of a field has a topic."""
    job = Job(case, script=ARRIVALS)
    settings = job.folder / "braid.toml"
    settings.write_text(settings.read_text().replace(f'"{job.results}"', f'"{job.results}.{{side}}"'))
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    job.put(1, trace=trace)
    job.put(2)
    job.put(3, partition=1)
    job.run()
    odd, even = rows_of(case, f"{job.results}.odd_20one", 2), rows_of(case, f"{job.results}.even", 1)
    case.expect(sorted(row["id"] for row in odd) == [1, 3] and [row["id"] for row in even] == [2], f"{odd} {even}")
    case.expect({row["id"]: row["trace"] for row in odd + even} == {1: trace, 2: "", 3: ""}, f"{odd} {even}")
    for row in odd + even:
        case.expect(row["came"] == row["seen"] and row["came"] >= began, f"{row} began {began}")
    job.put(4)
    job.run()
    even = rows_of(case, f"{job.results}.even", 2)
    case.expect(len(even) == 2, f"a topic that is there gets more rows: {even}")


def what_it_shows(case):
    """Metrics of a job that runs."""
    job = Job(case)
    job.put(*range(30))
    job.put(*range(30, 40), partition=1)
    process = case.start("run", job.folder, "--env", "prod", "--listen", "127.0.0.1:0", "--log", "json")
    try:
        address = listening(process)
        end, samples = time.monotonic() + 30, {}
        while time.monotonic() < end and not (samples.get("braid_source_records_total", 0) >= 40 and
                                              samples.get("braid_output_bytes_total", 0) > 1000 and
                                              samples.get("braid_commits_total", 0) >= 1):
            time.sleep(0.2)
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
                lines = answer.read().decode().splitlines()
            samples = {}
            for line in lines:
                if not line.startswith("#"):
                    name, value = line.rsplit(" ", 1)
                    for key in {name, name.split("{")[0]}:
                        samples[key] = samples.get(key, 0) + float(value)
        time.sleep(1)  # a status is up to half a second old
        running = json.loads(case.braid("status", job.folder, "--env", "prod", "--format", "json").out)
    finally:
        process.terminate()
        process.communicate(timeout=60)
    stopped = json.loads(case.braid("status", job.folder, "--env", "prod", "--format", "json").out)
    for status, phase in ((running, "running"), (stopped, "stopped")):
        case.expect(status["phase"] == phase and status["events"] == 40, f"{status}")
        case.expect(sorted(each["position"] for each in status["partitions"]) == [10, 30], f"{status}")
    case.expect(samples["braid_source_records_total"] == 40, f"{samples}")
    case.expect(samples['braid_tasks{state="running"}'] == 2 and samples['braid_tasks{state="recovering"}'] == 0, f"{samples}")
    case.expect(samples["braid_task_recovery_seconds_count"] == 2, f"{samples}")
    case.expect(samples["braid_commits_aborted_total"] == 0, f"{samples}")
    case.expect(samples["braid_commits_total"] == samples["braid_commit_pause_seconds_count"] >= 1, f"{samples}")
    case.expect(samples["braid_last_commit_timestamp_seconds"] > time.time() - 60, f"{samples}")
    case.expect(samples["braid_output_bytes_total"] > 1000 and samples["braid_source_bytes_total"] > 1000, f"{samples}")


def state_of_a_changed_script(case):
    """What `diff` says is what `run` does."""
    grouped = SCRIPT_TEXT.replace("  key id\n{\n  from sale\n  where amount > 100\n  select { id, amount, at }\n",
                                  "{\n  from sale\n  window tumbling 1h\n  group id { total: sum(amount) }\n")
    job = Job(case, script=grouped)
    job.put(1, 2)
    job.put(3, partition=1)
    job.run()
    said = case.braid("diff", job.folder, "--env", "prod")
    told(case, said.out, "2 tasks", "kept", "goes on with the state as it is")
    (job.folder / "shop.braid").write_text(grouped.replace("sum(amount)", "max(amount)"))
    said = case.braid("diff", job.folder, "--env", "prod", code=1)
    told(case, said.out, "lost", "its aggregates are others", "is a topic", "E8004")
    job.put(4)
    job.run(code=4, finding="E8004")
    job.run("--accept", "all")
    case.braid("diff", job.folder, "--env", "prod")


def no_rights(case):
    bind = f'"shop.sale" = {{ topic = "{topic(case)}" }}'
    text = run(case, secure(case), SECURE.format(user="guest"), bind, finding="E7050",
               environment={"SHOP_PASSWORD": "guest"})
    told(case, text, "`Describe` on the topic `cli.")


def values_that_the_client_refuses(case):
    text = run(case, plain(case), '[env.prod.kafka]\n"security.protocol" = "tls"', finding="E7044")
    told(case, text, "`security.protocol`")
    key = SECURE.format(user="braid") + 'ssl.key.pem = "env:SHOP_KEY"\n'
    run(case, secure(case), key, finding="E7044", environment={"SHOP_PASSWORD": "x", "SHOP_KEY": CANARY})


def an_installation_without_the_client(case):
    """The binary alone, as it is copied to another place."""
    alone = case.directory / "bin" / "braid"
    alone.parent.mkdir()
    shutil.copy(case.binary, alone)
    case.binary = str(alone)
    told(case, run(case, plain(case), finding="E7045"), "libbraid_kafka.so")


def options(parser):
    parser.add_argument("--tool", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--authority", type=pathlib.Path, required=True)


def broker_answers():
    """Where Kafka cannot be had, the test is skipped."""
    port = int(sys.argv[sys.argv.index("--port") + 1]) if "--port" in sys.argv else 0
    try:
        socket.create_connection(("127.0.0.1", port + 20), timeout=5).close()
        return True
    except OSError:
        return False


if __name__ == "__main__":
    if "--port" in sys.argv and not broker_answers():
        print("skipped: no secure broker answers (scripts/kafka up --secure)")
        sys.exit(77)
    main([a_plain_broker, a_login_by_scram_over_tls, a_wrong_password, secrets_that_are_not_there,
          an_authority_that_is_not_trusted, a_wrong_port, no_broker, a_topic_that_is_missing,
          topics_with_other_partitions, a_dry_run, at_least_once, files_into_a_topic, a_start_outside_of_a_topic, times_of_commits,
          starting_over, a_standby, traces, how_records_came, what_it_shows, state_of_a_changed_script, no_rights, values_that_the_client_refuses,
          an_installation_without_the_client], options)
