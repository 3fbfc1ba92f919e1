"""Packages of PyPI that tests compare with, in the venv build/oracle."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2] / "build" / "oracle"
SKIPPED = 77


def _has(python: pathlib.Path, modules: list) -> bool:
    if not python.exists():
        return False
    test = f"import {', '.join(modules)}"
    return subprocess.run([python, "-c", test], capture_output=True).returncode == 0


def run_with(packages: dict) -> None:
    """Returns where all modules can be imported; else starts the program again with a Python that has them. `packages`:
    what pip installs, by module. Ends the process with code 77 if they cannot be had."""
    modules = list(packages)
    if _has(pathlib.Path(sys.executable), modules):
        return
    python = ROOT / "bin" / "python"
    if not _has(python, modules):
        made = subprocess.run([sys.executable, "-m", "venv", ROOT], capture_output=True, text=True)
        if made.returncode == 0:
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages.values()]
            made = subprocess.run(pip, capture_output=True, text=True)
    if not _has(python, modules):
        print(f"skipped: {', '.join(packages.values())} cannot be installed: {(made.stderr or '').strip()[-300:]}")
        sys.exit(SKIPPED)
    os.execv(python, [str(python), *sys.argv])
