#!/usr/bin/env python3
"""State of five times the memory, for as long as you like: random kills, memory sizes and numbers of workers.

    soak.py BRAID [--minutes 30] [--events 600000] [--seed N]

A job runs once in ample memory. Then rounds go on until the time is over: each starts an empty store and runs the job on
it until a run finishes. Every run has another memory, about a fifth of the state, other workers, another pace of commits,
and is killed at a named point or at a random moment. Each round must end with the bytes and the accounts of the undisturbed
run. No run may need more memory than `--memory` and 128 MB.
"""
import pathlib
import re
import shutil
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import Case, accounts, difference, tree
from large_project import PRODUCTS, SOURCES, make_project

POINTS = ("before_output_sync", "after_output_sync", "after_commit", "after_turn", "after_lock", "after_outputs_cut")
MORE = """
stream signup
  time at within 10s
  contract { unique id }
  from file "in/click.ndjson" format json
{ id: int, user: string, at: timestamp }

product active version 1
{
  from click
  let band = id % 1_000
  window hopping 2h every 20m
  group band { users: count_distinct(user), n: count() }
}

product referred version 1
{
  from click
  let by = id / 2
  join signup as s on s.id == by within any retain forever
  select { id, user, by: s.user, at }
}
"""
ALLOWANCE = 128 << 20


def peak(pid: int) -> int:
    """VmHWM in bytes; 0 if the process has ended."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found.group(1)) * 1024 if found else 0


def state_in_memory(report: str) -> int:
    found = re.search(r"state [\d,]+ rows, ([\d.,]+) (KB|MB|GB) in memory", report)
    return int(float(found.group(1).replace(",", "")) * {"KB": 1e3, "MB": 1e6, "GB": 1e9}[found.group(2)])


def soak(case: Case) -> None:
    users = case.options.events // 2
    # Some users click far more often than others.
    often = lambda: min(int(case.random.paretovariate(0.6)) - 1, users - 1)
    user = lambda: often() if case.random.random() < 0.01 else case.random.randrange(users)
    project = make_project(case, case.options.events, users, 6, SOURCES + PRODUCTS + MORE, user)
    end = time.monotonic() + 60 * case.options.minutes

    # Without the end of the input, which closes what is open, the state is the largest.
    open_run = case.braid("run", project, "--store", case.directory / "open", "--memory", "16GB", "--no-seal")
    state = state_in_memory(open_run.out)
    began = time.monotonic()
    ample = case.braid("run", project, "--store", case.directory / "ample", "--memory", "16GB")
    seconds = time.monotonic() - began
    expected = tree(case.directory / "ample/out")
    print(f"state {state >> 20} MB, {seconds:.1f} s in ample memory", flush=True)

    rounds = kills = 0
    highest = 0.0
    while time.monotonic() < end:
        store = case.directory / f"round-{rounds}"
        while True:
            memory = max(16 << 20, int(state * case.random.uniform(0.12, 0.25)))
            words = ["run", project, "--store", store, "--memory", f"{memory >> 20}MB", "--workers",
                     case.random.randint(1, 3), "--commit-every", case.random.choice((16, 64, 256, 1024))]
            environment = {}
            lifetime = case.random.uniform(0.1, 6) * seconds
            if case.random.random() < 0.4:
                environment["BRAID_KILL_AT"] = f"{case.random.choice(POINTS)}:{case.random.randint(1, 8)}"
                lifetime = float("inf")
            process = case.start(*words, environment=environment)
            dies = time.monotonic() + lifetime
            reached = 0
            while process.poll() is None:
                reached = max(reached, peak(process.pid))
                if time.monotonic() > dies:
                    process.send_signal(signal.SIGKILL)
                    break
                time.sleep(0.02)
            ended = case.ended(process)
            case.expect(ended.code in (0, -signal.SIGKILL), f"a run that was to be killed, or to finish: {ended}")
            highest = max(highest, (reached - memory) / 2**20)
            case.expect(reached <= memory + ALLOWANCE, f"{reached >> 20} MB were needed with --memory "
                                                       f"{memory >> 20}MB: {ended}")
            if ended.code == 0:
                break
            kills += 1
        apart = difference(expected, tree(store / "out"))
        case.expect(not apart, f"round {rounds}, after {kills} kills, other results: {apart}")
        case.expect(accounts(ended.out) == accounts(ample.out), f"round {rounds}, other accounts: {ended}")
        rounds += 1
        print(f"round {rounds}: {kills} kills so far, at most {highest:.0f} MB above the memory", flush=True)
        shutil.rmtree(store)
    case.expect(rounds > 0 and kills > 0, "the time was too short for a round with a kill")
    case.note(f"{rounds} rounds, {kills} kills, state {state >> 20} MB")


def options(parser) -> None:
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--events", type=int, default=600_000)


if __name__ == "__main__":
    braid_command.main([soak], options)
