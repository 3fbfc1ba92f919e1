#!/usr/bin/env python3
"""`braid contract import` and `export`: golden files, what a round trip keeps, and mistakes in contracts.

    contracts.py BRAID [--only NAME] [--seed N] [--keep]

BRAID_UPDATE=1 writes the golden files anew.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "cli"))
import braid_command
from braid_command import INPUT, USAGE, Case

CONTRACTS = sorted((HERE / "contracts").iterdir())


def golden(case: Case, name: str, text: str) -> None:
    path = HERE / "expected" / name
    if os.environ.get("BRAID_UPDATE"):
        path.write_text(text)
    case.expect(path.is_file() and path.read_text() == text, f"{path.name} differs:\n{text}")


def imported(case: Case, name: str, *flags):
    shutil.copy(HERE / "contracts" / name, case.directory / name)
    return case.braid("contract", "import", name, *flags)


def checked(case: Case, script: str, name: str = "got") -> pathlib.Path:
    """The project with that script, which has no mistakes."""
    folder = case.directory / name
    folder.mkdir(exist_ok=True)
    (folder / "braid.toml").write_text(f'[project]\nname = "{name}"\n')
    (folder / "got.braid").write_text("domain reader\n\n" + script)
    case.braid("check", folder)
    return folder


def contracts_become_scripts(case: Case) -> None:
    for contract in CONTRACTS:
        told = imported(case, contract.name)
        golden(case, contract.name.split(".")[0] + ".braid", told.out)
        case.expect(not [code for code in told.codes if code.startswith("E")], f"{told}")
        checked(case, told.out, contract.name.split(".")[0])


def what_is_left_out_is_told(case: Case) -> None:
    """Every key and rule of the contract is in the script, or named in it, or said in a warning."""
    told = imported(case, "customers.odcs.yaml")
    for part in ("few orphans", "encryptedName: email_enc", "price", "roles", "support", "servers", "frequency",
                 "customProperties", "left out: \"shape\"", "the engine `soda`", "no window says"):
        case.expect(part in told.out, f"`{part}` is missing:\n{told.out}")
    case.expect(told.codes.count("W7307") >= 4 and "W7306" in told.codes and "W7308" in told.codes, f"{told}")


def one_object_is_chosen(case: Case) -> None:
    told = imported(case, "shop.odcs.json", "--object", "returns", "--name", "brought_back", "--as", "stream")
    case.expect("stream brought_back version 2" in told.out and "channel" not in told.out, f"{told}")
    told = case.braid("contract", "import", "shop.odcs.json", "--object", "return", code=USAGE, finding="E7309")
    case.expect("did you mean `returns`?" in told.err, f"{told}")


def project(case: Case) -> pathlib.Path:
    shutil.copytree(HERE / "shop", case.directory / "shop")
    return case.directory / "shop"


def products_become_contracts(case: Case) -> None:
    project(case)
    for name, words in EXPORTS.items():
        golden(case, name, case.braid("contract", "export", *words).out)


EXPORTS = {
    "order.odcs.yaml": ["order", "shop"],
    "sold.odcs.yaml": ["sold", "shop", "--tenant", "northwind"],
    "sold_by_channel.odcs.yaml": ["sold_by_channel", "shop"],
    "plain_sold.odcs.yaml": ["plain_sold", "shop"],
    "sold.odps.yaml": ["sold", "shop", "--format", "odps", "--tenant", "northwind"],
    "shop.odps.yaml": ["shop", "shop", "--format", "odps"],
    "sold.asyncapi.yaml": ["sold", "shop", "--format", "asyncapi", "--tenant", "northwind"],
    "shop.asyncapi.yaml": ["shop", "shop", "--format", "asyncapi"],
    "shop.backstage.yaml": ["shop", "shop", "--format", "backstage"],
    "shop.dbt.yaml": ["shop", "shop", "--format", "dbt"],
    "sold.datahub.yaml": ["sold", "shop", "--format", "datahub", "--tenant", "northwind"],
    "shop.prometheus.yaml": ["shop", "shop", "--format", "prometheus", "--tenant", "northwind"],
    "sold.openmetadata.yaml": ["sold", "shop", "--format", "openmetadata", "--tenant", "northwind"],
}


def rules_are_of_metrics_that_jobs_have(case: Case) -> None:
    """Each promise that a job watches has its rules, by the labels that the job gives it; promtool agrees, if there."""
    project(case)
    text = case.braid("contract", "export", "shop", "shop", "--format", "prometheus").out
    (case.directory / "rules.yml").write_text(text)
    metrics = (braid_command.SOURCE / "docs/operations/metrics.md").read_text()
    used = set(re.findall(r"\bbraid_[a-z_]+", text))
    case.expect(used and all(f"`{name}{{" in metrics for name in used), f"{used}")
    parsed = reader_of_yaml()(text)
    rules = [rule for group in parsed["groups"] for rule in group["rules"]]
    breached = {rule["labels"]["promise"] for rule in rules if rule.get("alert") == "BraidPromiseBreached"}
    case.expect(breached == {"fresh within 5m", "latency p99 < 30s", "complete name >= 99.5%", "complete article, name >= 90%",
                             "volume 1..100000 per 1h", "state <= 2GB"}, f"{breached}")
    for rule in rules:
        case.expect(rule["labels"]["owner"] == "shop@northwind.example" and rule["labels"]["version"] == "2", f"{rule}")
        if promise := rule["labels"].get("promise"):
            # State is summed over the instances of a job, whatever is promised of it.
            of_promise = f'product="shop.sold",version="2",promise="{promise}"' in rule["expr"]
            of_state = promise.startswith("state") and 'braid_product_state_bytes{product="shop.sold",version="2"}' in rule["expr"]
            case.expect(of_promise or of_state, f"{rule}")
    names = [rule.get("alert") or rule["record"] for rule in rules]
    for name, count in {"BraidPromiseAtRisk": 6, "BraidPromiseBudgetSpent": 3, "BraidPromiseNotWatched": 1,
                        "BraidContractBroken": 1, "braid:promise_budget_left:ratio30d": 3}.items():
        case.expect(names.count(name) == count, f"{name}: {names}")
    if shutil.which("promtool"):
        ran = subprocess.run(["promtool", "check", "rules", "rules.yml"], cwd=case.directory, capture_output=True, text=True)
        case.expect(ran.returncode == 0, ran.stdout + ran.stderr)


def fields_of(script: str, name: str) -> list:
    """The fields of a declaration, without comments and labels."""
    body = re.search(rf"(?:stream|table) {name}\b.*?\n{{\n(.*?)\n}}", script, re.DOTALL).group(1)
    lines = [re.sub(r"\s+//.*| #\w+|,$", "", line.strip()) for line in body.splitlines()]
    return sorted(re.sub(r"\s+", " ", line.rstrip(",")) for line in lines if line and not line.startswith("/"))


def types_come_back(case: Case) -> None:
    """What is exported and imported again has the same fields, key, time and promises."""
    project(case)
    text = case.braid("contract", "export", "order", "shop").out
    (case.directory / "order.yaml").write_text(text)
    script = case.braid("contract", "import", "order.yaml").out
    source = (HERE / "shop/shop.braid").read_text()
    flat = re.sub(r"\{ (article: string, count: int, note: string\?) \}", r"{ \1 }", source)
    want = fields_of(flat, "order")
    found = fields_of(re.sub(r"list<\{\n\s+(.*?),\n\s+(.*?),\n\s+(.*?),\n\s+\}>", r"list<{ \1, \2, \3 }>", script), "order")
    case.expect(found == want, f"{found}\n{want}")
    case.expect("  time at within 10s\n" in script and 'from topic "shop.order.v2" format json' in script, script)
    checked(case, script)
    (case.directory / "sold.yaml").write_text(case.braid("contract", "export", "sold", "shop").out)
    script = case.braid("contract", "import", "sold.yaml").out
    for clause in ("compatible full_transitive", "check positive: amount > 0 else reject", "unique id within 1d",
                   "check known: name is not null else alert", "complete name >= 99.5%", "complete article, name >= 90%",
                   "volume 1..100000 per 1h", "fresh within 5m", "latency p99 < 30s", "keep 30d"):
        case.expect(f"    {clause}\n" in script, f"`{clause}` is missing:\n{script}")
    checked(case, script)


def a_round_trip_keeps_the_rest(case: Case) -> None:
    """Import, and export over the same file: what was there is there, and a second export changes nothing."""
    read = reader_of_yaml()
    for contract in CONTRACTS:
        told = imported(case, contract.name)
        before = read(contract.read_text())
        name = before["schema"][0]["name"]
        folder = checked(case, re.sub(rf"\bproduct checked_{name}\b", "product written", told.out), name)
        # The product that keeps the contract takes the name of the object; the source another one.
        script = (folder / "got.braid").read_text()
        if "product written" not in script:
            script += f"\nproduct written version 1 {{ from {name} }}\n"
        script = re.sub(rf"\b(stream|table|from) {name}\b", r"\1 source_of_it", script).replace("product written", f"product {name}")
        (folder / "got.braid").write_text(script)
        once = case.braid("contract", "export", f"reader.{name}", folder, "--over", contract.name)
        after = read(once.out)
        lost = missing(before, after)
        case.expect(not [each for each in lost if not allowed(each)], f"{contract.name} lost {lost}\n{once}")
        (case.directory / "again.yaml").write_text(once.out)
        again = case.braid("contract", "export", f"reader.{name}", folder, "--over", "again.yaml")
        case.expect(again.out == once.out, f"{contract.name}: the second export differs:\n{again.out}\n{once.out}")


def reader_of_yaml():
    try:
        import yaml
    except ImportError:
        raise braid_command.Skipped("PyYAML is not installed; standards.judges has it")
    return yaml.safe_load


def allowed(path: str) -> bool:
    """The team of 3.0 is a list, of 3.1 an object; the version of the standard is that which is written; what was called
    `rule` is a metric."""
    return path.startswith(("/team", "/apiVersion")) or "/rule" in path


def missing(before, after, path="") -> list:
    """Paths of what `before` says and `after` does not."""
    if isinstance(before, dict):
        if not isinstance(after, dict):
            return [path]
        return [each for key, value in before.items() for each in
                (missing(value, after[key], f"{path}/{key}") if key in after else [f"{path}/{key}"])]
    if isinstance(before, list):
        if not isinstance(after, list):
            return [path]
        lost = []
        for index, value in enumerate(before):
            key = next((value[each] for each in ("name", "property", "id", "server") if isinstance(value, dict) and each in value), index)
            best = min((missing(value, other, f"{path}/{key}") for other in after), key=len, default=[f"{path}/{key}"])
            lost += best
        return lost
    return [] if str(before) == str(after) else [f"{path}={before!r}"]


def other_promises_are_told(case: Case) -> None:
    project(case)
    text = case.braid("contract", "export", "sold", "shop").out
    (case.directory / "sold.yaml").write_text(text)
    # The file promises more, and has parts of its own.
    more = text.replace("slaProperties:\n", "slaProperties:\n  - {property: completeness, value: 99, unit: percent}\n", 1)
    more += "price: {priceAmount: 3}\n"
    (case.directory / "more.yaml").write_text(more)
    told = case.braid("contract", "export", "sold", "shop", "--over", "more.yaml", finding="W7312")
    case.expect("priceAmount: 3" in told.out and "completeness" in told.out, f"{told}")
    told = case.braid("contract", "export", "sold_by_channel", "shop", "--over", "sold.yaml", code=USAGE, finding="E7311")
    case.expect(not told.out, f"{told}")
    # A check and a promise that the script no longer has leave the file, too.
    script = case.directory / "shop/shop.braid"
    script.write_text(re.sub(r"    (check positive|state).*\n", "", script.read_text()))
    told = case.braid("contract", "export", "sold", "shop", "--over", "sold.yaml")
    case.expect("positive" not in told.out and "braid.state" not in told.out and "known" in told.out, f"{told}")


GOOD = """apiVersion: v3.1.0
kind: DataContract
id: x
version: 1.0.0
status: active
schema:
  - name: a
    properties:
      - {name: f, logicalType: string}
"""

WRONG = [
    ("a: [1, 2\nb: 3\n", "E7300", INPUT, "wrong.yaml:2"),
    ("", "E7300", INPUT, "it is empty"),
    ("a: 1\na: 2\n", "E7300", INPUT, "the key `a` stands twice"),
    (GOOD + "---\nb: 1\n", "E7300", INPUT, "a second document"),
    ("a: &x [*x]\n", "E7300", INPUT, ""),
    ("a: " + "[" * 3000 + "]" * 3000, "E7300", INPUT, ""),
    ("\n".join(["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"] +
               [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]" for i in range(1, 9)]), "E7300", INPUT, "values"),
    ("- 1\n", "E7301", INPUT, "it is a list"),
    ("just words\n", "E7301", INPUT, "just words"),
    ("dataContractSpecification: 1.2.0\nid: x\n", "E7301", INPUT, "Data Contract Specification"),
    ("asyncapi: 3.0.0\n", "E7301", INPUT, "AsyncAPI"),
    (GOOD.replace("DataContract", "DataProduct"), "E7301", INPUT, "a data product"),
    (GOOD.replace("v3.1.0", "v2.2.2"), "E7301", INPUT, "`v2.2.2`"),
    (GOOD.replace("v3.1.0", "v4.0.0"), "E7301", INPUT, "v3.2.0"),
    (GOOD.replace("status: active\n", ""), "E7302", INPUT, "has no `status`"),
    (GOOD.replace("name: a\n", "physicalName: a\n"), "E7302", INPUT, "has no `name`"),
    (GOOD.replace("logicalType: string", "logicalType: varchar"), "E7303", INPUT, "wrong.yaml:9"),
    (GOOD.replace("logicalType: string", "logicalType: strin"), "E7303", INPUT, "did you mean `string`?"),
    (GOOD.replace("schema:\n  - name: a", "schema:\n  name: a").replace("\n    properties:\n      -", "\n  properties:\n    -"),
     "E7303", INPUT, "a list"),
    (GOOD + "    quality:\n      - {metric: rowCount}\n", "E7302", INPUT, "mustBeBetween"),
    (GOOD + "    quality:\n      - {metric: rowCount, mustBe: 1, mustNotBe: 2}\n", "E7303", INPUT, "one operator"),
    (GOOD + "    quality:\n      - {metric: rowCount, mustBeBetween: [1]}\n", "E7303", INPUT, "two numbers"),
    (GOOD + "    quality:\n      - {metric: rows, mustBe: 1}\n", "E7303", INPUT, "rowCount"),
    (GOOD + "    quality:\n      - {type: custom, engine: x}\n", "E7302", INPUT, "implementation"),
    (GOOD + "servers:\n  - {server: s, type: kafka}\n", "E7302", INPUT, "has no `host`"),
    (GOOD[:GOOD.index("schema:")], "E7305", INPUT, "it has no `schema`"),
    (GOOD.replace("logicalType: string", "physicalType: geometry"), "E7305", INPUT, "has a type here"),
]


def a_state_comes_and_goes(case: Case) -> None:
    for status, state in (("draft", "draft"), ("proposed", "draft"), ("active", "active"), ("retired", "active")):
        (case.directory / "a.yaml").write_text(GOOD.replace("active", status).replace("string}", "string, required: true}"))
        script = case.braid("contract", "import", "a.yaml").out
        case.expect(("\n  draft\n" in script) == (state == "draft"), f"{status}: {script}")
        if "product checked_a" not in script:
            script += "\nproduct checked_a version 1 { from a }\n"
        script = re.sub(r"\b(stream|table|from) a\b", r"\1 source_of_it", script).replace("checked_a", "a")
        folder = checked(case, script, status)
        told = case.braid("contract", "export", "reader.a", folder).out
        case.expect(f"\nstatus: {state}\n" in told, f"{status}: {told}")
        # The file keeps a word that no script has, and one that says the same.
        over = case.braid("contract", "export", "reader.a", folder, "--over", "a.yaml").out
        case.expect(f"status: {status}\n" in over, f"{status}: {over}")
        (case.directory / "a.yaml").write_text(GOOD.replace("active", "draft" if state == "active" else "deprecated"))
        over = case.braid("contract", "export", "reader.a", folder, "--over", "a.yaml").out
        case.expect(f"status: {state}\n" in over, f"{status}: {over}")


def wrong_contracts_are_answered(case: Case) -> None:
    for text, code, exit_code, part in WRONG:
        (case.directory / "wrong.yaml").write_text(text)
        told = case.braid("contract", "import", "wrong.yaml", code=exit_code, finding=code)
        case.expect(part in told.err and not told.out, f"`{part}` is missing: {text[:300]}\n{told}")
    (case.directory / "wrong.yaml").write_bytes(b"\xff\xfe\x00a\x00:")
    case.braid("contract", "import", "wrong.yaml", code=INPUT)
    case.braid("contract", "import", "nothing.yaml", code=INPUT, finding="E7001")


def odd_contracts_are_read(case: Case) -> None:
    path = case.directory / "odd.yaml"
    # A mark, Windows lines, a comment, a key that is nearly right, an empty part, merged keys.
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode() + b"    descripton: x\r\nsupport:\r\n")
    told = case.braid("contract", "import", "odd.yaml", finding="W7304")
    case.expect("did you mean `description`?" in told.err and "f: string?," in told.out, f"{told}")
    path.write_text(GOOD.replace("- {name: f,", "- &f {name: f,") + "      - {<<: *f, name: g}\n")
    told = case.braid("contract", "import", "odd.yaml")
    case.expect("f: string?," in told.out and "g: string?," in told.out, f"{told}")
    # What would leave its clause stays outside the script.
    path.write_text(GOOD + "    quality:\n      - {id: r, type: custom, engine: braid, implementation: 'expr: true } to file \"x\" {'}\n")
    told = case.braid("contract", "import", "odd.yaml", finding="W7307")
    case.expect("to file" not in told.out, f"{told}")


def names_of_the_wrong_kind(case: Case) -> None:
    project(case)
    case.braid("contract", "export", "sodl", "shop", code=USAGE, finding="E7070")
    case.braid("contract", "export", "order", "shop", "--format", "odps", code=USAGE, finding="E7310")
    case.braid("contract", "export", "sold", "shop", "--format", "xml", code=USAGE)
    case.braid("contract", "export", "sold", "shop", "--format", "odps", "--over", "x", code=USAGE, finding="E7017")
    case.braid("contract", "export", "sold", "shop", "--over", "none.yaml", code=INPUT, finding="E7001")


def the_page_says_the_truth(case: Case) -> None:
    """The contract of docs/mesh/contracts.md becomes the script that stands there."""
    page = (braid_command.SOURCE / "docs/mesh/contracts.md").read_text()
    (case.directory / "orders.odcs.yaml").write_text(re.search(r"```yaml\n(.*?)```", page, re.DOTALL).group(1))
    script = re.search(r"```braid part\n(.*?)```", page, re.DOTALL).group(1)
    told = case.braid("contract", "import", "orders.odcs.yaml")
    case.expect(told.out == script, f"{told.out}")
    checked(case, script)


if __name__ == "__main__":
    braid_command.main([contracts_become_scripts, what_is_left_out_is_told, one_object_is_chosen, products_become_contracts, rules_are_of_metrics_that_jobs_have,
                        types_come_back, a_state_comes_and_goes, a_round_trip_keeps_the_rest, other_promises_are_told,
                        wrong_contracts_are_answered, odd_contracts_are_read, names_of_the_wrong_kind,
                        the_page_says_the_truth])
