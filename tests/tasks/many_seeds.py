#!/usr/bin/env python3
"""Simulates jobs through many seeds, on all cores: many_seeds.py braid_tasks_test [--seeds 100000] [--first 1]

The seeds are shared by the tests of members that go through seeds. The first failure ends it, with the command that shows
it again.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

# Of a hundred seeds.
TESTS = {
    "Members.GiveEachRowOnceWhateverHappens": 35,
    "Members.GiveEachRowOnceAcrossStages": 20,
    "Members.LetRowsGoByTheClockOnce": 10,
    "Members.TakeDeletesOnce": 10,
    "Members.ComeToTheSameTable": 5,
    "Members.FollowKeysThatMove": 5,
    "Members.LoseNothingWithoutTransactions": 10,
    "Members.AreCaughtUpWhenTheWholeJobIs": 5,
}
PIECE = 200


def simulate(binary: pathlib.Path, test: str, first: int, count: int) -> str:
    """Nothing, or what failed."""
    shown = {"BRAID_FIRST_SEED": str(first), "BRAID_SEEDS": str(count)}
    done = subprocess.run([binary, f"--gtest_filter={test}"], env={**os.environ, **shown}, capture_output=True, text=True)
    if done.returncode == 0 and "[  PASSED  ] 1 test" in done.stdout:
        return ""
    words = " ".join(f"{name}={value}" for name, value in shown.items())
    return f"{done.stdout[-3000:]}{done.stderr[-3000:]}\nagain: {words} {binary} --gtest_filter={test}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=1)
    options = parser.parse_args()
    pieces = []
    for test, share in TESTS.items():
        end = options.first + options.seeds * share // 100
        pieces += [(test, first, min(PIECE, end - first)) for first in range(options.first, end, PIECE)]
    began = shown = time.monotonic()
    simulated = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as threads:
        running = {threads.submit(simulate, options.binary.resolve(), *piece): piece for piece in pieces}
        for done in concurrent.futures.as_completed(running):
            if failure := done.result():
                threads.shutdown(cancel_futures=True)
                sys.exit(failure)
            simulated += running[done][2]
            if time.monotonic() - shown > 10 or simulated == sum(count for _, _, count in pieces):
                shown = time.monotonic()
                print(f"{simulated:,} seeds without a failure after {shown - began:.0f} s", flush=True)


main()
