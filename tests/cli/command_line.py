#!/usr/bin/env python3
"""The command line as a user meets it: help, exit codes, suggestions, JSON findings, `new` and `infer`, colours.

    command_line.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import os
import pathlib
import pty
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from odd_samples import NOT_SAMPLES, ODD_SAMPLES
from braid_command import DONE, INPUT, SCRIPT, SOURCE, USAGE, Case

COMMANDS = ("new", "infer", "check", "explain", "dry-run", "test", "run", "help", "functions", "schema")
FLIGHTS, PAYMENTS = SOURCE / "examples/flights", SOURCE / "examples/payments"
WRONG = """domain shop

stream order version 1
  time at within 1m
  key id
  from inline json [ "{}" ]
{ id: int, at: timestamp, amount: decimal(8,2) }

product big version 1
  key id
{
  from order
  where amuont > 10
  select { id, at, amount: amount + "x" }
}
"""


def help_teaches(case: Case) -> None:
    overview = case.braid("--help").out
    for command in COMMANDS:
        case.expect(re.search(rf"(?m)^  {command} ", overview) is not None, f"`braid --help` does not tell {command}")
        told = case.braid(command, "--help")
        case.expect("Usage: braid " + command in told.out and not told.err, f"{told}")
    case.expect("braid" in case.braid("--version").out, "no version")


def wrong_use_is_answered(case: Case) -> None:
    for words, code, near in ((["chek"], "E7009", "check"), (["dryrun"], "E7009", "dry-run"), (["rnu", "."], "E7009", "run"),
                              (["run", "--stor", "x"], "E7008", "--store"), (["run", "--acept"], "E7008", "--accept"),
                              (["dry-run", "--limt", "3"], "E7008", "--limit"), (["test", "--onyl", "x"], "E7008", "--only")):
        ended = case.braid(*words, code=USAGE, finding=code)
        case.expect(f"{near}`" in ended.err, f"`{near}` is not suggested: {ended}")
    for words in (["infer"], ["new"], ["help"], ["dry-run", "--limit", "none"], ["dry-run", "--format", "xml"],
                  ["explain", "--stage", "nothing"], ["run", "--commit-every", "-1"]):
        case.braid(*words, code=USAGE)
    case.expect("parse_timestamp" in case.braid("functions", "parse", code=USAGE).err, "no function with that in its name")
    case.expect("`limit` is not NAME=VALUE" in case.braid("run", "--set", "limit", code=USAGE).err, "half a parameter")
    limited = case.braid("dry-run", "--limit", "-3", code=USAGE)
    case.expect(len(limited.err) < 200, f"{limited}")
    case.braid("check", "nowhere", code=INPUT, finding="E7001")
    case.braid("help", "E0000", code=USAGE, finding="E7019")
    case.braid("check", FLIGHTS, "--env", "devv", code=USAGE, finding="E7005")


def wrong_bindings_are_placed(case: Case) -> None:
    """A binding of braid.toml that nothing uses, or in a form that nobody reads, is an error at its line."""
    (case.directory / "x.braid").write_text(
        'domain bike\n\nstream ride\n  time at within 5m\n  from file "r.ndjson" format json\n{ id: int, at: timestamp }\n\n'
        'product kept { from ride }\n')
    (case.directory / "r.ndjson").write_text('{"id":5,"at":"2026-01-01T00:00:00Z"}\n')
    for section, line, code, said in (
            ("bind", '"bike.ride" = { file = "r.ndjson", format = "jsonl" }', "E7017", "json, csv, avro"),
            ("bind", '"bike.ride" = { file = "r.ndjson", format = "CSV" }', "E7017", "json, csv, avro"),
            ("bind", 'ride = { file = "r.ndjson" }', "E7007", "`bike.ride`"),
            ("bind", '"bike.ride" = { file = "r.csv", options = { sep = ";" } }', "E7004", "separator"),
            ("param", "sped = 3", "E7004", "`[env.dev.param]` has no key `sped`"),
            ("out", '"bike.keep" = { file = "out.ndjson" }', "E7007", "`bike.kept`"),
            ("out", '"bike.kept" = { file = "out.txt", format = "text" }', "E7017", "json, csv, avro")):
        (case.directory / "braid.toml").write_text(f'[project]\nname = "x"\n\n[env.dev.{section}]\n{line}\n')
        refused = case.braid("dry-run", ".", code=USAGE, finding=code)
        case.expect("braid.toml:5:" in refused.err and said in refused.err, f"{line}: {refused}")
    (case.directory / "braid.toml").write_text('[env.dev.bind]\n"bike.ride" = { file = "none-*.ndjson" }\n')
    missing = case.braid("dry-run", ".", code=INPUT, finding="E7002")
    case.expect("none-*.ndjson`, which `bike.ride` reads" in missing.err, f"{missing}")


def exit_codes_tell_what_failed(case: Case) -> None:
    script = case.directory / "wrong.braid"
    script.write_text(WRONG)
    for command in ("check", "test", "dry-run", "explain", "run"):
        words = ["--store", "store"] if command == "run" else []
        case.braid(command, script, *words, code=SCRIPT)
    case.expect(not (case.directory / "store").exists(), "a wrong script made a store")
    case.braid("check", PAYMENTS)
    case.braid("infer", "nowhere.csv", code=INPUT, finding="E7001")
    empty = case.directory / "empty.ndjson"
    empty.write_bytes(b"")
    case.braid("infer", empty, code=INPUT, finding="E7020")
    case.braid("infer", case.directory, code=INPUT)
    case.braid("new", "made")
    case.braid("new", "made", code=USAGE, finding="E7021")
    failing = case.directory / "made" / "failing.braid"
    test = next(path for path in (case.directory / "made").rglob("*.braid") if "expect " in path.read_text())
    text = test.read_text()
    begin = text.index("expect ")
    test.write_text(text[:begin] + text[begin:].replace("[", "[{ .. }, { .. }, { .. }, { .. }, { .. }, { .. }, ", 1))
    case.expect(not failing.exists(), "the made project has a file of that name")
    case.braid("test", "made", code=SCRIPT)


def findings_are_json(case: Case) -> None:
    script = case.directory / "wrong.braid"
    script.write_text(WRONG)
    told = case.braid("check", "--json", script, code=SCRIPT)
    findings = [json.loads(line) for line in told.out.splitlines()]
    case.expect(len(findings) >= 2, f"two mistakes: {told}")
    case.expect(all(re.search(r"[EW]\d{4}", json.dumps(finding)) for finding in findings), f"without codes: {told}")
    case.expect("amount" in told.out, f"the closest name is not suggested: {told}")
    case.expect(not told.err, f"with --json nothing else is said: {told}")
    for line in case.braid("check", "--json", PAYMENTS).out.splitlines():
        json.loads(line)


def inferred_declarations_check(case: Case) -> None:
    samples = sorted([*FLIGHTS.glob("data/*.csv"), *PAYMENTS.glob("data/*.ndjson")])
    case.expect(len(samples) >= 10, f"too few samples: {samples}")
    for number, sample in enumerate(samples):
        words = ["--null", "NA"] if sample.suffix == ".csv" else []
        declared = case.braid("infer", sample, *words).out
        script = case.directory / f"sample{number}.braid"
        script.write_text("domain samples\n\n" + declared)
        case.braid("check", script)
    case.note(f"{len(samples)} samples")


def odd_files_are_read_as_they_were_inferred(case: Case) -> None:
    """What `infer` declares reads its own file: every record, and nothing is rejected."""
    wrong = []
    for number, (name, words, content, said, unsaid) in enumerate(ODD_SAMPLES):
        folder = case.directory / f"odd{number}"
        folder.mkdir()
        (folder / name).write_bytes(content)
        ended = case.braid("infer", name, *words, cwd=folder, code=None)
        declared = ended.out
        if ended.code != DONE:
            wrong.append(f"{name}: {ended}")
            continue
        missing = [text for text in said if text not in declared] + [f"not {text}" for text in unsaid if text in declared]
        stream = re.search(r"(?m)^stream (\S+)", declared)[1]
        fields = re.findall(r"(?m)^  (`[^`]+`|\w+): ", declared[declared.index("\n{\n"):])
        script = folder / "script.braid"
        script.write_text(f"domain odd\n\n{declared}\nproduct all_rows {{\n  from {stream}\n  select {{ {', '.join(fields)} }}\n}}\n")
        told = case.braid("dry-run", "script.braid", "--format", "json", cwd=folder, code=None)
        rows = len(told.out.splitlines())
        records = int(re.search(r"Guessed from (\d+) record", declared)[1])
        clean = re.search(r"(\d+) in = (\d+) used$", told.err, re.M)
        broken = "could not be read" in declared
        if told.code != DONE or rows != records or not (clean or broken) or missing:
            wrong.append(f"{name}: missing {missing}\n{declared}{told}")
    case.expect(not wrong, "\n".join(wrong))
    for name, content, said in NOT_SAMPLES:
        (case.directory / name).write_bytes(content)
        told = case.braid("infer", name, code=INPUT, finding="E7020")
        case.expect(re.search(said, " ".join(told.err.split())) is not None, f"`{said}` is not said: {told}")
    case.note(f"{len(ODD_SAMPLES)} odd files")


OPTIONS_SCRIPT = """domain shop

stream order
  time at within 1m
  from file "order.csv" format csv{options}
{{ id: int, at: timestamp, amount: decimal(8,2), note: string? }}

product big {{
  from order
  select {{ id, at, amount, note }}
}}
"""


def format_options_are_read_written_and_checked(case: Case) -> None:
    script = case.directory / "order.braid"
    (case.directory / "order.csv").write_text("1;2026-01-01T00:00:00Z;-12,50;-\n2;2026-01-01T00:00:01Z;3;'it''s; me'\n")
    options = "separator: \";\", quote: \"'\", decimal: \",\", null: \"-\", header: false, names: [\"id\", \"at\", \"amount\", \"note\"]"
    script.write_text(OPTIONS_SCRIPT.format(options=f"({options})"))
    case.braid("check", script)
    rows = [json.loads(line) for line in case.braid("dry-run", script, "--format", "json").out.splitlines()]
    case.expect([(row["id"], row["amount"], row["note"]) for row in rows] == [(1, -12.5, None), (2, 3, "it's; me")], f"{rows}")
    # The same in braid.toml, and written as it was read.
    script.write_text(OPTIONS_SCRIPT.format(options=""))
    toml = case.directory / "braid.toml"
    settings = """[project]
name = "shop"
[env.dev.bind]
"shop.order" = {{ file = "order.csv", format = "csv", options = {{ {} }} }}
[env.dev.out]
"shop.big" = {{ file = "big.csv", format = "csv", options = {{ {} }} }}
"""
    source = """separator = ";", quote = "'", decimal = ",", null = "-", header = false, names = ["id", "at", "amount", "note"]"""
    output = """separator = "|", quote = "'", decimal = ",", null = "-", header = false"""
    for words in (["--interpret"], []):
        toml.write_text(settings.format(source, output))
        case.braid("run", case.directory, "--store", case.directory / f"store{len(words)}")
        made = (case.directory / "big.csv").read_text()
        case.expect(made == "1|2026-01-01T00:00:00Z|-12,50|-\n2|2026-01-01T00:00:01Z|3,00|'it''s; me'\n", made)
        (case.directory / "big.csv").unlink()
    for wrong, code in (('separator = ";;"', "E7017"), ('separator = "a"', "E7017"), ('quote = "ab"', "E7017"),
                        ('separator = "|", quote = "|"', "E7017"), ('decimal = ";"', "E7017"), ("header = false", "E7017"),
                        ('header = "no"', "E7017"), ('names = ["id"]', "E7017"), ('unit = "h"', "E7017"),
                        ('zone = "Paris"', "E7017"), ('delimiter = ";"', "E7004")):
        toml.write_text(settings.format(wrong, output))
        ended = case.braid("dry-run", case.directory, code=USAGE, finding=code)
        case.expect("shop.order" in ended.err, f"{ended}")
    for wrong in ('quote = ""', 'header = "x"', 'separator = "\\n"', 'names = ["id"]', 'nul = "-"'):
        toml.write_text(settings.format(source, wrong))
        case.braid("run", case.directory, "--store", case.directory / "wrong", code=USAGE)
    toml.unlink()
    for wrong, code in (('separator: "ab"', "E7017"), ("header: false", "E7017"), ('unit: "h"', "E7017")):
        script.write_text(OPTIONS_SCRIPT.format(options=f"({wrong})"))
        case.braid("check", script, code=USAGE, finding=code)
    script.write_text(OPTIONS_SCRIPT.format(options='(delimiter: ";")'))
    case.braid("check", script, code=SCRIPT, finding="E2126")


def a_dry_run_reports_beside_its_rows(case: Case) -> None:
    script = case.directory / "order.braid"
    script.write_text(WRONG.replace('from inline json [ "{}" ]', 'from file "order.csv" format csv')
                      .replace("amuont", "amount").replace(' + "x"', ""))
    (case.directory / "order.csv").write_text("id,at,amount\n1,2026-01-01T00:00:00Z,11\n2,2026-01-01T00:00:00Z,much\n"
                                              "3,2026-01-01T00:00:00Z,1\n")
    table = case.braid("dry-run", script)
    for format in ("json", "csv"):
        told = case.braid("dry-run", script, "--format", format)
        case.expect(len(told.out.splitlines()) == (1 if format == "json" else 2), f"other rows: {told}")
        for said in ("shop.big version 1", "3 in = 1 used + 1 filtered + 1 rejected", "E6004", "order.csv:3", "1 row\n"):
            case.expect(said in told.err and said in table.out, f"`{said}` is not said: {told}\n{table}")
        quiet = case.braid("dry-run", script, "--format", format, "--quiet")
        case.expect(quiet.out == told.out and not quiet.err, f"--quiet is not quiet: {quiet}")
    quiet = case.braid("dry-run", script, "--quiet")
    case.expect("11" in quiet.out and "rejected" not in quiet.out and not quiet.err, f"--quiet is not quiet: {quiet}")
    (case.directory / "order.csv").write_text("id;at;amount\n1;2026-01-01T00:00:00Z;11\n")
    told = case.braid("dry-run", script, "--format", "csv")
    case.expect(not told.out and "E6026" in told.err and "1 in = 1 rejected" in told.err, f"nothing is said: {told}")


def a_new_project_works(case: Case) -> None:
    made = case.braid("new", "shop")
    for command in re.findall(r"(?m)^  braid (.+)$", made.out):
        ended = case.braid(*command.split())
        case.expect(ended.out, f"nothing is said: {ended}")
    case.braid("check", "shop")
    rows = case.braid("dry-run", "shop", "--format", "json").out.splitlines()
    case.expect(rows and all(isinstance(json.loads(row), dict) for row in rows), "dry-run shows no rows")
    case.expect("nothing new since the last run" in case.braid("run", "shop").out, "a second run does something")
    case.braid("run", "shop", "--reset")


def codes_and_functions_are_explained(case: Case) -> None:
    for page in sorted((SOURCE / "docs/errors").glob("E*.md")):
        told = case.braid("help", page.stem)
        case.expect(page.stem in told.out, f"{told}")
    listed = case.braid("functions").out
    case.expect(len(listed.splitlines()) > 40, f"too few functions: {listed}")


def on_a_terminal(case: Case, words: list, environment: dict) -> str:
    """What the command writes on a terminal."""
    own, its = pty.openpty()
    process = case.start(*words, environment={"TERM": "xterm-256color", **environment}, stdin=its, stdout=its, stderr=its)
    os.close(its)
    told = b""
    while True:
        try:
            part = os.read(own, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        told += part
    os.close(own)
    process.wait(braid_command.SECONDS)
    return told.decode("utf-8", "replace")


def errors_elsewhere_do_not_stop_a_run(case: Case) -> None:
    shop = case.directory / "shop"
    shop.mkdir()
    (shop / "braid.toml").write_text('[project]\nname = "shop"\ndefault_env = "dev"\n\n[env.dev.bind]\n'
                                     '"shop.order" = { file = "order.ndjson" }\n"shop.other" = { file = "other.ndjson" }\n')
    (shop / "order.ndjson").write_text('{"id":1,"at":"2026-01-01T00:00:00Z","amount":2}\n')
    (shop / "a.braid").write_text('domain shop\n\nstream order key id time at within 1m from file "order.ndjson" format json\n'
                                  '{ id: int, at: timestamp, amount: int }\n\nproduct big key id { from order where amount > 10 }\n\n'
                                  'test "big" { given order [{ id: 1, at: @2026-01-01T00:00Z, amount: 11 }] '
                                  'expect big [{ id: 1, .. }] }\n')
    for name in ("b", "c"):
        (shop / f"{name}.braid").write_text("domain shop\n\nview other { from order where amuont > 1 }\n")
    for words in (["dry-run"], ["explain"], ["test"], ["run", "--store", case.directory / "store"]):
        told = case.braid(words[0], shop / "a.braid", *words[1:], finding="W5004")
        case.expect("2 errors" in told.err and "braid check" in told.err, f"neither count nor way out: {told}")
        case.expect("E2112" not in told.err and "E2107" not in told.err, f"errors from elsewhere: {told}")
    for path in (shop, shop / "a.braid"):
        case.expect({"E2112", "E2107"} <= set(case.braid("check", path, code=SCRIPT).codes), f"check {path} hides errors")
    case.braid("dry-run", shop, code=SCRIPT, finding="E2112")
    case.braid("dry-run", shop / "b.braid", code=SCRIPT, finding="E2107")
    # What a.braid reads is in its way.
    (shop / "a.braid").write_text((shop / "a.braid").read_text() + "\nproduct bigger key id { from other }\n")
    case.braid("dry-run", shop / "a.braid", code=SCRIPT, finding="E2112")


def params_may_come_from_the_environment(case: Case) -> None:
    case.directory.joinpath("braid.toml").write_text(
        '[project]\nname = "p"\n[env.dev]\n[env.dev.param]\nwho = "${WHO}"\n')
    case.directory.joinpath("p.braid").write_text("""domain p
param who: string = "nobody"
stream s from file "s.ndjson" format json { n: int = 1 }
product t version 1 { from s select { who: who } }
""")
    case.directory.joinpath("s.ndjson").write_text("{}\n")
    made = case.braid("dry-run", ".", "--format", "json", environment={"WHO": "Zoë"})
    case.expect(json.loads(made.out) == {"who": "Zoë"}, f"{made}")


def a_test_may_set_a_param_that_does_not_fit(case: Case) -> None:
    case.directory.joinpath("zone.braid").write_text("""domain p
param zone: string = "UTC"
stream s time at within 1m { n: int, at: timestamp }
product days version 1 { from s window tumbling 1d in zone group { rows: count() } }
test "nowhere" {
  param zone = "No/Where"
  given s [{ n: 1, at: @2026-01-01T00:00Z }]
  expect days [{ rows: 1, .. }]
}
""")
    case.braid("test", "zone.braid", code=SCRIPT, finding="E2127")


def colours_are_for_terminals(case: Case) -> None:
    script = case.directory / "wrong.braid"
    script.write_text(WRONG)
    for number, words in enumerate((["check", script], ["dry-run", PAYMENTS], ["help", "E2101"], ["test", PAYMENTS],
                                    ["run", PAYMENTS, "--store", "store"], ["functions"])):
        ended = case.braid(*words, code=None)
        case.expect("\x1b" not in ended.out + ended.err and "\r" not in ended.err, f"escape codes in a pipe: {ended}")
        if words[0] == "run":
            continue
        plain = on_a_terminal(case, words, {"NO_COLOR": "1"})
        case.expect(not re.search(r"\x1b\[[0-9;]*m", plain), f"colours although NO_COLOR is set: {plain[:200]!r}")
        coloured = on_a_terminal(case, words, {})
        if number == 0:
            case.expect("\x1b[" in coloured, f"no colours on a terminal: {coloured[:200]!r}")


if __name__ == "__main__":
    braid_command.main([help_teaches, wrong_use_is_answered, wrong_bindings_are_placed, exit_codes_tell_what_failed,
                        findings_are_json, inferred_declarations_check,
                        odd_files_are_read_as_they_were_inferred,
                        format_options_are_read_written_and_checked, a_dry_run_reports_beside_its_rows,
                        a_new_project_works, codes_and_functions_are_explained, errors_elsewhere_do_not_stop_a_run,
                        params_may_come_from_the_environment, a_test_may_set_a_param_that_does_not_fit,
                        colours_are_for_terminals])
