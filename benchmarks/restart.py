#!/usr/bin/env python3
"""How long a killed job takes to go on: restart.py --braid build/release/bin/braid --work DIR [--state 1GB] [--step count]

For each kind of step a job is run until about so many bytes of state are committed, and is then ended by SIGKILL. It is
started again and again, and ends itself by SIGKILL when it has run its first turn, its second, and so on, before a
commit, so that each start meets the same store. Figures are wall times from the start of the process:

- first turn: the median of --runs starts;
- longest turn: of the first --turns, the largest difference between two of them one after the other;
- first commit: of a job that commits after each 16 turns. A commit waits until the whole store has been verified.

The files of the store are in the page cache; --cold drops them from it before each start.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time

TURN = 256 * 1024  # bytes of input
COMMIT_EVERY = 64  # turns
REST = 160         # turns of input behind the kill

SOURCE = """domain shop

stream click
  time at within 10s
  from file "in/click.ndjson" format json
{ user: string, page: string, at: timestamp }

table member
  key user
  time at within 10s
  from file "in/member.ndjson" format json
{ user: string, page: string, at: timestamp }
"""
STEPS = {
    # Name: product, the sources that fill the state, about the bytes of input for a byte of state.
    "count": ("""
product result version 1
  key user, window.start
{
  from click
  window tumbling 30d
  group user { n: count(), last_page: last(page) }
}
""", ("click",), 0.75),
    "table": ("""
product result version 1
{
  from click
  join member as m on m.user == user
  select { user, at, page: m.page }
}
""", ("member",), 0.8),
    "interval": ("""
product result version 1
{
  from click
  join click as later on later.user == user within 1us..10d
  select { user, at, next: later.at }
}
""", ("click",), 0.3),
}


def text_of(number: int) -> str:
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" * 6


def write_rows(path: pathlib.Path, size: int, users: int, seconds: int) -> None:
    """Rows of users met by chance, in order of time."""
    rows = size // 190
    draw = random.Random(7).randrange
    with open(path, "w", buffering=1 << 20) as out:
        for i in range(rows):
            day, rest = divmod(i * seconds // rows, 86400)
            at = f"2026-01-{day + 1:02}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}Z"
            user = draw(users)
            out.write(f'{{"user":"user-{user:012}","page":"{text_of(user)}","at":"{at}"}}\n')


def make_project(folder: pathlib.Path, step: str, state: int) -> int:
    """Returns about how many turns fill the state."""
    product, filled, ratio = STEPS[step]
    (folder / "in").mkdir(parents=True)
    (folder / "shop.braid").write_text(SOURCE + product)
    size = int(state * ratio)
    users = max(size // 190 * 2, 1000)
    for name in ("click", "member"):
        fills = name in filled
        write_rows(folder / f"in/{name}.ndjson", (size if fills else 0) + REST * TURN, users, 5 * 86400)
    return sum((folder / f"in/{name}.ndjson").stat().st_size // TURN - REST * 3 // 4 for name in filled)


def command(options: argparse.Namespace, folder: pathlib.Path, *words) -> list:
    return [str(options.braid), "run", str(folder), "--store", str(folder / "store"), "--memory", options.memory,
            "--workers", str(options.workers), "--no-seal", *map(str, words)]


def killed_at(options: argparse.Namespace, folder: pathlib.Path, point: str, *words) -> float:
    """Seconds until the job has killed itself there."""
    if options.cold:
        for file in (folder / "store/state").iterdir():
            with open(file, "rb") as opened:
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    begin = time.perf_counter()
    ended = subprocess.run(command(options, folder, *words), env={**os.environ, "BRAID_KILL_AT": point},
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    taken = time.perf_counter() - begin
    if ended.returncode != -signal.SIGKILL:
        sys.exit(f"restart.py: the job was to be killed at {point}, yet it ended with {ended.returncode}: {ended.stderr}")
    return taken


def measure(options: argparse.Namespace, step: str) -> str:
    folder = options.work / step
    if not options.keep or not folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        turns = make_project(folder, step, options.state)
        commits = max(turns // COMMIT_EVERY, 1)
        killed_at(argparse.Namespace(**{**vars(options), "cold": False}), folder, f"after_commit:{commits}",
                  "--commit-every", COMMIT_EVERY)
    stored = sum(file.stat().st_size for file in (folder / "store/state").iterdir())
    never = ("--commit-every", 1 << 20)
    first = [killed_at(options, folder, "after_turn:1", *never) for _ in range(options.runs)]
    times = [killed_at(options, folder, f"after_turn:{turn}", *never) for turn in range(1, options.turns + 1)]
    longest = max((b - a for a, b in zip(times, times[1:])), default=0)
    copy = folder / "before"
    shutil.rmtree(copy, ignore_errors=True)
    if options.first_commit:
        shutil.copytree(folder / "store", copy)
    commit = killed_at(options, folder, "after_commit:1", "--commit-every", 16) if options.first_commit else 0
    if options.first_commit:
        shutil.rmtree(folder / "store")
        copy.rename(folder / "store")
    line = (f"- {step}: {stored / 1e6:.0f} MB in the store; first turn {statistics.median(first):.2f} s, longest of "
            f"{options.turns} turns {longest:.2f} s, all of them {times[-1] - times[0]:.2f} s")
    return line + (f", first commit {commit:.2f} s" if options.first_commit else "")


def size_of(text: str) -> int:
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * factor)
    return int(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--braid", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="a folder for inputs and stores")
    parser.add_argument("--state", type=size_of, default=10**9)
    parser.add_argument("--step", choices=[*STEPS, "all"], default="all")
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--turns", type=int, default=16)
    parser.add_argument("--first-commit", action="store_true", help="measure that, too; copies the store")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--keep", action="store_true", help="use the stores that are there")
    options = parser.parse_args()
    options.braid = options.braid.resolve()
    for step in STEPS if options.step == "all" else [options.step]:
        print(measure(options, step), flush=True)


if __name__ == "__main__":
    main()
