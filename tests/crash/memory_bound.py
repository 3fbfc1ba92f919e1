#!/usr/bin/env python3
"""A job takes no more than its memory and 128 MB, however much state it keeps.

    memory_bound.py BRAID [--seed N]

State of several times `--memory`: keys that are unique, versions of a table, groups of windows. The system says how much
memory the process had at its peak.
"""
import datetime
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import Case, tree

MEMORY_MB, BESIDE_MB = 32, 128
EVENTS, USERS, HOURS = 250_000, 250_000, 6
HEAD = """domain shop

stream click
  time at within 10s
  from file "../click.ndjson" format json
{ id: int, user: string, at: timestamp, note: string }

table member
  key name
  time at within 10s
  from file "../member.ndjson" format json
{ name: string, level: int, at: timestamp, note: string }
"""
PRODUCTS = {
    "unique": """
product visit version 1
  key id
  contract { unique user within 10h }
{
  from click
  select { id, user, at, note }
}
""",
    "versions": """
product visit version 1
{
  from click
  left join member as m on m.name == user
  select { id, user, at, level: m?.level ?? -1, other: m?.note ?? "" }
}
""",
    "groups": """
product spent version 1
  key user, window.start
{
  from click
  window tumbling 3h
  group user { n: count(), longest: max(note) }
}
""",
}


def make_inputs(case: Case) -> None:
    begin = datetime.datetime(2026, 1, 1)
    note = "x" * 90
    with open(case.directory / "click.ndjson", "w") as clicks, open(case.directory / "member.ndjson", "w") as members:
        for i in range(EVENTS):
            at = (begin + datetime.timedelta(seconds=i * HOURS * 3600 // EVENTS)).isoformat() + "Z"
            user = case.random.randrange(USERS)
            clicks.write(f'{{"id":{i},"user":"user-{user:09}","at":"{at}","note":"{note}{i % 10}"}}\n')
            if i % 2 == 0:
                user = case.random.randrange(USERS)
                members.write(f'{{"name":"user-{user:09}","level":{i % 7},"at":"{at}","note":"{note}{i % 10}"}}\n')


def peak_mb(case: Case, name: str, memory_mb: int) -> tuple:
    """Of a run; and the most state that it had, by its own report."""
    project = case.directory / name
    store = case.directory / f"{name}-{memory_mb}"
    # The end of the input does not close what is open: the report then says what state there was.
    process = subprocess.Popen([case.options.braid, "run", project, "--store", store, "--no-seal", "--memory",
                                f"{memory_mb}MB"], stdout=subprocess.PIPE, text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    case.expect(os.waitstatus_to_exitcode(status) == 0, f"{name} ends with {status}: {out}")
    return usage.ru_maxrss // 1024, out.rsplit("; state ", 1)[-1].strip()


def memory_bounds_the_process(case: Case) -> None:
    make_inputs(case)
    for name, product in PRODUCTS.items():
        project = case.directory / name
        project.mkdir()
        (project / "shop.braid").write_text(HEAD + product)
        peak, state = peak_mb(case, name, MEMORY_MB)
        case.expect("in the store alone" in state, f"the state of `{name}` was to outgrow its memory: {state}")
        case.expect(peak <= MEMORY_MB + BESIDE_MB, f"`{name}` had {peak} MB with --memory {MEMORY_MB}MB: {state}")
        case.note(f"{name}: {peak} MB")


if __name__ == "__main__":
    braid_command.main([memory_bounds_the_process])
