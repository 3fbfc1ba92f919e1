#!/usr/bin/env python3
"""Domains that ask each other for products, over one registry: requests, decisions, grants that end, commands that are
killed, jobs whose grant ends, and the policies of an organisation.

    access.py BRAID [--only NAME] [--seed N] [--keep]
"""
import base64
import datetime
import http.server
import json
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import DONE, INPUT, SCRIPT, USAGE, Case
from mesh import TOML, write_kpi, write_payments

ASK = ("access", "request", "payments.payment", "--purpose", "reporting", "--project", "kpi", "--json")


def closed_payments(case: Case, more: str = "", toml: str = "") -> pathlib.Path:
    """`payment` is open to `audit` alone; `balance` to `kpi`, too."""
    folder = write_payments(case, more)
    script = folder / "payments.braid"
    script.write_text(script.read_text().replace("  allow read to domain kpi\n", "  allow read to domain audit\n", 1))
    if toml:
        config = folder / "braid.toml"
        config.write_text(config.read_text().replace("[mesh]\n", "[mesh]\n" + toml))
    case.braid("publish", "payments")
    return folder


def write_domain(case: Case, name: str, script: str = "") -> pathlib.Path:
    folder = case.directory / name
    folder.mkdir(exist_ok=True)
    (folder / "braid.toml").write_text(TOML.format(name=name))
    (folder / f"{name}.braid").write_text(script or f'domain {name}\n  owner "{name}@shop.example"\n')
    if not (case.directory / f"{name}.pem").exists():
        case.braid("mesh", "key", "new", f"{name}.pem")
    return folder


def asked(case: Case, *words) -> str:
    return json.loads(case.braid(*ASK, *words).out)["request"]


def listed(case: Case, *words) -> list:
    return [json.loads(line) for line in
            case.braid("access", "list", "--registry", "registry", "--json", *words).out.splitlines()]


def events(case: Case, domain: str) -> list:
    case.braid("audit", "verify", domain, "--registry", "registry")
    return [json.loads(line) for line in
            case.braid("audit", "log", domain, "--registry", "registry", "--json").out.splitlines()]


def types(case: Case, domain: str) -> list:
    return [each["type"].removeprefix("io.braid.") for each in events(case, domain)]


def instant(seconds: float) -> str:
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.isoformat().replace("+00:00", "Z")


def a_request_becomes_a_grant(case: Case) -> None:
    closed_payments(case)
    write_kpi(case)
    told = case.braid("check", "kpi", code=SCRIPT, finding="E5400")
    case.expect("braid access request payments.payment --purpose" in told.err, f"{told}")
    told = case.braid("access", "request", "payments.payment", "--purpose", "reporting", "--project", "kpi")
    case.expect("`kpi` reads `payments.payment@1` for reporting" in told.out and "payments decides" in told.out, f"{told}")
    [one] = listed(case)
    case.expect(one["state"] == "open" and one["reader"] == "kpi" and one["purpose"] == "reporting", f"{one}")
    request = one["request"]
    told = case.braid("check", "kpi", code=SCRIPT, finding="E5400")
    case.expect("W7233" in told.codes and "is not decided yet" in told.err, f"{told}")

    told = case.braid("access", "approve", request[:8], "--project", "payments")
    case.expect("is granted" in told.out, f"{told}")
    # Live at once, for everything that a reader does.
    case.braid("check", "kpi")
    case.braid("test", "kpi")
    case.braid("run", "payments")
    case.braid("run", "kpi")
    rows = [json.loads(line) for line in (case.directory / "kpi/data/out/kpi.turnover.v1.ndjson").read_text().splitlines()]
    case.expect([float(row["paid"]) for row in rows] == [3.75, 9.0], f"{rows}")
    case.braid("publish", "kpi")
    shown = json.loads(case.braid("mesh", "show", "payments.payment@1", "--registry", "registry", "--json").out)
    case.expect([each["reader"] for each in shown["readers"]] == ["kpi.turnover@1"], f"{shown}")
    case.expect("payments.payment@1" in case.braid("access", "list", "--project", "kpi").out, "the table is empty")

    # The gate knows it as a reader: of the columns that it uses, and not of the `allow` that it does not need.
    script = case.directory / "payments/payments.braid"
    right = script.read_text()
    script.write_text(right.replace("select { id, who, amount, state", "select { id, who, state"))
    told = case.braid("publish", "payments", code=SCRIPT, finding="E7220")
    case.expect("kpi.turnover version 1" in told.out and "amount" in told.out, f"{told}")
    script.write_text(right.replace("  allow read to domain audit\n", "", 1))
    case.braid("publish", "payments")

    # Revoked: the next check refuses it, and the owner may take it away without breaking whom the registry knows.
    case.braid("access", "revoke", request, "--project", "payments", "--because", "the need has ended")
    told = case.braid("check", "kpi", code=SCRIPT, finding="E5400")
    case.expect("was revoked by `payments`: the need has ended" in told.err, f"{told}")
    case.braid("run", "kpi", code=SCRIPT, finding="E5400")
    case.braid("publish", "kpi", code=SCRIPT, finding="E5400")
    case.expect(types(case, "kpi").count("access.requested") == 1, f"{types(case, 'kpi')}")
    of_owner = [each for each in types(case, "payments") if each.startswith("access.")]
    case.expect(of_owner == ["access.granted", "access.revoked"], f"{of_owner}")
    granted = next(each for each in events(case, "payments") if each["type"] == "io.braid.access.granted")
    case.expect(granted["subject"] == "urn:braid:acme:payments:payment:1" and granted["data"]["reader"] == "kpi" and
                granted["data"]["request"] == request, f"{granted}")


def a_use_states_its_purpose(case: Case) -> None:
    closed_payments(case)
    kpi = write_kpi(case)
    script = kpi / "kpi.braid"
    plain = script.read_text()
    script.write_text(plain.replace("use payments.payment version 1", "use payments.payment version 1 for purpose care"))
    case.braid("access", "approve", asked(case), "--project", "payments")
    told = case.braid("check", "kpi", code=USAGE, finding="E7338")
    case.expect("it may read for purpose reporting" in told.err, f"{told}")
    # Nor is it let in by a file that states none, which reads by that grant.
    (kpi / "other.braid").write_text("domain kpi\n\nuse payments.payment version 1\n\nproduct ids version 1 {\n"
                                     "  from payment\n  select { id }\n}\n")
    case.braid("check", "kpi", code=USAGE, finding="E7338")
    request = json.loads(case.braid("access", "request", "payments.payment", "--purpose", "care", "--project", "kpi",
                                    "--json").out)["request"]
    case.braid("access", "approve", request, "--project", "payments")
    case.braid("check", "kpi")
    # An `allow` for the purpose does as well.
    case.braid("access", "revoke", request, "--project", "payments")
    (kpi / "other.braid").unlink()
    owner = case.directory / "payments/payments.braid"
    owner.write_text(owner.read_text().replace("allow read to domain audit",
                                               "allow read to domain audit, domain kpi for purpose care", 1))
    case.braid("publish", "payments")
    case.braid("update", "--project", "kpi")
    case.braid("check", "kpi")
    case.braid("publish", "kpi")
    case.braid("run", "payments")
    case.braid("run", "kpi")
    used = [each["data"] for each in events(case, "kpi") if each["type"] == "io.braid.access.used"]
    case.expect({each.get("purpose") for each in used if each["by"] == "kpi.turnover@1"} == {"care"}, f"{used}")


def a_grant_is_for_columns(case: Case) -> None:
    closed_payments(case)
    kpi = write_kpi(case)
    columns = ("--purpose", "reporting", "--project", "kpi", "--columns")
    case.braid("access", "request", "payments.payment", *columns, "id,amout", code=USAGE, finding="E7247")
    told = case.braid("access", "request", "payments.payment", *columns, "who,amount")
    case.expect("reads id, who, amount, at of `payments.payment@1`" in told.out, f"{told}")
    [one] = listed(case)
    case.expect(one["columns"] == "id, who, amount, at", f"{one}")
    case.braid("access", "approve", one["request"], "--project", "payments")
    told = case.braid("check", "kpi", code=SCRIPT)
    case.expect("state" in told.err and "E5400" not in told.codes, f"{told}")
    script = (kpi / "kpi.braid").read_text()
    (kpi / "kpi.braid").write_text(script.replace('  where state == "paid"\n', "").split('test "a minute"')[0])
    case.braid("check", "kpi")
    case.braid("run", "payments")
    case.braid("run", "kpi")
    rows = [json.loads(line) for line in (kpi / "data/out/kpi.turnover.v1.ndjson").read_text().splitlines()]
    case.expect(sorted(float(row["paid"]) for row in rows) == [3.75, 4.0, 9.0], f"{rows}")
    # A second domain of the project with all columns: one of them would see too much.
    (kpi / "sales.braid").write_text("domain sales\n\nuse payments.payment version 1\n\nproduct ids version 1 {\n"
                                     "  from payment\n  select { id, state }\n}\n")
    request = json.loads(case.braid("access", "request", "payments.payment", "--purpose", "reporting", "--project", "kpi",
                                    "--domain", "sales", "--json").out)["request"]
    case.braid("access", "approve", request, "--project", "payments")
    case.braid("check", "kpi", code=USAGE, finding="E7339")
    (kpi / "sales.braid").unlink()
    # Asked for all: the wider grant holds.
    case.braid("access", "approve", asked(case), "--project", "payments")
    (kpi / "kpi.braid").write_text(script)
    case.braid("check", "kpi")


def a_grant_is_for_a_role(case: Case) -> None:
    issuer = Issuer(case, "one")
    folder = members(case, "keys.json")
    (folder / "keys.json").write_text(json.dumps({"keys": [issuer.jwk()]}))
    toml = (folder / "braid.toml").read_text()
    if "registry" not in toml:
        (folder / "braid.toml").write_text(toml.replace(
            "[mesh.identity]", '[mesh]\nregistry = "../registry"\nkey = "../crm.pem"\n\n[mesh.identity]', 1))
    if not (case.directory / "crm.pem").exists():
        case.braid("mesh", "key", "new", "crm.pem")
    case.braid("publish", "crm")
    mail = write_domain(case, "mail")
    token = issuer.write(case.directory / "token.jwt", roles=["support"])
    case.braid("dry-run", folder, "--format", "json", "--token", token, code=None, finding="E7342")
    told = case.braid("access", "request", "crm.member", "--purpose", "care", "--role", "support", "--project", mail, "--json")
    request = json.loads(told.out)
    case.expect(request["role"] == "support", f"{request}")
    case.braid("access", "approve", request["request"], "--project", folder)
    case.expect(seen(case, folder, token) == [(1, "***"), (2, "***")], "masked, and every row")
    told = case.braid("dry-run", folder, "--format", "json", "--token", token, "--purpose", "care")
    case.expect(len(told.out.splitlines()) == 2, f"{told}")
    case.braid("dry-run", folder, "--format", "json", "--token", token, "--purpose", "other", code=None, finding="E7342")
    # Flows of the domain that asked get nothing by it.
    (mail / "mail.braid").write_text("domain mail\n\nuse crm.member\n\nproduct p version 1 {\n  from member\n}\n")
    case.braid("check", mail, code=SCRIPT, finding="E5400")
    case.braid("access", "revoke", request["request"], "--project", folder)
    case.braid("dry-run", folder, "--format", "json", "--token", token, code=None, finding="E7342")


def a_grant_ends_by_itself(case: Case) -> None:
    closed_payments(case)
    write_kpi(case)
    request = asked(case, "--until", "30d")
    [one] = listed(case, "--product", "payments.payment")
    case.expect("asked_until" in one and listed(case, "--product", "payments.balance") == [], f"{one}")
    ends = instant(8)
    case.braid("access", "approve", request, "--project", "payments", "--until", ends)
    case.braid("check", "kpi")
    while instant(0) <= ends:
        time.sleep(0.5)
    told = case.braid("check", "kpi", code=SCRIPT, finding="E5400")
    case.expect("ended at" in told.err and "asks again" in told.err, f"{told}")
    case.expect(listed(case)[0]["state"] == "ended", f"{listed(case)}")
    case.expect("access.expired" not in types(case, "payments"), "nobody was there to record it")
    case.braid("publish", "payments")
    case.braid("publish", "payments")
    case.expect(types(case, "payments").count("access.expired") == 1, f"{types(case, 'payments')}")
    # Again, and denied.
    request = asked(case)
    case.braid("access", "deny", request, "--project", "payments", "--because", "use the balance")
    told = case.braid("check", "kpi", code=SCRIPT, finding="E5400")
    case.expect("was denied by `payments`: use the balance" in told.err, f"{told}")


def a_job_stops_when_its_grant_ends(case: Case) -> None:
    closed_payments(case)
    write_kpi(case)
    case.braid("run", "payments")
    # By the clock.
    case.braid("access", "approve", asked(case), "--project", "payments", "--until", instant(15))
    job = case.start("run", "kpi", "--follow")
    ended = case.ended(job)
    case.expect(ended.code == SCRIPT and "E7234" in ended.codes and "ended at" in ended.err, f"{ended}")
    case.expect("stopped on request, all committed" in ended.out, f"{ended}")
    case.braid("run", "kpi", code=SCRIPT, finding="E5400")
    # By its owner; the job goes on from where it stopped.
    request = asked(case)
    case.braid("access", "approve", request, "--project", "payments")
    job = case.start("run", "kpi", "--follow")
    time.sleep(4)
    case.expect(job.poll() is None, "the job has ended")
    case.braid("access", "revoke", request, "--project", "payments")
    ended = case.ended(job)
    case.expect(ended.code == SCRIPT and "E7234" in ended.codes and "was revoked" in ended.err, f"{ended}")


def approvers_decide_while_they_are_named(case: Case) -> None:
    write_domain(case, "privacy")
    (case.directory / "privacy.pem").unlink()
    made = case.braid("mesh", "key", "new", "privacy.pem").out
    named = 'approvers = { privacy = "' + re.search(r"ed25519:\S+", made)[0] + '" }\n'
    closed_payments(case, toml=named)
    write_kpi(case)
    told = case.braid("access", "request", "payments.payment", "--purpose", "reporting", "--project", "kpi")
    case.expect("payments or privacy decides" in told.out, f"{told}")
    request = listed(case)[0]["request"]
    case.braid("access", "approve", request, "--project", "kpi", code=SCRIPT, finding="E7226")
    case.braid("access", "approve", request, "--project", "privacy")
    case.expect(listed(case)[0]["decided_by"] == "privacy", f"{listed(case)}")
    case.braid("check", "kpi")
    case.expect(types(case, "privacy") == ["access.granted"], f"{types(case, 'privacy')}")
    config = case.directory / "payments/braid.toml"
    config.write_text(config.read_text().replace(named, ""))
    case.braid("publish", "payments")
    case.braid("check", "kpi", code=SCRIPT, finding="E5400")
    # The domain that asked may give back what it has.
    case.braid("access", "revoke", request, "--project", "kpi")
    case.expect(listed(case)[0]["state"] == "withdrawn", f"{listed(case)}")


def mistakes_are_answered(case: Case) -> None:
    closed_payments(case)
    kpi = write_kpi(case)
    ask = ("access", "request", "--project", "kpi", "--purpose", "reporting")
    case.braid(*ask, "paymets.payment", code=SCRIPT, finding="E7211")
    case.braid(*ask, "payments.paymnt", code=SCRIPT, finding="E7209")
    case.braid(*ask, "payments.payment@7", code=SCRIPT, finding="E7210")
    case.braid(*ask, "kpi.turnover", code=USAGE, finding="E7221")
    case.braid(*ask, "payments.balance", code=SCRIPT, finding="E7222")
    case.braid(*ask, "payments.payment", "--until", "2020-01-01", code=USAGE, finding="E7228")
    case.braid(*ask, "payments.payment", "--until", "soon", code=USAGE)
    case.braid(*ask, "payments.payment", "--domain", "audit", code=USAGE, finding="E7229")
    case.braid("access", "request", "payments.payment", "--project", "kpi", code=USAGE)
    case.braid("access", "request", "payments.payment", "--project", "kpi", "--purpose", "a b", code=USAGE, finding="E7230")
    case.expect(listed(case) == [], "a mistake was written")
    request = asked(case)
    case.braid(*ASK, code=SCRIPT, finding="E7223")
    case.braid("access", "approve", "0000", "--project", "payments", code=USAGE, finding="E7224")
    case.braid("access", "deny", request, "--project", "payments", code=USAGE)  # without --because
    case.braid("access", "approve", request, "--project", "payments")
    case.braid(*ASK, code=SCRIPT, finding="E7222")
    case.braid("access", "approve", request, "--project", "payments", code=SCRIPT, finding="E7227")
    # Another's key, and no registry.
    config = (kpi / "braid.toml").read_text()
    (kpi / "braid.toml").write_text(config.replace("../kpi.pem", "../payments.pem"))
    case.braid("access", "request", "payments.payment", "--project", "kpi", "--purpose", "audit", code=USAGE, finding="E7203")
    case.braid("publish", "kpi", code=USAGE, finding="E7203")
    (kpi / "braid.toml").write_text('[project]\nname = "kpi"\n')
    case.braid(*ASK, code=USAGE, finding="E7205")
    (kpi / "braid.toml").write_text(config)
    # What somebody has changed grants nothing.
    [record] = [each for each in (case.directory / "registry/grants/payments").glob("*.json") if "approval" in each.read_text()]
    text = record.read_text()
    record.write_text(text.replace("reporting", "reporting2"))
    case.braid("check", "kpi", code=INPUT, finding="E7202")
    record.write_text(text)
    case.braid("check", "kpi")
    (case.directory / "registry").rename(case.directory / "away")
    case.braid("check", "kpi", code=SCRIPT, finding="E5400")


def killed_commands_leave_it_whole(case: Case) -> None:
    """Each command, killed before and behind each of its writes, then given again."""
    closed_payments(case)
    write_kpi(case)
    killed = 0
    for nth in range(1, 20):
        process = case.start(*ASK, environment={"BRAID_KILL_AT": f"registry_write:{nth}"})
        ended = case.ended(process)
        if ended.code == -signal.SIGKILL:
            killed += 1
        if not listed(case):
            continue
        [one] = listed(case)
        case.expect(one["state"] == "open", f"{one}")
        case.braid("access", "revoke", one["request"], "--project", "kpi")
        if ended.code == DONE:
            break
        for path in (case.directory / "registry/grants/kpi").glob("*"):
            path.unlink()
        # The audit log keeps what was there.
    case.expect(killed >= 4, f"killed {killed} times")
    for verb, words, before, after in (("approve", (), "open", "granted"), ("revoke", (), "granted", "revoked")):
        request = asked(case) if verb == "approve" else request
        killed = 0
        for nth in range(1, 20):
            process = case.start("access", verb, request, "--project", "payments", *words,
                                 environment={"BRAID_KILL_AT": f"registry_write:{nth}"})
            ended = case.ended(process)
            killed += ended.code == -signal.SIGKILL
            state = next(one for one in listed(case) if one["request"] == request)["state"]
            case.expect(state in (before, after), f"{state}: {ended}")
            case.braid("check", "kpi", code=DONE if state == "granted" else SCRIPT)
            if state == after:
                break
        case.expect(killed >= 2, f"{verb} was killed {killed} times")
    # What was not recorded by those who were killed is recorded by the next one.
    case.braid("publish", "payments")
    of_owner = [each for each in types(case, "payments") if each.startswith("access.")]
    case.expect(of_owner == ["access.granted", "access.revoked"], f"{of_owner}")


CRM = """domain crm
{owner}
{signup}stream signup
  time at within 10s
  from file "signup.ndjson" format json
{{ id: int, email: string #pii, at: timestamp }}

{doc}product {name} version 1
  key id
{clauses}{{
  from signup
  select {{ id, email, at }}
}}
"""
POLICIES = """council = ["governance", "privacy"]

[policy.owned]
says = "Somebody answers for every product."
require = "owner"

[policy.told]
require = "documentation"

[policy.personal]
require = "mask"
label = "pii"

[policy.named]
require = "name"
pattern = "[a-z][a-z_]*"

[policy.kept]
require = "keep"
most = "90d"
except = ["archive"]
"""


def policies_are_checked(case: Case) -> None:
    governance = write_domain(case, "governance")
    crm = write_domain(case, "crm", CRM.format(owner="", signup="", doc="", name="Member2", clauses=""))
    (crm / "signup.ndjson").write_text("")
    case.braid("check", "crm")
    (governance / "policies.toml").write_text(POLICIES)
    told = case.braid("policy", "publish", "--project", "governance")
    case.expect("5 policies stated; the council is governance, privacy" in told.out, f"{told}")
    case.expect("nothing changed" in case.braid("policy", "publish", "--project", "governance").out, "stated twice")
    case.expect(types(case, "governance") == ["policy.changed"], f"{types(case, 'governance')}")
    names = [json.loads(line)["policy"] for line in
             case.braid("policy", "list", "--registry", "registry", "--json").out.splitlines()]
    case.expect(names == ["kept", "named", "owned", "personal", "told"], f"{names}")

    for command in ("check", "publish"):
        told = case.braid(command, "crm", code=SCRIPT, finding="E7235")
        case.expect(told.codes.count("E7235") == 5, f"{told}")
        for part in ("the policy `personal`: `email` carries #pii and is not masked", "the domain `governance` has stated on",
                     "Somebody answers for every product.", "to mend it: `mask email with hash`", "crm.braid:8:9"):
            case.expect(part in told.err, f"`{part}` is missing: {told}")
    case.expect(not (case.directory / "registry/domains/crm").exists(), "something was published")
    right = CRM.format(owner='  owner "crm@shop.example"', signup="", doc="/// Who has signed up.\n", name="member",
                       clauses="  mask email with hash\n  contract { keep 30d }\n")
    (crm / "crm.braid").write_text(right)
    case.braid("check", "crm")
    case.braid("publish", "crm")
    (crm / "crm.braid").write_text(right.replace("keep 30d", "keep 120d"))
    told = case.braid("check", "crm", code=SCRIPT, finding="E7235")
    case.expect("it keeps its rows for 120d" in told.err and "`keep 90d`" in told.err, f"{told}")
    # An exception is the council's to make.
    (governance / "policies.toml").write_text(POLICIES.replace('["archive"]', '["archive", "crm"]'))
    case.braid("policy", "publish", "--project", "governance")
    case.braid("check", "crm")
    # Each domain of the council states its own; others none.
    write_domain(case, "sales")
    (case.directory / "sales/policies.toml").write_text('[policy.told]\nrequire = "documentation"\n')
    case.braid("policy", "publish", "--project", "sales", code=SCRIPT, finding="E7231")
    write_domain(case, "privacy")
    (case.directory / "privacy/policies.toml").write_text('[policy.short]\nrequire = "name"\npattern = "[a-z]{1,4}"\n')
    case.braid("policy", "publish", "--project", "privacy")
    told = case.braid("check", "crm", code=SCRIPT, finding="E7235")
    case.expect("the domain `privacy` has stated" in told.err, f"{told}")
    for wrong in ('[policy.x]\nrequire = "nonsense"\n', '[policy.x]\nrequire = "mask"\n', '[policy.x]\nrequire = "name"\npattern = "["\n',
                  '[policy.x]\nrequire = "keep"\nmost = 3\n', "[policy.x\n", "council = 3\n", '[policy.x]\nrequire = "owner"\nlable = "pii"\n'):
        (case.directory / "privacy/policies.toml").write_text(wrong)
        case.braid("policy", "publish", "--project", "privacy", code=USAGE, finding="E7232")


MEMBERS = """domain crm

public stream signup
  time at within 1m
  from file "signup.ndjson" format json
{ id: int, email: string, country: string, at: timestamp }

product member version 1
  key id
  allow read to role crm
  allow read to role analyst where country == "FR"
  allow read to user "ada"
  mask email with x => "***" except role crm
{
  from signup
}
"""


class Issuer:
    """Signs tokens by Ed25519, with openssl."""

    def __init__(self, case: Case, name: str):
        self.key, self.name = case.directory / f"{name}.pem", name
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.key], check=True, capture_output=True)

    @staticmethod
    def coded(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).decode().rstrip("=")

    def jwk(self) -> dict:
        der = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        return {"kty": "OKP", "crv": "Ed25519", "kid": self.name, "x": self.coded(der[-32:])}

    def write(self, path: pathlib.Path, key_id: str = "", algorithm: str = "EdDSA", **claims) -> pathlib.Path:
        """`None` leaves a claim out."""
        held = {"iss": "https://id.example", "aud": "braid", "sub": "ann", "exp": int(time.time()) + 600, "roles": [], **claims}
        parts = [{"alg": algorithm, "kid": key_id or self.name}, {name: value for name, value in held.items() if value is not None}]
        text = ".".join(self.coded(json.dumps(part).encode()) for part in parts)
        message = path.with_suffix(".text")
        message.write_text(text)
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.key, "-rawin", "-in", message], check=True,
                                   capture_output=True).stdout
        path.write_text(f"{text}.{self.coded(signature)}\n")
        return path


class KeyServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        server = self
        self.keys, self.status, self.asked = [], 200, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked += 1
                body = json.dumps({"keys": server.keys}).encode()
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def members(case: Case, jwks: str) -> pathlib.Path:
    folder = case.directory / "crm"
    folder.mkdir(exist_ok=True)
    (folder / "crm.braid").write_text(MEMBERS)
    (folder / "signup.ndjson").write_text("".join(
        json.dumps({"id": i, "email": f"m{i}@x.example", "country": country, "at": f"2026-01-01T00:00:0{i}Z"}) + "\n"
        for i, country in [(1, "FR"), (2, "DE")]))
    (folder / "braid.toml").write_text(f'[project]\nname = "crm"\n[mesh.identity]\nissuer = "https://id.example"\n'
                                       f'audience = "braid"\njwks = "{jwks}"\nroles = "roles"\nskew = "0s"\n')
    return folder


def seen(case: Case, folder: pathlib.Path, token: pathlib.Path) -> list:
    told = case.braid("dry-run", folder, "--format", "json", "--token", token)
    case.expect(not told.err, f"{told}")
    return [(row["id"], row["email"]) for row in map(json.loads, told.out.splitlines())]


def a_token_says_who_reads(case: Case) -> None:
    issuer = Issuer(case, "one")
    folder = members(case, "keys.json")
    (folder / "keys.json").write_text(json.dumps({"keys": [issuer.jwk()]}))
    token = case.directory / "token.jwt"
    case.expect(seen(case, folder, issuer.write(token, roles=["crm"])) == [(1, "m1@x.example"), (2, "m2@x.example")], "crm")
    case.expect(seen(case, folder, issuer.write(token, roles=["analyst"])) == [(1, "***")], "an analyst")
    case.expect(seen(case, folder, issuer.write(token, sub="ada")) == [(1, "***"), (2, "***")], "a user")
    case.expect(len(seen(case, folder, issuer.write(token, roles=["analyst", "crm"]))) == 2, "both")

    def refused(finding: str, **claims) -> None:
        told = case.braid("dry-run", folder, "--format", "json", "--token", issuer.write(token, **claims), code=None)
        case.expect(told.code not in (0, 70) and finding in told.codes and not told.out, f"{claims}: {told}")

    refused("E7342", roles=["nobody"])
    refused("E7342", sub="crm")  # the name of a domain or a role is none of a user
    refused("E7340", roles=["crm"], exp=int(time.time()) - 5)
    refused("E7340", roles=["crm"], exp=None)
    refused("E7340", roles=["crm"], aud="other")
    refused("E7340", roles=["crm"], iss="https://other.example")
    refused("E7340", roles=["crm"], algorithm="none")
    refused("E7340", roles=["crm"], algorithm="RS256")
    refused("E7340", roles=["crm"], key_id="two")
    issuer.write(token, roles=["analyst"])
    parts = token.read_text().split(".")
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    token.write_text(".".join([parts[0], Issuer.coded(json.dumps({**claims, "roles": ["crm"]}).encode()), parts[2]]))
    case.braid("dry-run", folder, "--token", token, code=None, finding="E7340")
    case.braid("dry-run", folder, "--token", case.directory / "missing.jwt", code=None, finding="E7340")
    (folder / "keys.json").write_text("{}")
    refused("E7341", roles=["crm"])
    (folder / "keys.json").unlink()
    refused("E7341", roles=["crm"])
    toml = (folder / "braid.toml").read_text()
    (folder / "braid.toml").write_text(toml.replace('audience = "braid"\n', ""))
    refused("E7017", roles=["crm"])
    (folder / "braid.toml").write_text('[project]\nname = "crm"\n')
    refused("E7343", roles=["crm"])


class PolicyServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        server = self
        self.answer, self.status, self.asked = b"{}", 200, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                server.asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(server.answer)))
                self.end_headers()
                self.wfile.write(server.answer)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def a_policy_server_can_refuse(case: Case) -> None:
    server, issuer = PolicyServer(), Issuer(case, "one")
    folder = members(case, "keys.json")
    (folder / "keys.json").write_text(json.dumps({"keys": [issuer.jwk()]}))
    with (folder / "braid.toml").open("a") as toml:
        toml.write(f'opa = "http://127.0.0.1:{server.server_address[1]}/v1/data/braid/allow"\n')
    token = issuer.write(case.directory / "token.jwt", roles=["crm"])
    server.answer = b'{"result": true, "decision_id": "1"}'
    case.expect(len(seen(case, folder, token)) == 2, "allowed")
    case.expect(server.asked == [("/v1/data/braid/allow", {"input": {
        "context": {"identity": {"user": "ann", "groups": ["crm"]}},
        "action": {"operation": "SelectFromColumns", "resource": {"table": {
            "catalogName": "main", "schemaName": "crm", "tableName": "member",
            "columns": ["id", "email", "country", "at"]}}}}})], f"{server.asked}")

    def refused(finding: str) -> None:
        told = case.braid("dry-run", folder, "--format", "json", "--token", token, code=None)
        case.expect(told.code not in (0, 70) and finding in told.codes and not told.out, f"{told}")

    server.answer = b'{"result": false}'
    refused("E7344")
    for server.answer in (b"{}", b"[]", b"true", b"", b'{"result": "true"}', b'{"result": 1}', b'{"result": {"allow": true}}'):
        refused("E7345")
    server.answer, server.status = b'{"result": true}', 500
    refused("E7345")
    # It cannot allow what the scripts do not.
    server.status, asked = 200, len(server.asked)
    issuer.write(token, roles=["nobody"])
    refused("E7342")
    case.expect(len(server.asked) == asked, "it is asked for nothing")
    server.shutdown()
    server.server_close()
    issuer.write(token, roles=["crm"])
    refused("E7345")


def keys_come_from_a_server(case: Case) -> None:
    server = KeyServer()
    one, two = Issuer(case, "one"), Issuer(case, "two")
    server.keys = [one.jwk()]
    folder = members(case, f"http://127.0.0.1:{server.server_address[1]}/keys")
    token = one.write(case.directory / "token.jwt", roles=["crm"])
    case.expect(len(seen(case, folder, token)) == 2 and server.asked == 1, f"asked {server.asked} times")
    case.expect(len(seen(case, folder, token)) == 2 and server.asked == 1, "keys are not kept")
    server.status = 500  # away: what is kept does
    case.expect(len(seen(case, folder, token)) == 2, "kept keys are not used")
    # A key that is new is asked for, unless it was just asked.
    server.status, server.keys = 200, [one.jwk(), two.jwk()]
    kept = next((folder / ".braid").glob("jwks-*"))
    instant, keys = kept.read_text().split("\n", 1)
    kept.write_text(f"{int(instant) - 60_000_000}\n{keys}")
    case.expect(len(seen(case, folder, two.write(case.directory / "new.jwt", roles=["crm"]))) == 2, "a new key")
    case.expect(server.asked == 2, f"asked {server.asked} times")
    # Kept for too long, or of another time: without the server nobody is believed.
    server.status = 500
    for change in (-7_200_000_000, 7_200_000_000):
        instant, keys = kept.read_text().split("\n", 1)
        kept.write_text(f"{int(time.time() * 1e6) + change}\n{keys}")
        case.braid("dry-run", folder, "--token", token, code=None, finding="E7341")


def a_policy_server_filters_and_masks(case: Case) -> None:
    server, issuer = PolicyServer(), Issuer(case, "one")
    folder = members(case, "keys.json")
    (folder / "keys.json").write_text(json.dumps({"keys": [issuer.jwk()]}))
    place = f"http://127.0.0.1:{server.server_address[1]}"
    toml = (folder / "braid.toml").read_text()

    def with_settings(*names) -> None:
        (folder / "braid.toml").write_text(toml + "".join(f'{name} = "{place}/{name}"\n' for name in names))

    token = issuer.write(case.directory / "token.jwt", roles=["crm"])
    table = {"catalogName": "main", "schemaName": "crm", "tableName": "member"}
    with_settings("opa_filters")
    server.answer = b'{"result": [{"expression": "id > 1"}, {"expression": "email.ends_with(\\".example\\")"}]}'
    case.expect(seen(case, folder, token) == [(2, "m2@x.example")], "both filters")
    path, question = server.asked[-1]
    case.expect(path == "/opa_filters" and question["input"]["action"] == {
        "operation": "GetRowFilters", "resource": {"table": table}}, f"{question}")
    for server.answer in (b"{}", b'{"result": []}', b'{"result": null}'):
        case.expect(len(seen(case, folder, token)) == 2, "no filter")

    def refused(*answers) -> None:
        for server.answer in answers:
            told = case.braid("dry-run", folder, "--format", "json", "--token", token, code=None)
            case.expect("E7345" in told.codes and not told.out, f"{server.answer}: {told}")

    refused(b"[]", b'{"result": true}', b'{"result": ["id > 1"]}', b'{"result": [{"expression": 1}]}',
            b'{"result": [{"expression": "id >"}]}', b'{"result": [{"expression": "nobody > 1"}]}',
            b'{"result": [{"expression": "id"}]}', b'{"result": [{"expression": "true } stream t { a: int"}]}',
            b'{"result": [{"expression": "now() > at"}]}', b'{"result": [{"expression": "id > 1", "identity": "root"}]}')

    with_settings("opa_batch_masks")
    server.answer = b'{"result": [{"index": 1, "viewExpression": {"expression": "email.left(2) + \\"!\\""}}]}'
    case.expect(seen(case, folder, token) == [(1, "m1!"), (2, "m2!")], "a mask")
    columns = [each["column"]["columnName"] for each in server.asked[-1][1]["input"]["action"]["filterResources"]]
    case.expect(columns == ["id", "email", "country", "at"], f"{columns}")
    # Above the masks of the scripts, which it cannot undo.
    issuer.write(token, sub="ada")
    case.expect(seen(case, folder, token) == [(1, "**!"), (2, "**!")], "a mask of a mask")
    issuer.write(token, roles=["crm"])
    server.answer = b'{"result": [{"index": 1, "viewExpression": {"expression": "NULL"}}]}'
    case.expect(seen(case, folder, token) == [(1, ""), (2, "")], "null")
    refused(b'{"result": [{"index": 9, "viewExpression": {"expression": "null"}}]}', b'{"result": [{"index": 1}]}',
            b'{"result": [{"index": 3, "viewExpression": {"expression": "null"}}]}',
            b'{"result": [{"index": 1, "viewExpression": {"expression": "id"}}]}', b'{"result": {"expression": "null"}}')

    with_settings("opa_masks")
    asked = len(server.asked)
    server.answer = b"{}"
    case.expect(len(seen(case, folder, token)) == 2, "no mask")
    case.expect([each[1]["input"]["action"]["resource"]["column"]["columnName"] for each in server.asked[asked:]] ==
                columns, f"{server.asked[asked:]}")
    refused(b'{"result": {"expression": "null"}}')  # of the event time, too


if __name__ == "__main__":
    braid_command.main([a_request_becomes_a_grant, a_use_states_its_purpose, a_grant_is_for_columns,
                        a_grant_is_for_a_role, a_grant_ends_by_itself, a_job_stops_when_its_grant_ends,
                        approvers_decide_while_they_are_named, mistakes_are_answered, killed_commands_leave_it_whole,
                        policies_are_checked, a_token_says_who_reads, keys_come_from_a_server,
                        a_policy_server_can_refuse, a_policy_server_filters_and_masks])
