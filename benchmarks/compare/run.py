#!/usr/bin/env python3
"""Braid against hand-written C++ and DuckDB on the same files: run.py SUITE DATA_DIR --braid build/release/bin/braid

SUITE is a folder beside this one, `flights` or `nexmark`. Its queries.py holds the queries; suite.py says what that is.

Runs the systems in turn, A B C A B C …, so that a slow minute of the machine falls on all of them. Each run is a
process of its own; wall time is from its start to its end, CPU and peak memory are the kernel's account of it. The
first round's results are compared with each other. Ratios are medians of the ratios within each round. A system that
is not there is named and left out. Braid runs with its commits on, into a fresh store each time.
"""
import argparse
import datetime
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import chart  # noqa: E402
import start_up  # noqa: E402
from suite import SUITES, Suite  # noqa: E402

HAND, DUCKDB, BRAID = "hand-written C++", "DuckDB", "Braid"


class Run:
    """What one process took. Peak memory is never less than this program's own (some 15 MB), which starts it."""

    def __init__(self, command: list, log: pathlib.Path):
        start = time.perf_counter()
        with open(log, "wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.wall = time.perf_counter() - start
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory_mb = usage.ru_maxrss / 1024
        if process.returncode != 0:
            tail = log.read_text(errors="replace")[-2000:]
            sys.exit(f"run.py: {' '.join(command)} ended with {process.returncode}:\n{tail}")


class Systems:
    """How each system is started on a query, and where its result lies."""

    def __init__(self, suite: Suite, options: argparse.Namespace):
        self.suite = suite
        self.data = options.data.resolve()
        self.work = options.work.resolve()
        self.braid = options.braid
        self.hand = options.hand
        self.threads = options.threads

    def missing(self, system: str) -> str:
        """Why the system is left out; empty if it is there."""
        if system == HAND:
            absent = [name for name in self.suite.hand_programs() if not (self.hand / name).exists()]
            return f"no {self.hand / absent[0]}; build the target braid_compare" if absent else ""
        if system == DUCKDB:
            if importlib.util.find_spec("duckdb") is None:
                return "the package duckdb is not installed; without it results are not compared either"
            return ""
        if self.braid is None:
            return "no --braid PATH"
        return "" if os.access(self.braid, os.X_OK) else f"{self.braid} is not there or not executable"

    def result(self, system: str, query: str) -> pathlib.Path:
        if system == BRAID:
            return self.work / f"store-{query}" / "out" / f"{self.suite.queries[query].product}.ndjson"
        return self.work / f"{'hand' if system == HAND else 'duckdb'}-{query}.ndjson"

    def prepare(self, system: str, query: str) -> list:
        """Clears what a run before left, and gives the command."""
        out = self.result(system, query)
        if system == HAND:
            program, *arguments = self.suite.hand_command(query)
            return [str(self.hand / program), *arguments, str(self.data), str(out)]
        if system == DUCKDB:
            return [sys.executable, str(HERE / "duckdb_run.py"), self.suite.name, query, str(self.data), str(out),
                    "--threads", str(self.threads)]
        store = self.work / f"store-{query}"
        shutil.rmtree(store, ignore_errors=True)
        return [str(self.braid.resolve()), "run", str(self.project(query)), "--store", str(store)]

    def project(self, query: str) -> pathlib.Path:
        """The script with a braid.toml that binds its sources to the data."""
        project = self.work / f"project-{query}"
        project.mkdir(parents=True, exist_ok=True)
        for script in self.suite.scripts(query):
            shutil.copy(script, project)
        lines = ["[project]", f'name = "compare_{query}"', 'default_env = "bench"', "", "[env.bench]",
                 f"workers = {self.threads}", "", "[env.bench.bind]"]
        lines += [f'"{self.suite.domain}.{source}" = {{ file = "{self.data / file}", format = "json"{self.suite.options} }}'
                  for source, file in self.suite.reads(query).items()]
        (project / "braid.toml").write_text("\n".join(lines) + "\n")
        return project


def warm(data: pathlib.Path) -> None:
    for path in data.glob("*.ndjson"):
        with open(path, "rb", buffering=0) as stream:
            while stream.read(1 << 24):
                pass


def machine() -> str:
    model = "unknown CPU"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}"


def same(suite: str, query: str, left: str, right: str) -> bool:
    """Compares in a process of its own: a child's peak memory counts from that of the process which starts it."""
    return subprocess.run([sys.executable, str(HERE / "check.py"), suite, query, left, right]).returncode == 0


def measure(systems: Systems, chosen: list, query: str, rounds: int) -> dict:
    """{system: runs}, one run of each system a round."""
    runs = {system: [] for system in chosen}
    for number in range(rounds):
        for system in chosen:
            command = systems.prepare(system, query)
            run = Run(command, systems.work / "last.log")
            runs[system].append(run)
            taken = f"{run.wall:.2f} s, {run.cpu:.2f} CPU s, {run.memory_mb:.0f} MB"
            print(f"{query} round {number + 1} {system}: {taken}", flush=True)
        if number == 0 and DUCKDB in chosen and len(chosen) > 1:
            first = str(systems.result(chosen[0], query))
            if not all([same(systems.suite.name, query, first, str(systems.result(other, query))) for other in chosen[1:]]):
                sys.exit(f"run.py: the results of {query} differ; nothing is measured")
    return runs


def cpu_ratio(taken: list, base: list) -> float:
    return statistics.median(run.cpu / other.cpu for run, other in zip(taken, base))


def table(query: str, count: int, runs: dict) -> list:
    lines = []
    base = next(iter(runs))
    for system, taken in runs.items():
        wall = statistics.median(run.wall for run in taken)
        cpu = statistics.median(run.cpu for run in taken)
        ratio = statistics.median(run.wall / other.wall for run, other in zip(taken, runs[base]))
        memory = max(run.memory_mb for run in taken)
        lines.append(f"| {query} | {system} | {wall:.2f} | {count / wall / 1e6:.2f} | {cpu / count * 1e6:.2f} "
                     f"| {memory:.0f} | {ratio:.2f} | {cpu_ratio(taken, runs[base]):.2f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("data", type=pathlib.Path, help="what the suite's make_data wrote")
    parser.add_argument("--braid", type=pathlib.Path)
    parser.add_argument("--hand", type=pathlib.Path, default=HERE.parents[1] / "build" / "release" / "bin",
                        help="directory of the C++ programs (default: build/release/bin)")
    parser.add_argument("--work", type=pathlib.Path, default=HERE.parents[1] / "build" / "compare",
                        help="where results and stores go (default: build/compare)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of DuckDB and Braid; the C++ programs have one")
    parser.add_argument("--query", action="append", help="one of the suite's queries; can be repeated (default: all)")
    parser.add_argument("--table", type=pathlib.Path, help="where to write the table (default: standard output only)")
    parser.add_argument("--chart", type=pathlib.Path, help="where to draw the CPU ratios, an SVG (default: nowhere)")
    options = parser.parse_args()
    suite = Suite(options.suite)
    unknown = [query for query in options.query or [] if query not in suite.queries]
    if unknown:
        sys.exit(f"run.py: {options.suite} has no query {unknown[0]}, only {', '.join(suite.queries)}")
    if not (options.data / "counts.json").exists():
        sys.exit(f"run.py: no counts.json in {options.data}; run the suite's make_data first")
    counts = json.loads((options.data / "counts.json").read_text())
    options.work.mkdir(parents=True, exist_ok=True)

    systems = Systems(suite, options)
    chosen = []
    for system in (HAND, DUCKDB, BRAID):
        why = systems.missing(system)
        if why:
            print(f"{system} is left out: {why}")
        else:
            chosen.append(system)
    if not chosen:
        sys.exit("run.py: nothing to run")
    if DUCKDB not in chosen:
        print("results are NOT compared: check.py needs DuckDB")

    warm(options.data)
    lines = [f"{datetime.date.today()}, {machine()}. {suite.describe(counts)}, NDJSON in the page cache; "
             f"{options.rounds} rounds, {options.threads} thread(s). Ratios: to {chosen[0]}, medians of the rounds.", "",
             "| query | system | wall s | million events/s | CPU s per million events | peak MB | wall ratio | CPU ratio |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    ratios = {}
    for query in options.query or list(suite.queries):
        runs = measure(systems, chosen, query, options.rounds)
        lines += table(query, suite.events(counts, query), runs)
        ratios[query] = {system: cpu_ratio(taken, runs[chosen[0]]) for system, taken in runs.items()}
    if BRAID in chosen and suite.name == "flights":
        lines += [""] + start_up.measure(options.braid.resolve(), HERE.parents[1] / "examples" / "flights", 5)
    text = "\n".join(lines) + "\n"
    print("\n" + text)
    if options.table:
        options.table.write_text(text)
    if options.chart:
        options.chart.write_text(chart.draw(f"{suite.name}: CPU time, {chosen[0]} = 1", ratios))


if __name__ == "__main__":
    main()
