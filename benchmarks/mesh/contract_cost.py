#!/usr/bin/env python3
"""What contracts and labels cost a running job: contract_cost.py BRAID [--payments 500000] [--runs 7]

Runs three forms of examples/payments in turn on the same files, each from an empty store, and prints each form's ratio to
the form with the same operators but without promises and labels, as the median of the pairs:

  promises   the example's promises (fresh, latency, complete, volume), a label and a policy that masks its field
  checks     the same, and the checks and `unique` that the example's contract has: they are operators with state

The baseline of `checks` is `promises`. Seconds are processor time of the whole command.
"""
import argparse
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "payments"
PROMISES = ("compatible ", "fresh ", "latency ", "complete ", "volume ")
CHECKS = ("check ", "unique ")
POLICY = "\npolicy personal on #pii { mask with hash except domain marketing }\n"


def without(text: str, clauses) -> str:
    lines = [line for line in text.splitlines(keepends=True) if not line.strip().startswith(clauses)]
    return re.sub(r"  contract \{\s*\}\n", "", "".join(lines))


def project(root: pathlib.Path, name: str, labels: bool, dropped) -> pathlib.Path:
    folder = root / name
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("data", "expected", "store", "*.py", "*.md"))
    for script in folder.rglob("*.braid"):
        text = script.read_text()
        if dropped:
            text = without(text, dropped)
        if labels:
            text = re.sub(r"^  (email): string\b", r"  \1: string #pii", text, flags=re.MULTILINE)
            if script.parent.name == "customers" and script.stem == "domain":
                text += POLICY
        script.write_text(text)
    return folder


def seconds_of(braid: pathlib.Path, folder: pathlib.Path, data: pathlib.Path):
    shutil.rmtree(folder / "store", ignore_errors=True)
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([braid, "run", folder, "--env", "big"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, "PAYMENTS_DATA": str(data)})
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("braid", type=pathlib.Path)
    parser.add_argument("--payments", type=int, default=500_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    braid, root = options.braid.resolve(), pathlib.Path(tempfile.mkdtemp(prefix="braid_contracts_"))
    try:
        data = root / "data"
        subprocess.run([sys.executable, EXAMPLE / "generate.py", data, "--payments", str(options.payments)], check=True,
                       stdout=subprocess.DEVNULL)
        forms = {"plain": project(root, "plain", False, (*PROMISES, *CHECKS)),
                 "promises": project(root, "promises", True, CHECKS),
                 "checks": project(root, "checks", True, ())}
        for folder in forms.values():
            subprocess.run([braid, "check", folder], check=True, stdout=subprocess.DEVNULL)
            seconds_of(braid, folder, data)
        took = {name: [] for name in forms}
        for _ in range(options.runs):
            for name, folder in forms.items():
                took[name].append(seconds_of(braid, folder, data))
        for name, base in (("plain", "plain"), ("promises", "plain"), ("checks", "promises")):
            cpu, wall = (statistics.median(each[i] for each in took[name]) for i in (0, 1))
            ratios = [[a[i] / b[i] for a, b in zip(took[name], took[base])] for i in (0, 1)]
            print(f"{name:9} {cpu:6.2f} s of processor time, {wall:6.2f} s; beside {base}: "
                  f"{statistics.median(ratios[0]):.3f} ({min(ratios[0]):.3f} to {max(ratios[0]):.3f}) of its processor time, "
                  f"{statistics.median(ratios[1]):.3f} of its time")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
