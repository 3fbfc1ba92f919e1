#!/usr/bin/env python3
"""A job that follows growing files, killed again and again, ends with the rows of one run over all of them.

    follow.py BRAID [--events 20000] [--kills 12] [--seed N]

Records are appended in pieces that end anywhere, and the file is rotated now and then, while the job runs with
`--follow`, dies and starts again with other workers. Then a run to the end of the input must give the rows and the
accounts of an undisturbed run; their order depends on when records arrived.
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
from braid_command import Case, accounts, tree
from large_project import PRODUCTS, SOURCES, make_project

POINTS = ("before_output_sync", "after_output_sync", "after_commit", "after_turn", "after_lock", "after_outputs_cut")


def rows(directory: pathlib.Path) -> dict:
    """Without the place of a rejected record, which its file's name is part of."""
    place = re.compile(rb'"(partition|position|line)":("[^"]*"|\d+),?')
    return {name: sorted(place.sub(b"", line) for line in content.splitlines())
            for name, content in tree(directory).items()}


class Feeder:
    """What is still to come, file by file."""

    def __init__(self, case: Case, whole: pathlib.Path, live: pathlib.Path):
        self.case = case
        self.live = live
        self.rest = {path.name: path.read_bytes() for path in sorted(whole.iterdir())}
        self.all = sum(map(len, self.rest.values()))
        self.rotations = 0
        live.mkdir()
        for name in self.rest:
            (live / name).touch()

    def left(self) -> float:
        return sum(map(len, self.rest.values())) / self.all

    def feed(self, most: int) -> None:
        name = self.case.random.choice([name for name, rest in self.rest.items() if rest])
        piece = self.case.random.randint(1, most)
        with open(self.live / name, "ab") as file:
            file.write(self.rest[name][:piece])
        self.rest[name] = self.rest[name][piece:]

    def rotate(self) -> None:
        """At the end of a record: the rest of one would be one of its own."""
        name = "click.ndjson"
        end = self.rest[name].find(b"\n") + 1
        with open(self.live / name, "ab") as file:
            file.write(self.rest[name][:end])
        self.rest[name] = self.rest[name][end:]
        self.rotations += 1
        (self.live / name).rename(self.live / f"click.{self.rotations}")
        (self.live / name).touch()


def follow(case: Case) -> None:
    # The pattern finds renamed files, too: one may have come and gone while the job was down.
    script = (SOURCES + PRODUCTS).replace("in/click.ndjson", "in/click*")
    project = make_project(case, case.options.events, case.options.events // 4, 6, script)
    calm = case.braid("run", project, "--store", case.directory / "calm")
    whole = case.directory / "whole"
    (project / "in").rename(whole)
    feeder = Feeder(case, whole, project / "in")
    store = case.directory / "store"
    kills = 0
    while feeder.left() > 0:
        words = ["run", project, "--store", store, "--follow", "--commit-within", f"{case.random.randint(20, 300)}ms",
                 "--workers", case.random.randint(1, 3), "--memory", case.random.choice(("8MB", "64MB"))]
        environment = {}
        if kills < case.options.kills and case.random.random() < 0.5:
            environment["BRAID_KILL_AT"] = f"{case.random.choice(POINTS)}:{case.random.randint(1, 5)}"
        process = case.start(*words, environment=environment)
        dies = time.monotonic() + case.random.uniform(0.1, 1.0)
        last = kills >= case.options.kills
        while process.poll() is None and feeder.left() > 0 and (last or time.monotonic() < dies):
            feeder.feed(len(feeder.rest["click.ndjson"]) if last else feeder.all // (case.options.kills * 12))
            if case.random.random() < 0.05 and len(feeder.rest["click.ndjson"]) > 1000:
                feeder.rotate()
            time.sleep(0.01)
        gentle = feeder.left() == 0 or case.random.random() < 0.2
        if process.poll() is None:
            process.send_signal(signal.SIGTERM if gentle else signal.SIGKILL)
        ended = case.ended(process)
        case.expect(ended.code in (0, -signal.SIGKILL), f"a run that was to be killed, or to drain: {ended}")
        kills += ended.code != 0
    finished = case.braid("run", project, "--store", store)
    expected, found = rows(case.directory / "calm/out"), rows(store / "out")
    case.expect(expected.keys() == found.keys(), f"other files: {sorted(found)}")
    for name, lines in expected.items():
        case.expect(lines == found[name], f"{name}: {len(lines)} rows expected, {len(found[name])} found, "
                                          f"{len(set(lines) ^ set(found[name]))} of them other ones")
    case.expect(accounts(finished.out) == accounts(calm.out), f"other accounts than {accounts(calm.out)}: {finished}")
    case.note(f"{kills} kills, {feeder.rotations} rotations")
    shutil.rmtree(store)


def options(parser) -> None:
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=12)


if __name__ == "__main__":
    braid_command.main([follow], options)
