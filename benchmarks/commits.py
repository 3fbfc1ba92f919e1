#!/usr/bin/env python3
"""What commits cost: commits.py SUITE DATA_DIR --braid build/release/bin/braid --work DIR [--query q17] [--rounds 3]

Runs each query of a suite (compare/suite.py) with commits and without them, in turn, into a fresh store each time, with
one worker. Prints medians: CPU seconds of both, the share of commits in the CPU time without them, and the longest time
that turns stopped for a commit, as `run` logs it. Stops are wall times: others that use the processor lengthen them.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "compare"), str(HERE)]

from run import Run  # noqa: E402
from suite import SUITES, Suite  # noqa: E402

NEVER = 1 << 40


def make_project(suite: Suite, query: str, data: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    project = folder / query
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    for script in suite.scripts(query):
        shutil.copy(script, project)
    bind = "".join(f'"{suite.domain}.{source}" = {{ file = "{data}/{file}", format = "json"{suite.options} }}\n'
                   for source, file in suite.reads(query).items())
    (project / "braid.toml").write_text(f'[project]\nname = "commits_{query}"\ndefault_env = "bench"\n\n[env.bench]\n'
                                        f'workers = 1\n\n[env.bench.bind]\n{bind}')
    return project


class Measured:
    def __init__(self, braid: pathlib.Path, project: pathlib.Path, every: int):
        store, log = project / "store", project / "log"
        shutil.rmtree(store, ignore_errors=True)
        self.cpu = Run([str(braid), "run", str(project), "--store", str(store), "--commit-every", str(every),
                        "--log", "json", "--log-level", "debug"], log).cpu
        events = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        self.longest = max((event["pause_ms"] for event in events if "pause_ms" in event), default=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--braid", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--query", action="append", help="only this one; may be repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commit-every", type=int, default=1024, help="turns")
    options = parser.parse_args()
    suite = Suite(options.suite)
    print("| query | CPU with commits | without | share of commits | longest stop |\n| --- | --- | --- | --- | --- |")
    for query in options.query or suite.queries:
        project = make_project(suite, query, options.data.resolve(), options.work.resolve())
        runs = [(Measured(options.braid.resolve(), project, options.commit_every),
                 Measured(options.braid.resolve(), project, NEVER)) for _ in range(options.rounds)]
        median = lambda figures: statistics.median(figures)  # noqa: E731
        share = median(on.cpu / off.cpu - 1 for on, off in runs)
        print(f"| {query} | {median(on.cpu for on, _ in runs):.2f} s | {median(off.cpu for _, off in runs):.2f} s | "
              f"{share:.1%} | {median(on.longest for on, _ in runs):.1f} ms |",
              flush=True)


if __name__ == "__main__":
    main()
