#!/usr/bin/env python3
"""State that does not fit into memory: the bytes of a job that has room for all of it, also through kills.

    large_state.py BRAID [--seed N]

A job whose every kind of state outgrows `--memory` is run in ample memory, in little, and in little while it is killed: by
turns around a commit and at a random moment. Commits are large enough to go into the store as files.
"""
import pathlib
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import Case, accounts, difference, tree
from large_project import make_project

EVENTS, USERS, HOURS = 120_000, 60_000, 6
AROUND_A_COMMIT = ("before_output_sync", "after_output_sync", "after_commit")


def state_beyond_memory(case: Case) -> None:
    project = make_project(case, EVENTS, USERS, HOURS)
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
