#!/usr/bin/env python3
"""How long one waits for the first row and for native code: start_up.py --braid build/release/bin/braid [--runs 5]

Of the flights example, medians of whole processes, each started anew:

- first row: from the start of `braid dry-run … --format json --limit 1` to the first byte of its standard output;
- native code: `braid explain … --stage asm` from start to end, which compiles all kernels of the project from text to
  machine code and prints them; beside it `--stage physical`, the same without native code. Nothing is kept between runs.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


def first_byte(command: list) -> float:
    """Milliseconds from the start of a process to the first byte on its standard output."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found = os.read(process.stdout.fileno(), 1)
    taken = (time.perf_counter() - start) * 1000
    process.stdout.read()
    process.wait()
    if not found:
        sys.exit(f"start_up.py: {' '.join(command)} wrote nothing")
    return taken


def whole(command: list) -> float:
    """Milliseconds from the start of a process to its end."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1000


def measure(braid: pathlib.Path, project: pathlib.Path, runs: int) -> list:
    """Lines of text, one a figure. The three commands run in turn, so that a slow moment falls on all of them."""
    path = str(braid)
    figures = {
        "dry-run, start to first byte of output": lambda: first_byte(
            [path, "dry-run", str(project), "--format", "json", "--limit", "1"]),
        "explain --stage physical, whole process": lambda: whole([path, "explain", str(project), "--stage", "physical"]),
        "explain --stage asm (native code), whole process": lambda: whole(
            [path, "explain", str(project), "--stage", "asm"]),
    }
    taken = {name: [] for name in figures}
    for number in range(runs + 1):
        for name, run in figures.items():
            milliseconds = run()
            if number > 0:  # the first round brings files into the page cache
                taken[name].append(milliseconds)
    return [f"- {name}: median {statistics.median(each):.0f} ms, least {min(each):.0f} ms, of {runs}"
            for name, each in taken.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--braid", type=pathlib.Path, required=True)
    parser.add_argument("--project", type=pathlib.Path, default=HERE.parent / "examples" / "flights")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print("\n".join(measure(options.braid.resolve(), options.project, options.runs)))


if __name__ == "__main__":
    main()
