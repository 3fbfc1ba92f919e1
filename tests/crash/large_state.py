#!/usr/bin/env python3
"""State that does not fit into memory: the bytes of a job that has room for all of it, also through kills.

    large_state.py BRAID [--seed N]

A job whose every kind of state outgrows `--memory` is run in ample memory, in little, and in little while it is killed: by
turns around a commit and at a random moment. Commits are large enough to go into the store as files.
"""
import datetime
import json
import pathlib
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import Case, accounts, difference, tree

EVENTS, USERS, HOURS = 120_000, 60_000, 6
AROUND_A_COMMIT = ("before_output_sync", "after_output_sync", "after_commit")
SCRIPT = """domain shop

stream click
  time at within 10s
  from file "in/click.ndjson" format json
{ id: int, user: string, at: timestamp, price: decimal(12,2) }

table member
  key name
  time at within 10s
  from file "in/member.ndjson" format json
{ name: string, level: int, at: timestamp }

product spent version 1
  key user, window.start
{
  from click
  window tumbling 2h
  group user { n: count(), total: sum(price), first_price: first(price) }
}

product visit version 1
  key id
  contract { unique user within 2h }
{
  from click
  left join member as m on m.name == user
  select { id, user, at, level: m?.level ?? -1 }
}

product followed version 1
{
  from click
  left join click as later on later.user == user within 1us..40m
  select { id, user, at, next: later?.id ?? -1 }
}
"""


def make_project(case: Case) -> pathlib.Path:
    project = case.directory / "shop"
    (project / "in").mkdir(parents=True)
    (project / "shop.braid").write_text(SCRIPT)
    begin = datetime.datetime(2026, 1, 1)
    user = lambda: f"user-{case.random.randrange(USERS)}"
    def at(i):
        moment = begin + datetime.timedelta(seconds=i * HOURS * 3600 // EVENTS - case.random.randrange(10))
        return moment.isoformat() + "Z"
    with open(project / "in/click.ndjson", "w") as clicks, open(project / "in/member.ndjson", "w") as members:
        for i in range(EVENTS):
            click = {"id": i, "user": user(), "at": at(i), "price": case.random.randrange(10**4) / 100}
            clicks.write(json.dumps(click) + "\n")
            if i % 2 == 0:
                members.write(json.dumps({"name": user(), "level": i % 7, "at": at(i)}) + "\n")
    return project


def state_beyond_memory(case: Case) -> None:
    project = make_project(case)
    run = lambda store, *words: ["run", project, "--store", case.directory / store, *words]
    ample = case.braid(*run("ample", "--memory", "2GB"))
    expected = tree(case.directory / "ample/out")
    case.expect(len(expected) == 4, f"the results are {sorted(expected)}")

    little = ("--memory", "32MB")
    began = time.monotonic()
    calm = case.braid(*run("little", *little))
    calm_seconds = time.monotonic() - began
    apart = difference(expected, tree(case.directory / "little/out"))
    case.expect(not apart, f"with little memory other results: {apart}")
    case.expect(accounts(calm.out) == accounts(ample.out), f"with little memory other accounts: {calm}")
    commits = int(calm.out.split(" commits,")[0].split()[-1])
    case.expect(commits > 5, f"the state was to outgrow its memory, yet: {calm}")

    kills = 0
    for attempt in range(40):
        words = run("killed", *little, "--workers", case.random.randint(1, 3))
        if kills >= 8:
            ended = case.braid(*words)
        elif attempt % 2 == 0:  # by the job itself, so that a fast machine kills it too
            point = f"{case.random.choice(AROUND_A_COMMIT)}:{case.random.randint(1, 3)}"
            ended = case.braid(*words, code=None, environment={"BRAID_KILL_AT": point})
        else:
            process = case.start(*words)
            end = time.monotonic() + case.random.uniform(0.1, 1) * calm_seconds
            while process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            ended = case.ended(process)
        case.expect(ended.code in (0, -signal.SIGKILL), f"a run that was to be killed, or to finish: {ended}")
        if ended.code == 0:
            break
        kills += 1
    else:
        case.fail("the job does not get on")
    case.expect(kills > 0, "the job was never killed")
    apart = difference(expected, tree(case.directory / "killed/out"))
    case.expect(not apart, f"after {kills} kills other results: {apart}")
    case.note(f"{commits} commits, {kills} kills")


if __name__ == "__main__":
    braid_command.main([state_beyond_memory])
