#!/usr/bin/env python3
"""Every kind of file of a store, damaged in every way: the right bytes or a clear error, never other bytes.

    state_faults.py BRAID [--places 2] [--only NAME] [--seed N]

A job is killed behind a commit. Then each file of its store is cut, zeroed, flipped in one bit and overwritten at so many
places, and removed; after each of these the job runs twice on a copy. A run must end with the bytes of an undisturbed one,
or with an error of the catalogue and outputs that hold nothing else than the first of those bytes; then `--reset` makes all
of them again.
"""
import collections
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import DONE, STORE, Case, accounts, difference, tree

EVENTS, USERS = 9_000, 700
SCRIPT = """domain shop

stream click
  time at within 10s
  from file "in/click.ndjson" format json
{ id: int, user: string, at: timestamp, price: decimal(12,2), note: string }

table member
  key name
  time at within 10s
  from file "in/member.ndjson" format json
{ name: string, level: int, at: timestamp }

product spent version 1
  key user, window.start
{
  from click
  window tumbling 1h
  group user { n: count(), total: sum(price), longest: max(note) }
}

product visit version 1
  key id
  contract { unique user within 1h }
{
  from click
  left join member as m on m.name == user
  select { id, user, at, note, level: m?.level ?? -1 }
}

product followed version 1
{
  from click
  left join click as later on later.user == user within 1us..20m
  select { id, user, at, next: later?.id ?? -1 }
}
"""
CODES = {"E8002", "E8005", "E8007", "E8013", "E7010"}  # errors that a damaged store may end a job with
KINDS = ("cut", "zeroed", "flipped", "overwritten")


def make_project(case: Case) -> pathlib.Path:
    project = case.directory / "shop"
    (project / "in").mkdir(parents=True)
    (project / "shop.braid").write_text(SCRIPT)
    begin = datetime.datetime(2026, 1, 1)
    with open(project / "in/click.ndjson", "w") as clicks, open(project / "in/member.ndjson", "w") as members:
        for i in range(EVENTS):
            at = (begin + datetime.timedelta(seconds=2 * i)).isoformat() + "Z"
            user = f"user-{case.random.randrange(USERS)}"
            note = f"{case.random.getrandbits(64):x}".ljust(900, "abcdefg"[i % 7])
            clicks.write(json.dumps({"id": i, "user": user, "at": at, "price": i % 997 / 100, "note": note}) + "\n")
            if i % 3 == 0:
                members.write(json.dumps({"name": user, "level": i % 7, "at": at}) + "\n")
    return project


class Shape:
    """A job in the middle of its work: its store as a kill left it."""

    def __init__(self, case: Case, name: str, project: pathlib.Path, expected: dict, runs: list):
        self.case, self.name, self.project, self.expected = case, name, project, expected
        self.store = case.directory / name
        for words, point in runs:
            case.braid("run", project, "--store", self.store, *words, code=-signal.SIGKILL,
                       environment={"BRAID_KILL_AT": point})
        self.copy_of = {path.relative_to(self.store): path for path in sorted(self.store.rglob("*")) if path.is_file()}
        self.trial = case.directory / f"{name}-trial"
        self.ends = collections.Counter()

    def files(self) -> list:
        """Those that a damage may hit: all but the results and the lock, which holds nothing."""
        return [name for name in self.copy_of if name.parts[0] != "out" and name.name not in ("lock", "LOCK")]

    def restore(self, damaged: pathlib.Path) -> pathlib.Path:
        shutil.rmtree(self.trial, ignore_errors=True)
        for name, path in self.copy_of.items():
            (self.trial / name).parent.mkdir(parents=True, exist_ok=True)
            # Tables are never written again, so links will do.
            copy = os.link if name.suffix == ".sst" and name != damaged else shutil.copyfile
            copy(path, self.trial / name)
        return self.trial / damaged

    def run(self, *words):
        return self.case.braid("run", self.project, "--store", self.trial, *words, code=None)

    def check(self, what: str) -> None:
        """Two runs on the damaged copy, and a third from the start if they could not go on."""
        case, codes = self.case, []
        for attempt in range(2):
            ended = self.run(*(["--interpret"] if case.random.random() < 0.7 else []))
            codes += ended.codes
            found = tree(self.trial / "out")
            if ended.code == DONE:
                apart = difference(self.expected, found)
                case.expect(not apart, f"{what}: run {attempt + 1} ended well with other results: {apart}\n{ended}")
                case.expect(not attempt or "nothing new" in ended.out, f"{what}: the second run does something: {ended}")
                continue
            case.expect(ended.code == STORE and ended.codes and set(ended.codes) <= CODES | {"W8010"},
                        f"{what}: the job ends so: {ended}")
            for name, content in found.items():
                case.expect(self.expected.get(name, b"").startswith(content), f"{what}: wrong rows in {name}: {ended}")
        self.ends[" ".join(sorted(set(codes))) or "unnoticed"] += 1
        if ended.code != DONE and case.random.random() < 0.1:
            ended = self.run("--reset", "--interpret")
            if set(ended.codes) == {"E7010"}:  # results that the state no longer names: the user has to decide
                shutil.rmtree(self.trial / "out")
                ended = self.run("--reset", "--interpret")
            apart = difference(self.expected, tree(self.trial / "out"))
            case.expect(ended.code == DONE and not apart, f"{what}: `--reset` gives other results: {apart}\n{ended}")


def damage(path: pathlib.Path, kind: str, at: int, case: Case) -> None:
    content = bytearray(path.read_bytes())
    size = case.random.choice((1, 16, 512, 4096))
    if kind == "cut":
        content = content[:at]
    elif kind == "flipped":
        content[at] ^= 1 << case.random.randrange(8)
    else:
        part = content[at:at + size]
        content[at:at + size] = bytes(len(part)) if kind == "zeroed" else case.random.randbytes(len(part))
    path.write_bytes(content)


def damaged_at(case: Case, name: str, runs: list) -> None:
    project = make_project(case)
    case.braid("run", project, "--store", case.directory / "calm")
    shape = Shape(case, name, project, tree(case.directory / "calm/out"), runs)
    shape.restore(shape.files()[0])
    shape.check("nothing damaged")
    case.expect(shape.ends == {"unnoticed": 1}, f"a store that is whole: {shape.ends}")
    kinds = collections.Counter(re.sub(r"\d+", "N", file.name) for file in shape.files())
    for file in shape.files():
        shape.restore(file).unlink()
        shape.check(f"{file} removed")
        size = shape.copy_of[file].stat().st_size
        # As many places for a kind of file, not for each of many alike.
        places = max(1, -(-case.options.places // kinds[re.sub(r"\d+", "N", file.name)]))
        for kind in KINDS:
            for place in range(places if size > 0 else 0):
                first = size * place // places
                at = case.random.randrange(first, max(first + 1, size * (place + 1) // places))
                if file.suffix == ".sst" and case.random.random() < 0.5:  # the tail says where all the rest lies
                    at = size - 1 - case.random.randrange(min(size, 2048))
                damage(shape.restore(file), kind, at, case)
                shape.check(f"{file} of {size} bytes {kind} at {at}")
    case.expect(len(shape.ends) > 1, f"no damage was noticed: {shape.ends}")
    case.note(", ".join(f"{count} {codes}" for codes, count in shape.ends.most_common()))
    case.note(" ".join(sorted(kinds)))


def commits_in_the_log(case: Case) -> None:
    damaged_at(case, "log", [(["--commit-every", 2], "after_commit:4")])


def commits_in_flushed_tables(case: Case) -> None:
    damaged_at(case, "flushed", [(["--memory", "16MB", "--commit-every", 3], "after_commit:6"),
                                 (["--memory", "16MB", "--commit-every", 2], "after_commit:2")])


def commits_in_ingested_tables(case: Case) -> None:
    damaged_at(case, "ingested", [(["--memory", "8MB", "--commit-every", 20], "after_commit:1"),
                                  (["--memory", "8MB", "--commit-every", 1], "after_commit:2")])


if __name__ == "__main__":
    braid_command.main([commits_in_the_log, commits_in_flushed_tables, commits_in_ingested_tables],
                       lambda parser: parser.add_argument("--places", type=int, default=2,
                                                          help="of each kind of file and damage"))
