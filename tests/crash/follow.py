#!/usr/bin/env python3
"""A job that follows growing files, killed again and again, ends with the rows of one run over all of them.

    follow.py BRAID [--events 20000] [--kills 12] [--seed N]

Records are appended in pieces that end anywhere, and the file is rotated now and then, while the job runs with
`--follow`, dies and starts again with other workers. Then a run to the end of the input must give the rows and the
accounts of an undisturbed run; their order depends on when records arrived. One product waits only so long by the clock: of
its rows the left side is the same, and none is there twice.
"""
import json
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

# A third of the members come late, so that rows wait for longer than they may.
HASTY = """
product hasty version 1
  key id
{
  from click
  left join member as m on m.name == user wait at most 100ms
  select { id, user, at, level: m?.level ?? -1 }
}
"""
POINTS = ("before_output_sync", "after_output_sync", "after_commit", "after_turn", "after_lock", "after_outputs_cut")


def rows(directory: pathlib.Path) -> dict:
    """Without the place of a rejected record, which its file's name is part of."""
    place = re.compile(rb'"(partition|position|line)":("[^"]*"|\d+),?')
    return {name: sorted(place.sub(b"", line) for line in content.splitlines())
            for name, content in tree(directory).items()}


def without_early(account: str) -> str:
    return re.sub(r" \([0-9,]+ joined before the time of a table\)", "", account)


def take_hasty(files: dict) -> tuple:
    """The rows of `hasty`, which leave `files`: without what depends on the clock, and whole."""
    name = next(name for name in files if str(name).endswith("hasty.v1.ndjson"))
    whole = [json.loads(line) for line in files.pop(name)]
    return sorted((row["id"], row["user"], row["at"]) for row in whole), {row["id"]: row["level"] for row in whole}


class Feeder:
    """What is still to come, file by file."""

    def __init__(self, case: Case, whole: pathlib.Path, live: pathlib.Path):
        self.case = case
        self.live = live
        self.rest = {path.name: path.read_bytes() for path in sorted(whole.iterdir())}
        self.all = sum(map(len, self.rest.values()))
        members = self.rest["member.ndjson"]
        held_from = members.rfind(b"\n", 0, len(members) * 2 // 3) + 1
        self.rest["member.ndjson"], self.late_members = members[:held_from], members[held_from:]
        self.rotations = 0
        live.mkdir()
        for name in self.rest:
            (live / name).touch()

    def clicks_alone(self) -> None:
        """Nearly all clicks come, so that they wait for members."""
        rest = self.rest["click.ndjson"]
        most = rest.rfind(b"\n", 0, len(rest) * 9 // 10) + 1
        with open(self.live / "click.ndjson", "ab") as file:
            file.write(rest[:most])
        self.rest["click.ndjson"] = rest[most:]

    def members_too(self) -> None:
        self.rest["member.ndjson"] += self.late_members
        self.late_members = b""

    def left(self) -> float:
        return (sum(map(len, self.rest.values())) + len(self.late_members)) / self.all

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


def await_early(feeder: Feeder, store: pathlib.Path) -> None:
    """No member comes until all clicks have gone, the last of them by the clock."""
    def lines(files) -> int:
        return sum(file.read_bytes().count(b"\n") for file in files)

    end = time.monotonic() + 60
    while time.monotonic() < end:
        if lines((store / "out").glob("shop.hasty.v1.ndjson")) >= lines(feeder.live.glob("click*")):
            return
        time.sleep(0.1)


def follow(case: Case) -> None:
    # The pattern finds renamed files, too: one may have come and gone while the job was down.
    script = (SOURCES + PRODUCTS + HASTY).replace("in/click.ndjson", "in/click*")
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
        if last:
            feeder.clicks_alone()
            await_early(feeder, store)
            feeder.members_too()
        while process.poll() is None and any(feeder.rest.values()) and (last or time.monotonic() < dies):
            feeder.feed(max(len(feeder.rest["click.ndjson"]), 10_000) if last else feeder.all // (case.options.kills * 12))
            if case.random.random() < 0.05 and len(feeder.rest["click.ndjson"]) > 1000:
                feeder.rotate()
            # Now and then nothing comes for a while, and what waits goes by the clock.
            time.sleep(0.5 if case.random.random() < 0.05 else 0.01)
        gentle = feeder.left() == 0 or case.random.random() < 0.2
        if process.poll() is None:
            process.send_signal(signal.SIGTERM if gentle else signal.SIGKILL)
        ended = case.ended(process)
        # SIGTERM ends a command that is still being loaded; from its first line on it drains.
        loading = ended.code == -signal.SIGTERM and not ended.out and not ended.err
        case.expect(loading or ended.code in (0, -signal.SIGKILL), f"a run that was to be killed, or to drain: {ended}")
        kills += ended.code == -signal.SIGKILL
    finished = case.braid("run", project, "--store", store)
    expected, found = rows(case.directory / "calm/out"), rows(store / "out")
    (sure, levels), (got, got_levels) = take_hasty(expected), take_hasty(found)
    case.expect(sure == got, f"hasty: {len(sure)} rows expected, {len(got)} found, "
                             f"{len(set(sure) ^ set(got))} of them other ones")
    early = re.search(r"\(([0-9,]+) joined before the time of a table\)", finished.out)
    case.expect(early is not None, f"no row went early: {finished}")
    other = sum(levels[number] != level for number, level in got_levels.items())
    case.expect(other <= int(early[1].replace(",", "")), f"{other} rows are joined otherwise, {early[1]} went early")
    case.expect(expected.keys() == found.keys(), f"other files: {sorted(found)}")
    for name, lines in expected.items():
        case.expect(lines == found[name], f"{name}: {len(lines)} rows expected, {len(found[name])} found, "
                                          f"{len(set(lines) ^ set(found[name]))} of them other ones")
    case.expect([without_early(line) for line in accounts(finished.out)] == accounts(calm.out),
                f"other accounts than {accounts(calm.out)}: {finished}")
    case.note(f"{kills} kills, {feeder.rotations} rotations, {early[1]} rows went early, {other} joined otherwise")
    shutil.rmtree(store)


def options(parser) -> None:
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=12)


if __name__ == "__main__":
    braid_command.main([follow], options)
