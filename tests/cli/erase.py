#!/usr/bin/env python3
"""Subjects that are erased from a stopped job: nothing of them is found afterwards, all else is what it was, the job goes
on, a reset does not bring them back, and a kill at any point is repeated to the same end.

    erase.py BRAID [--only NAME] [--seed N] [--keep]
"""
import fcntl
import json
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import DONE, STORE, USAGE, Case, difference, tree

SCRIPT = """domain shop

stream payment
  time at within 1h
{ id: int, customer_id: string, amount: decimal(12, 2), at: timestamp }

table customer
  key id
  time since within 1h
{ id: string, name: string, segment: string, since: timestamp }

product enriched {
  from payment
  join customer as c on c.id == customer_id
  select { id, customer_id, name: c.name, segment: c.segment, amount, at }
}

product hourly {
  from payment
  window tumbling 1h
  group customer_id { n: count(), total: sum(amount) }
}

product largest {
  from payment
  where amount > 10
  select { id, customer_id, amount, at }
}

product each {
  from payment
  select { id, customer_id, at }
}
"""
TOML = """[project]
name = "shop"
default_env = "dev"

[mesh]
registry = "registry"
tenant = "acme"
key = "shop.pem"

[env.dev]
store = "data"
[env.dev.bind]
"shop.payment" = { file = "in/payment*.ndjson" }
"shop.customer" = { file = "in/customer*.ndjson" }
[env.dev.out]
"shop.largest" = { file = "results/largest.csv" }
"shop.each" = { file = "results/each/{customer_id}/all.ndjson" }
"""
SUBJECT = "subject-4711-xyzzy"
NAMED = ("--subject", "shop.customer", f"id={SUBJECT}", "shop.payment", f"customer_id={SUBJECT}")
POINTS = ["after_erasure_request", "before_erasure_ready", "after_erasure_ready", "after_erased_output",
          "after_erased_output:3", "after_erased_state", "after_new_state", "after_receipt", "before_erasure_end"]


def who(number: int) -> str:
    return SUBJECT if number == 3 else f"customer-{number}"


def instant(minute: int) -> str:
    return f"2026-01-{1 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:00Z"


class Project:
    def __init__(self, case: Case, name: str = "main"):
        self.case = case
        self.folder = case.directory / name
        (self.folder / "in").mkdir(parents=True)
        (self.folder / "shop.braid").write_text(SCRIPT)
        (self.folder / "braid.toml").write_text(TOML)
        if not (case.directory / "shop.pem").exists():
            case.braid("mesh", "key", "new", "shop.pem")
        shutil.copy(case.directory / "shop.pem", self.folder / "shop.pem")
        self.minutes = self.told = 0

    def grow(self, minutes: int = 300, subject: bool = True) -> None:
        """`subject`: its records are there, too; else the same without them."""
        first = self.minutes == 0
        self.minutes += minutes
        if first:
            with (self.folder / "in/customer1.ndjson").open("a") as file:
                for number in range(8):
                    if subject or who(number) != SUBJECT:
                        file.write(json.dumps({"id": who(number), "name": f"Name of {who(number)}", "segment": f"s{number % 2}",
                                               "since": "2026-01-01T00:00:00Z"}) + "\n")
        # One customer changes all the time, so that the table is known up to the payments.
        with (self.folder / "in/customer1.ndjson").open("a") as file:
            for minute in range(self.minutes - minutes + 1, self.minutes + 121, 30):
                if minute > self.told:
                    file.write(json.dumps({"id": "customer-9", "name": f"at {minute}", "segment": "s1",
                                           "since": instant(minute)}) + "\n")
                    self.told = minute
        with (self.folder / "in/payment1.ndjson").open("a") as file:
            for minute in range(self.minutes - minutes, self.minutes):
                # Records of the first customer end the hours, so that time does not depend on the subject.
                number = 0 if minute % 60 == 59 else minute % 8
                amount = "broken" if minute % 50 == 19 else f"{minute % 37}.50"
                if minute % 32 == 11:
                    amount = "broken"
                if subject or who(number) != SUBJECT:
                    line = json.dumps({"id": minute, "customer_id": who(number), "amount": amount, "at": instant(minute)})
                    # Now and then a record is cut off, or its key is none. Later than the erasure none of the subject is: it
                    # could not be told whose it is.
                    if minute >= 300 and who(number) == SUBJECT:
                        pass
                    elif minute % 40 in (11, 14):
                        line = line[:-1]
                    elif minute % 40 == 19:
                        line = line.replace(f'"{who(number)}"', f'["{who(number)}"]')
                    file.write(line + "\n")

    def braid(self, word: str, *words, **options):
        return self.case.braid(word, ".", *words, cwd=self.folder, **options)

    def run(self, *words, **options):
        return self.braid("run", "--no-seal", *words, **options)

    def erase(self, *words, **options):
        return self.braid("erase", *NAMED, *words, **options)

    def results(self) -> dict:
        """Without what says where a record stood, which its file alone decides."""
        found = {**tree(self.folder / "data/out"), **tree(self.folder / "results")}
        return {name: bytes_without_places(data) for name, data in found.items() if not name.endswith(".owner")}

    def holds_subject(self) -> list:
        """Files of the job that have the bytes of the subject."""
        return [name for folder in ("data", "results") for name, data in tree(self.folder / folder).items()
                if SUBJECT.encode() in data or SUBJECT in name] + [
                    str(path) for path in (self.folder / "results").rglob("*") if SUBJECT in str(path)]

    def accounts(self) -> list:
        """Of each product and input: what came of its records."""
        status = json.loads(self.braid("status", "--format", "json").out)
        return [(product["name"], each) for product in status["products"] for each in product["inputs"]]


def bytes_without_places(data: bytes) -> bytes:
    lines = []
    for line in data.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict):
            for place in ("position", "line", "offset", "origin"):
                row.pop(place, None)
            line = json.dumps(row).encode()
        lines.append(line)
    return b"\n".join(lines)


def begun(case: Case, name: str = "main") -> Project:
    project = Project(case, name)
    project.grow()
    project.run()
    case.expect(len(project.holds_subject()) >= 3, f"the test shows nothing: {project.holds_subject()}")
    return project


def without(case: Case, project: Project, runs: int = 1) -> dict:
    """What a job has that never saw a record of the subject, after as many runs."""
    other = Project(case, "without")
    for _ in range(runs):
        other.grow(project.minutes // runs, subject=False)
        other.run()
    results = other.results()
    shutil.rmtree(other.folder)
    return results


def same(case: Case, expected: dict, found: dict, what: str) -> None:
    case.expect(not difference(expected, found), f"{what}: {difference(expected, found)}")


def nothing_of_the_subject_is_left(case: Case) -> None:
    project = begun(case)
    told = project.erase("--because", "ticket 12")
    case.expect("records of the subject" in told.out and "data/receipts/" in told.out, f"{told}")
    case.expect(project.holds_subject() == [], f"still there: {project.holds_subject()}")
    same(case, without(case, project), project.results(), "after the erasure")
    [receipt] = (project.folder / "data/receipts").glob("*.json")
    read = json.loads(receipt.read_text())
    case.expect(read["searched"] and [each["because"] for each in read["subjects"] if each["fields"]] == ["ticket 12"] * 2, f"{read}")
    states = [each for each in read["places"] if each["kind"] == "state"]
    case.expect(any(each["rows_before"] > each["rows_after"] for each in states), f"{read}")
    case.expect(any("in/payment" in each["place"] for each in read["remains"]), f"{read}")
    case.expect(not any("bytes of a key" in each["reason"] for each in read["remains"]), f"{read}")
    counts = [each for _, each in project.accounts()]
    case.expect(any(each["erased"] > 0 for each in counts), f"{counts}")
    for each in counts:
        out = sum(each[word] for word in ("used", "filtered", "duplicate", "unmatched", "rejected", "late", "held", "erased"))
        case.expect(each["in"] == out, f"the accounts do not add up: {each}")
    # The record of it, the receipt, and a receipt that was changed.
    told = project.braid("erase", "--verify", receipt.relative_to(project.folder), *NAMED)
    case.expect("found nowhere" in told.out, f"{told}")
    receipt.write_text(receipt.read_text().replace("ticket 12", "ticket 13"))
    project.braid("erase", "--verify", receipt.relative_to(project.folder), code=None, finding="E7324")
    events = [json.loads(line) for line in case.braid("audit", "log", "shop", "--json", cwd=project.folder).out.splitlines()]
    case.expect([each["type"] for each in events] == ["io.braid.erasure.requested"] * 2 + ["io.braid.erasure.completed"] * 2,
                f"{events}")


def the_job_goes_on(case: Case) -> None:
    project = begun(case)
    project.erase()
    project.grow()
    project.run()
    case.expect(project.holds_subject() == [], f"came back: {project.holds_subject()}")
    same(case, without(case, project, runs=2), project.results(), "after more records")
    project.run("--reset")
    case.expect(project.holds_subject() == [], f"came back with --reset: {project.holds_subject()}")
    same(case, without(case, project), project.results(), "after --reset")
    project.run("--reset", "--interpret")
    same(case, without(case, project), project.results(), "interpreted")
    told = project.erase()
    case.expect("receipt" in told.out, f"{told}")
    same(case, without(case, project), project.results(), "erased twice")


def a_join_is_followed(case: Case) -> None:
    """Named by its table alone, the subject is found in the stream that joins it."""
    project = begun(case)
    told = project.braid("erase", "--subject", "shop.customer", f"id={SUBJECT}")
    case.expect("shop.payment.customer_id" in told.out and "was not named" in told.out, f"{told}")
    case.expect(project.holds_subject() != [], "all was erased, although the payments were not named")
    told = project.braid("erase", "--subject", "shop.customer", f"id={SUBJECT}", "--joined")
    case.expect("shop.payment: by customer_id, which meets the key in a join" in told.out, f"{told}")
    case.expect("was not named" not in told.out, f"{told}")
    case.expect(project.holds_subject() == [], f"still there: {project.holds_subject()}")
    same(case, without(case, project), project.results(), "followed through the join")


def a_changed_script_says_so(case: Case) -> None:
    """What an earlier script has made it does not erase from; a run from the start does."""
    project = begun(case)
    (project.folder / "shop.braid").write_text(SCRIPT.replace("where amount > 10", "where amount > 20"))
    project.grow()
    project.run()
    project.erase(code=None, finding="E7347")
    project.run("--reset")
    # Records of which no key can be read are told by its text alone, while an erasure runs.
    rows = [name for name, data in project.results().items() if SUBJECT.encode() in data and "rejected" not in name]
    case.expect(rows == [], f"came back: {rows}")


def another_one_may_follow(case: Case) -> None:
    project = begun(case)
    project.erase()
    told = project.braid("erase", "--subject", "shop.customer", "id=customer-2", "shop.payment", "customer_id=customer-2")
    case.expect("receipt" in told.out, f"{told}")
    case.expect(project.holds_subject() == [], f"came back: {project.holds_subject()}")
    case.expect(not any(b'"customer-2"' in data for name, data in project.results().items() if "rejected" not in name),
                "the second one is still there")
    same_before = project.results()
    project.erase()
    same(case, same_before, project.results(), "the first one once more")


def samples_in_the_registry_go(case: Case) -> None:
    project = begun(case)
    script = project.folder / "shop.braid"
    script.write_text(SCRIPT.replace("product each {", "product each version 1\n  allow read to anyone\n{"))
    project.run("--reset")
    told = project.braid("publish", "--samples", "50")
    registry = project.folder / "registry"
    holds = [name for name, data in tree(registry).items() if SUBJECT.encode() in data]
    case.expect(holds, f"the test shows nothing: {told}")
    project.erase()
    holds = [name for name, data in tree(registry).items() if SUBJECT.encode() in data]
    case.expect(holds == [], f"still in the registry: {holds}")
    receipts = [json.loads(path.read_text()) for path in (project.folder / "data/receipts").glob("*.json")]
    case.expect(any(place["kind"] == "sample" for each in receipts for place in each["places"]), f"{receipts}")
    project.braid("publish", "--samples", "50")


def a_kill_at_any_point_is_repeated(case: Case) -> None:
    project = begun(case)
    expected = without(case, project)
    for point in POINTS:
        other = Project(case, point.replace(":", "-"))
        shutil.rmtree(other.folder)
        # The owner of an output outside the store is known by its path and inode: the inputs are copied, not the job.
        other = Project(case, point.replace(":", "-"))
        other.grow()
        other.run()
        killed = other.erase(environment={"BRAID_KILL_AT": point}, code=None)
        case.expect(killed.code < 0, f"{point} was not reached: {killed}")
        begun_to_move = (other.folder / "data/erasing/ready").exists()
        other.run(code=STORE if begun_to_move else DONE, finding="E8049" if begun_to_move else None)
        other.erase()
        case.expect(other.holds_subject() == [], f"{point}: still there: {other.holds_subject()}")
        same(case, expected, other.results(), point)
        case.expect(not (other.folder / "data/erasing").exists(), f"{point}: `erasing` is left")
        case.expect(len(list((other.folder / "data/receipts").glob("*.json"))) >= 1, f"{point}: no receipt")
        shutil.rmtree(other.folder)


def a_dry_run_changes_nothing(case: Case) -> None:
    project = begun(case)
    before = {**tree(project.folder / "data/out"), **tree(project.folder / "results")}
    told = project.erase("--dry-run")
    case.expect("nothing was changed" in told.out, f"{told}")
    same(case, before, {**tree(project.folder / "data/out"), **tree(project.folder / "results")}, "a dry run")
    case.expect(not (project.folder / "data/erasures").exists(), "a dry run asks for an erasure")
    project.grow()
    project.run()


def a_job_that_asks_a_service_is_started_over(case: Case) -> None:
    """What services answered is not kept, so such a job cannot be run again. It is noted, and made without the subject."""
    project = Project(case)
    (project.folder / "names.csv").write_text("id,colour\n" + "".join(f"{who(i)},of {who(i)}\n" for i in range(8)))
    (project.folder / "shop.braid").write_text(SCRIPT + """
service favourite(id: string) -> { colour: string }
  from file "names.csv" format csv

product coloured {
  from payment
  left lookup favourite(customer_id) as f
  select { id, customer_id, colour: f?.colour ?? "none", at }
}
""")
    # Records of which no key can be read are told by their text in a run beside alone.
    line = project.folder / "in/payment1.ndjson"
    project.grow()
    line.write_text("".join(each + "\n" for each in line.read_text().splitlines() if json_key(each) is not None))
    project.run()
    case.expect(any(f"of {SUBJECT}".encode() in data for data in tree(project.folder / "data/out").values()), "it asks nobody")
    project.erase("--dry-run", code=None, finding="E7322")
    case.expect(not (project.folder / "data/erasures").exists(), "a dry run asks for an erasure")
    told = project.erase("--because", "ticket 12", code=None, finding="E7322")
    case.expect("services" in told.err, f"{told}")
    # It has not been started over: nothing is done, however often it is asked for.
    project.erase(code=None, finding="E7322")
    case.expect(not (project.folder / "data/receipts").exists() and project.holds_subject() != [], "a receipt for nothing")
    project.run("--reset")
    case.expect(project.holds_subject() == [], f"still there: {project.holds_subject()}")
    told = project.erase()
    case.expect("started over" in told.out, f"{told}")
    [receipt] = (project.folder / "data/receipts").glob("*.json")
    read = json.loads(receipt.read_text())
    case.expect(read["searched"] and [each["because"] for each in read["subjects"]] == ["ticket 12"] * 2, f"{read}")
    case.expect(not any("bytes of a key" in each["reason"] for each in read["remains"]), f"{read}")
    case.expect(any("in/payment" in each["place"] for each in read["remains"]), f"{read}")
    told = project.braid("erase", "--verify", receipt.relative_to(project.folder), *NAMED)
    case.expect("found nowhere" in told.out, f"{told}")
    case.expect(project.holds_subject() == [], f"came back: {project.holds_subject()}")
    events = [json.loads(each)["type"] for each in case.braid("audit", "log", "shop", "--json", cwd=project.folder).out.splitlines()]
    case.expect(events == ["io.braid.erasure.requested"] * 2 + ["io.braid.erasure.completed"] * 2, f"{events}")


def json_key(line: str):
    """Whose the record is, if that can be read."""
    try:
        return json.loads(line)["customer_id"] if isinstance(json.loads(line)["customer_id"], str) else None
    except ValueError:
        return None


def what_cannot_be_erased_says_why(case: Case) -> None:
    project = begun(case)
    project.braid("erase", "--subject", "shop.nobody", "id=1", code=USAGE, finding="E7320")
    project.braid("erase", "--subject", "shop.payment", "id=seven", code=USAGE, finding="E7321")
    project.braid("erase", "--subject", "shop.payment", "nothing=7", code=USAGE, finding="E7325")
    project.braid("erase", code=USAGE)
    with (project.folder / "data/lock").open("a") as held:  # what a running job holds
        fcntl.flock(held, fcntl.LOCK_EX)
        project.erase(code=STORE, finding="E8001")
    moved = project.folder / "in/payment1.ndjson"
    moved.rename(project.folder / "in/gone")
    project.erase(code=None, finding="E7322")
    # The way out: it is noted, so a run from the start passes over it.
    (project.folder / "in/gone").rename(project.folder / "in/payment2.ndjson")
    project.run("--reset")
    told = project.erase()
    case.expect("receipt" in told.out and project.holds_subject() == [], f"{told} {project.holds_subject()}")


if __name__ == "__main__":
    braid_command.main([nothing_of_the_subject_is_left, the_job_goes_on, a_join_is_followed,
                        a_changed_script_says_so, another_one_may_follow, samples_in_the_registry_go, a_kill_at_any_point_is_repeated,
                        a_dry_run_changes_nothing, a_job_that_asks_a_service_is_started_over,
                        what_cannot_be_erased_says_why])
