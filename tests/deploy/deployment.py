#!/usr/bin/env python3
"""Alert rules, dashboard, chart, unit and container file against what a job shows and accepts.

    deployment.py BRAID [--only NAME] [--keep]
"""
import json
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import DONE, SOURCE, Case

DEPLOY = SOURCE / "deploy"
RULES = DEPLOY / "prometheus/braid.rules.yml"
PAGES = SOURCE / "docs/operations"
METRIC = re.compile(r"\b(?:braid|process)_[a-z_]+\b")
LABEL = re.compile(r"\b(?:by|on) \(([^)]*)\)")
ADDED_BY_PROMETHEUS = {"job", "instance", "le", "namespace", "pod", "exported_job"}


def documented() -> dict:
    """The labels of each metric that docs/operations/metrics.md describes."""
    found = re.findall(r"(?m)^\| `([a-z_]+)(?:\{([a-z,]*)\})?` \| (counter|gauge|histogram) \|", (PAGES / "metrics.md").read_text())
    metrics = {}
    for name, labels, kind in found:
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            metrics[name + suffix] = set(labels.split(",")) - {""}
    return metrics


def check_names(case: Case, where: str, expression: str) -> set:
    """Every metric is one that a job has, and so is every label that it is chosen or grouped by."""
    metrics, used = documented(), set(METRIC.findall(expression))
    case.expect(used <= metrics.keys(), f"{where}: no job has {sorted(used - metrics.keys())}")
    labels = set().union(ADDED_BY_PROMETHEUS, *(metrics[name] for name in used))
    for name, chosen in re.findall(r"((?:braid|process)_[a-z_]+)\{([^}]*)\}", expression):
        asked = set(re.findall(r"([a-z_]+)\s*(?:=~|!=|!~|=)", chosen))
        case.expect(asked <= metrics[name] | ADDED_BY_PROMETHEUS, f"{where}: {name} has no {sorted(asked - metrics[name])}")
    for group in LABEL.findall(expression):
        asked = {label.strip() for label in group.split(",")}
        case.expect(asked <= labels, f"{where}: none of its metrics has {sorted(asked - labels)}")
    return used


def rules_use_metrics_that_exist(case: Case) -> None:
    expressions = re.findall(r"(?ms)^        expr: (.*?)(?=^        \w+:)", RULES.read_text())
    case.expect(len(expressions) >= 10, f"{len(expressions)} rules")
    for expression in expressions:
        check_names(case, "rule", expression)


def rules_name_pages_and_are_documented(case: Case) -> None:
    text, failures = RULES.read_text(), (PAGES / "failures.md").read_text()
    for page in set(re.findall(r"docs/[\w/.-]+\.md", text)):
        case.expect((SOURCE / page).is_file(), f"there is no {page}")
    for alert in re.findall(r"- alert: (\w+)", text):
        case.expect(f"`{alert}`" in failures, f"{alert} is not in failures.md")
    for alert in set(re.findall(r"`(Braid[A-Z]\w+)`", failures)):
        case.expect(f"alert: {alert}\n" in text, f"failures.md names {alert}, and there is no such rule")


def promtool(case: Case, *words, cwd=None) -> None:
    if shutil.which("promtool") is None:
        raise braid_command.Skipped("there is no promtool (Debian package prometheus)")
    ran = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, cwd=cwd)
    case.expect(ran.returncode == 0, f"promtool {shlex.join(map(str, words))}:\n{ran.stdout}{ran.stderr}")


def rules_are_right(case: Case) -> None:
    promtool(case, "check", "rules", RULES)
    promtool(case, "test", "rules", "braid.rules.test.yml", cwd=RULES.parent)


def every_rule_has_a_test(case: Case) -> None:
    tests = (RULES.parent / "braid.rules.test.yml").read_text()
    raised = set()
    for part in re.split(r"(?m)^      - ", tests):
        if "exp_alerts:" in part:
            raised |= set(re.findall(r"alertname: (\w+)", part))
    missing = set(re.findall(r"- alert: (\w+)", RULES.read_text())) - raised
    case.expect(missing == set(), f"no test raises {sorted(missing)}")


def the_dashboard_shows_metrics_that_exist(case: Case) -> None:
    board = json.loads((DEPLOY / "grafana/braid.json").read_text())
    used, identities, places = set(), set(), []
    for panel in board["panels"]:
        case.expect(panel["id"] not in identities, f"two panels have the id {panel['id']}")
        identities.add(panel["id"])
        place = panel["gridPos"]
        for other in places:
            apart = (place["x"] + place["w"] <= other["x"] or other["x"] + other["w"] <= place["x"] or
                     place["y"] + place["h"] <= other["y"] or other["y"] + other["h"] <= place["y"])
            case.expect(apart, f"`{panel['title']}` lies on another panel")
        places.append(place)
        for target in panel.get("targets", []):
            used |= check_names(case, f"panel `{panel['title']}`", target["expr"])
    for variable in board["templating"]["list"]:
        check_names(case, f"variable {variable['name']}", variable["query"])
    # Every metric is of use to somebody, and this is where they look.
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
    described = {re.sub(r"_(bucket|sum|count)$", "", name) for name in documented()}
    case.expect(described == shown, f"not on the dashboard: {sorted(described - shown)}")


def the_chart_uses_metrics_that_exist(case: Case) -> None:
    text = (DEPLOY / "helm/braid/templates/autoscaling.yaml").read_text()
    query = re.search(r"(?m)^        query: (.*)$", text)[1]
    used = check_names(case, "autoscaling", re.sub(r"\{\{.*?\}\}", "x", query))
    case.expect(used == {"braid_source_lag_records"}, f"{used}")
    for name, target in (("braid.rules.yml", RULES), ("braid.json", DEPLOY / "grafana/braid.json")):
        case.expect((DEPLOY / "helm/braid/files" / name).read_text() == target.read_text(), f"{name} of the chart is another")


def options(case: Case, command: str) -> set:
    return set(re.findall(r"(?m)^ +(--[a-z-]+)", case.braid(command, "--help").out))


def command_lines_have_options_that_exist(case: Case) -> None:
    for name in ("helm/braid/templates/statefulset.yaml", "container/Containerfile", "systemd/braid@.service"):
        lines = [line for line in (DEPLOY / name).read_text().splitlines() if not line.lstrip().startswith("#")]
        used = {option for line in lines if re.match(r'\s*(- --|ExecStart=|CMD \[)', line) for option in
                re.findall(r"(--[a-z-]+)", line)}
        case.expect("--listen" in used and "--log" in used, f"{name}: {used}")
        case.expect(used <= options(case, "run"), f"{name}: `braid run` has no {sorted(used - options(case, 'run'))}")


def make_project(folder: pathlib.Path) -> None:
    folder.mkdir(parents=True)
    (folder / "main.braid").write_text("domain d\nstream s\n{ a: int }\nproduct p {\n  from s\n  select { a }\n}\n")
    (folder / "braid.toml").write_text('[project]\nname = "d"\n[env.dev.bind]\n"d.s" = { file = "in/*.ndjson" }\n')
    (folder / "in").mkdir()
    (folder / "in/1.ndjson").write_text('{"a":1}\n')


def run_until_ready(case: Case, words: list, project: pathlib.Path, store: pathlib.Path) -> None:
    """Runs that command line with another project, store and port, until it is ready; then it drains."""
    process = case.start(*words)
    try:
        address, end = None, time.monotonic() + 60
        while address is None:
            line = process.stderr.readline()
            if line == "":
                case.fail(f"the job ended: {process.communicate()}")
            event = json.loads(line)
            address = event["address"] if event["event"] == "listening" else None
        while True:
            try:
                with urllib.request.urlopen(f"http://{address}/readyz", timeout=10) as answer:
                    case.expect(answer.status == 200, f"{answer.status}")
                break
            except urllib.error.HTTPError as not_ready:
                case.expect(not_ready.code == 503 and time.monotonic() < end, f"{not_ready}")
                time.sleep(0.05)
        case.braid("status", "--at", address)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        case.expect(process.returncode == DONE, f"exit code {process.returncode}")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    case.expect((store / "identity").is_file(), "no store")


def the_unit_file_runs_a_job(case: Case) -> None:
    unit = (DEPLOY / "systemd/braid@.service").read_text()
    project, store = case.directory / "etc/d", case.directory / "var/d"
    make_project(project)
    words = shlex.split(re.search(r"(?m)^ExecStart=(.*)$", unit)[1])
    variables = dict(re.findall(r"(?m)^Environment=(\w+)=(.*)$", unit))
    case.expect(variables == {"BRAID_LISTEN": "127.0.0.1:9464", "BRAID_OPTIONS": ""}, f"{variables}")
    replaced = {"/etc/braid/%i": project, "/var/lib/braid/%i": store, "${BRAID_LISTEN}": "127.0.0.1:0"}
    words = [str(replaced.get(word, word)) for word in words[1:] if word != "$BRAID_OPTIONS"]
    run_until_ready(case, words, project, store)


def the_container_runs_a_job(case: Case) -> None:
    text = (DEPLOY / "container/Containerfile").read_text()
    project, store = case.directory / "project", case.directory / "data"
    make_project(project)
    words = json.loads(re.search(r"(?m)^CMD (\[.*\])$", text)[1])
    replaced = {"/project": project, "/data": store, "0.0.0.0:9464": "127.0.0.1:0"}
    run_until_ready(case, [str(replaced.get(word, word)) for word in words], project, store)
    case.expect(re.search(r"(?m)^USER 10001:10001$", text) is not None, "it runs as root")


def the_container_has_what_a_job_needs(case: Case) -> None:
    binary = pathlib.Path(case.binary)
    build = binary.parents[1]
    text = (DEPLOY / "container/Containerfile").read_text()
    image = case.directory / "usr/local"
    copied = re.findall(r"cp build/release/(\S+) /image/(\S+)/", text)
    case.expect(len(copied) == 2, f"{copied}")
    files = []
    for source, target in copied:
        (image / target).mkdir(parents=True)
        for file in sorted(build.glob(source)):
            shutil.copy(file, image / target)
            files.append(file)
        case.expect(f"COPY --from=builder /image/{target} /usr/local/{target}" in text, f"{target} is not in the image")
    names = {file.name for file in files}
    # That of DuckDB is there unless the build could not have it.
    built = {file.name for pattern in ("libbraid_*.so", "libduckdb.so") for file in (build / "lib").glob(pattern)}
    expected = {"braid"} | built
    case.expect(names == expected and "libbraid_codegen.so" in names, f"{names}, and not {expected}")
    project = case.directory / "project"
    make_project(project)
    alone = Case(str(image / "bin/braid"), case.directory, 1)
    alone.braid("explain", project, "--stage", "asm")
    (image / "lib/libbraid_codegen.so").unlink()
    case.expect(alone.braid("explain", project, "--stage", "asm", code=None).code != DONE, "native code without its compiler")
    # The shared libraries of all belong to packages.
    if shutil.which("dpkg-query") is None:
        raise braid_command.Skipped("there is no dpkg-query")
    packages = subprocess.run([DEPLOY / "container/runtime-packages", *files], capture_output=True, text=True)
    found = packages.stdout.split()
    case.expect(packages.returncode == 0 and "libc6" in found and found == sorted(set(found)), f"{packages}")
    libraries = subprocess.run(["ldd", *files], capture_output=True, text=True).stdout
    for name in re.findall(r"(?m)^\t(lib[a-zA-Z0-9]+)[^\n]* => /", libraries):
        word = {"libcrypto": "libssl", "libdate": "libdate", "libm": "libc6", "libz": "zlib1g", "libgcc": "libgcc",
                "libpthread": "libc6", "libdl": "libc6", "librt": "libc6", "libc": "libc6", "libresolv": "libc6",
                "liblber": "libldap", "libbrotlidec": "libbrotli", "libbrotlicommon": "libbrotli", "libcom": "libcom-err"}
        word = word.get(name, name).rstrip(".")
        case.expect(any(package.startswith(word) for package in found), f"no package for {name}: {found}")


braid_command.main([rules_use_metrics_that_exist, rules_name_pages_and_are_documented, rules_are_right,
                    every_rule_has_a_test, the_dashboard_shows_metrics_that_exist, the_chart_uses_metrics_that_exist,
                    command_lines_have_options_that_exist, the_unit_file_runs_a_job, the_container_runs_a_job,
                    the_container_has_what_a_job_needs])
