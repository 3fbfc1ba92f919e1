"""Python environments with packages of PyPI in exact versions, for tests that compare with other programs."""
import os
import pathlib
import subprocess
import sys

SKIPPED = 77


def interpreter(venv: pathlib.Path, packages: list):
    """The Python of the environment, which is made if need be; nothing, if the program runs by it. Ends the process with
    code 77 if the packages cannot be had."""
    if pathlib.Path(sys.prefix).resolve() == venv.resolve():
        return None
    stamp = venv / ".complete"
    if not stamp.is_file() or stamp.read_text() != "\n".join(packages):
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        if subprocess.run([venv / "bin/pip", "install", "--quiet", *packages]).returncode != 0:
            print(f"skipped: {packages[0]} cannot be had from PyPI", file=sys.stderr)
            sys.exit(SKIPPED)
        stamp.write_text("\n".join(packages))
    return venv / "bin/python"


def run_with(venv: pathlib.Path, packages: list) -> None:
    """Returns in the environment; elsewhere starts the program again by its Python."""
    python = interpreter(venv, packages)
    if python is not None:
        # Python finds its environment by the path as which it is started.
        os.execv(python, [str(python), *sys.argv])
