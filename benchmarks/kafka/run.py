#!/usr/bin/env python3
"""Braid against Kafka Streams, Flink SQL and hand-written C++ over Apache Kafka: run.py DATA_DIR --braid build/release/bin/braid

DATA_DIR holds Nexmark (benchmarks/nexmark/make_data.py). Starts a broker (scripts/kafka), loads bids and auctions into
topics of four partitions, and runs the systems in turn, round by round, from the start of the topics to their end. The
CPU time is that of the system's process; the broker's is apart. The first round's results are compared row by row.
`--latency RATE` measures the time from when a record is due to when its row is read, with one system at a time.

Kafka Streams and Flink read the topics twice in one process and are measured the second time. Braid and the C++ program
are processes of their own, and their start, compilation and joining of the group count.
"""
import argparse
import collections
import datetime
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PORT = 19692
BROKER = f"127.0.0.1:{PORT}"
JARS = {
    "org/apache/kafka/kafka-streams/4.4.0/kafka-streams-4.4.0.jar":
        "6e06548a119adf213121ad2e4fefff6ab4263875b4f761425ace8ea4f5ba04a6",
    "org/rocksdb/rocksdbjni/10.1.3/rocksdbjni-10.1.3.jar":
        "e7f925287d9fe2574fb7c7a86f7facaa9b8ab602a2eed0e598bf633528121498",
}
QUERIES = {"pass": ["bid"], "filter": ["bid"], "window": ["bid"], "join": ["auction", "bid"]}
KEYS = {"bid": "auction", "auction": "id"}
TIMES = {"date_time", "bid_date_time", "starttime", "expires"}
LAST_MS = 20_000
HAND = "hand-written C++"
BRAID = "Braid, exactly once"
BRAID_LOOSE = "Braid, at least once"
STREAMS = "Kafka Streams, exactly once"
STREAMS_LOOSE = "Kafka Streams, at least once"
FLINK = "Flink SQL, exactly once"
FLINK_LOOSE = "Flink SQL, at least once"
SYSTEMS = [HAND, BRAID, BRAID_LOOSE, STREAMS, STREAMS_LOOSE, FLINK, FLINK_LOOSE]
# Flink reaches into these packages by reflection.
FLINK_OPENS = [f"java.base/{name}" for name in ("java.lang", "java.util", "java.nio", "java.text", "java.time")]


class Bench:
    def __init__(self, options):
        self.options = options
        self.work = options.work.resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.tools = options.braid.resolve().parent
        self.environment = dict(os.environ, BRAID_KAFKA=str(self.work / "kafka"), BRAID_KAFKA_PORT=str(PORT),
                                BRAID_KAFKA_HEAP="1g")
        self.count = 0

    def kafka(self, action: str):
        done = subprocess.run([ROOT / "scripts/kafka", action], env=self.environment)
        if done.returncode != 0:
            sys.exit(done.returncode)

    def broker_cpu(self) -> float:
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and f"{self.work}/kafka".encode() in (entry / "cmdline").read_bytes():
                    fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            except OSError:
                continue
        return 0.0

    def load(self):
        for table, key in KEYS.items():
            subprocess.run([self.tools / "braid_bench_topics", BROKER, "load", f"nx-{table}", "4", key,
                            self.options.data / f"{table}.ndjson"], check=True)

    def build_streams(self):
        """The class path; nothing, where there is no Java compiler."""
        if shutil.which("javac") is None:
            print("no javac: Kafka Streams is left out")
            return None
        jars = self.work / "jars"
        jars.mkdir(exist_ok=True)
        for path, digest in JARS.items():
            jar = jars / path.rsplit("/", 1)[1]
            if not jar.exists():
                with urllib.request.urlopen("https://repo1.maven.org/maven2/" + path) as answer:
                    jar.write_bytes(answer.read())
            if hashlib.sha256(jar.read_bytes()).hexdigest() != digest:
                sys.exit(f"{jar} is not what was expected")
        classes = f"{self.work}/classes:{jars}/*:{self.work}/kafka/lib/*"
        subprocess.run(["javac", "-nowarn", "-d", self.work / "classes", "-cp", classes, HERE / "Streams.java"], check=True)
        return classes

    def build_flink(self):
        """The class path; nothing, where there is no Maven."""
        if shutil.which("javac") is None or shutil.which("mvn") is None:
            print("no javac or mvn: Flink is left out")
            return None
        jars = self.work / "flink-jars"
        if not jars.exists():
            subprocess.run(["mvn", "-q", "-B", "-f", HERE / "flink.xml", "dependency:copy-dependencies",
                            f"-DoutputDirectory={jars}", "-DincludeScope=runtime"], check=True)
        classes = f"{self.work}/flink-classes:{jars}/*"
        subprocess.run(["javac", "-nowarn", "-d", self.work / "flink-classes", "-cp", classes, HERE / "Flink.java"], check=True)
        return classes

    def fresh_topic(self, query: str) -> str:
        self.count += 1
        name = f"out-{query}-{self.count}"
        return name

    def make_topic(self, name: str):
        empty = self.work / "empty"
        empty.touch()
        subprocess.run([self.tools / "braid_bench_topics", BROKER, "load", name, "4", "none", empty], check=True)

    def project(self, query: str, system: str, out: str, inputs: str = "nx-") -> pathlib.Path:
        folder = self.work / "project"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for script in ("kafka.braid", f"{query}.braid"):
            shutil.copy(HERE / script, folder)
        delivery = "exactly-once" if system == BRAID else "at-least-once"
        lines = ["[project]", 'name = "bench"', "", "[env.prod]", 'store = "store"', f'brokers = "{BROKER}"', "",
                 "[env.prod.kafka]", f'group = "{out}"', f'delivery = "{delivery}"', "", "[env.prod.bind]"]
        for table in QUERIES[query]:
            lines.append(f'"nexmark.{table}" = {{ topic = "{inputs}{table}", format = "json", options = {{ unit = "ms" }} }}')
        lines.append(f'"nexmark.{query}" = {{ topic = "{out}" }}')
        (folder / "braid.toml").write_text("\n".join(lines) + "\n")
        return folder

    def java(self, classes: str, action: str, query: str, system: str, out: str) -> list:
        guarantee = "exactly_once_v2" if system == STREAMS else "at_least_once"
        state = self.work / "streams-state"
        shutil.rmtree(state, ignore_errors=True)
        return ["java", "-Xms1g", "-Xmx2g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", f"-Dbroker={BROKER}",
                f"-Dstate={state}", f"-Dthreads={self.options.threads}", "-cp", classes, "Streams", action, query,
                guarantee, out]

    def flink(self, query: str, system: str, out: str) -> list:
        state = self.work / "flink-state"
        shutil.rmtree(state, ignore_errors=True)
        (state / "tmp").mkdir(parents=True)
        for topic in (out, f"{out}-warm"):
            self.make_topic(topic)
        opens = [word for package in FLINK_OPENS for word in ("--add-opens", f"{package}=ALL-UNNAMED")]
        return ["java", "-Xms1g", "-Xmx2g", *opens, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", f"-Dbroker={BROKER}",
                f"-Dstate={state}", f"-Dthreads={self.options.threads}", "-cp", self.flink_classes, "Flink", "drain", query,
                "exactly-once" if system == FLINK else "at-least-once", out]

    def command(self, query: str, system: str, out: str, classes) -> list:
        if system == HAND:
            self.make_topic(out)
            return [self.tools / "braid_compare_kafka", BROKER, query, "nx-bid", out]
        if system in (BRAID, BRAID_LOOSE):
            return [self.options.braid.resolve(), "run", "--env", "prod", "--until", "caught-up", "--workers",
                    str(self.options.threads), self.project(query, system, out)]
        if system in (FLINK, FLINK_LOOSE):
            return self.flink(query, system, out)
        return self.java(classes, "drain", query, system, out)

    def run(self, query: str, system: str, classes) -> dict:
        out = self.fresh_topic(query)
        command = self.command(query, system, out, classes)
        log = self.work / "log"
        broker = self.broker_cpu()
        start = time.perf_counter()
        with open(log, "wb") as target:
            process = subprocess.Popen(command, stdout=target, stderr=subprocess.STDOUT)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        text = log.read_text(errors="replace")
        if process.returncode != 0:
            sys.exit(f"{system} failed on {query}:\n{text[-2000:]}")
        found = {"wall": time.perf_counter() - start, "cpu": usage.ru_utime + usage.ru_stime,
                 "broker": self.broker_cpu() - broker, "memory": usage.ru_maxrss / 1024, "topic": out}
        for line in text.splitlines():
            if line.startswith("MEASURED "):
                found.update(json.loads(line[9:]))
                found["broker"] /= 2  # of two rounds
        return found

    def rows(self, topic: str) -> collections.Counter:
        dumped = subprocess.run([self.tools / "braid_bench_topics", BROKER, "dump", topic], check=True, capture_output=True)
        rows = collections.Counter()
        for line in dumped.stdout.splitlines():
            row = json.loads(line)
            for name in TIMES & row.keys():
                if isinstance(row[name], str):
                    row[name] = round(datetime.datetime.fromisoformat(row[name].replace("Z", "+00:00")).timestamp() * 1000)
            rows[json.dumps(row, sort_keys=True)] += 1
        return rows


def can_run(system: str, query: str) -> bool:
    """Flink's join in event time was not at its end after minutes."""
    return query in ("pass", "filter") or system != HAND and (query != "join" or system not in (FLINK, FLINK_LOOSE))


def print_differences(bench: Bench, query: str, topics: dict):
    """How the results differ from those of the first system. In a process of its own: what a process takes counts as
    the least of those that it starts."""
    if child := os.fork():
        os.waitpid(child, 0)
        return
    for line in differences({system: bench.rows(topic) for system, topic in topics.items()}):
        print(f"{query}: {line}", flush=True)
    os._exit(0)


def differences(found: dict) -> list:
    """Without the last seconds: Braid holds bids for which an auction may yet come, and Kafka Streams emits windows that
    have closed once a second, when more records come."""
    def time_of(row: str) -> int:
        fields = json.loads(row)
        return max((fields[name] for name in ("bid_date_time", "starttime") if name in fields), default=0)

    newest = max((time_of(row) for rows in found.values() for row in rows), default=0)
    for system, rows in found.items():
        found[system] = collections.Counter({row: n for row, n in rows.items()
                                             if newest == 0 or time_of(row) < newest - LAST_MS})
    lines = []
    (first, expected), *others = found.items()
    for system, rows in others:
        missing, extra = (expected - rows).total(), (rows - expected).total()
        if missing or extra:
            lines.append(f"{system}: {missing} rows of {first} are missing, and {extra} are there beside")
    return lines


def print_table(query: str, events: int, runs: dict):
    print(f"\n| {query} | wall s | million records/s | CPU s per million | broker's | peak MB | CPU, to Braid |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    base = runs.get(BRAID)
    for system, all_of in runs.items():
        middle = {name: statistics.median(run[name] for run in all_of) for name in ("wall", "cpu", "broker", "memory")}
        ratio = statistics.median(run["cpu"] / own["cpu"] for run, own in zip(all_of, base)) if base else 0
        million = events / 1e6
        print(f"| {system} | {middle['wall']:.2f} | {million / middle['wall']:.2f} | {middle['cpu'] / million:.2f} | "
              f"{middle['broker'] / million:.2f} | {middle['memory']:.0f} | {ratio:.2f} |", flush=True)


def measure_latency(bench: Bench, classes, systems: list, rate: int, seconds: int):
    print(f"\n| pass, {rate} records/s | p50 ms | p99 ms | p99.9 ms | longest ms | sent late |")
    print("| --- | --- | --- | --- | --- | --- |")
    for system in systems:
        if system in (HAND, FLINK, FLINK_LOOSE):
            continue
        out = bench.fresh_topic("latency")
        source = f"in-{out}-bid"
        bench.make_topic(source)
        bench.make_topic(out)
        if system in (BRAID, BRAID_LOOSE):
            command = [bench.options.braid.resolve(), "run", "--env", "prod",
                       bench.project("pass", system, out, f"in-{out}-")]
        else:
            command = bench.java(classes, "serve", "pass", system, out)
            command.insert(1, f"-Dinputs=in-{out}-")
        with open(bench.work / "log", "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        time.sleep(6)
        done = subprocess.run([bench.tools / "braid_bench_topics", BROKER, "latency", source, out, str(rate), str(seconds),
                               bench.options.data / "bid.ndjson"], capture_output=True, text=True)
        process.stdin.close()
        if system in (BRAID, BRAID_LOOSE):
            process.terminate()
        process.wait()
        if done.returncode != 0:
            sys.exit(f"{system}: {done.stderr}\n{(bench.work / 'log').read_text()[-2000:]}")
        found = json.loads(done.stdout.split("MEASURED ")[1])
        print(f"| {system} | {found['p50']} | {found['p99']} | {found['p99.9']} | {found['max']} | {found['late']} |",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--braid", type=pathlib.Path, required=True, help="beside it, the programs of the target "
                        "braid_compare_over_kafka")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "braid-kafka-bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--query", action="append", choices=list(QUERIES))
    parser.add_argument("--system", action="append", choices=SYSTEMS)
    parser.add_argument("--threads", type=int, default=1, help="of Braid and of Kafka Streams")
    parser.add_argument("--latency", type=int, metavar="RATE", help="measure latency instead, at so many records a second")
    parser.add_argument("--seconds", type=int, default=30, help="of the latency that count")
    options = parser.parse_args()
    bench = Bench(options)
    systems = options.system or SYSTEMS
    bench.kafka("up")
    try:
        classes = bench.build_streams()
        if classes is None:
            systems = [each for each in systems if each not in (STREAMS, STREAMS_LOOSE)]
        if FLINK in systems or FLINK_LOOSE in systems:
            bench.flink_classes = bench.build_flink()
            if bench.flink_classes is None:
                systems = [each for each in systems if each not in (FLINK, FLINK_LOOSE)]
        if options.latency:
            measure_latency(bench, classes, systems, options.latency, options.seconds)
            return
        bench.load()
        counts = json.loads((options.data / "counts.json").read_text())
        for query in options.query or QUERIES:
            runs = {system: [] for system in systems if can_run(system, query)}
            for number in range(options.rounds):
                for system, all_of in runs.items():
                    all_of.append(bench.run(query, system, classes))
                if number == 0:
                    print_differences(bench, query, {system: all_of[0]["topic"] for system, all_of in runs.items()})
            print_table(query, sum(counts[table] for table in QUERIES[query]), runs)
    finally:
        bench.kafka("down")


main()
