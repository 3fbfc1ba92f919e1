#!/usr/bin/env python3
"""Everything that can be wrong with files, disks, stores, scripts and settings, as a user meets it.

    bad_input.py BRAID [--only NAME] [--seed N] [--keep]

A fault of a job ends it with the exit code and the catalogue code that docs/errors states, never with 70 or a signal;
after the fault is removed, the same command gives the bytes of a run without it.
"""
import contextlib
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import DONE, INPUT, SOURCE, STORE, USAGE, Case, Skipped, difference, tree


class Job:
    """A copy of examples/payments with generated input, and what an undisturbed run of it makes."""

    def __init__(self, case: Case, payments: int = 3000):
        self.case = case
        self.environment = case.payments("data", payments, "--seed", case.random.randrange(1 << 20))
        self.data = self.environment["PAYMENTS_DATA"]
        self.project = case.directory / "project"
        shutil.copytree(SOURCE / "examples/payments", self.project,
                        ignore=shutil.ignore_patterns("data", "expected", "store", "generate.py"))
        self.store = case.directory / "store"
        self.run(store=case.directory / "calm")
        self.expected = tree(case.directory / "calm/out")

    def run(self, *words, store=None, every="1", **options):
        environment = {**self.environment, **options.pop("environment", {})}
        return self.case.braid("run", self.project, "--env", "big", "--store", store or self.store, "--commit-every",
                               every, *words, environment=environment, **options)

    def run_until(self, point: str, nth: int) -> None:
        self.run(code=-signal.SIGKILL, environment={"BRAID_KILL_AT": f"{point}:{nth}"})

    def run_half(self) -> None:
        """Some commits, then killed; the outputs end where they are committed."""
        self.run_until("after_commit", self.case.random.randint(3, 6))
        self.run_until("after_outputs_cut", 1)

    def run_to_the_end(self, *words, store=None) -> None:
        self.run(*words, store=store)
        apart = difference(self.expected, tree((store or self.store) / "out"))
        self.case.expect(not apart, f"after the fault was undone, other rows than undisturbed: {apart}")


def inputs_that_cannot_be_read(case: Case) -> None:
    job = Job(case, 500)
    file = job.data / "customer.ndjson"
    content = file.read_bytes()
    file.unlink()
    job.run(code=INPUT, finding="E7002")
    file.mkdir()
    ended = job.run(code=INPUT)
    case.expect({"E7001", "E7002"} & set(ended.codes), f"a folder as file: {ended}")
    file.rmdir()
    file.symlink_to("customer.ndjson")
    ended = job.run(code=INPUT)
    case.expect({"E7001", "E7002"} & set(ended.codes), f"a link to itself: {ended}")
    file.unlink()
    file.write_bytes(content)
    for path in job.data.glob("payment-*"):
        path.rename(path.with_suffix(".away"))
    job.run(code=INPUT, finding="E7002")
    for path in job.data.glob("payment-*"):
        path.rename(path.with_suffix(".ndjson"))
    job.run_to_the_end()
    file.unlink()
    job.run(code=INPUT)


def a_file_of_another_user(case: Case) -> None:
    job = Job(case, 500)
    file = job.data / "customer.ndjson"
    file.chmod(0)
    options = {}
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            raise Skipped("root may read every file, and there is no setpriv")
        for path in (case.directory, *case.directory.rglob("*")):
            if path != file:
                path.chmod(0o777)
        binary = case.directory / "braid"
        shutil.copy(case.binary, binary)  # where it was built, others may not look
        binary.chmod(0o755)
        script = case.directory / "as_nobody"
        script.write_text(f'#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups "{binary}" "$@"\n')
        script.chmod(0o755)
        own, case.binary = case.binary, str(script)
        options = {"own": own}
    job.run(code=INPUT, finding="E7001")
    file.chmod(0o644)
    job.run_to_the_end()
    closed = case.directory / "closed"
    closed.mkdir(mode=0o500)
    ended = job.run(store=closed / "store", code=STORE)
    case.expect("E7018" in ended.codes, f"a store in a folder of another: {ended}")
    ended = job.run("--interpret", code=DONE)
    case.expect("nothing new" in ended.out, f"{ended}")
    case.binary = options.get("own", case.binary)


def inputs_that_changed(case: Case) -> None:
    job = Job(case)
    job.run_half()
    file = job.data / "payment-1.ndjson"
    content = file.read_bytes()
    before = tree(job.store / "out")
    for name, bytes_now, code in (("shortened", content[:100], "E7011"), ("emptied", b"", "E7011"),
                                  ("replaced", content.replace(b"EUR", b"EUX"), "E7012"),
                                  ("shifted", b"\n" + content, "E7012")):
        file.write_bytes(bytes_now)
        ended = job.run(code=INPUT)
        case.expect(code in ended.codes, f"{name}: expected {code}: {ended}")
    file.unlink()
    ended = job.run(code=INPUT)
    case.expect(set(ended.codes) & {"E7001", "E7002", "E7011"}, f"deleted: {ended}")
    # Nothing that was committed is lost while the input is wrong.
    for path, rows in tree(job.store / "out").items():
        case.expect(before[path].startswith(rows), f"{path} was changed while the input was wrong")
    file.write_bytes(content)
    job.run_to_the_end()


def outputs_that_changed(case: Case) -> None:
    job = Job(case)
    output = job.store / "out/marketing.enriched_payment.v2.ndjson"
    while not output.exists() or output.stat().st_size <= 50:
        job.run_half()
    # Behind the last commit anything may stand.
    with output.open("ab") as out:
        out.write(b"what a crash left\n")
    content = output.read_bytes()
    output.write_bytes(content[:50])
    job.run(code=STORE, finding="E8007")
    output.unlink()
    job.run(code=STORE, finding="E8007")
    output.mkdir()
    ended = job.run(code=STORE)
    case.expect(set(ended.codes) & {"E7018", "E8007"}, f"an output that is a folder: {ended}")
    output.rmdir()
    output.write_bytes(content)
    job.run_to_the_end()


def files_of_others_stay(case: Case) -> None:
    job = Job(case, 500)
    foreign = job.store / "out/marketing.segment_spend.v1.ndjson"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"mine\n")
    job.run(code=STORE, finding="E7010")
    job.run("--reset", code=STORE, finding="E7010")
    case.expect(foreign.read_bytes() == b"mine\n", "a file of another was changed")
    foreign.unlink()
    # A port's file is made later than the products'.
    late = job.store / "out/marketing.enriched_payment.v2.late.ndjson"
    late.write_bytes(b"mine\n")
    job.run(code=STORE, finding="E7010")
    case.expect(late.read_bytes() == b"mine\n", "a file of another was changed")
    late.unlink()
    job.run_to_the_end()


@contextlib.contextmanager
def small_disk(case: Case, kilobytes: int):
    place = case.directory / "disk"
    place.mkdir(exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", place], capture_output=True,
                          text=True)
    if made.returncode != 0:
        raise Skipped(f"no small disk can be mounted here: {made.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def full_disks(case: Case) -> None:
    job = Job(case, 6000)
    sizes = [40, 64, 130, 260, 400, 600, 900, 1300, case.random.randint(50, 2500)]
    ended_with = set()
    for size in sizes:
        with small_disk(case, size) as disk:
            store = disk / "store"
            ended = job.run(store=store, code=None)
            case.expect(ended.code in (DONE, STORE), f"a disk of {size} KB: {ended}")
            if ended.code == DONE:
                continue
            case.expect(set(ended.codes) & {"E8003", "E8006", "E7018"}, f"a disk of {size} KB: {ended}")
            ended_with |= set(ended.codes)
            again = job.run(store=store, code=None)
            case.expect(again.code in (DONE, STORE) and "E8002" not in again.codes, f"again on {size} KB: {again}")
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            job.run_to_the_end(store=store)
    case.expect(ended_with, "no disk was too small")
    case.note(", ".join(sorted(ended_with)))


def limits_of_file_size(case: Case) -> None:
    job = Job(case, 6000)
    ended_with = set()
    for kilobytes in [1, 4, 20, 60, 150, 300, 500, case.random.randint(1, 800)]:
        store = case.directory / f"limit-{kilobytes}"
        size = kilobytes * 1024

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        ended = job.run(store=store, code=None, preexec_fn=limit)
        case.expect(ended.code in (DONE, STORE), f"files of up to {kilobytes} KB: {ended}")
        if ended.code == STORE:
            case.expect(set(ended.codes) & {"E8003", "E8006", "E7018"}, f"files of up to {kilobytes} KB: {ended}")
            ended_with |= set(ended.codes)
        job.run_to_the_end(store=store)
        shutil.rmtree(store)
    case.expect(ended_with, "no limit was too small")
    case.note(", ".join(sorted(ended_with)))


def damaged_stores(case: Case) -> None:
    """Either the damage is told, and the outputs stay as they were; or the result is the undisturbed one."""
    job = Job(case)
    job.run_half()
    job.run_until("after_commit", 2)  # now with tables on disk
    kept = case.directory / "kept"
    shutil.copytree(job.store, kept)
    told = whole = warned = 0
    # RocksDB reads neither of these for what it returns.
    names = sorted(path.name for path in (kept / "state").iterdir() if not path.name.startswith(("LOCK", "OPTIONS")))
    for name in names:
        for damage in ("flip", "flip", "flip", "cut", "empty", "remove"):
            shutil.rmtree(job.store)
            shutil.copytree(kept, job.store)
            path = job.store / "state" / name
            content = bytearray(path.read_bytes())
            at = case.random.randrange(len(content)) if content else 0
            if damage == "flip" and content:
                content[at] ^= 1 << case.random.randrange(8)
                path.write_bytes(content)
            elif damage == "cut":
                path.write_bytes(content[:at])
            elif damage == "empty":
                path.write_bytes(b"")
            else:
                path.unlink()
            ended = job.run(code=None)
            what = f"{name}: {damage} at byte {at} of {len(content)}"
            case.expect(ended.code in (DONE, STORE), f"{what}: {ended}")
            if ended.code == DONE:
                apart = difference(job.expected, tree(job.store / "out"))
                case.expect(not apart, f"{what}: other rows than undisturbed: {apart}")
                whole += 1
                warned += "W8010" in ended.codes
                continue
            case.expect(set(ended.codes) & {"E8002", "E7010"}, f"{what}: {ended}")
            told += 1
    case.expect(told > 0, "no damage was told")
    case.expect(warned > 0, "no flipped bit of the log was noticed")
    # The way out that E8002 states.
    shutil.rmtree(job.store)
    shutil.copytree(kept, job.store)
    next((job.store / "state").glob("MANIFEST-*")).unlink()
    job.run(code=STORE, finding="E8002")
    apart = difference(tree(kept / "out"), tree(job.store / "out"))
    case.expect(not apart, f"a damaged store changed its outputs: {apart}")
    job.run_to_the_end("--reset")
    case.note(f"{told} told, {whole} made whole again, {warned} of them with a warning")


def two_jobs_on_one_store(case: Case) -> None:
    job = Job(case, 20_000)
    first = case.start("run", job.project, "--env", "big", "--store", job.store, "--commit-every", "1",
                       environment=job.environment)
    out = job.store / "out/marketing.enriched_payment.v2.ndjson"
    while first.poll() is None and not (out.exists() and out.stat().st_size):
        time.sleep(0.001)
    first.send_signal(signal.SIGSTOP)
    job.run(code=STORE, finding="E8001")
    job.run("--reset", code=STORE, finding="E8001")
    first.send_signal(signal.SIGCONT)
    ended = case.ended(first)
    case.expect(ended.code == DONE, f"the first job: {ended}")
    apart = difference(job.expected, tree(job.store / "out"))
    case.expect(not apart, f"a second job disturbed the first: {apart}")
    job.project.joinpath("braid.toml").write_text(
        job.project.joinpath("braid.toml").read_text().replace('name = "payments"', 'name = "others"'))
    job.run(code=STORE, finding="E8008")


def scripts_that_changed(case: Case) -> None:
    job = Job(case)
    job.run_half()
    script = job.project / "marketing/enriched_payment.braid"
    text = script.read_text()
    before = tree(job.store / "out")

    def refused(name: str, changed: str) -> None:
        case.expect(changed != text, f"{name}: nothing was changed")
        script.write_text(changed)
        job.run(code=STORE, finding="E8004")
        apart = difference(before, tree(job.store / "out"))
        case.expect(not apart, f"{name}: refused, and yet changed: {apart}")

    refused("another key of unique", text.replace("unique id within 1d", "unique id within 2d"))
    script.write_text(text.replace("where status", "where statsu"))
    job.run(code=braid_command.SCRIPT)
    script.write_text(text)
    spend = job.project / "marketing/segment_spend.braid"
    window = spend.read_text()
    spend.write_text(window.replace("window tumbling 1m", "window tumbling 2m"))
    job.run(code=STORE, finding="E8004")
    spend.write_text(window)
    kept = case.directory / "kept"
    shutil.copytree(job.store, kept)
    job.run_to_the_end()

    # Steps that no state follows may change freely; with --accept the others begin empty.
    for name, words, path, old, new in (
            ("a step behind all state", [], spend, "minute: window.start", "minute: window.end"),
            ("accepted", ["--accept", "all"], script, "unique id within 1d", "unique id within 2d")):
        shutil.rmtree(job.store)
        shutil.copytree(kept, job.store)
        script.write_text(text)
        spend.write_text(window)
        path.write_text(path.read_text().replace(old, new))
        ended = job.run(*words)
        case.expect(bool(words) == ("started empty" in ended.out), f"{name}: {ended}")
        out = (job.store / "out/marketing.enriched_payment.v2.ndjson").read_bytes()
        case.expect(out.startswith((kept / "out/marketing.enriched_payment.v2.ndjson").read_bytes()[:100]),
                    f"{name}: committed rows are gone")
        case.expect("nothing new" in job.run().out, f"{name}: a further run does something")
    script.write_text(text)
    spend.write_text(window)
    job.run_to_the_end("--reset")


def reference_data_beyond_memory(case: Case) -> None:
    """It cannot be evicted: the job says so before it begins, and runs once there is room."""
    project = case.directory / "reference"
    project.mkdir()
    (project / "shop.braid").write_text("""domain shop
stream sale
  time at within 10s
  from file "sale.ndjson" format json
{ id: int, article: int, at: timestamp }
table article
  key id
  from file "article.csv" format csv
{ id: int, name: string }
product named version 1 {
  from sale
  join article as a on a.id == article
  select { id, at, name: a.name }
}
""")
    articles = 60_000
    (project / "article.csv").write_text("id,name\n" + "".join(f"{i},article number {i}\n" for i in range(articles)))
    (project / "sale.ndjson").write_text('{"id":1,"article":59999,"at":"2026-01-01T00:00:00Z"}\n')
    words = ["run", project, "--store", case.directory / "reference-store"]
    case.braid(*words, "--memory", "8MB", code=STORE, finding="E8009")
    case.braid(*words, "--memory", "512MB")
    out = (case.directory / "reference-store/out/shop.named.v1.ndjson").read_text()
    case.expect("article number 59999" in out, f"the result is {out!r}")


def settings_that_are_wrong(case: Case) -> None:
    job = Job(case, 500)
    toml = job.project / "braid.toml"
    text = toml.read_text()
    for name, changed, code in (
            ("no TOML", text + "\n[[[", "E7003"), ("broken UTF-8", None, "E7003"),
            ("unknown section", text + "\n[evn.big]\n", "E7004"),
            ("unknown key", text.replace('store = "store/big"', 'stroe = "store/big"'), "E7004"),
            ("unknown key of a binding", text.replace("format =", "formta ="), "E7004"),
            ("a relation that nobody has", text.replace('"payments.payment"', '"payments.paiment"'), "E7007"),
            ("workers", text.replace('[env.big]', '[env.big]\nworkers = "many"'), "E7017"),
            ("another environment", text.replace("env.big", "env.large"), "E7005")):
        if changed is None:
            toml.write_bytes(text.encode() + b'\n# \xff\xfe\n')
        else:
            toml.write_text(changed)
        ended = job.run(code=USAGE)
        case.expect(code in ended.codes, f"{name}: expected {code}: {ended}")
    toml.write_text("")
    case.expect(job.run(code=None).code == USAGE, "an empty braid.toml")
    toml.write_text(text)
    job.run(code=USAGE, finding="E7014", environment={"PAYMENTS_DATA": None})
    job.run("--disable-pass", "no_such_pass", code=USAGE)
    job.run("--commit-every", "0", code=USAGE)
    for size in ["1MB", "much", "-5MB", "99999999999GB"]:
        job.run("--memory", size, code=USAGE)
    job.run_to_the_end()


if __name__ == "__main__":
    braid_command.main([inputs_that_cannot_be_read, a_file_of_another_user, inputs_that_changed, outputs_that_changed,
                        files_of_others_stay, full_disks, limits_of_file_size, damaged_stores, two_jobs_on_one_store,
                        scripts_that_changed, reference_data_beyond_memory, settings_that_are_wrong])
