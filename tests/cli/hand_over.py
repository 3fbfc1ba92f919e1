#!/usr/bin/env python3
"""A job that runs on hands its store over to one with a changed script, whose states are made again beside it.

What both have written must be what is written without the change, in the products that did not change; in the one that
did, what the new script writes from its start, from the hand-over on: no row is missing, and none is there twice.

    hand_over.py BRAID [--only NAME] [--seed N] [--keep]
"""
import collections
import json
import pathlib
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import DONE, STORE, Case

OLD = """domain d

stream s
  time at within 10s
  from file "in/s*.ndjson" format json
{ id: int, k: string, n: int, at: timestamp }

product big version 1 {
  from s
  where n > 500
  select { id, k, n }
}

product minutes version 1 {
  from s
  window tumbling 1m
  group k { rows: count(), last: last(id) }
  select { k, end: window.end, rows, last }
}

product spans version 1 {
  from s
  window tumbling 1m
  group k { sum: sum(n) }
  select { k, end: window.end, sum }
}
"""
NEW = OLD.replace("tumbling 1m\n  group k { sum: sum(n) }", "tumbling 3m\n  group k { sum: sum(n), most: max(n) }").replace(
    "end: window.end, sum }", "end: window.end, sum, most }")
FOLLOW = ["--follow", "--commit-within", "50ms"]
SECONDS = 120


class Project:
    def __init__(self, case: Case):
        self.case = case
        self.folder = case.directory / "project"
        (self.folder / "in").mkdir(parents=True)
        self.next = 0
        self.write(OLD)
        self.started = []

    def write(self, script: str) -> None:
        (self.folder / "main.braid").write_text(script)

    def grow(self, records: int) -> None:
        lines = []
        for number in range(self.next, self.next + records):
            second = number // 5
            at = f"2026-01-{1 + second // 86400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}Z"
            lines.append(json.dumps({"id": number, "k": f"k{number * 7 % 11}", "n": number * 17 % 1009, "at": at}) + "\n")
        self.next += records
        with (self.folder / "in/s1.ndjson").open("a") as file:
            file.write("".join(lines))

    def start(self, *words):
        process = self.case.start("run", self.folder, "--store", self.folder / "store", *words)
        self.started.append(process)
        return process

    def out(self, product: str) -> str:
        path = self.folder / f"store/out/d.{product}.v1.ndjson"
        return path.read_text() if path.exists() else ""

    def wait(self, what: str, holds) -> None:
        end = time.monotonic() + SECONDS
        while not holds():
            self.case.expect(time.monotonic() < end, f"{what}: not after {SECONDS} s")
            time.sleep(0.02)

    def end_all(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


def with_project(check):
    def run(case: Case) -> None:
        project = Project(case)
        try:
            check(case, project)
        finally:
            project.end_all()
    run.__name__ = check.__name__
    return run


def begin(project: Project):
    """The old job, which has written something."""
    project.grow(5000)
    old = project.start(*FOLLOW)
    project.wait("the old job writes", lambda: project.out("spans").count("\n") > 50)
    project.write(NEW)
    return old


def expected(case: Case, script: str) -> dict:
    """What one run over all that is there writes, by product."""
    (case.directory / "whole").mkdir(exist_ok=True)
    (case.directory / "whole/main.braid").write_text(script)
    (case.directory / "whole/in").symlink_to(case.directory / "project/in")
    case.braid("run", case.directory / "whole", "--store", case.directory / "whole/store", "--no-seal", "--reset")
    rows = {name: (case.directory / f"whole/store/out/d.{name}.v1.ndjson").read_text().splitlines() for name in
            ("big", "minutes", "spans")}
    (case.directory / "whole/in").unlink()
    return rows


def finish(case: Case, project: Project, new) -> None:
    """The new job reads all that is there and ends; then everything must be right."""
    project.grow(3000)
    wanted = expected(case, NEW)
    project.wait("the new job reads on", lambda: len(project.out("big").splitlines()) >= len(wanted["big"]) and
                 len(project.out("spans").splitlines()) > 0 and
                 project.out("spans").splitlines()[-1] == wanted["spans"][-1])
    new.send_signal(signal.SIGTERM)
    ended = case.ended(new)
    case.expect(ended.code == DONE, f"{ended}")
    for name in ("big", "minutes"):
        case.expect(project.out(name).splitlines() == wanted[name],
                    f"{name}: {len(wanted[name])} rows expected, {len(project.out(name).splitlines())} found")
    rows = project.out("spans").splitlines()
    of_old = [row for row in rows if "most" not in row]
    of_new = rows[len(of_old):]
    before = expected(case, OLD)["spans"]
    case.expect(of_old == before[:len(of_old)], "what the old job has written is not what it writes")
    case.expect(len(of_new) > 10 and of_new == wanted["spans"][-len(of_new):], "what the new job has written is not what "
                "it writes from its start")
    case.expect(max(collections.Counter(rows).values()) == 1, "rows are there twice")
    # Windows that were over when the store was handed over are the old job's; all others are the new one's.
    over = max(json.loads(row)["end"] for row in of_old)
    first = len(wanted["spans"]) - len(of_new)
    case.expect(all(json.loads(row)["end"] > over for row in of_new) or not of_old, "a window is there twice")
    case.expect(first == 0 or json.loads(wanted["spans"][first - 1])["end"] <= over, "a window is missing")
    case.expect(not (project.folder / "store/rebuild").exists(), "the store of the rebuild is still there")


@with_project
def a_store_is_handed_over(case: Case, project: Project) -> None:
    old = begin(project)
    new = project.start("--rebuild", "all", "--beside", *FOLLOW)
    while old.poll() is None:
        project.grow(50)
        time.sleep(0.02)
    ended = case.ended(old)
    case.expect(ended.code == DONE and "stopped on request" in ended.out, f"{ended}")
    finish(case, project, new)


@with_project
def jobs_are_killed_on_the_way(case: Case, project: Project) -> None:
    """Whatever is killed, and whenever: it is started again, and goes on."""
    old = begin(project)
    kills = 0
    new = None
    for _ in range(6):
        new = project.start("--rebuild", "all", "--beside", *FOLLOW)
        until = time.monotonic() + case.random.uniform(0.02, 0.4)
        while time.monotonic() < until and old.poll() is None:
            project.grow(20)
            time.sleep(0.02)
        if old.poll() is not None:
            break
        new.kill()
        new.communicate()
        kills += 1
    case.note(f"{kills} kills before the hand-over")
    if old.poll() is None:
        new = project.start("--rebuild", "all", "--beside", *FOLLOW)
        project.wait("the old job hands over", lambda: old.poll() is not None)
    case.expect(case.ended(old).code == DONE, "the old job")
    for _ in range(3):  # while it takes over, and behind that
        time.sleep(case.random.uniform(0.0, 0.3))
        new.kill()
        new.communicate()
        project.grow(100)
        new = project.start("--rebuild", "all", "--beside", *FOLLOW)
    finish(case, project, new)


@with_project
def nothing_happens_before_it_is_said(case: Case, project: Project) -> None:
    old = begin(project)
    refused = case.ended(project.start("--beside", *FOLLOW))
    case.expect(refused.code == STORE and "E8004" in refused.codes, f"{refused}")
    case.expect(old.poll() is None, "the old job has ended")
    before = project.out("big").count("\n")
    project.grow(1000)
    project.wait("the old job goes on", lambda: project.out("big").count("\n") > before)
    # It does not answer: whoever waits can be stopped.
    old.send_signal(signal.SIGSTOP)
    new = project.start("--rebuild", "all", "--beside", *FOLLOW)
    lines = []
    while "is asked for the store" not in "".join(lines):
        lines.append(new.stderr.readline())
        case.expect(lines[-1] != "", f"{lines}")
    new.send_signal(signal.SIGTERM)
    stopped = case.ended(new)
    case.expect("E7141" in stopped.codes and stopped.code != DONE, f"{stopped}")
    old.send_signal(signal.SIGCONT)
    project.grow(1000)
    before = project.out("big").count("\n")
    project.wait("the old job goes on", lambda: project.out("big").count("\n") > before)
    case.expect(old.poll() is None, "the old job has ended")


@with_project
def where_no_job_runs_it_begins_at_once(case: Case, project: Project) -> None:
    project.grow(5000)
    case.braid("run", project.folder, "--store", project.folder / "store", "--no-seal", "--beside")
    project.write(NEW)
    ended = case.braid("run", project.folder, "--store", project.folder / "store", "--no-seal", "--beside", "--rebuild",
                       "all")
    case.expect("made again: spans" in ended.out, f"{ended}")
    case.expect(not (project.folder / "store/rebuild").exists(), "the store of the rebuild is still there")


@with_project
def flags_that_do_not_fit(case: Case, project: Project) -> None:
    project.grow(10)
    case.braid("run", project.folder, "--store", project.folder / "store", "--beside", "--reset", code=None,
               finding="E7102")
    (project.folder / "braid.toml").write_text('[project]\nname = "d"\n[env.prod]\nbrokers = "127.0.0.1:1"\n'
                                               '[env.prod.kafka]\ngroup = "d"\n')
    case.braid("run", project.folder, "--env", "prod", "--beside", code=None, finding="E7140")


if __name__ == "__main__":
    braid_command.main([a_store_is_handed_over, jobs_are_killed_on_the_way, nothing_happens_before_it_is_said,
                        where_no_job_runs_it_begins_at_once, flags_that_do_not_fit])
