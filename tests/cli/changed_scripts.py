#!/usr/bin/env python3
"""Scripts that change in the middle of a job: what `diff` says of each step, and what the job then writes.

The oracle is the same job with the new script from its start: what it writes behind the change must be, byte for byte,
what the changed job writes there. Where a step began empty at the change, the oracle begins there, too.

    changed_scripts.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import pathlib
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import SCRIPT as SCRIPT_FAILED
from braid_command import STORE, USAGE, Case, tree

SCRIPT = """domain d

stream s
  time at within 10s
  from file "in/s*.ndjson" format json
{ id: int, k: string, kind: enum { a, b, c }, amount: decimal(10,2), n: int, at: timestamp }

table t
  time at within 10s
  key k
  from file "in/t.ndjson" format json
{ k: string, name: string, city: string, at: timestamp }

stream u
  time at within 10s
  from file "in/u.ndjson" format json
{ id: int, fee: int, at: timestamp }

view good {
  from s
  where n > 2
  where amount > 1.00
}

product joined version 1 {
  from good
  left join t as x on x.k == k
  select { id, k, name: x?.name, at }
}

product hourly version 1 {
  from good
  window tumbling 1h
  group k { count: count(), total: sum(amount), least: min(n) }
  select { k, start: window.start, count, total, least }
}

product totals version 1 {
  from s
  group kind { rows: count(), sum: sum(n) } retain forever
}

product pairs version 1 {
  from s
  join u as v on v.id == id within -5m..5m
  select { id, fee: v.fee, n, at }
}

product ends version 1 {
  from s
  window tumbling 1h
  group k { first: first(id), last: last(id) }
  select { k, end: window.end, first, last }
}

product once version 1
  contract { unique k, n within 1h }
{
  from s
  select { k, n, at }
}
"""
SHORTER = SCRIPT.replace("window tumbling 1h\n  group k { count", "window tumbling 30m\n  group k { count")
ALL = {"joined", "hourly", "totals", "pairs", "ends", "once"}
PART = 3  # hours


class Job:
    """A project whose input grows, and its stores."""

    def __init__(self, case: Case, script: str = SCRIPT, name: str = "main"):
        self.case = case
        self.folder = case.directory / name
        (self.folder / "in").mkdir(parents=True)
        self.hours = 0
        self.write(script)
        self.grow()

    def write(self, script: str) -> None:
        (self.folder / "main.braid").write_text(script)

    def grow(self, fresh: bool = False) -> None:
        """The records of three hours more. `fresh`: in the place of those before."""
        mode = "w" if fresh else "a"
        with (self.folder / "in/s1.ndjson").open(mode) as s, (self.folder / "in/t.ndjson").open(mode) as t, \
                (self.folder / "in/u.ndjson").open(mode) as u:
            for minute in range(self.hours * 60, (self.hours + PART) * 60):
                at = f"2026-01-01T{minute // 60:02}:{minute % 60:02}:00Z"
                for each in range(2):
                    number = minute * 2 + each
                    s.write(json.dumps({"id": number, "k": f"k{number * 7 % 5}", "kind": "abc"[number * 11 % 3],
                                        "amount": f"{number % 13}.{number % 100:02}", "n": number * 17 % 23,
                                        "at": at}) + "\n")
                if minute % 3 == 0:
                    u.write(json.dumps({"id": minute * 2, "fee": minute % 50, "at": at}) + "\n")
                if minute % 10 == 0:
                    t.write(json.dumps({"k": f"k{minute // 10 % 5}", "name": f"name{minute}", "city": f"city{minute}",
                                        "at": at}) + "\n")
        self.hours += PART

    def run(self, *words, store="store", **options):
        return self.case.braid("run", self.folder, "--store", self.folder / store, "--no-seal", *words, **options)

    def diff(self, code, *words):
        said = self.case.braid("diff", self.folder, *words, "--store", self.folder / "store", "--format", "json",
                               code=code)
        return json.loads(said.out)

    def out(self, store="store") -> dict:
        return tree(self.folder / store / "out")


def verdicts(diff: dict) -> dict:
    return {step["step"].split(":")[0]: step["verdict"] for step in diff["steps"]}


def tails(before: dict, after: dict, case: Case) -> dict:
    """What was written between the two, by file."""
    found = {}
    for name, content in after.items():
        head = before.get(name, b"")
        case.expect(content.startswith(head), f"{name} does not go on behind what was written")
        found[name] = content[len(head):]
    return found


def run_both(case: Case, job: Job, changed: str, *words) -> tuple:
    """The job with the change in its middle, and one that had the new script from its start: what they write behind
    the change."""
    oracle = Job(case, changed, "oracle")
    oracle.run()
    middle = oracle.out()
    before = job.out()
    ended = job.run(*words)
    case.expect(tails(before, job.out(), case) == {name: b"" for name in job.out()},
                f"the change alone has written something: {ended}")
    job.grow()
    job.run()
    oracle.grow()
    oracle.run()
    return tails(before, job.out(), case), tails(middle, oracle.out(), case)


def compare(case: Case, found: dict, expected: dict, products) -> None:
    rows = 0
    for name in sorted(expected):
        product = name.split(".")[1]
        if product not in products:
            continue
        rows += len(expected[name])
        case.expect(found.get(name) == expected[name],
                    f"{name}: {len(expected[name])} bytes expected behind the change, found "
                    f"{len(found.get(name, b''))}:\n{expected[name][:300]}\n{found.get(name, b'')[:300]}")
    case.expect(rows > 500, f"hardly anything is compared: {rows} bytes")


def keeps(changed_script, products=ALL, **expected):
    """A case: the script changes so that all state is kept, or converted as `expected` says."""
    def check(case: Case) -> None:
        job = Job(case)
        job.run()
        changed = changed_script(SCRIPT)
        case.expect(changed != SCRIPT, "nothing has changed")
        job.write(changed)
        store = tree(job.folder / "store")
        said = job.diff(0)
        case.expect(tree(job.folder / "store") == store, "diff has written to the store")
        found = verdicts(said)
        for step, verdict in found.items():
            case.expect(verdict == expected.get(step, "kept"), f"{step} is {verdict}: {said}")
        case.expect(set(found) == ALL | set(expected), f"the steps are {found}")
        case.expect(not said["loses"], f"{said}")
        # Before anything has run, the two scripts say the same.
        (case.directory / "old").mkdir()
        (case.directory / "old/main.braid").write_text(SCRIPT)
        scripts = json.loads(case.braid("diff", case.directory / "old/main.braid", job.folder / "main.braid",
                                        "--format", "json").out)
        case.expect(verdicts(scripts) == found, f"without a store: {scripts}")
        compare(case, *run_both(case, job, changed), products)
    return check


def rebuilds(changed_script, step: str):
    """A case: one step changes, and its state is made again of what the job has read."""
    def check(case: Case) -> None:
        job = Job(case)
        job.run()
        changed = changed_script(SCRIPT)
        case.expect(changed != SCRIPT, "nothing has changed")
        job.write(changed)
        said = job.diff(1)
        for name, verdict in verdicts(said).items():
            case.expect(verdict == ("rebuilt" if name == step else "kept"), f"{name} is {verdict}: {said}")
        label = next(each["step"] for each in said["steps"] if each["step"].startswith(step + ":"))
        before = job.out()
        refused = job.run(code=STORE, finding="E8004")
        case.expect(f'--rebuild "{label}"' in refused.err and f'--accept "{label}"' in refused.err and
                    "first record" in refused.err, f"{refused}")
        case.expect(job.out() == before, "a job that was refused has written")
        found, expected = run_both(case, job, changed, "--rebuild", label)
        compare(case, found, expected, ALL)
        case.expect(not (job.folder / "store/rebuild").exists(), "the store of the rebuild is still there")
        job.diff(0)
    return check


def replaced(*pairs):
    def change(text: str) -> str:
        for old, new in pairs:
            if old not in text:
                raise braid_command.Failed(f"`{old}` is not in the script")
            text = text.replace(old, new)
        return text
    return change


def product_of(text: str, name: str) -> str:
    begin = text.index(f"product {name} ")
    end = text.find("\nproduct ", begin)
    return text[begin:end + 1 if end >= 0 else len(text)]


# ---- what changes nothing of what a step means

a_view_is_renamed = keeps(replaced(("view good", "view sound"), ("from good", "from sound")))
an_alias_is_renamed = keeps(replaced(("t as x on x.k == k", "t as y on y.k == k"), ("x?.name", "y?.name")))
conditions_change_places = keeps(replaced(("  where n > 2\n  where amount > 1.00\n",
                                           "  where amount > 1.00\n  where n > 2\n")))
conditions_are_joined = keeps(replaced(("  where n > 2\n  where amount > 1.00\n",
                                        "  where n > 2 and amount > 1.00\n")))
a_let_comes_in = keeps(replaced(("  where n > 2\n", "  let what = n\n  where what > 2\n")))
a_field_behind_the_window = keeps(replaced(("start: window.start, count, total, least }",
                                            "start: window.start, total, count, least, double: count * 2 }")))
a_field_of_the_source = keeps(replaced(("{ id: int, k: string, kind", "{ id: int, extra: string?, k: string, kind")))
fields_of_the_source_change_places = keeps(replaced(("kind: enum { a, b, c }, amount: decimal(10,2), n: int, at",
                                                     "n: int, amount: decimal(10,2), kind: enum { a, b, c }, at")))
a_product_comes = keeps(
    lambda text: text + "product few version 1 {\n  from s\n  where n > 20\n  select { id, n }\n}\n")
a_product_with_state_comes = keeps(
    lambda text: text + "product more version 1 {\n  from s\n  window tumbling 1h\n  group { rows: count() }\n"
                        "  select { start: window.start, rows }\n}\n", more="new")
products_change_places = keeps(
    lambda text: text.replace(product_of(text, "totals"), "").replace(
        product_of(text, "joined"), product_of(text, "totals") + product_of(text, "joined")))
an_enum_gets_a_symbol = keeps(replaced(("enum { a, b, c }", "enum { a, b, c, d }")), totals="converted")
a_decimal_is_widened = keeps(replaced(("decimal(10,2)", "decimal(14,2)")), hourly="converted")
an_aggregate_goes = keeps(replaced((", total: sum(amount)", ""), ("count, total, least }", "count, least }")),
                          hourly="converted")
a_chosen_value_goes = keeps(replaced(("first: first(id), last", "last"),
                                     ("end: window.end, first, last", "end: window.end, last")), ends="converted")
aggregates_change_places = keeps(replaced(("count: count(), total: sum(amount), least: min(n)",
                                           "least: min(n), total: sum(amount), count: count()")), hourly="converted")
an_aggregate_of_a_table_goes = keeps(replaced(("rows: count(), sum: sum(n)", "sum: sum(n)")), totals="converted")

# ---- what changes a step

an_aggregate_is_added = rebuilds(replaced(("least: min(n) }\n", "least: min(n), most: max(n) }\n"),
                                          ("count, total, least }", "count, total, least, most }")), "hourly")
an_aggregate_is_replaced = rebuilds(replaced(("least: min(n) }", "least: min(id) }")), "hourly")
a_window_is_longer = rebuilds(replaced(("window tumbling 1h\n  group k { first",
                                        "window tumbling 2h\n  group k { first")), "ends")
a_join_keeps_another_field = rebuilds(replaced(("name: x?.name", "name: x?.name, city: x?.city")), "joined")
another_range_of_a_join = rebuilds(replaced(("within -5m..5m", "within -10m..5m")), "pairs")
another_condition_before_a_table = rebuilds(replaced(("  from s\n  group kind",
                                                      "  from s\n  where n > 5\n  group kind")), "totals")
another_key_of_unique = rebuilds(replaced(("unique k, n within 1h", "unique k within 1h")), "once")


def steps_begin_empty(case: Case) -> None:
    """With --accept the step begins at the change; the others keep their state."""
    job = Job(case)
    job.run()
    changed = SHORTER
    job.write(changed)
    said = job.diff(1)
    label = next(each["step"] for each in said["steps"] if each["verdict"] == "rebuilt")
    job.run("--accept", "ends", code=STORE, finding="E8004")
    before = job.out()
    ended = job.run("--accept", label)
    case.expect(f"started empty: {label}" in ended.out, f"{ended}")
    job.grow()
    job.run()
    found = tails(before, job.out(), case)
    # Of what came behind the change alone.
    late = Job(case, changed, "late")
    late.grow(fresh=True)
    late.run()
    compare(case, found, late.out(), {"hourly"})
    oracle = Job(case, SCRIPT, "oracle")
    oracle.run()
    middle = oracle.out()
    oracle.grow()
    oracle.run()
    compare(case, found, tails(middle, oracle.out(), case), ALL - {"hourly"})


def a_new_aggregate_begins_empty(case: Case) -> None:
    """With --accept, and where the others cannot be made again; they keep their state."""
    job = Job(case)
    job.run()
    changed = SCRIPT.replace("least: min(n) }", "least: min(n), most: max(n) }").replace("total, least }",
                                                                                         "total, least, most }")
    changed = changed.replace("{ rows: count(), sum: sum(n) }", "{ sum: sum(n), rows: count(), ids: sum(id) }")
    job.write(changed)
    said = job.diff(1)
    for name in ("hourly", "totals"):
        step = next(each for each in said["steps"] if each["step"].startswith(name))
        case.expect(step["reason"] == "of its aggregates one is new; the others keep their state", f"{step}")
    refused = job.run(code=STORE, finding="E8004")
    case.expect("begins what is new empty" in refused.err, f"{refused}")
    read = sum(json.loads(line)["id"] for line in (job.folder / "in/s1.ndjson").read_text().splitlines())
    found, expected = run_both(case, job, changed, "--accept", "all")
    compare(case, found, expected, ALL - {"hourly", "totals"})
    rows = [[json.loads(line) for line in each["d.hourly.v1.ndjson"].splitlines()] for each in (found, expected)]
    case.expect(len(rows[0]) == len(rows[1]) > 10, f"{rows}")
    empty = 0
    for here, whole in zip(*rows):
        if whole["start"] < "2026-01-01T03:00:00Z":  # it was open when the script changed, and got nothing since
            empty += 1
            whole["most"] = 0
        case.expect(here == whole, f"{here} is not {whole}")
    case.expect(empty == 5, f"{empty} windows were open")
    last = [{row["kind"]: row for row in map(json.loads, each["d.totals.v1.ndjson"].splitlines())} for each in
            (found, expected)]
    lacks = 0
    for kind, row in last[1].items():
        case.expect({**row, "ids": 0} == {**last[0][kind], "ids": 0}, f"{last}")
        lacks += row["ids"] - last[0][kind]["ids"]
    case.expect(lacks == read, f"{lacks} of {read}: {last}")


def a_product_goes(case: Case) -> None:
    """Its state is given up only if that is said."""
    job = Job(case)
    job.run()
    changed = SCRIPT.replace(product_of(SCRIPT, "totals"), "")
    job.write(changed)
    said = job.diff(1)
    case.expect(verdicts(said)["totals"] == "gone" and said["gone_products"] == ["d.totals version 1"], f"{said}")
    refused = job.run(code=STORE, finding="E8004")
    case.expect("no such step any more" in refused.err, f"{refused}")
    found, expected = run_both(case, job, changed, "--accept", "totals")
    compare(case, found, expected, ALL - {"totals"})


def inputs_that_are_gone(case: Case) -> None:
    """What cannot be made again is said before anything happens, and in the same words by diff and run."""
    job = Job(case)
    (job.folder / "in/s0.ndjson").write_text((job.folder / "in/s1.ndjson").read_text())
    job.run()
    job.write(SHORTER)
    said = job.diff(1)
    case.expect(verdicts(said)["hourly"] == "rebuilt", f"{said}")
    (job.folder / "in/s0.ndjson").unlink()
    said = job.diff(1)
    lost = next(each for each in said["steps"] if each["verdict"] == "lost")
    case.expect(lost["step"].startswith("hourly:"), f"{said}")
    case.expect("s0.ndjson` is not there any more" in lost["rebuild"]["why_not"], f"{said}")
    before = job.out()
    refused = job.run(code=STORE, finding="E8004")
    case.expect(lost["rebuild"]["why_not"] in refused.err, f"{refused}")
    refused = job.run("--rebuild", "all", code=STORE, finding="E8046")
    case.expect("is not there any more" in refused.err and job.out() == before, f"{refused}")


def killed_while_it_rebuilds(case: Case) -> None:
    """A kill leaves the old state; the next attempt, of whatever kind, begins anew."""
    changed = SHORTER
    job = Job(case)
    job.run()
    job.write(changed)
    kept = case.directory / "kept"
    shutil.copytree(job.folder, kept)

    def as_before() -> None:
        shutil.rmtree(job.folder)
        shutil.copytree(kept, job.folder)
        job.hours = PART

    for point in ("after_rebuild", "after_outputs_cut", "after_claim"):
        as_before()
        shutil.rmtree(case.directory / "oracle", ignore_errors=True)
        job.run("--rebuild", "all", code=-9, environment={"BRAID_KILL_AT": point})
        words = ["--rebuild", "all"] if point == "after_rebuild" else []
        compare(case, *run_both(case, job, changed, *words), ALL)
    # At any time.
    began = time.monotonic()
    as_before()
    job.run("--rebuild", "all")
    takes = time.monotonic() - began
    for _ in range(5):
        as_before()
        shutil.rmtree(case.directory / "oracle", ignore_errors=True)
        process = case.start("run", job.folder, "--store", job.folder / "store", "--no-seal", "--rebuild", "all")
        time.sleep(case.random.uniform(0, takes))
        process.kill()
        process.communicate()
        compare(case, *run_both(case, job, changed, "--rebuild", "all"), ALL)
    # Rows of an attempt that did not come to its end are not those of a step that begins empty.
    as_before()
    job.run("--rebuild", "all", code=-9, environment={"BRAID_KILL_AT": "after_rebuild"})
    before = job.out()
    job.run("--accept", "all")
    job.grow()
    job.run()
    late = Job(case, changed, "late")
    late.grow(fresh=True)
    late.run()
    compare(case, tails(before, job.out(), case), late.out(), {"hourly"})


def several_changes_one_after_the_other(case: Case) -> None:
    """States that were made again are kept by the next change, and history is read under the scripts of its time."""
    job = Job(case)
    job.run()
    one = SCRIPT.replace("product joined", "stream w\n  time at within 10s\n  from file \"in/u.ndjson\" format json\n"
                         "{ id: int, at: timestamp }\n\nproduct joined").replace("view good", "view fine").replace(
                             "from good", "from fine")
    one += "product others version 1 {\n  from w\n  window tumbling 1h\n  group { rows: count() }\n}\n"
    two = one.replace("least: min(n)", "least: max(n)")
    job.write(one)
    job.run()
    job.grow()
    job.run()
    job.write(two)
    said = job.diff(1)
    case.expect(verdicts(said) == {**{step: "kept" for step in ALL}, "hourly": "rebuilt", "others": "kept"}, f"{said}")
    oracle = Job(case, two, "oracle")
    oracle.run()
    oracle.grow()
    oracle.run()
    middle = oracle.out()
    before = job.out()
    job.run("--rebuild", "hourly")
    job.grow()
    job.run()
    oracle.grow()
    oracle.run()
    compare(case, tails(before, job.out(), case), tails(middle, oracle.out(), case), ALL)


def rebuilt_by_any_number_of_workers(case: Case) -> None:
    changed = SCRIPT.replace("least: min(n)", "least: max(n)")
    outs = []
    for workers in (1, 2, 4):
        job = Job(case, name=f"workers{workers}")
        job.run("--workers", workers, "--commit-every", 1)
        job.write(changed)
        job.run("--rebuild", "hourly", "--workers", workers)
        job.grow()
        job.run("--workers", workers)
        outs.append(job.out())
    case.expect(outs[0] == outs[1] == outs[2], "the number of workers shows")


def a_source_comes_before_the_others(case: Case) -> None:
    """Rows that say by number where they come from are numbered anew; counts and sums are kept."""
    job = Job(case)
    job.run()
    first = ("stream w\n  time at within 10s\n  from file \"in/u.ndjson\" format json\n{ id: int, at: timestamp }\n\n"
             "product before version 1 {\n  from w\n  window tumbling 1h\n  group { rows: count() }\n}\n\n")
    changed = SCRIPT.replace("stream s\n", first + "stream s\n", 1)
    job.write(changed)
    said = job.diff(0)
    case.expect(verdicts(said) == {"before": "new", "hourly": "kept", "totals": "kept", "joined": "converted",
                                   "pairs": "converted", "ends": "converted", "once": "converted"}, f"{said}")
    case.expect(all("by whose numbers" in step["reason"] for step in said["steps"] if step["verdict"] == "converted"),
                f"{said}")
    ended = job.run()
    case.expect("started empty: before: group" in ended.out and "made again" not in ended.out, f"{ended}")
    before = job.out()
    job.grow()
    job.run()
    oracle = Job(case, changed, "oracle")
    oracle.run()
    middle = oracle.out()
    oracle.grow()
    oracle.run()
    compare(case, tails(before, job.out(), case), tails(middle, oracle.out(), case), ALL)


def topics_are_not_read_again(case: Case) -> None:
    job = Job(case)
    (job.folder / "braid.toml").write_text('[project]\nname = "d"\n[env.prod]\nbrokers = "127.0.0.1:1"\n'
                                           '[env.prod.kafka]\ngroup = "d"\n')
    case.braid("run", job.folder, "--env", "prod", "--rebuild", "all", code=STORE, finding="E8048")


def what_diff_says_of_mistakes(case: Case) -> None:
    job = Job(case)
    case.braid("diff", job.folder, "--store", job.folder / "store", code=USAGE, finding="E7027")
    job.run()
    # A store in the place of the old script.
    said = case.braid("diff", job.folder / "store", job.folder)
    case.expect("goes on with the state as it is" in said.out, f"{said}")
    job.write(SCRIPT.replace("sum(amount)", "sum(amout)"))
    case.braid("diff", job.folder, "--store", job.folder / "store", code=USAGE)
    case.braid("diff", case.directory / "nowhere", job.folder, code=USAGE)
    job.write(SCRIPT.replace("sum(amount)", "max(amount)"))
    said = case.braid("diff", job.folder / "store", job.folder, code=SCRIPT_FAILED)
    case.expect("rebuilt" in said.out and '--rebuild "hourly: ' in said.out, f"{said}")


if __name__ == "__main__":
    named = {name: value for name, value in globals().items() if getattr(value, "__name__", "") == "check"}
    for name, value in named.items():
        value.__name__ = name
    braid_command.main([*named.values(), steps_begin_empty, a_new_aggregate_begins_empty, a_product_goes,
                        inputs_that_are_gone, killed_while_it_rebuilds, several_changes_one_after_the_other,
                        rebuilt_by_any_number_of_workers, a_source_comes_before_the_others,
                        topics_are_not_read_again, what_diff_says_of_mistakes])
