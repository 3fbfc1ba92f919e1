"""The command `braid` as tests start it, and the frame of a test program: cases, each in a directory of its own.

A case is a function of a `Case`. It fails by `case.fail` or a failing `case.expect`; the frame then prints what the
command said, the seed, and the line that runs this case alone again. Nothing is written outside the case's directory.
"""
import argparse
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 300
DONE, SCRIPT, USAGE, INPUT, STORE, BUG = 0, 1, 2, 3, 4, 70  # cli/commands/command.h


class Failed(Exception):
    """What the case found wrong."""


class Skipped(Exception):
    """Why the case cannot run on this machine."""


@dataclass
class Ended:
    """A command that has ended; `code` is negative after a signal, as Python has it."""
    words: list
    code: int
    out: str
    err: str

    @property
    def codes(self) -> list:
        """The catalogue codes of the findings shown, in their order."""
        return re.findall(r"(?m)^(?:error|warning)\[?\s?([EW]\d{4})", self.err)

    def __str__(self) -> str:
        told = "".join(f"\n  | {line}" for line in (self.out[-2000:] + self.err[-2000:]).splitlines())
        return f"{shlex.join(self.words)}: exit code {self.code}{told}"


class Case:
    def __init__(self, binary: str, directory: pathlib.Path, seed: int):
        self.binary = binary
        self.directory = directory
        self.random = random.Random(seed)
        self.notes = []

    def note(self, text: str) -> None:
        """Shown behind the name of the case."""
        self.notes.append(text)

    def fail(self, text: str) -> None:
        raise Failed(text)

    def expect(self, holds: bool, text: str) -> None:
        if not holds:
            raise Failed(text)

    def start(self, *words, environment=None, **options) -> subprocess.Popen:
        """Starts the command; whoever calls ends it."""
        env = {name: value for name, value in os.environ.items() if name not in ("BRAID_KILL_AT", "NO_COLOR")}
        for name, value in (environment or {}).items():
            env.pop(name, None)
            if value is not None:
                env[name] = str(value)
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True,
                 "errors": "replace", "cwd": self.directory, "env": env}
        return subprocess.Popen([self.binary, *map(str, words)], **{**pipes, **options})

    def ended(self, process: subprocess.Popen, text=None) -> Ended:
        try:
            out, err = process.communicate(text, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise Failed(f"not ended after {SECONDS} s: {Ended(process.args, -9, out or '', err or '')}") from None
        return Ended(process.args, process.returncode, out or "", err or "")

    def braid(self, *words, code=DONE, finding=None, text=None, **options) -> Ended:
        """Runs the command to its end. `code`: the exit code it must have; `finding`: a catalogue code it must show."""
        if text is not None:
            options["stdin"] = subprocess.PIPE
        ended = self.ended(self.start(*words, **options), text)
        if code is not None:
            self.expect(ended.code == code, f"expected exit code {code}: {ended}")
        if finding is not None:
            self.expect(finding in ended.codes, f"expected {finding}: {ended}")
        return ended

    def python(self, script: pathlib.Path, *words) -> str:
        made = subprocess.run([sys.executable, script, *map(str, words)], capture_output=True, text=True,
                              timeout=SECONDS)
        self.expect(made.returncode == 0, f"{script.name} {shlex.join(map(str, words))}:\n{made.stdout}{made.stderr}")
        return made.stdout

    def payments(self, name: str, payments: int, *words) -> dict:
        """Generates input for the environment `big` of examples/payments; the variables of that environment."""
        data = self.directory / name
        self.python(SOURCE / "examples/payments/generate.py", data, "--payments", payments, *words)
        return {"PAYMENTS_DATA": data}


def tree(directory: pathlib.Path) -> dict:
    """The files below with their bytes."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if
            path.is_file()}


def difference(expected: dict, found: dict) -> str:
    """What of two trees is not equal, in a line; empty if nothing."""
    for name in sorted(expected.keys() | found.keys()):
        one, other = expected.get(name), found.get(name)
        if one == other:
            continue
        if one is None or other is None:
            return f"{name} is {'missing' if other is None else 'not expected'}"
        at = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
        line = one.count(b"\n", 0, at) + 1
        return f"{name}:{line}: {len(one)} bytes expected, {len(other)} found, other from byte {at}"
    return ""


def accounts(report: str) -> list:
    """The lines of a run's report that hold for all its runs together: products and their accounts."""
    return [line for line in report.splitlines() if " version " in line or line.startswith("  ")]


def main(cases: list, add_options=None) -> None:
    """Runs the cases chosen by the command line, and ends the process: code 1 if one fails."""
    program = pathlib.Path(sys.argv[0])
    description = sys.modules["__main__"].__doc__
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("braid", type=pathlib.Path, help="the binary")
    parser.add_argument("--only", metavar="NAME", help="cases whose name contains this")
    parser.add_argument("--seed", type=int, help="default: another one each time")
    parser.add_argument("--keep", action="store_true", help="keep the directories of cases that fail")
    if add_options:
        add_options(parser)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    failed = ran = 0
    for function in cases:
        name = function.__name__
        if options.only and options.only not in name:
            continue
        ran += 1
        directory = pathlib.Path(tempfile.mkdtemp(prefix="braid-"))
        case = Case(str(options.braid.resolve()), directory, seed)
        case.options = options
        began = time.monotonic()
        right = True
        try:
            function(case)
        except Skipped as reason:
            print(f"skipped  {name}: {reason}")
        except Failed as reason:
            failed += 1
            right = False
            rest = [word for word in sys.argv[1:] if word != str(options.braid)]
            again = ["python3", str(program), str(options.braid), "--only", name, "--seed", str(seed)]
            if options.seed is None and not options.only:
                again += rest
            print(f"FAILED   {name}: {reason}\n  seed {seed}; again: {shlex.join(again)}")
            if options.keep:
                print(f"  kept: {directory}")
        else:
            notes = "".join(f"; {note}" for note in case.notes)
            print(f"passed   {name} ({time.monotonic() - began:.1f} s){notes}")
        finally:
            if right or not options.keep:
                shutil.rmtree(directory, ignore_errors=True)
        sys.stdout.flush()
    if ran == 0:
        sys.exit("no case has that name")
    print(f"{ran} cases, {failed} failed, seed {seed}")
    sys.exit(1 if failed else 0)
