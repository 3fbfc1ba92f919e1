#!/usr/bin/env python3
"""Look-ups against services that answer, fail, are slow, change their minds and go, and jobs that are killed meanwhile.

    services.py BRAID [--only NAME] [--seed N] [--keep]
"""
import http.server
import json
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import INPUT, SCRIPT, Case, Skipped, accounts, difference, tree


class Answers(http.server.ThreadingHTTPServer):
    """Answers /KEY as `answer(key, count)` says: a body, a status, or None for what breaks off."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer, port=0):
        server = self
        self.asked = {}
        self.headers_seen = []
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                key = self.path.rsplit("/", 1)[1]
                with server.lock:
                    count = server.asked[key] = server.asked.get(key, 0) + 1
                    server.headers_seen.append(dict(self.headers))
                said = answer(key, count)
                status, body = (said, b"{}") if isinstance(said, int) else (200, (said or '{"n": 1}').encode())
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body) + (100 if said is None else 0)))
                    self.end_headers()
                    self.wfile.write(body)
                    self.close_connection = said is None
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def handle_error(self, *_):
        pass

    @property
    def port(self):
        return self.server_address[1]

    def __exit__(self, *words):
        self.shutdown()
        self.server_close()


SCRIPT_TEXT = """domain d

stream s
  from file "in/*.ndjson" format json
{{ id: int, key: string?, pad: string }}

service tally(key: string) -> {{ n: int }}
  from http "http://127.0.0.1:{port}/v1/{{key}}" {options}

product p {{
  from s
  {left}lookup tally(key) as c
  select {{ id, key, n: c{mark}.n }}
}}
"""


def project(case: Case, port: int, options: str, left: bool = False, records=(), name: str = "main") -> pathlib.Path:
    folder = case.directory / name
    (folder / "in").mkdir(parents=True)
    text = SCRIPT_TEXT.format(port=port, options=options, left="left " if left else "", mark="?" if left else "")
    (folder / "main.braid").write_text(text)
    (folder / "in/1.ndjson").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def run(case: Case, folder: pathlib.Path, *words, store="store", **options):
    return case.braid("run", folder / "main.braid", "--store", folder / store, *words, cwd=folder, **options)


def rows(folder: pathlib.Path, port: str = "", store="store") -> list:
    file = folder / store / f"out/d.p.v1{'.' + port if port else ''}.ndjson"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def many(count: int, keys: int) -> list:
    """Some turns of records, in which keys come again."""
    return [{"id": i, "key": f"k{i * 11 % keys}", "pad": "x" * 500} for i in range(count)]


def what_a_service_may_answer(case: Case) -> None:
    """Answers, nothing, and all that is no answer."""
    def answer(key, count):
        if key == "slow":
            time.sleep(1)
        said = {"none": 404, "gone": 410, "broken": 500, "denied": 403, "null": "null", "cut": None,
                "type": '{"n": "many"}', "less": "{}", "list": "[1]", "half": '{"n": 1'}
        if key == "second":
            return 503 if count == 1 else '{"n": 2}'
        return said.get(key, '{"n": 1,\n "other": []}')

    keys = ["good", "none", "gone", "broken", "denied", "null", "cut", "type", "less", "list", "half", "slow", "second",
            "good", "a/b ü"]
    records = [{"id": i, "key": key, "pad": ""} for i, key in enumerate(keys)] + [{"id": 99, "pad": ""}]
    with Answers(answer) as server:
        folder = project(case, server.port, "timeout 300ms retry 1", records=records)
        ended = run(case, folder)
        case.expect([(row["key"], row["n"]) for row in rows(folder)] ==
                    [("good", 1), ("second", 2), ("good", 1), ("a/b ü", 1)], f"{rows(folder)}")
        case.expect([row["row"]["key"] for row in rows(folder, "unmatched")] == ["none", "gone", "null", None],
                    f"{rows(folder, 'unmatched')}")
        rejected = {row["row"]["key"]: row for row in rows(folder, "rejected")}
        case.expect(set(rejected) == {"broken", "denied", "cut", "type", "less", "list", "half", "slow"},
                    f"{sorted(rejected)}")
        case.expect(all(row["code"] == "E7121" and row["step"] == "lookup tally(key) as c" for row in
                        rejected.values()), f"{rejected}")
        case.expect("status 500" in rejected["broken"]["reason"] and "`n`" in rejected["type"]["reason"],
                    f"{rejected}")
        case.expect("16 in = 4 used + 4 unmatched + 8 rejected" in ended.out, f"{ended}")
        # Another attempt where it may help, and one request for equal arguments in a turn.
        once = {key: server.asked[key] for key in ("good", "none", "broken", "denied", "cut", "type", "slow", "second")}
        case.expect(once == {"good": 1, "none": 1, "broken": 2, "denied": 1, "cut": 2, "type": 1, "slow": 2, "second": 2},
                    f"{once}")


def a_service_that_is_not_there(case: Case) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        folder = project(case, port, "timeout 200ms retry 0 else stop", records=many(3, 3))
        ended = run(case, folder, code=INPUT)
        case.expect("`tally`" in ended.err and "stops the job" in ended.err, f"{ended}")
        case.expect(rows(folder) == [], "rows without answers")
        other = project(case, port, "timeout 200ms retry 0", left=True, records=many(3, 3), name="other")
        run(case, other)
        case.expect(len(rows(other, "rejected")) == 3 and rows(other) == [], "`left` is about what is not there")
    # What stopped the job was not recorded: it asks again.
    with Answers(lambda key, count: '{"n": 5}', port):
        run(case, folder)
        case.expect([row["n"] for row in rows(folder)] == [5, 5, 5], f"{rows(folder)}")


def killed_jobs_ask_nothing_twice(case: Case) -> None:
    """The service counts how often it is asked for a key; a job that was killed has the same bytes all the same."""
    records = many(1500, 300)
    for options in ("cache 1h", "cache 1h max 100", ""):
        name = "cached" if options == "cache 1h" else "small" if options else "turns"
        with Answers(lambda key, count: json.dumps({"n": count})) as server:
            folder = project(case, server.port, options + " parallel 4", records=records, name=name)
            calm = run(case, folder, store="calm")
            asked = dict(server.asked)
            expected = tree(folder / "calm/out")
            points = ["after_turn:3", "after_output_sync:2"]
            if name == "cached":
                points += ["after_turn:1", "before_output_sync:1", "after_commit:1"]
            for point in points:
                store = point.replace(":", "_")
                server.asked.clear()
                run(case, folder, "--commit-every", 2, store=store, code=-signal.SIGKILL,
                    environment={"BRAID_KILL_AT": point})
                ended = run(case, folder, "--commit-every", 2, store=store)
                case.expect(accounts(ended.out) == accounts(calm.out), f"{point}: other accounts than {calm}: {ended}")
                again = sum(server.asked.values()) - sum(asked.values())
                # A commit is written beside the next turn, which has requests on their way then.
                beside = point.startswith(("after_output_sync", "after_commit"))
                case.expect(0 <= again <= (16 if beside else 0), f"{name}, {point}: {again} other requests")
                other = difference(expected, tree(folder / store / "out"))
                case.expect(again > 0 or not other, f"{name}, {point}: {other}")


def killed_at_any_time(case: Case) -> None:
    """What was on its way when the job was killed may be asked for again, and nothing else."""
    records = many(4000, 700)

    def answer(_, count):
        time.sleep(0.002)
        return json.dumps({"n": count})

    with Answers(answer) as server:
        folder = project(case, server.port, "cache 1h parallel 4", records=records)
        kills = 0
        for _ in range(3):
            process = case.start("run", folder / "main.braid", "--store", folder / "store", "--commit-every", 2, cwd=folder)
            time.sleep(case.random.uniform(0.15, 0.5))
            process.kill()
            process.communicate()
            kills += process.returncode == -signal.SIGKILL
        run(case, folder)
        found = rows(folder)
        case.expect([row["id"] for row in found] == list(range(4000)), "other rows")
        again = {key for key, count in server.asked.items() if count > 1}
        case.expect(len(again) <= kills * 4 * 4, f"{len(again)} keys were asked for again after {kills} kills")
        answers = {}
        for row in found:
            answers.setdefault(row["key"], set()).add(row["n"])
        case.expect(all(len(each) == 1 for each in answers.values()), "a key has two answers")
        case.expect(all(answers[key] == {1} for key in answers if key not in again), "an answer that was not given")
        case.note(f"{kills} kills, {len(again)} of 700 asked for again")


def answers_hold_over_runs(case: Case) -> None:
    with Answers(lambda key, count: json.dumps({"n": count})) as server:
        folder = project(case, server.port, "cache 1h", records=many(10, 5))
        run(case, folder)
        (folder / "in/2.ndjson").write_text("".join(json.dumps(each) + "\n" for each in many(10, 5)))
        run(case, folder)
        case.expect(len(rows(folder)) == 20 and {row["n"] for row in rows(folder)} == {1}, f"{rows(folder)}")
        case.expect(set(server.asked.values()) == {1}, f"{server.asked}")
        store = project(case, server.port, "cache 1s", records=many(10, 5), name="short")
        run(case, store)
        time.sleep(1.1)
        (store / "in/2.ndjson").write_text("".join(json.dumps(each) + "\n" for each in many(10, 5)))
        run(case, store)
        case.expect([row["n"] for row in rows(store)][:10] != [row["n"] for row in rows(store)][10:], "old answers")


def logins_are_sent_and_not_shown(case: Case) -> None:
    with Answers(lambda key, count: 401 if count == 1 else '{"n": 1}') as server:
        folder = project(case, server.port, "retry 0", records=many(2, 1))
        toml = folder / "braid.toml"
        toml.write_text('[env.dev.service."d.tally"]\ntoken = "env:COUNT_TOKEN"\n')
        ended = run(case, folder, code=None, finding="E7135", environment={"COUNT_TOKEN": "s3cret"})
        case.expect(server.headers_seen[0].get("Authorization") == "Bearer s3cret", f"{server.headers_seen}")
        shown = ended.out + ended.err
        case.expect("s3cret" not in shown and "401" in shown, shown)
        run(case, folder, environment={"COUNT_TOKEN": "s3cret"})
        case.expect(len(rows(folder)) == 2, f"{rows(folder)}")
        toml.write_text('[env.dev.service."d.tally"]\ntoken = "s3cret"\n')
        ended = run(case, folder, code=None)
        case.expect("s3cret" not in ended.err and "COUNT" not in ended.err, f"{ended}")
        toml.write_text('[env.dev.service."d.tally"]\nurl = "http://far.example/{key}"\ntoken = "env:COUNT_TOKEN"\n')
        ended = run(case, folder, code=None, finding="E7123", environment={"COUNT_TOKEN": "s3cret"})
        toml.write_text('[env.dev.service."d.tally"]\ntokn = "env:COUNT_TOKEN"\n')
        ended = run(case, folder, code=None)
        case.expect("`token`" in ended.err, f"{ended}")


def services_that_are_files(case: Case) -> None:
    folder = project(case, 1, "cache 1h", records=[{"id": i, "key": key, "pad": ""} for i, key in
                                                   enumerate(["a", "b", "c", "a", "bad"])])
    (folder / "count.csv").write_text("key,n,more\na,1,x\nb,2,y\na,3,z\nbad,many,z\n")
    dry = case.braid("dry-run", folder / "main.braid", "--input", "tally=count.csv", "--format", "json", cwd=folder)
    case.expect('"n":3' in dry.out, f"{dry}")
    (folder / "braid.toml").write_text('[env.dev.service."d.tally"]\nfile = "count.csv"\n')
    ended = run(case, folder)
    case.expect([(row["key"], row["n"]) for row in rows(folder)] == [("a", 3), ("b", 2), ("a", 3)], f"{rows(folder)}")
    case.expect([row["row"]["key"] for row in rows(folder, "unmatched")] == ["c"], f"{ended}")
    case.expect("many" in rows(folder, "rejected")[0]["reason"], f"{rows(folder, 'rejected')}")
    (folder / "braid.toml").write_text('[env.dev.service."d.tally"]\nfile = "count.ndjson"\n')
    (folder / "count.ndjson").write_text('{"n": 7, "key": "a"}\n')
    dry = case.braid("dry-run", folder / "main.braid", "--format", "json", cwd=folder)
    case.expect('"n":7' in dry.out, f"{dry}")
    (folder / "count.ndjson").unlink()
    run(case, folder, code=INPUT, finding="E7002", store="other")


PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


class Postgres:
    """A server of its own on loopback, ended by its own number."""

    def __init__(self, case: Case):
        if not PROGRAMS or not (PROGRAMS[-1] / "initdb").exists():
            raise Skipped("there is no PostgreSQL server (apt: postgresql)")
        self.folder = case.directory / "postgres"
        self.folder.mkdir()
        self.words = []
        if os.getuid() == 0:
            try:
                owner = pwd.getpwnam("postgres")
            except KeyError:
                raise Skipped("the user `postgres` is not there, and root may not run the server") from None
            case.directory.chmod(0o755)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.words = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        (case.directory / "password").write_text("pa55word\n")
        (case.directory / "password").chmod(0o644)
        made = subprocess.run([*self.words, PROGRAMS[-1] / "initdb", "-D", self.folder / "data", "-U", "braid", "-A",
                               "scram-sha-256", "--pwfile", case.directory / "password"], capture_output=True, text=True,
                              cwd="/")
        case.expect(made.returncode == 0, made.stdout + made.stderr)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None
        self.start(case)

    def start(self, case: Case) -> None:
        self.process = subprocess.Popen([*self.words, PROGRAMS[-1] / "postgres", "-D", self.folder / "data", "-h",
                                         "127.0.0.1", "-p", str(self.port), "-k", self.folder],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        for _ in range(200):
            if self.query("select 1").returncode == 0:
                return
            time.sleep(0.1)
        case.fail("the server does not start")

    def query(self, text: str):
        environment = {**os.environ, "PGPASSWORD": "pa55word"}
        return subprocess.run([PROGRAMS[-1] / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "braid", "-d",
                               "postgres", "-v", "ON_ERROR_STOP=1", "-c", text], capture_output=True, text=True,
                              env=environment)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *words):
        if self.process.poll() is None:
            self.stop()


POSTGRES_SCRIPT = """domain d

stream s
  from file "in/*.ndjson" format json
{ id: int, key: string, pad: string }

service price(key: string, least: int)
  -> { amount: decimal(12,2), since: timestamp?, tags: list<string>, name: string }
  from postgres "select amount, since, tags, name from price where key = {key} and id >= {least};"
  cache 1h timeout 1s retry 1 parallel 3

product p {
  from s
  lookup price(key, 1) as c else unknown
  select { id, key, c.amount, c.since, c.tags, c.name }
}
"""


def queries_to_postgres(case: Case) -> None:
    with Postgres(case) as server:
        made = server.query("create table price(id int, key text, amount numeric, since timestamptz, tags text[], name text);"
                            "insert into price values (1, 'a', 12.50, '2026-01-01T00:00:00Z', '{x,y}', 'Ä \"q\"'),"
                            "(2, 'b', 3, null, '{}', 'b'), (3, 'two', 1, null, '{}', ''), (4, 'two', 1, null, '{}', ''),"
                            "(5, 'many', 12.345, null, '{}', ''), (0, 'old', 1, null, '{}', '')")
        case.expect(made.returncode == 0, made.stderr)
        folder = case.directory / "main"
        (folder / "in").mkdir(parents=True)
        (folder / "main.braid").write_text(POSTGRES_SCRIPT)
        keys = ["a", "b", "none", "two", "many", "old", "x' or '1'='1", "a"]
        (folder / "in/1.ndjson").write_text("".join(json.dumps({"id": i, "key": key, "pad": ""}) + "\n" for i, key in
                                                    enumerate(keys)))
        run(case, folder, code=None, finding="E7124")
        (folder / "braid.toml").write_text(
            f'[env.dev.service."d.price"]\nhost = "127.0.0.1"\nport = {server.port}\ndatabase = "postgres"\n'
            'user = "braid"\npassword = "env:PRICE_PASSWORD"\ntls = "off"\n')
        secret = {"environment": {"PRICE_PASSWORD": "pa55word"}}
        ended = run(case, folder, **secret)
        case.expect(rows(folder) == [
            {"id": 0, "key": "a", "amount": 12.5, "since": "2026-01-01T00:00:00Z", "tags": ["x", "y"], "name": 'Ä "q"'},
            {"id": 1, "key": "b", "amount": 3.0, "since": None, "tags": [], "name": "b"},
            {"id": 7, "key": "a", "amount": 12.5, "since": "2026-01-01T00:00:00Z", "tags": ["x", "y"], "name": 'Ä "q"'}],
            f"{rows(folder)} {ended}")
        case.expect([row["key"] for row in rows(folder, "unknown")] == ["none", "old", "x' or '1'='1"],
                    f"{rows(folder, 'unknown')}")
        reasons = {row["row"]["key"]: row["reason"] for row in rows(folder, "rejected")}
        case.expect(set(reasons) == {"two", "many"} and "more than one row" in reasons["two"], f"{reasons}")
        # The password is wrong, or the query: the job stops, without a secret, and goes on when that is mended.
        ended = run(case, folder, store="wrong", code=None, finding="E7135", environment={"PRICE_PASSWORD": "wr0ng"})
        case.expect("wr0ng" not in ended.err and "password authentication failed" in ended.err and
                    "28P01" not in ended.err, ended.err)
        run(case, folder, store="wrong", **secret)
        case.expect(len(rows(folder, store="wrong")) == 3 and len(rows(folder, "rejected", "wrong")) == 2, "mended")
        script = (folder / "main.braid").read_text()
        (folder / "main.braid").write_text(script.replace("select amount", "select amont as amount"))
        ended = run(case, folder, store="query", code=None, finding="E7135", **secret)
        case.expect('column "amont" does not exist' in ended.err, ended.err)
        (folder / "main.braid").write_text(script)
        server.stop()
        run(case, folder, store="gone", **secret)
        case.expect(len(rows(folder, "rejected", "gone")) == 8, f"{rows(folder, 'rejected', 'gone')}")
        # What was recorded needs no server.
        with (folder / "in/1.ndjson").open("a") as grown:
            grown.write('{"id": 8, "key": "b", "pad": ""}\n')
        run(case, folder, **secret)
        case.expect(rows(folder)[-1]["amount"] == 3.0 and len(rows(folder)) == 4, f"{rows(folder)}")


def killed_while_postgres_changes(case: Case) -> None:
    with Postgres(case) as server:
        server.query("create table price(id int, key text, amount numeric, since timestamptz, tags text[], name text);"
                     "insert into price select 1, 'k' || i, 1, null, '{}', '' from generate_series(0, 699) i")
        folder = case.directory / "main"
        (folder / "in").mkdir(parents=True)
        (folder / "main.braid").write_text(POSTGRES_SCRIPT)
        (folder / "in/1.ndjson").write_text("".join(json.dumps(each) + "\n" for each in many(3000, 700)))
        (folder / "braid.toml").write_text(
            f'[env.dev.service."d.price"]\nhost = "127.0.0.1"\nport = {server.port}\ndatabase = "postgres"\n'
            'user = "braid"\npassword = "env:PRICE_PASSWORD"\ntls = "off"\n')
        secret = {"PRICE_PASSWORD": "pa55word"}
        run(case, folder, store="calm", environment=secret)
        # Every key is in the first turn's answers or in the second's.
        run(case, folder, "--commit-every", 100, code=-signal.SIGKILL,
            environment={**secret, "BRAID_KILL_AT": "after_turn:2"})
        server.query("update price set amount = 2")
        run(case, folder, environment=secret)
        other = difference(tree(folder / "calm/out"), tree(folder / "store/out"))
        case.expect(not other, f"a killed job has other answers: {other}")


def scripts_that_cannot_be(case: Case) -> None:
    folder = project(case, 1, "retry 99", records=[])
    run(case, folder, code=SCRIPT, finding="E2268")


if __name__ == "__main__":
    braid_command.main([what_a_service_may_answer, a_service_that_is_not_there, killed_jobs_ask_nothing_twice,
                        killed_at_any_time, answers_hold_over_runs, logins_are_sent_and_not_shown,
                        services_that_are_files, queries_to_postgres, killed_while_postgres_changes,
                        scripts_that_cannot_be])
