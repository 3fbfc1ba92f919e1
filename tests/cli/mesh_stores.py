#!/usr/bin/env python3
"""One registry in each of its places: a directory, a bucket, a Braid that serves. In each of them two projects publish
and use; publishers are killed or meet each other; files are changed; keys are handed over.

    mesh_stores.py BRAID [--moto] [--only NAME] [--seed N] [--keep]

--moto: the bucket is one of moto (PyPI), which others have written. Exit code 77: it cannot be had.
"""
import contextlib
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import python_packages

if "--moto" in sys.argv:
    python_packages.run_with(pathlib.Path(__file__).resolve().parents[2] / "build/moto", ["moto[server]==5.2.1"])

import braid_command
from braid_command import DONE, INPUT, SCRIPT, STORE, USAGE, Case
from mesh import OVERSIGHT, TOML, write_kpi, write_payments
from s3_server import S3Server

ACCESS, SECRET, TOKEN, READ_TOKEN = "AKIATEST", "a secret/with+signs", "write-token", "read-token"
S3 = """
[mesh.s3]
endpoint = "{endpoint}"
region = "eu-test-1"
access_key = "env:TEST_ACCESS_KEY"
secret_key = "file:../secret"
"""
HTTP = """
[mesh.http]
token = "env:TEST_TOKEN"
"""
ENVIRONMENT = {"TEST_ACCESS_KEY": ACCESS, "TEST_TOKEN": TOKEN}


class Place:
    """Where the registry of a case lies."""

    def __init__(self, case: Case, registry: str, settings: str = ""):
        self.case, self.registry, self.settings = case, registry, settings
        (case.directory / "secret").write_text(SECRET + "\n")

    def project(self, write, *words, **more) -> pathlib.Path:
        folder = write(self.case, *words, **more)
        toml = folder / "braid.toml"
        toml.write_text(toml.read_text().replace('registry = "../registry"', f'registry = "{self.registry}"')
                        .replace("\n[env.dev]", self.settings + "\n[env.dev]"))
        return folder

    def braid(self, *words, **options):
        return self.case.braid(*words, environment=ENVIRONMENT, **options)

    def start(self, *words, kill_at=None):
        return self.case.start(*words, environment={**ENVIRONMENT, "BRAID_KILL_AT": kill_at})

    def read(self, name: str) -> bytes: ...
    def write(self, name: str, content: bytes) -> None: ...
    def names(self) -> list: ...


class Directory(Place):
    def __init__(self, case: Case):
        super().__init__(case, "../registry")
        self.root = case.directory / "registry"

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        (self.root / name).write_bytes(content)

    def names(self) -> list:
        return sorted(str(path.relative_to(self.root)) for path in self.root.rglob("*")
                      if path.is_file() and not path.name.endswith(".lock"))


class Bucket(Place):
    def __init__(self, case: Case, server: S3Server):
        super().__init__(case, "s3://acme-mesh/teams/registry", S3.format(endpoint=server.address))
        self.server = server

    def read(self, name: str) -> bytes:
        return self.server.objects["teams/registry/" + name][0]

    def write(self, name: str, content: bytes) -> None:
        self.server.objects["teams/registry/" + name] = (content, time.time())

    def names(self) -> list:
        return sorted(key.removeprefix("teams/registry/") for key in self.server.objects)


class Moto(Place):
    def __init__(self, case: Case, address: str):
        import boto3
        super().__init__(case, "s3://acme-mesh/teams/registry", S3.format(endpoint=address))
        self.client = boto3.client("s3", endpoint_url=address, region_name="eu-test-1", aws_access_key_id=ACCESS,
                                   aws_secret_access_key=SECRET)
        self.client.create_bucket(Bucket="acme-mesh", CreateBucketConfiguration={"LocationConstraint": "eu-test-1"})

    def read(self, name: str) -> bytes:
        return self.client.get_object(Bucket="acme-mesh", Key="teams/registry/" + name)["Body"].read()

    def write(self, name: str, content: bytes) -> None:
        self.client.put_object(Bucket="acme-mesh", Key="teams/registry/" + name, Body=content)

    def names(self) -> list:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="acme-mesh")
        return sorted(one["Key"].removeprefix("teams/registry/") for page in pages for one in page.get("Contents", []))


class Served(Directory):
    def __init__(self, case: Case, address: str):
        super().__init__(case)
        Place.__init__(self, case, address, HTTP)


@contextlib.contextmanager
def serving(case: Case, *words):
    process = case.start("mesh", "serve", "--registry", "registry", "--listen", "127.0.0.1:0", "--token", "env:TOKEN",
                         "--read-token", "env:READ_TOKEN", *words,
                         environment={"TOKEN": TOKEN, "READ_TOKEN": READ_TOKEN})
    try:
        line = process.stdout.readline()
        case.expect(line.startswith("serving registry at http://127.0.0.1:"), f"{line}{process.poll()}")
        yield line.split()[-1], process
    finally:
        process.send_signal(signal.SIGTERM)
        ended = case.ended(process)
        case.expect(ended.code == DONE, f"{ended}")


@contextlib.contextmanager
def moto(case: Case):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(address, timeout=1).read()
                break
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def place(case: Case, kind: str):
    if kind == "directory":
        yield Directory(case)
    elif kind == "served":
        with serving(case) as (address, _):
            yield Served(case, address)
    elif kind == "moto":
        with moto(case) as address:
            yield Moto(case, address)
    else:
        server = S3Server(ACCESS, SECRET)
        try:
            yield Bucket(case, server)
        finally:
            server.stop()


# ---- what each of them keeps

def products_are_published_and_used(at: Place) -> None:
    case = at.case
    at.project(write_payments)
    kpi = at.project(write_kpi)
    told = at.braid("publish", "payments")
    case.expect("payments: publication 1 in " in told.out and "9 new objects" in told.out, f"{told}")
    case.expect("nothing changed since publication 1" in at.braid("publish", "payments").out, "published twice")
    at.braid("check", "kpi")
    at.braid("publish", "kpi")
    case.expect("kpi.turnover@1 reads" in at.braid("mesh", "show", "payments.payment", "--project", "kpi").out, "no reader")
    before = json.loads((kpi / "braid.lock").read_text())
    at.project(write_payments, ", half: amount / 2")
    at.braid("publish", "payments")
    at.braid("check", "kpi")
    case.expect(json.loads((kpi / "braid.lock").read_text()) == before, "a check has moved a pin")
    case.expect("payments.payment@1: 1.0 -> 1.1" in at.braid("update", "--project", "kpi").out, "the pin has not moved")
    listed = at.braid("mesh", "list", "--project", "kpi").out
    case.expect("kpi: publication 1" in listed and "payments: publication 2" in listed, listed)
    case.expect("3 events from 1 on" in at.braid("audit", "verify", "payments", "--project", "payments").out, "no events")
    # A change that breaks a reader is refused, and nothing is written but the refusal.
    heads = at.read("domains/payments/head")
    script = case.directory / "payments/payments.braid"
    script.write_text(script.read_text().replace("select { id, who, amount, state", "select { id, who, state"))
    at.braid("publish", "payments", code=SCRIPT, finding="E7220")
    case.expect(at.read("domains/payments/head") == heads, "a head was swapped")


def two_publishers_lose_nothing(at: Place) -> None:
    at.project(write_payments)
    at.project(write_kpi)
    at.braid("publish", "payments")
    folders = []
    for number in range(3):
        folder = at.project(write_payments, name=f"checkout_{number}")
        text = (folder / "payments.braid").read_text()
        (folder / "payments.braid").write_text(text.replace("product balance", f"product balance_{number}"))
        folders.append(folder.name)
    for process in [at.start("publish", name) for name in folders + ["kpi"]]:
        ended = at.case.ended(process)
        at.case.expect(ended.code == DONE, f"{ended}")
    lines = at.braid("mesh", "list", "--project", "kpi", "--json").out.splitlines()
    found = {json.loads(line)["product"] for line in lines}
    wanted = {"payments.payment", "payments.balance", "kpi.turnover", "kpi.account_of"}
    at.case.expect(found == wanted | {f"payments.balance_{number}" for number in range(3)}, f"{found}")
    at.braid("audit", "verify", "payments", "--project", "payments")


def killed_publishers_leave_it_whole(at: Place) -> None:
    case = at.case
    at.project(write_payments)
    at.braid("publish", "payments")
    killed = states = 0
    # A turn of the server ends by itself, after twenty seconds.
    places = (3, 9) if isinstance(at, Served) else (1, 3, 8, 13, 14, 15, 16, 18, 20)
    for nth in places:
        at.project(write_payments, f", made_{nth}: {nth}")
        process = at.start("publish", "payments", kill_at=f"registry_write:{nth}")
        ended = case.ended(process)
        if ended.code != -signal.SIGKILL:
            case.expect(ended.code == DONE, f"{ended}")
            continue
        killed += 1
        shown = json.loads(at.braid("mesh", "show", "payments.payment", "--project", "payments", "--json").out)
        states += any(field["name"] == f"made_{nth}" for field in shown["interface"]["fields"])
        at.braid("audit", "verify", "payments", "--project", "payments")
    case.expect(killed >= (2 if isinstance(at, Served) else 5), f"{killed} killed")
    case.note(f"{killed} killed, {states} of them behind the swap")


def altered_bytes_are_found(at: Place) -> None:
    at.project(write_payments)
    at.braid("publish", "payments")
    head = at.read("domains/payments/head").decode().strip()
    name = f"objects/{head[:2]}/{head}"
    right = at.read(name)
    middle = len(right) // 2
    at.write(name, right[:middle] + bytes([right[middle] ^ 1]) + right[middle + 1:])
    at.braid("mesh", "list", "--project", "payments", code=INPUT, finding="E7202")
    at.write(name, right)
    at.braid("mesh", "list", "--project", "payments")
    at.write("domains/payments/head", b"0" * 64 + b"\n")
    at.braid("mesh", "list", "--project", "payments", code=INPUT, finding="E7202")


def a_domain_is_handed_to_another_key(at: Place) -> None:
    case = at.case
    payments = at.project(write_payments)
    kpi = at.project(write_kpi)
    at.braid("publish", "payments")
    at.braid("check", "kpi")
    at.braid("mesh", "key", "new", "next.pem")
    name = at.braid("mesh", "key", "show", "next.pem").out.strip()
    told = at.braid("mesh", "key", "rotate", "next.pem", "--project", "payments")
    case.expect(f"payments: publication 2; {name} signs from now on" in told.out, f"{told}")
    at.project(write_payments, ", half: amount / 2")
    at.braid("publish", "payments", code=USAGE, finding="E7203")
    toml = payments / "braid.toml"
    toml.write_text(toml.read_text().replace("../payments.pem", "../next.pem"))
    case.expect("publication 3" in at.braid("publish", "payments").out, "the new key does not publish")
    case.expect("already" in at.braid("mesh", "key", "rotate", "next.pem", "--project", "payments").out, "twice")
    # Who has pinned the old key finds the new one, by the chain.
    at.braid("update", "--project", "kpi")
    lock = json.loads((kpi / "braid.lock").read_text())
    case.expect(lock["domains"]["payments"] == {"key": name, "sequence": 3}, f"{lock}")
    log = at.braid("audit", "log", "payments", "--project", "payments").out
    case.expect("io.braid.key.changed" in log, log)
    at.braid("audit", "verify", "payments", "--project", "payments")
    # The key is lost; the organisation has one for that.
    at.braid("mesh", "key", "new", "council.pem")
    council = at.braid("mesh", "key", "show", "council.pem").out.strip()
    at.braid("mesh", "key", "new", "found.pem")
    found = at.braid("mesh", "key", "show", "found.pem").out.strip()
    recover = ("mesh", "key", "recover", found, "--domain", "payments", "--with", "council.pem", "--project", "payments")
    at.braid(*recover, code=USAGE, finding="E7258")
    # A part of a key recovers nothing: that is said now, and not when the other one is lost.
    right = toml.read_text().replace("[mesh]\n", f'[mesh]\nrecovery = "{council}"\n', 1)
    toml.write_text(right.replace(council, council[:-4]))
    told = at.braid("publish", "payments", code=USAGE)
    case.expect("recovery" in told.err, f"{told}")
    toml.write_text(right)
    at.braid("publish", "payments")
    case.expect(f"{found} signs from now on" in at.braid(*recover).out, "not recovered")
    toml.write_text(toml.read_text().replace("../next.pem", "../found.pem"))
    case.expect("nothing changed since publication 5" in at.braid("publish", "payments").out, "something was published")
    at.braid("update", "--project", "kpi")
    log = at.braid("audit", "log", "payments", "--project", "payments").out
    case.expect(log.count("io.braid.key.changed") == 2, log)


RULES = [products_are_published_and_used, two_publishers_lose_nothing, killed_publishers_leave_it_whole,
         altered_bytes_are_found, a_domain_is_handed_to_another_key]


def case_of(rule, kind: str):
    def run(case: Case) -> None:
        with place(case, kind) as at:
            rule(at)
    run.__name__ = f"{kind}: {rule.__name__}"
    return run


# ---- what is said of one of them

def a_bucket_says_what_is_wrong(case: Case) -> None:
    with place(case, "bucket") as at:
        payments = at.project(write_payments)
        toml = (payments / "braid.toml").read_text()

        def publish(change: tuple, **options):
            (payments / "braid.toml").write_text(toml.replace(*change))
            return at.braid("publish", "payments", **options)

        publish(('region = "eu-test-1"\n', ""), code=USAGE, finding="E7255")
        told = publish(("env:TEST_ACCESS_KEY", "AKIA-written-out"), code=USAGE)
        case.expect("AKIA-written-out" not in told.err, f"a secret is shown: {told}")
        publish(("env:TEST_ACCESS_KEY", "env:NOT_SET_ANYWHERE"), code=USAGE)
        publish(("s3://acme-mesh", "s3://"), code=USAGE, finding="E7206")
        publish(("endpoint =", "endpont ="), code=USAGE, finding="E7004")
        (case.directory / "secret").write_text("another\n")
        told = publish(("x", "x"), code=USAGE, finding="E7252")
        case.expect("SignatureDoesNotMatch" in told.err, f"{told}")
        (case.directory / "secret").write_text(SECRET)
        told = publish(("s3://acme-mesh", "s3://another"), code=INPUT, finding="E7200")
        case.expect("NoSuchBucket" in told.err, f"{told}")
        at.server.fail_next = 3
        publish(("x", "x"))
        # Nothing is asked twice that the head has already.
        at.server.requests.clear()
        publish(("x", "x"))
        case.expect(not [one for one in at.server.requests if one[0] == "PUT"], f"{at.server.requests}")


def a_bucket_is_collected_by_age(case: Case) -> None:
    with place(case, "bucket") as at:
        at.project(write_payments)
        at.braid("publish", "payments")
        lost = "objects/ab/" + "ab" * 32
        at.write(lost, b"nothing names it")
        case.expect("removed 0 objects" in at.braid("mesh", "gc", "--project", "payments").out, "it is young")
        at.server.objects["teams/registry/" + lost] = (b"nothing names it", time.time() - 25 * 3600)
        case.expect("removed 1 object " in at.braid("mesh", "gc", "--project", "payments").out, "it is old")
        at.braid("mesh", "list", "--project", "payments")


def a_check_needs_no_network(case: Case) -> None:
    with place(case, "bucket") as at:
        at.project(write_payments)
        at.project(write_kpi)
        at.braid("publish", "payments")
        at.braid("check", "kpi")
    began = time.monotonic()
    told = at.braid("check", "kpi")
    case.expect("W7253" in told.codes, f"{told}")
    case.expect(time.monotonic() - began < 20, "it waited for the network")
    at.braid("test", "kpi")


def a_server_refuses_what_is_not_signed(case: Case) -> None:
    with serving(case) as (address, _):
        at = Served(case, address)
        payments = at.project(write_payments)
        at.braid("publish", "payments")

        def ask(method: str, name: str, body: bytes = b"", token: str = TOKEN, **headers) -> int:
            request = urllib.request.Request(f"{address}/{name}", data=body if method == "PUT" else None, method=method)
            if token:
                request.add_header("Authorization", f"Bearer {token}")
            for key, value in headers.items():
                request.add_header(key.replace("_", "-"), value)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code
            except (urllib.error.URLError, ConnectionError):
                return 0  # closed before all was sent: what it says may not have been read

        case.expect(ask("GET", "domains/payments/head", token="") == 401, "read without a token")
        case.expect(ask("GET", "domains/payments/head", token=READ_TOKEN) == 200, "the token for reading")
        case.expect(ask("PUT", "objects/ab/" + "ab" * 32, b"x", token=READ_TOKEN, If_None_Match="*") == 403, "wrote")
        case.expect(ask("PUT", "objects/ab/" + "ab" * 32, b"x", If_None_Match="*") == 422, "another hash")
        case.expect(ask("PUT", "domains/payments/head", b"0" * 64 + b"\n", If_None_Match="*") == 412, "it is there")
        case.expect(ask("PUT", "domains/payments/head", b"x") == 428, "without a condition")
        case.expect(ask("PUT", "domains/other/head", b"0" * 64 + b"\n", If_None_Match="*") == 422, "no publication")
        case.expect(ask("GET", "../secret") in (400, 404) and ask("GET", "domains/payments/head.lock") == 404, "outside")
        case.expect(ask("DELETE", "domains/payments/head") == 405, "removed")
        case.expect(ask("PUT", "objects/ab/" + "ab" * 32, b"x" * (17 << 20), If_None_Match="*") in (0, 413), "too long")
        case.expect(ask("GET", "domains/payments/head") == 200, "it answers no more")
        at.braid("mesh", "gc", "--project", "payments", code=USAGE, finding="E7256")
        # A token for reading, and none.
        toml = payments / "braid.toml"
        text = toml.read_text()
        at.project(write_payments, ", half: amount / 2")
        case.braid("publish", "payments", environment={"TEST_TOKEN": READ_TOKEN}, code=USAGE, finding="E7252")
        case.braid("mesh", "list", "--project", "payments", environment={"TEST_TOKEN": READ_TOKEN})
        case.braid("mesh", "list", "--project", "payments", environment={"TEST_TOKEN": "wrong"}, code=USAGE, finding="E7252")
        toml.write_text(text)


def a_server_is_not_open_by_mistake(case: Case) -> None:
    case.braid("mesh", "serve", "--registry", "registry", "--listen", "0.0.0.0:0", code=USAGE, finding="E7257")
    told = case.braid("mesh", "serve", "--registry", "registry", "--token", "written-out", code=USAGE)
    case.expect("written-out" not in told.err, f"a secret is shown: {told}")
    case.braid("mesh", "serve", "--registry", "registry", "--listen", "nowhere", code=USAGE)


def write_oversight(case: Case) -> pathlib.Path:
    folder = case.directory / "oversight"
    folder.mkdir(exist_ok=True)
    (folder / "braid.toml").write_text(TOML.format(name="oversight"))
    (folder / "oversight.braid").write_text(OVERSIGHT.format(log="payments"))
    return folder


def a_job_says_that_audit_logs_are_away(case: Case) -> None:
    """It goes on without them, and says so."""
    following = None
    try:
        with serving(case) as (address, _):
            at = Served(case, address)
            at.project(write_payments)
            at.braid("publish", "payments")
            folder = at.project(write_oversight)
            told = case.directory / "told.txt"
            with told.open("w") as out:
                following = case.start("run", "oversight", "--follow", environment=ENVIRONMENT, stdout=out, stderr=out)
            rows = folder / "data/out/oversight.publication.v1.ndjson"
            deadline = time.monotonic() + 60
            while not (rows.exists() and rows.read_text()) and time.monotonic() < deadline:
                time.sleep(0.2)
            case.expect("W7330" not in told.read_text(), told.read_text())
        deadline = time.monotonic() + 60
        while "W7330" not in told.read_text() and time.monotonic() < deadline:
            time.sleep(0.2)
        case.expect(following.poll() is None, f"the job has ended: {told.read_text()}")
        case.expect(told.read_text().count("W7330") == 1, told.read_text())
        following.send_signal(signal.SIGTERM)
        case.expect(following.wait(60) == DONE, told.read_text())
    finally:
        if following is not None and following.poll() is None:
            following.kill()


def add_options(parser) -> None:
    parser.add_argument("--moto", action="store_true", help="only with the bucket of moto")


if __name__ == "__main__":
    if "--moto" in sys.argv:
        cases = [case_of(rule, "moto") for rule in RULES]
    else:
        cases = [case_of(rule, kind) for kind in ("directory", "bucket", "served") for rule in RULES]
        cases += [a_bucket_says_what_is_wrong, a_bucket_is_collected_by_age, a_check_needs_no_network,
                  a_server_refuses_what_is_not_signed, a_server_is_not_open_by_mistake,
                  a_job_says_that_audit_logs_are_away]
    braid_command.main(cases, add_options)
