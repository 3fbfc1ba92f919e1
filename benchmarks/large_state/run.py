#!/usr/bin/env python3
"""State larger than the memory: run.py --braid build/release/bin/braid --keys build/release/bin/braid_bench_keys --work DIR

Runs one keyed step over records whose keys are drawn uniformly, then by Zipf's law with exponent 0.99: first with ample
memory, then with each --memory. `fifth` is a fifth of the memory that the state took in the first run. Prints for each
run the events per second of CPU time and of wall time, the peak of the process, the share of the rows that were only in the
store at the end, and the longest time between two turns, sampled every 20 ms.

    --step count      a count and a sum by key, in one window; --events records of --key-count keys
    --step table      an as-of join with a table: --events changes of the table, then as many records that read it
    --step interval   a self join within a thousandth of the time of all records

Inputs are kept in DIR for the next run; stores are removed.
"""
import argparse
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

SOURCES = """domain large

stream event
  time at within 0s
  from file "in/event.ndjson" format json
{ key: int, value: int, at: timestamp }

table state
  key key
  time at within 0s
  from file "in/state.ndjson" format json
{ key: int, value: int, at: timestamp }
"""
STEPS = {
    "count": """
product result version 1
  key key, window.start
{
  from event
  window tumbling 3650d
  group key { n: count(), total: sum(value) }
}
""",
    "table": """
product result version 1
{
  from event
  join state as s on s.key == key
  select { key, value, now: s.value, at }
}
""",
    "interval": """
product result version 1
{
  from event
  join event as later on later.key == key within 1us..WIDTH
  select { key, value, next: later.value, at }
}
""",
}


def make_input(options: argparse.Namespace, law: str, seed: int) -> pathlib.Path:
    file = options.work / f"{options.events}-{options.key_count}-{law}-{seed}.ndjson"
    if not file.exists():
        half = file.with_suffix(".part")
        subprocess.run([options.keys, half, str(options.events), str(options.key_count), law, str(seed)], check=True)
        half.rename(file)
    return file


def make_project(options: argparse.Namespace, law: str) -> pathlib.Path:
    project = options.work / "project"
    shutil.rmtree(project, ignore_errors=True)
    (project / "in").mkdir(parents=True)
    width = f"{max(options.events // 1000, 2)}us"
    (project / "large.braid").write_text(SOURCES + STEPS[options.step].replace("WIDTH", width))
    (project / "in/event.ndjson").symlink_to(make_input(options, law, 1))
    if options.step == "table":
        (project / "in/state.ndjson").symlink_to(make_input(options, law, 2))
    return project


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Measured:
    def __init__(self, options: argparse.Namespace, project: pathlib.Path, memory: str):
        store, log = options.work / "store", options.work / "log"
        shutil.rmtree(store, ignore_errors=True)
        port = free_port()
        begin = time.perf_counter()
        with open(log, "wb") as output:
            process = subprocess.Popen([options.braid, "run", project, "--store", store, "--memory", memory, "--workers", "1",
                                        "--no-seal", "--listen", f"127.0.0.1:{port}"],
                                       stdout=subprocess.DEVNULL, stderr=output)
        turns, since, self.stall, self.state = 0, None, 0.0, ""
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            time.sleep(0.02)
            try:
                self.state = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
            except OSError:
                continue
            now = time.perf_counter()
            if (done := self.of_metric("braid_turns_total")) != turns:
                if since is not None:
                    self.stall = max(self.stall, now - since)
                turns, since = done, now
        self.wall = time.perf_counter() - begin
        _, status, usage = ended
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"run.py: `braid run` ended with {process.returncode}:\n{log.read_text()[-2000:]}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024
        self.cold = self.of_metric("braid_state_cold_rows") / max(self.of_metric("braid_state_rows"), 1)
        shutil.rmtree(store)

    def of_metric(self, name: str) -> int:
        found = re.search(rf"^{name} (\S+)$", self.state, re.MULTILINE)
        return int(float(found[1])) if found else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--braid", type=pathlib.Path, required=True)
    parser.add_argument("--keys", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--step", choices=STEPS, default="count")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--key-count", type=int, default=4_000_000)
    parser.add_argument("--law", action="append", help="uniform or an exponent; may be repeated")
    parser.add_argument("--memory", action="append", help="may be repeated; default: fifth")
    parser.add_argument("--ample", default="12GB")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    for name in ("braid", "keys", "work"):
        setattr(options, name, getattr(options, name).resolve())
    records = options.events * (2 if options.step == "table" else 1)
    print("| keys | `--memory` | CPU s | events per CPU s | events per s | peak MB | rows in the store alone | longest between turns |\n"
          "| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for law in options.law or ["uniform", "0.99"]:
        project = make_project(options, law)
        state = 0
        for memory in [options.ample, *(options.memory or ["fifth"])]:
            if memory == "fifth":
                memory = f"{max(state // 5 >> 20, 16)}MB"
            run = Measured(options, project, memory)
            state = state or run.of_metric("braid_state_memory_bytes")
            print(f"| {law} | {memory} | {run.cpu:.1f} | {records / run.cpu:,.0f} | {records / run.wall:,.0f} | "
                  f"{run.peak / 1e6:,.0f} | {run.cold:.0%} | {run.stall:.2f} s |", flush=True)


if __name__ == "__main__":
    main()
