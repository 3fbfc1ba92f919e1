#!/usr/bin/env python3
"""Jobs that are killed again and again, and end with the bytes of a run that nobody disturbed.

    crash_loop.py BRAID [--kills 40] [--only NAME] [--seed N]

A round starts an empty store and runs the job on it until a run finishes; every run before that is killed: at a named
kill point (BRAID_KILL_AT), in recovery or at work, or at a random moment after its first new output. Each run commits
every one to three turns, has one to three workers and may be interpreted, so a job's runs differ in everything that must
not matter. Rounds go on
until there have been `--kills` kills, most of them between the first and the last commit of their run; the named points
take turns.
"""
import collections
import datetime
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
from braid_command import SOURCE, Case, accounts, difference, tree

FLIGHTS, PAYMENTS = SOURCE / "examples/flights", SOURCE / "examples/payments"
RECOVERY = ("after_lock", "after_outputs_cut", "after_claim")
WORK = ("after_turn", "before_output_sync", "after_output_sync", "after_commit")
REBUILDING = ("after_rebuild",)  # with another script: tests/cli/changed_scripts.py kills there
KILLED = -signal.SIGKILL


def kill_points() -> list:
    """The names in the engine: a point that is added must be killed at, too."""
    return sorted({name for source in (SOURCE / "runtime/engine").glob("*.cpp")
                   for name in re.findall(r'BRAID_KILL_POINT\("(\w+)"\)', source.read_text())})


class Job:
    """A project, its undisturbed result, and the store that is being disturbed."""

    def __init__(self, case: Case, name: str, project: pathlib.Path, words: list, environment: dict):
        self.case = case
        self.name = name
        self.words = ["run", project, *words]
        self.environment = environment
        self.store = case.directory / f"{name}-store"
        calm = case.directory / f"{name}-calm"
        began = time.monotonic()
        report = case.braid(*self.words, "--store", calm, "--commit-every", "1", environment=environment).out
        self.seconds = time.monotonic() - began
        self.expected = tree(calm / "out")
        self.accounts = accounts(report)
        self.rounds = 0
        self.between = 0  # kills between the first and the last commit of their run
        self.counted = False  # whether the last one was

    def run_words(self, commit_every: int = 0) -> list:
        words = [*self.words, "--store", self.store, "--commit-every", commit_every or self.case.random.randint(1, 3),
                 "--workers", self.case.random.randint(1, 3)]
        return words + (["--interpret"] if self.case.random.random() < 0.3 else [])

    def output_bytes(self) -> int:
        out = self.store / "out"
        return sum(path.stat().st_size for path in out.iterdir()) if out.exists() else 0

    def log_bytes(self) -> int:
        try:
            return sum(path.stat().st_size for path in (self.store / "state").glob("*.log"))
        except FileNotFoundError:  # replaced by another while we looked
            return -1

    def run_until_point(self, point: str) -> int:
        """In recovery; or, mostly, behind the first commit of the run."""
        every = self.case.random.randint(1, 3)
        late = point in WORK and self.case.random.random() < 0.85
        nth = 1
        if late:
            nth = self.case.random.randint(1, 3) + (every if point == "after_turn" else 1)
        ended = self.case.braid(*self.run_words(every), code=None,
                                environment={**self.environment, "BRAID_KILL_AT": f"{point}:{nth}"})
        return self.judge(ended, late)

    def run_until_moment(self) -> int:
        """Kills at a random moment behind the first commit of this run: outputs grow first, the store's log then."""
        before = self.output_bytes()
        process = self.case.start(*self.run_words(), environment=self.environment)
        while process.poll() is None and self.output_bytes() <= before:
            time.sleep(0.001)
        logged = self.log_bytes()
        while process.poll() is None and self.log_bytes() <= logged:
            time.sleep(0.001)
        left = self.case.random.random() * self.seconds * 0.8
        end = time.monotonic() + left
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.001)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        return self.judge(self.case.ended(process), True)

    def judge(self, ended, between: bool) -> int:
        self.case.expect(ended.code in (0, KILLED), f"a run that was to be killed, or to finish: {ended}")
        if ended.code == 0:
            self.finished(ended)
        else:
            self.counted = between
            self.between += between
        return ended.code

    def finish(self) -> None:
        self.finished(self.case.braid(*self.run_words(), environment=self.environment))

    def finished(self, ended) -> None:
        """The result is that of the undisturbed run, and stays it."""
        apart = difference(self.expected, tree(self.store / "out"))
        self.case.expect(not apart, f"{self.name} differs from an undisturbed run: {apart}")
        if "nothing new since the last run" in ended.out:
            self.between -= self.counted  # that kill came behind the last commit
        else:
            found = accounts(ended.out)
            self.case.expect(found == self.accounts, f"{self.name}: other accounts than {self.accounts}: {ended}")
        again = self.case.braid(*self.run_words(), environment=self.environment)
        self.case.expect("nothing new since the last run" in again.out, f"there is nothing new, yet: {again}")
        apart = difference(self.expected, tree(self.store / "out"))
        self.case.expect(not apart, f"{self.name}: a run without new input changed {apart}")
        shutil.rmtree(self.store)
        self.counted = False
        self.rounds += 1

    def underway(self) -> bool:
        return self.output_bytes() > 0


def jobs_of(case: Case) -> list:
    environment = case.payments("data", 20_000, "--seed", case.random.randrange(1 << 20))
    return [Job(case, "payments", PAYMENTS, ["--env", "big"], environment),
            Job(case, "flights", FLIGHTS, ["--env", "dev"], {}),
            Job(case, "timeless", timeless_project(case), [], {}),
            Job(case, "all_steps", all_steps_project(case), [], {})]


def all_steps_project(case: Case) -> pathlib.Path:
    """All steps that keep state, over rows that are out of order within their bounds, and some that are late."""
    folder = case.directory / "all_steps"
    if folder.exists():
        return folder / "main.braid"
    folder.mkdir()
    random, begin = case.random, datetime.datetime(2026, 1, 1)

    def write(name: str, count: int, step: float, within: float, row) -> None:
        for file in range(2):
            lines, seconds = [], random.random()
            for number in range(count):
                seconds += random.random() * 2 * step
                late = random.random() * within * (4 if random.random() < 0.01 else 1)
                at = begin + datetime.timedelta(microseconds=int((seconds - late) * 1e6))
                lines.append(json.dumps({"at": at.isoformat() + "Z", **row(file * count + number)}) + "\n")
            (folder / f"{name}-{file}.ndjson").write_text("".join(lines))

    def place():
        return random.choice("abcdefgh") if random.random() < 0.95 else None

    write("order", 5_000, 0.5, 5, lambda number: {
        "id": number, "place": place(), "level": random.randrange(10), "cost": round(random.random() * 100, 2),
        "ok": random.random() < 0.8, "tags": random.sample(["x", "y", "z"], random.randrange(3)),
        "marks": {random.choice("pq"): random.randrange(5)}})
    write("look", 3_000, 0.8, 3, lambda number: {"place": place(), "level": random.randrange(10)})
    write("price", 800, 3, 4, lambda number: {
        "sym": random.choice("abcdefghijklmnopqrstuvwxyz"), "level": random.randrange(10),
        "cost": round(random.random() * 30, 2), "gone": random.random() < 0.1})
    (folder / "kind.ndjson").write_text("".join(f'{{"level":{level},"name":"n{level}"}}\n' for level in range(9)))
    (folder / "zone.csv").write_text("level,name\n" + "".join(f"{level},z{level}\n" for level in range(8)))
    script = (pathlib.Path(__file__).resolve().parent / "all_steps.braid").read_text()
    (folder / "main.braid").write_text(script.replace("FOLDER", str(folder)))
    return folder / "main.braid"


def timeless_project(case: Case) -> pathlib.Path:
    """A stream without event time in two files: it takes turns and is gone on with as all others."""
    folder = case.directory / "timeless"
    if folder.exists():
        return folder / "main.braid"
    folder.mkdir()
    for file in range(2):
        with (folder / f"{file}.ndjson").open("w") as records:
            for number in range(60_000):
                records.write(f'{{"a":{case.random.randrange(10)},"n":{number},"text":"{"x" * (number % 40)}"}}\n')
    (folder / "main.braid").write_text(f"""domain d

stream s
  from file "{folder}/*.ndjson" format json
{{ a: int, n: int, text: string }}

product p {{
  from s
  where a > 0
  select {{ n, share: div(n, a - 1), text }}
}}
""")
    return folder / "main.braid"


def killed_again_and_again(case: Case) -> None:
    points = kill_points()
    case.expect(set(points) == set(RECOVERY + WORK + REBUILDING), f"the kill points are now {points}: say where each lies")
    points = [point for point in points if point not in REBUILDING]
    jobs = jobs_of(case)
    counts = collections.Counter()
    recovering = 0
    waiting = list(points)
    case.random.shuffle(waiting)
    kills = between = 0
    while kills < case.options.kills or (between * 2 <= kills and kills < 2 * case.options.kills):
        # Payments has more turns, so it is killed more often; and what has all steps.
        job = jobs[0] if case.random.random() < 0.5 else case.random.choice([*jobs[1:], jobs[-1]])
        underway = job.underway()
        if case.random.random() < 0.4:
            counts["a random moment"] += job.run_until_moment() == KILLED
        elif job.run_until_point(waiting[0]) == KILLED:
            point = waiting.pop(0)
            counts[point] += 1
            recovering += underway and point in RECOVERY
            if not waiting:
                waiting = list(points)
                case.random.shuffle(waiting)
        kills, between = sum(counts.values()), sum(job.between for job in jobs)
    for job in jobs:
        job.finish()
        case.expect(job.rounds > 0, f"{job.name} never finished")
    between = sum(job.between for job in jobs)
    missing = [point for point in points if counts[point] < min(10, case.options.kills // 25)]
    case.expect(not missing, f"too few kills at {missing}: {dict(counts)}")
    case.expect(between * 2 > kills, f"only {between} of {kills} kills came between the first and the last commit")
    case.expect(recovering > 0, "no kill came in the recovery of a job under way")
    case.note(f"{kills} kills in {sum(job.rounds for job in jobs)} jobs: {between} between first and last commit, "
              f"{recovering} in recovery; " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))


def asked_to_stop(case: Case) -> None:
    """SIGTERM and SIGINT drain: code 0, all committed, and the next run goes on."""
    drained = 0
    for job in jobs_of(case):
        for which in (signal.SIGTERM, signal.SIGINT):
            for _ in range(50):
                before = job.output_bytes()
                process = case.start(*job.run_words(), environment=job.environment)
                while process.poll() is None and job.output_bytes() <= before:
                    time.sleep(0.001)
                process.send_signal(which)
                ended = case.ended(process)
                case.expect(ended.code == 0, f"after {which.name}: {ended}")
                if "stopped on request" not in ended.out:
                    job.finished(ended)
                    break
                drained += 1
            else:
                case.fail(f"{job.name} does not get on: 50 runs, each stopped at its first output")
    case.expect(drained > 0, "no signal came while a job ran")
    case.note(f"{drained} drained runs")


if __name__ == "__main__":
    braid_command.main([killed_again_and_again, asked_to_stop],
                       lambda parser: parser.add_argument("--kills", type=int, default=40))
