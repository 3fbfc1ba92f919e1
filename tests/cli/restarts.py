#!/usr/bin/env python3
"""What each kind of source does over restarts, appended records, new files and kills.

    restarts.py BRAID [--only NAME] [--seed N] [--keep]
"""
import pathlib
import re
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import Case, accounts, tree

TIMELESS = """domain d

stream s
  from file "in/*.ndjson" format json
{ a: int }

product p {
  from s
  where a > 0
}
"""
NOTHING_NEW = "nothing new since the last run"


def project(case: Case, script: str, name: str = "main") -> pathlib.Path:
    folder = case.directory / name
    (folder / "in").mkdir(parents=True)
    (folder / "main.braid").write_text(script)
    return folder


def records(numbers) -> str:
    return "".join(f'{{"a":{number}}}\n' for number in numbers)


def rows(store: pathlib.Path) -> list:
    return [int(number) for number in re.findall(r'"a":(\d+)', (store / "out/d.p.v1.ndjson").read_text())]


def run(case: Case, folder: pathlib.Path, *words, **options):
    return case.braid("run", folder / "main.braid", "--store", folder / "store", *words, cwd=folder, **options)


def streams_without_time_are_read_once(case: Case) -> None:
    folder = project(case, TIMELESS)
    (folder / "in/1.ndjson").write_text(records([1, 2, 3]))
    run(case, folder)
    case.expect(rows(folder / "store") == [1, 2, 3], "the first run")
    again = run(case, folder)
    case.expect(NOTHING_NEW in again.out, f"{again}")
    case.expect(rows(folder / "store") == [1, 2, 3], "a run without new records")
    with (folder / "in/1.ndjson").open("a") as grown:
        grown.write(records([4]))
    ended = run(case, folder)
    case.expect(NOTHING_NEW not in ended.out and "4 in = 4 used" in ended.out, f"{ended}")
    case.expect(rows(folder / "store") == [1, 2, 3, 4], "a record was appended")
    (folder / "in/2.ndjson").write_text(records([0, 5]))
    ended = run(case, folder)
    case.expect("6 in = 5 used + 1 filtered" in ended.out, f"{ended}")
    case.expect(rows(folder / "store") == [1, 2, 3, 4, 5], "a second file appeared")
    case.expect(NOTHING_NEW in run(case, folder, "--no-seal").out, "nothing is new")
    # What was read must not change under the job.
    (folder / "in/1.ndjson").write_text(records([1, 2, 9, 4]))
    run(case, folder, code=braid_command.INPUT, finding="E7012")
    (folder / "in/1.ndjson").write_text(records([1]))
    run(case, folder, code=braid_command.INPUT, finding="E7011")


def killed_in_a_stream_without_time(case: Case) -> None:
    folder = project(case, TIMELESS)
    (folder / "in/1.ndjson").write_text(records(range(300_000)))
    (folder / "in/2.ndjson").write_text(records(range(300_000, 400_000)))
    calm = case.braid("run", folder / "main.braid", "--store", folder / "calm", cwd=folder)
    expected = tree(folder / "calm/out")
    # Some twenty turns, of which each of these leaves some to the next.
    for point in ("after_turn:5", "before_output_sync:2", "after_output_sync:2", "after_commit:2"):
        run(case, folder, "--commit-every", 2, "--workers", 3, code=-signal.SIGKILL,
            environment={"BRAID_KILL_AT": point})
    ended = run(case, folder)
    case.expect(accounts(ended.out) == accounts(calm.out), f"other accounts than {calm}: {ended}")
    case.expect(tree(folder / "store/out") == expected, "a killed job gives other bytes")
    case.expect(NOTHING_NEW in run(case, folder).out, "nothing is new")


def inline_records_are_refused(case: Case) -> None:
    folder = project(case, TIMELESS.replace('file "in/*.ndjson" format json', 'inline "{}" format json'))
    run(case, folder, code=None, finding="E7006")
    case.expect(not (folder / "store").exists(), "a refused run made a store")


def tables_without_time_are_followed(case: Case) -> None:
    folder = project(case, TIMELESS.replace("stream s", "table s\n  key a"))
    (folder / "in/1.ndjson").write_text(records([1, 2, 1]))
    run(case, folder)
    case.expect(rows(folder / "store") == [1, 2], "the first run")
    with (folder / "in/1.ndjson").open("a") as grown:
        grown.write(records([2, 3]))
    run(case, folder)
    case.expect(rows(folder / "store") == [1, 2, 3], "a row that is as it was is no change")


if __name__ == "__main__":
    braid_command.main([streams_without_time_are_read_once, killed_in_a_stream_without_time,
                        inline_records_are_refused, tables_without_time_are_followed])
