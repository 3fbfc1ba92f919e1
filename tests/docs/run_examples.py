#!/usr/bin/env python3
"""Runs the examples of the documentation.

usage: run_examples.py BRAID DOCS [PAGE…]    BRAID is the binary, DOCS the folder; PAGE limits the run to these pages

What a fenced block of a page is stands behind its opening fence:

  ```braid               a whole script: `braid check` must find no error
  ```braid run           a whole script with tests: `braid check` and `braid test` must pass
  ```braid error E2204   a whole script with that mistake: `braid check` must fail with that code
  ```braid part          a fragment, to be read only
  ```LANGUAGE file PATH  a file of the page's project; once the page ends the project is checked, and tested if it
                         holds tests

Prints file and line of each block that does something else, with the output; the exit code is 1 if there is one.
"""
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SECONDS = 120
FOLDERS = ["language", "mesh", "cookbook", "coming-from"]


@dataclass
class Block:
    page: Path
    line: int
    words: list
    text: str

    @property
    def place(self):
        return f"{self.page}:{self.line}"


def pages(docs):
    """The pages with examples of the language; docs/errors has a test of its own."""
    folders = [docs] + [docs / name for name in FOLDERS]
    return [page for folder in folders for page in sorted(folder.glob("*.md")) if page.is_file()]


def blocks(page):
    found, open_at, words, lines = [], None, [], []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = re.match(r"^```(.*)$", line)
        if not fence:
            if open_at is not None:
                lines.append(line)
        elif open_at is None:
            open_at, words, lines = number, fence.group(1).split(), []
        else:
            found.append(Block(page, open_at, words, "\n".join(lines) + "\n"))
            open_at = None
    if open_at is not None:
        sys.exit(f"{page}:{open_at}: this block is never closed")
    return found


class Runner:
    def __init__(self, braid):
        self.braid = braid
        self.ran = 0
        self.failures = 0

    def failed(self, place, what, output):
        self.failures += 1
        print(f"{place}: {what}")
        print("\n".join("    " + line for line in output.splitlines()))

    def braid_says(self, *words):
        done = subprocess.run([self.braid, *words], capture_output=True, text=True, timeout=SECONDS)
        return done.returncode, done.stdout + done.stderr

    def expect_success(self, place, command, path):
        code, output = self.braid_says(command, str(path))
        if code != 0:
            self.failed(place, f"`braid {command}` gave {code}", output)
        return code == 0

    def script(self, block, folder):
        kind = block.words[1:]
        if kind == ["part"]:
            return
        self.ran += 1
        path = Path(folder) / f"{block.page.stem}_{block.line}.braid"
        path.write_text(block.text, encoding="utf-8")
        if not kind:
            self.expect_success(block.place, "check", path)
        elif kind == ["run"]:
            if 'test "' not in block.text:
                self.failed(block.place, "it is marked `run` and has no test", block.text)
            elif self.expect_success(block.place, "check", path):
                self.expect_success(block.place, "test", path)
        elif kind[0] == "error" and len(kind) == 2:
            code, output = self.braid_says("check", str(path))
            if code != 1 or kind[1] not in output:
                self.failed(block.place, f"`braid check` gave {code}, expected a failure with {kind[1]}", output)
        else:
            self.failed(block.place, f"nobody knows a block `{' '.join(block.words)}`", "")

    def project(self, files, folder):
        self.ran += 1
        for block in files:
            path = Path(folder) / block.words[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        place = files[0].place
        if self.expect_success(place, "check", folder) and any('test "' in block.text for block in files):
            self.expect_success(place, "test", folder)

    def page(self, page):
        files = []
        for block in blocks(page):
            if block.words[1:2] == ["file"]:
                files.append(block)
            elif block.words[:1] == ["braid"]:
                with tempfile.TemporaryDirectory() as folder:
                    self.script(block, folder)
        if files:
            with tempfile.TemporaryDirectory() as folder:
                self.project(files, folder)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    runner = Runner(sys.argv[1])
    wanted = [Path(p) for p in sys.argv[3:]] or pages(Path(sys.argv[2]))
    for page in wanted:
        runner.page(page)
    if runner.ran == 0:
        sys.exit(f"no examples in {sys.argv[2]}")
    print(f"{runner.ran} examples on {len(wanted)} pages, {runner.failures} failures")
    sys.exit(1 if runner.failures else 0)


if __name__ == "__main__":
    main()
