#!/usr/bin/env python3
"""Stores that are moved, copied, restored and named in other ways, and outputs that more than one job would write.

    stores.py BRAID [--only NAME] [--seed N] [--keep]
"""
import fcntl
import os
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import STORE, Case, tree

SCRIPT = """domain d

stream s
  time at within 1h
{ a: int, at: timestamp }

product hourly {
  from s
  window tumbling 1h
  group { n: count(), total: sum(a) }
}

product big {
  from s
  where a % 10 < 9
  select { a, at }
}
"""
TOML = """[project]
name = "d"
[env.dev.bind]
"d.s" = { file = "in/*.ndjson" }
"""


def elsewhere(big) -> str:
    return f'{TOML}[env.dev.out]\n"d.big" = {{ file = "{big}" }}\n'


class Project:
    """A project whose input grows in steps; an undisturbed run over all of it gives `expected`."""

    def __init__(self, case: Case, name: str = "main", toml: str = TOML):
        self.case = case
        self.folder = case.directory / name
        (self.folder / "in").mkdir(parents=True)
        (self.folder / "main.braid").write_text(SCRIPT)
        self.write_toml(toml)
        self.hours = 0
        self.grow()

    def write_toml(self, toml: str) -> None:
        (self.folder / "braid.toml").write_text(toml)

    def grow(self, hours: int = 3) -> None:
        with (self.folder / "in/1.ndjson").open("a") as grown:
            for hour in range(self.hours, self.hours + hours):
                for minute in range(60):
                    at = f"2026-01-{1 + hour // 24:02}T{hour % 24:02}:{minute:02}:00Z"
                    grown.write(f'{{"a":{hour * 60 + minute},"at":"{at}"}}\n')
        self.hours += hours

    def run(self, *words, cwd=None, project=None, **options):
        return self.case.braid("run", project or self.folder, "--no-seal", *words, cwd=cwd or self.case.directory, **options)

    def expected(self) -> dict:
        """The outputs of a new store over the inputs of now, wherever the environment puts them."""
        other = self.case.directory / "undisturbed"
        shutil.rmtree(other, ignore_errors=True)
        shutil.copytree(self.folder, other, ignore=shutil.ignore_patterns("data*", "out*"))
        (other / "braid.toml").write_text(TOML)
        self.case.braid("run", other, "--no-seal", cwd=self.case.directory)
        return tree(other / "data/out")


BIG, HOURLY = "d.big.v1.ndjson", "d.hourly.v1.ndjson"


def results(store: pathlib.Path, big: pathlib.Path = None) -> dict:
    found = tree(store / "out")
    return {**found, BIG: big.read_bytes()} if big else found


def the_working_directory_does_not_matter(case: Case) -> None:
    project = Project(case)
    project.run(project="main")
    for cwd, name in ((project.folder, "."), (project.folder / "in", ".."), (case.directory, "main/../main"), ("/", project.folder)):
        ended = project.run(cwd=cwd, project=name)
        case.expect("nothing new" in ended.out, f"from {cwd}: {ended}")
        project.grow(1)
        project.run(cwd=cwd, project=name)
        case.expect(results(project.folder / "data") == project.expected(), f"from {cwd} other results")
    # By a link to the project, and with the store named in several ways.
    (case.directory / "link").symlink_to(project.folder)
    for words in ((), ("--store", "link/data"), ("--store", "main/in/../data/")):
        project.grow(1)
        project.run(*words, project="link")
        case.expect(results(project.folder / "data") == project.expected(), f"by a link, with {words}: other results")


def a_moved_store_goes_on(case: Case) -> None:
    project = Project(case)
    project.run("--store", "first")
    (case.directory / "deep/er").mkdir(parents=True)
    (case.directory / "first").rename(case.directory / "deep/er/second")
    project.grow()
    project.run("--store", "er/second", cwd=case.directory / "deep")
    case.expect(results(case.directory / "deep/er/second") == project.expected(), "other results after the move")
    case.expect(not (case.directory / "first").exists(), "the old place was used")


def a_moved_project_goes_on(case: Case) -> None:
    project = Project(case, toml=elsewhere("out/big.ndjson"))
    project.run()
    project.folder.rename(case.directory / "moved")
    project.folder = case.directory / "moved"
    case.expect("nothing new" in project.run().out, "the inputs are not those that were read")
    project.grow()
    project.run()
    case.expect(results(project.folder / "data", project.folder / "out/big.ndjson") == project.expected(), "other results")


def a_copy_leaves_the_original_alone(case: Case) -> None:
    project = Project(case)
    project.run("--store", "original")
    shutil.copytree(case.directory / "original", case.directory / "copy")
    before = tree(case.directory / "original")
    project.grow()
    project.run("--store", "copy")
    case.expect(results(case.directory / "copy") == project.expected(), "other results of the copy")
    case.expect(tree(case.directory / "original") == before, "a run of the copy touched the original")
    project.run("--store", "original")
    case.expect(results(case.directory / "original") == project.expected(), "other results of the original")
    project.run("--store", "copy", "--reset")
    case.expect(results(case.directory / "copy") == project.expected(), "other results of the copy, from the start")
    case.expect("nothing new" in project.run("--store", "original").out, "`--reset` of a copy touched the original")


def a_copy_does_not_write_the_outputs_of_its_original(case: Case) -> None:
    big = case.directory / "products/big.ndjson"
    project = Project(case, toml=elsewhere(big))
    project.run("--store", "original")
    shutil.copytree(case.directory / "original", case.directory / "copy")
    project.grow()
    before = tree(case.directory / "products")
    project.run("--store", "copy", code=STORE, finding="E8012")
    # Nor does `--reset`; what is there is then a foreign file.
    project.run("--store", "copy", "--reset", code=STORE, finding="E7010")
    case.expect(tree(case.directory / "products") == before, "the copy touched an output of the original")
    # With a copy of the output at a place of its own it goes on.
    shutil.rmtree(case.directory / "copy")
    shutil.copytree(case.directory / "original", case.directory / "copy")
    project.write_toml(elsewhere(case.directory / "mine/big.ndjson"))
    project.run("--store", "copy", code=STORE, finding="E8015")
    (case.directory / "mine").mkdir(exist_ok=True)
    shutil.copy(big, case.directory / "mine")
    project.run("--store", "copy")
    case.expect(results(case.directory / "copy", case.directory / "mine/big.ndjson") == project.expected(), "the copy")
    case.expect(tree(case.directory / "products") == before, "the copy touched an output of the original")
    project.write_toml(elsewhere(big))
    project.run("--store", "original")
    case.expect(results(case.directory / "original", big) == project.expected(), "the original")


def a_restored_store_takes_over(case: Case) -> None:
    big = case.directory / "products/big.ndjson"
    project = Project(case, toml=elsewhere(big))
    project.run("--store", "original")
    shutil.copytree(case.directory / "original", case.directory / "backup/store")
    shutil.copytree(case.directory / "products", case.directory / "backup/products")
    project.grow()
    project.run("--store", "original")
    shutil.rmtree(case.directory / "original")  # the disaster
    shutil.rmtree(case.directory / "products")
    shutil.copytree(case.directory / "backup/products", case.directory / "products")
    shutil.copytree(case.directory / "backup/store", case.directory / "other")
    project.run("--store", "other")
    case.expect(results(case.directory / "other", big) == project.expected(), "other results after the restore")
    # The old place is no way back for a second copy.
    shutil.copytree(case.directory / "backup/store", case.directory / "original")
    project.run("--store", "original", code=STORE, finding="E8012")


def two_jobs_never_write_one_file(case: Case) -> None:
    big = case.directory / "big.ndjson"
    project = Project(case, toml=elsewhere(big))
    project.run("--store", "one")
    held = big.read_bytes()
    project.run("--store", "two", code=STORE, finding="E7010")
    (case.directory / "link.ndjson").symlink_to(big)
    project.write_toml(elsewhere(case.directory / "link.ndjson"))
    project.run("--store", "two", code=STORE, finding="E7010")
    case.expect("nothing new" in project.run("--store", "one").out, "its own file by a link is another one")
    case.expect(big.read_bytes() == held, "a job wrote into a file of another")
    with big.open("a") as writer:  # what a running job holds
        fcntl.flock(writer, fcntl.LOCK_EX)
        project.run("--store", "one", code=STORE, finding="E8011")
    for second in ("big.ndjson", "in/../big.ndjson"):
        project.write_toml(TOML + f'[env.dev.out]\n"d.big" = {{ file = "big.ndjson" }}\n"d.hourly" = {{ file = "{second}" }}\n')
        project.run("--store", f"three{len(second)}", code=STORE, finding="E8016")
        (project.folder / "big.ndjson").unlink()


def an_output_must_be_the_one_that_was_written(case: Case) -> None:
    project = Project(case)
    project.run("--store", "store")
    hourly, big = case.directory / "store/out" / HOURLY, case.directory / "store/out" / BIG
    content = big.read_bytes()
    project.grow()
    big.write_bytes(content.replace(b'"a":178,', b'"a":179,'))
    case.expect(len(big.read_bytes()) == len(content) and big.read_bytes() != content, "the edit did nothing")
    project.run("--store", "store", code=STORE, finding="E8013")
    big.write_bytes(content[:-1])
    project.run("--store", "store", code=STORE, finding="E8007")
    big.write_bytes(content)
    os.link(hourly, case.directory / "backup.ndjson")
    project.run("--store", "store", code=STORE, finding="E8014")
    (case.directory / "backup.ndjson").unlink()
    project.run("--store", "store")
    case.expect(results(case.directory / "store") == project.expected(), "other results")


def state_must_be_that_of_its_store(case: Case) -> None:
    project = Project(case)
    project.run("--store", "store")
    other = Project(case, "other")
    other.grow()
    other.run("--store", "other-store", project="other")
    store = case.directory / "store"
    older = case.directory / "older"
    shutil.copytree(store / "state", older)
    project.grow()
    project.run("--store", "store")
    expected = tree(store / "out")
    newest = case.directory / "newest"
    (store / "state").rename(newest)
    project.run("--store", "store", code=STORE, finding="E8002")  # gone
    shutil.rmtree(store / "state", ignore_errors=True)
    shutil.copytree(case.directory / "other-store/state", store / "state")
    project.run("--store", "store", code=STORE, finding="E8002")  # of another store
    shutil.rmtree(store / "state")
    shutil.copytree(older, store / "state")  # that of the run before: what is missing is made again
    project.run("--store", "store", finding="W8010")
    case.expect(tree(store / "out") == expected, "other results from an older state")
    case.expect("W8010" not in project.run("--store", "store").codes, "lost commits are missed for ever")
    shutil.rmtree(store / "state")
    newest.rename(store / "state")
    project.run("--store", "store")
    (store / "identity").unlink()
    project.run("--store", "store")
    case.expect((store / "identity").exists() and tree(store / "out") == expected, "without the identity")


def a_changed_script_is_compared_with_the_store(case: Case) -> None:
    """What `diff` says is what `run` does, and it changes nothing."""
    project = Project(case)
    script = project.folder / "main.braid"
    case.braid("diff", project.folder, code=2, finding="E7027")
    project.run()
    before = tree(project.folder / "data")

    def diff(changed: str, code: int, *expected: str) -> None:
        script.write_text(changed)
        said = case.braid("diff", project.folder, code=code)
        for text in expected:
            case.expect(text in said.out, f"expected `{text}`: {said}")

    diff(SCRIPT, 0, "kept", "hourly: group", "goes on with the state as it is")
    diff(SCRIPT.replace("a % 10 < 9", "a % 10 < 5"), 0, "goes on with the state as it is")
    diff(SCRIPT + "product few {\n  from s\n  where a < 9\n  select { a }\n}\n", 0, "new", "few version 1",
         "goes on with the state as it is")
    diff(SCRIPT.replace("tumbling 1h", "tumbling 2h"), 1, "rebuilt", "from the first record of `d.s`",
         '--rebuild "hourly: group', '--accept "hourly: group')
    case.expect(tree(project.folder / "data") == before, "the store has changed")
    project.run(code=STORE, finding="E8004")
    # Beside a job that runs.
    script.write_text(SCRIPT)
    job = case.start("run", project.folder, "--follow", "--listen", "127.0.0.1:0")
    try:
        case.expect("listening" in job.stderr.readline(), "it does not listen")
        for _ in range(5):
            project.grow(1)
            diff(SCRIPT, 0, "kept")
    finally:
        job.terminate()
        job.communicate(timeout=60)
    # Of another project.
    project.write_toml(TOML.replace('name = "d"', 'name = "e"'))
    case.braid("diff", project.folder, code=2, finding="E8008")


if __name__ == "__main__":
    braid_command.main([the_working_directory_does_not_matter, a_moved_store_goes_on, a_moved_project_goes_on,
                        a_copy_leaves_the_original_alone, a_copy_does_not_write_the_outputs_of_its_original,
                        a_restored_store_takes_over, two_jobs_never_write_one_file,
                        an_output_must_be_the_one_that_was_written, state_must_be_that_of_its_store,
                        a_changed_script_is_compared_with_the_store])
