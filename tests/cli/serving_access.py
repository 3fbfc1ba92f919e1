#!/usr/bin/env python3
"""Who may read served products: consumers with tokens and certificates, masks and rows of each, quotas, TLS, the log.

    serving_access.py BRAID [--only NAME] [--seed N] [--keep]
"""
import http.client
import json
import pathlib
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from access import Issuer, KeyServer
from braid_command import Case

MEMBERS = """domain crm
  owner "crm@shop.example"

stream signup
  time at within 10s
{ id: int, name: string, email: string, country: string, at: timestamp }

product member
  key id
  allow read to role crm
  allow read to role analyst where country == "FR"
  mask email with x => "***" except role crm
{
  from signup
  group id { name: last(name), email: last(email), country: last(country), newest: max(at) } retain forever
}

product secret
{
  from signup
  select { id, name, at }
}
"""
TOML = """[project]
name = "crm"
[mesh.identity]
issuer = "https://id.example"
audience = "braid"
jwks = "{jwks}"
roles = "roles"
[env.dev.bind]
"crm.signup" = {{ file = "in/*.ndjson" }}
[env.dev.serve]
"crm.member" = {{ index = ["country", "email"], keep = "1h" }}
"crm.secret" = {{}}
"""
ACCESS = """[env.dev.serve_access]
owners = ["platform"]
[env.dev.serve_access.consumer.board]
token = "env:BOARD_TOKEN"
roles = ["analyst"]
[env.dev.serve_access.consumer.desk]
token = "file:desk.token"
roles = ["crm"]
[env.dev.serve_access.consumer.ops]
token = "env:OPS_TOKEN"
roles = ["platform"]
"""
TOKENS = {"BOARD_TOKEN": "board-board-board-board", "OPS_TOKEN": "ops-ops-ops-ops-ops-ops"}
BOARD, DESK, OPS = TOKENS["BOARD_TOKEN"], "desk-desk-desk-desk-desk", TOKENS["OPS_TOKEN"]
COUNTRIES = {1: "FR", 2: "DE", 3: "FR", 4: "CH"}


def crm(case: Case, access: str = ACCESS, jwks: str = "keys.json") -> pathlib.Path:
    folder = case.directory / "crm"
    (folder / "in").mkdir(parents=True, exist_ok=True)
    (folder / "main.braid").write_text(MEMBERS)
    (folder / "desk.token").write_text(DESK + "\n")
    (folder / "in/signups.ndjson").write_text("".join(
        json.dumps({"id": i, "name": f"n{i}", "email": f"m{i}@x.example", "country": country,
                    "at": f"2026-01-01T00:00:0{i}Z"}) + "\n" for i, country in COUNTRIES.items()))
    settings(folder, access, jwks)
    return folder


def settings(folder: pathlib.Path, access: str, jwks: str = "keys.json") -> None:
    (folder / "braid.toml").write_text(TOML.format(jwks=jwks) + access)


class Job:
    def __init__(self, case: Case, folder: pathlib.Path, *words, listen="127.0.0.1:0", tls=None):
        self.case, self.tls = case, tls
        self.process = case.start("run", folder, "--listen", listen, "--follow", "--commit-within", "100ms", *words,
                                  environment=TOKENS)
        self.lines, self.port = [], None
        while self.port is None:
            line = self.process.stderr.readline()
            self.lines.append(line)
            case.expect(line != "", f"the job does not listen: {self.lines}")
            found = re.search(r"listening on (https?)://[^:]*:(\d+)", line) or re.search(r'("listening").*:(\d+)"', line)
            self.port = int(found[2]) if found else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def get(self, path: str, token: str = "", body=None, **headers):
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=20, context=self.tls) if self.tls else \
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request("GET" if body is None else "POST", path, body, headers)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer

    def wait(self, holds, text: str, seconds=60):
        end = time.monotonic() + seconds
        while not holds():
            self.case.expect(time.monotonic() < end, f"{text}: {self.lines}")
            time.sleep(0.05)

    def members(self, token: str, **query) -> list:
        answer = self.get("/v1/products/crm.member/rows?" + urllib.parse.urlencode(query), token)
        self.case.expect(answer.status == 200, f"{query}: {answer.status} {answer.text}")
        return [(row["id"], row["email"]) for row in json.loads(answer.text)["rows"]]

    def caught_up(self, token: str, count: int = 4):
        self.wait(lambda: self.get("/v1/products/crm.member/rows", token).status == 200 and
                  len(self.members(token)) == count, "the job does not serve all members")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        ended = self.case.ended(self.process)
        self.case.expect(ended.code == 0, f"the job does not end well: {ended}")
        return ended


def each_consumer_sees_its_rows(case: Case) -> None:
    folder = crm(case)
    with Job(case, folder, "--log", "json") as job:
        job.caught_up(DESK)
        whole = [(i, f"m{i}@x.example") for i in COUNTRIES]
        case.expect(job.members(DESK) == whole, "the desk sees all")
        case.expect(job.members(OPS) == whole, "an owner sees all")
        case.expect(job.members(BOARD) == [(1, "***"), (3, "***")], f"{job.members(BOARD)}")
        case.expect(job.members(DESK, email="m2@x.example") == [(2, "m2@x.example")], "by an index")
        case.expect(job.members(BOARD, email="m1@x.example") == [], "what is masked cannot be searched")
        case.expect(job.members(BOARD, country="DE") == [], "rows of others")
        case.expect(job.get("/v1/products/crm.member/rows?order=email", BOARD).status == 400, "an order of masked values")
        case.expect(job.get("/v1/products/crm.member/rows/2", BOARD).status == 404, "a row of others")
        case.expect(job.get("/v1/products/crm.member/rows/3", BOARD).status == 200, "a row")
        # What one may not see is as if it were not there.
        hidden, missing = (job.get(f"/v1/products/{name}/rows", BOARD) for name in ("crm.secret", "crm.nobody"))
        case.expect(hidden.status == 404 and hidden.text.replace("secret", "nobody") == missing.text, hidden.text)
        case.expect("secret" not in job.get("/v1/products", BOARD).text, "the list")
        case.expect("secret" not in job.get("/v1/openapi.json", BOARD).text, "the document")
        case.expect("secret" in job.get("/v1/products", OPS).text, "the list of an owner")
        # The same over OData.
        members = lambda token, query="": json.loads(job.get("/odata/crm_member_v1" + query, token).text).get("value")
        seen = [(row["id"], row["email"]) for row in members(BOARD)]
        case.expect(seen == [(1, "***"), (3, "***")], f"over OData: {seen}")
        case.expect(len(members(DESK)) == len(members(OPS)) == len(COUNTRIES), "all rows over OData")
        case.expect(members(BOARD, "?$filter=email%20eq%20'm1@x.example'") == [], "a masked value found over OData")
        case.expect(job.get("/odata/crm_member_v1/$count", BOARD).text == "2", "rows counted over OData")
        case.expect(job.get("/odata/crm_member_v1(2)", BOARD).status == 404, "a row of others over OData")
        case.expect(job.get("/odata/crm_secret_v1", BOARD).status == 404, "a product of others over OData")
        case.expect("secret" not in job.get("/odata", BOARD).text + job.get("/odata/$metadata", BOARD).text, "OData")
        case.expect(job.get("/odata").status == 401, "OData without a token")
        # And in SQL; a build without DuckDB has none.
        def select(sql: str, token: str):
            return job.get("/v1/query", token, sql, Content_Type="application/sql", Accept="application/x-ndjson")

        sql = "select id, email from crm.member order by id"
        if select(sql, OPS).status != 501:
            rows = [tuple(json.loads(line).values()) for line in select(sql, BOARD).text.splitlines()]
            case.expect(rows == [(1, "***"), (3, "***")], f"in SQL: {rows}")
            found = select("select id from crm.member where email = 'm1@x.example' or country = 'DE'", BOARD)
            case.expect(found.status == 200 and found.text == "", f"hidden values found in SQL: {found.text}")
            case.expect(len(select(sql, DESK).text.splitlines()) == len(COUNTRIES), "all rows in SQL")
            case.expect(select("select * from crm.secret", BOARD).status == 400, "a product of others in SQL")
            tables = select("show all tables", BOARD)
            case.expect(tables.status == 200 and "member" in tables.text and "secret" not in tables.text, f"{tables.text}")
        case.expect(select(sql, "").status == 401, "SQL without a token")
        # A token is for who got it.
        first = json.loads(job.get("/v1/products/crm.member/rows?limit=1", BOARD).text)
        rest = "/v1/products/crm.member/rows?limit=1&after=" + first["next"]
        own, others = job.get(rest, BOARD), job.get(rest, OPS)
        case.expect(own.status == 200, f"the next rows: {own.status} {own.text}")
        case.expect(others.status == 400, f"a token of another reader: {others.status} {others.text}")
        for token in ("", "x", DESK + "x"):
            refused = job.get("/v1/products", token)
            case.expect(refused.status == 401 and "Bearer" in refused.getheader("WWW-Authenticate"), f"{refused.text}")
        case.expect(job.get("/healthz").status == 200, "/healthz asks nobody")
        case.expect([job.get("/metrics", each).status for each in ("", BOARD, OPS)] == [401, 403, 200], "/metrics")
        token = case.directory / "board.token"
        token.write_text(BOARD + "\n")
        address = f"127.0.0.1:{job.port}"
        told = case.braid("read", "crm.member", "--at", address, "--token", token)
        case.expect([json.loads(line)["id"] for line in told.out.splitlines()] == [1, 3], f"{told}")
        case.braid("read", "crm.member", "--at", address, code=None, finding="E8064")
        log = "".join(job.lines) + job.stop().err
    reads = [json.loads(line) for line in log.splitlines() if '"product_read"' in line]
    of_board = [each for each in reads if each["consumer"] == "board" and each["product"] == "crm.member"]
    case.expect(of_board and sum(each["rows"] for each in of_board) >= 5 and "email" in of_board[0]["columns"], f"{reads}")
    case.expect("m1@x.example" not in (folder / "data/out/crm.member.v1.ndjson").read_text(), "what `to` writes is masked")
    # It is all there after a restart.
    with Job(case, folder) as job:
        job.caught_up(DESK)
        case.expect(job.members(DESK)[0] == (1, "m1@x.example"), "behind a restart")


def an_issuer_says_who_reads(case: Case) -> None:
    server, issuer = KeyServer(), Issuer(case, "one")
    server.keys = [issuer.jwk()]
    folder = crm(case, "[env.dev.serve_access]\nidentity = true\nrequests_per_second = 1000\n",
                 f"http://127.0.0.1:{server.server_port}/keys")
    path = case.directory / "token.jwt"

    def token(by=issuer, **claims) -> str:
        return by.write(path, **claims).read_text().strip()

    with Job(case, folder) as job:
        job.caught_up(token(roles=["crm"]))
        case.expect(job.members(token(roles=["analyst"])) == [(1, "***"), (3, "***")], "an analyst")
        case.expect(job.get("/v1/products/crm.member/rows", token(roles=["other"])).status == 404, "another role")
        stranger = Issuer(case, "two")
        for wrong in (token(aud="other"), token(exp=int(time.time()) - 600), token(iss="https://id.example.org"),
                      token(by=stranger), token(by=stranger, key_id="one"), token(algorithm="none"),
                      token(algorithm="HS256")):
            case.expect(job.get("/v1/products", wrong).status == 401, "a forged token is taken")
        asked = server.asked
        for number in range(20):
            job.get("/v1/products", token(by=stranger, key_id=f"x{number}"))
        case.expect(server.asked <= asked + 2, f"the issuer is asked {server.asked - asked} times")


def quotas_hold(case: Case) -> None:
    folder = crm(case, ACCESS.replace('roles = ["analyst"]', 'roles = ["analyst"]\nrequests_per_second = 3'))
    with Job(case, folder) as job:
        job.caught_up(DESK)
        answers = [job.get("/v1/products", BOARD) for _ in range(10)]
        refused = [each for each in answers if each.status == 429]
        case.expect(refused and refused[0].getheader("Retry-After") == "1", f"{[each.status for each in answers]}")
        case.expect(job.get("/v1/products", DESK).status == 200, "others have their own")
        time.sleep(1.1)
        case.expect(job.get("/v1/products", BOARD).status == 200, "after a second")


def others_are_served_over_tls(case: Case) -> None:
    def openssl(*words):
        made = subprocess.run(["openssl", *map(str, words)], cwd=case.directory / "crm", capture_output=True, text=True)
        case.expect(made.returncode == 0, made.stderr)

    folder = crm(case)
    case.braid("run", folder, "--listen", "0.0.0.0:0", environment=TOKENS, code=None, finding="E8062")
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    openssl(*new, "-keyout", "server.key", "-out", "server.pem", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost")
    openssl(*new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=clients")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "client.key", "-out",
            "client.csr", "-subj", "/CN=billing.shop.example")
    openssl("x509", "-req", "-in", "client.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-out", "client.pem")
    settings(folder, ACCESS.replace("owners", 'tls_certificate = "server.pem"\ntls_key = "server.key"\n'
                                    'client_ca = "ca.pem"\nowners', 1) +
             '[env.dev.serve_access.consumer.billing]\ncertificate = "billing.shop.example"\nroles = ["analyst"]\n')
    plain = ssl.create_default_context(cafile=folder / "server.pem")
    known = ssl.create_default_context(cafile=folder / "server.pem")
    known.load_cert_chain(folder / "client.pem", folder / "client.key")
    with Job(case, folder, listen="0.0.0.0:0", tls=plain) as job:
        job.caught_up(DESK)
        case.expect(job.get("/v1/products").status == 401, "without a token")
        job.tls = known
        case.expect(job.members("") == [(1, "***"), (3, "***")], "by its certificate")
        case.expect(job.members(DESK)[0] == (1, "m1@x.example"), "a token comes before it")
        # One that others have signed gets no answer.
        forged = ssl.create_default_context(cafile=folder / "server.pem")
        forged.load_cert_chain(folder / "server.pem", folder / "server.key")
        job.tls = forged
        try:
            case.fail(f"a certificate of others is taken: {job.get('/v1/products').status}")
        except (OSError, http.client.HTTPException):
            pass
        job.tls = None
        try:
            case.fail(f"without TLS: {job.get('/v1/products').status}")
        except (OSError, http.client.HTTPException):
            pass
        job.tls = plain
        case.expect(job.get("/v1/products", BOARD).status == 200, "it serves on")


def views_of_all_rows_begin_with_the_job(case: Case) -> None:
    folder = crm(case, "")
    case.braid("run", folder, "--no-seal")
    settings(folder, ACCESS)
    case.braid("run", folder, "--no-seal", environment=TOKENS, code=None, finding="E8068")
    case.braid("run", folder, "--no-seal", "--reset", environment=TOKENS)
    # A run without it leaves a gap.
    settings(folder, "")
    case.braid("run", folder, "--no-seal")
    settings(folder, ACCESS)
    case.braid("run", folder, "--no-seal", environment=TOKENS, code=None, finding="E8068")


def settings_are_checked(case: Case) -> None:
    folder = crm(case)
    run = ("run", folder, "--listen", "127.0.0.1:0", "--no-seal")

    def refused(access: str, finding: str, environment=TOKENS):
        settings(folder, access)
        told = case.braid(*run, environment=environment, code=None, finding=finding)
        case.expect("hunter2" not in told.err and BOARD not in told.err, "a secret is shown")

    refused("[env.dev.serve_access]\n", "E7408")
    refused("[env.dev.serve_access]\nidentity = true\ntls_key = \"k\"\n", "E7408")
    refused("[env.dev.serve_access.consumer.a]\nroles = [\"x\"]\n", "E7408")
    refused("[env.dev.serve_access.consumer.a]\ncertificate = \"x\"\n", "E7408")
    refused(ACCESS, "E7408", {**TOKENS, "BOARD_TOKEN": "short"})
    refused(ACCESS, "E7408", {**TOKENS, "BOARD_TOKEN": OPS})
    refused('[env.dev.serve_access.consumer.a]\ntoken = "hunter2hunter2hunter2"\n', "E7042")
    refused("[env.dev.serve_access]\nidentety = true\n", "E7004")
    (folder / "braid.toml").write_text((TOML.format(jwks="keys.json") + ACCESS).replace(
        'roles = "roles"\n', 'roles = "roles"\nopa = "http://127.0.0.1:9/v1/data/x"\n', 1))
    case.braid(*run, environment=TOKENS, code=None, finding="E8069")


if __name__ == "__main__":
    braid_command.main([each_consumer_sees_its_rows, an_issuer_says_who_reads, quotas_hold, others_are_served_over_tls,
                        views_of_all_rows_begin_with_the_job, settings_are_checked])
