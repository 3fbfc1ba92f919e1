#!/usr/bin/env python3
"""Products that are served: rows over HTTP against the product's own output file, over kills, restarts and late views.

    serving.py BRAID [--only NAME] [--seed N] [--keep]
"""
import datetime
import http.client
import json
import pathlib
import re
import signal
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import Case

SHOP = """domain shop owner "shop@example.com"

stream sale
  time at within 10s
{ id: int, customer: int, city: string, cents: int, note: string?, at: timestamp }

/// What each customer has bought.
product customer {
  from sale
  group customer { city: last(city), sales: count(), cents: sum(cents), newest: max(at) } retain forever
}

product sale_per_minute {
  from sale
  window tumbling 1m
  group city { sales: count(), cents: sum(cents) }
}

product dear {
  from sale
  where cents >= 500
  select { id, customer, city, cents, note, at }
}

/// Rows of it come and go.
product best {
  from customer
  top 3 by cents desc
}
"""
TOML = """[project]
name = "shop"
[env.dev.bind]
"shop.sale" = { file = "in/*.ndjson" }
"""
SERVE = """[env.dev.serve]
"shop.customer" = { index = ["city", "sales"], keep = "5m" }
"shop.dear" = { index = ["customer"] }
"shop.sale_per_minute" = {}
"shop.best" = { index = ["city"] }
"""
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def instant(seconds: float) -> str:
    return (BEGIN + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Shop:
    def __init__(self, case: Case, serve: str = SERVE):
        self.case = case
        self.folder = case.directory / "shop"
        (self.folder / "in").mkdir(parents=True)
        (self.folder / "main.braid").write_text(SHOP)
        self.settings(serve)
        self.written = 0

    def settings(self, serve: str):
        (self.folder / "braid.toml").write_text(TOML + serve)

    def sell(self, count: int, ordered=False):
        """Appends sales, one in half a second, somewhat out of order."""
        rows = []
        for number in range(self.written, self.written + count):
            at = number / 2 - (0 if ordered else self.case.random.choice([0, 0, 1, 5]))
            rows.append({"id": number, "customer": self.case.random.randrange(25),
                         "city": self.case.random.choice(["Bern", "Zürich", "La Chaux-de-Fonds", "a/b"]),
                         "cents": self.case.random.randrange(1000),
                         "note": self.case.random.choice([None, "gift"]), "at": instant(max(at, 0))})
        self.written += count
        with open(self.folder / "in/sales.ndjson", "a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)

    def output(self, product: str) -> list:
        path = self.folder / f"data/out/shop.{product}.v1.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def table(self, product="customer") -> dict:
        """What the output leaves of each customer."""
        rows = {}
        for row in self.output(product):
            if row.pop("__deleted", False):
                rows.pop(row["customer"])
            else:
                rows[row["customer"]] = row
        return rows


class Job:
    def __init__(self, shop: Shop, *words, follow=True, environment=None, product="shop.customer"):
        self.case, self.shop = shop.case, shop
        words = ("--follow", "--commit-within", "100ms", *words) if follow else words
        self.process = self.case.start("run", shop.folder, "--listen", "127.0.0.1:0", *words, environment=environment)
        self.lines, self.address = [], None
        while self.address is None:
            line = self.process.stderr.readline()
            self.lines.append(line)
            self.case.expect(line != "", f"the job does not listen: {self.lines}")
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
            self.address = ("127.0.0.1", int(found[1])) if found else None
        self.wait(lambda: self.get(f"/v1/products/{product}").status == 200, "the job does not serve")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def get(self, path: str, query=None, **headers):
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        connection.request("GET", target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        if answer.getheader("Content-Type", "").endswith(("/json", "+json")) and answer.text:
            answer.json = json.loads(answer.text)
        return answer

    def rows(self, product: str, **query) -> list:
        """All rows of a query, by as many answers as it takes; of one epoch."""
        found, epochs = [], set()
        query = {name.replace("__", "."): value for name, value in query.items()}
        while True:
            answer = self.get(f"/v1/products/shop.{product}/rows", query)
            self.case.expect(answer.status == 200, f"{query}: {answer.status} {answer.text}")
            found += answer.json["rows"]
            epochs.add(answer.json["epoch"])
            if answer.json["next"] is None:
                self.case.expect(len(epochs) == 1, f"pages are of several epochs: {epochs}")
                return found
            query["after"] = answer.json["next"]

    def refused(self, status: int, path: str, words: str, **query):
        answer = self.get(path, {name.replace("__", "."): value for name, value in query.items()})
        self.case.expect(answer.status == status and words in answer.json["detail"],
                         f"{path} {query}: expected {status} with `{words}`: {answer.status} {answer.text}")

    def wait(self, holds, text: str, seconds=60):
        end = time.monotonic() + seconds
        while not holds():
            self.case.expect(time.monotonic() < end, f"{text}: {self.lines}")
            time.sleep(0.02)

    def caught_up(self):
        """The job has read and committed all sales."""
        def total():
            return sum(row["sales"] for row in self.rows("customer", limit=1000))
        self.wait(lambda: total() == self.shop.written, "the job does not commit all sales")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        ended = self.case.ended(self.process)
        self.case.expect(ended.code == 0, f"the job does not end well: {ended}")


def same(case: Case, found, expected, what: str):
    if found == expected:
        return
    missing = [row for row in expected if row not in found][:3]
    more = [row for row in found if row not in expected][:3]
    case.fail(f"{what}: {len(found)} rows found, {len(expected)} expected; missing {missing}, too many {more}; order "
              f"{'is the same' if not missing and not more else 'not compared'}")


def compare(job: Job):
    """All products, by all ways, with the output files."""
    case, shop = job.case, job.shop
    table = shop.table()
    same(case, job.rows("customer", limit=7), [table[key] for key in sorted(table)], "customers in order of the key")
    same(case, job.rows("customer", order="-key"), [table[key] for key in sorted(table, reverse=True)], "backwards")
    for city in ("Bern", "Zürich", "a/b"):
        expected = [table[key] for key in sorted(table) if table[key]["city"] == city]
        same(case, job.rows("customer", city=city, limit=2), expected, f"customers of {city}")
    by_sales = sorted(table.values(), key=lambda row: (row["sales"], row["customer"]))
    same(case, job.rows("customer", order="sales", limit=3), by_sales, "customers in order of an index")
    middle = by_sales[len(by_sales) // 2]["sales"]
    same(case, job.rows("customer", sales__gt=middle, order="sales"),
         [row for row in by_sales if row["sales"] > middle], "a range of an index")
    same(case, job.rows("customer", cents__lt=2000), [table[key] for key in sorted(table) if table[key]["cents"] < 2000],
         "a field without an index")
    for key in range(26):
        answer = job.get(f"/v1/products/shop.customer/rows/{key}")
        case.expect(answer.status == (200 if key in table else 404), f"customer {key}: {answer.status}")
        if key in table:
            case.expect(answer.json["row"] == table[key], f"customer {key}: {answer.text} and not {table[key]}")
    by_time = sorted(shop.output("dear"), key=lambda row: moment(row["at"]))
    same(case, job.rows("dear", limit=50), by_time, "a stream in order of time")
    same(case, job.rows("dear", customer=3, limit=4), [row for row in by_time if row["customer"] == 3], "by its index")
    same(case, job.rows("dear", note__null="true"), [row for row in by_time if row["note"] is None], "without a note")
    first, last = (BEGIN + datetime.timedelta(seconds=each) for each in (20, 40))
    same(case, job.rows("dear", at__ge=instant(20), at__lt=instant(40)),
         [row for row in by_time if first <= moment(row["at"]) < last], "between two instants")
    best = shop.table("best")
    case.expect(len(best) == 3, f"three are the best: {best}")
    same(case, sorted(job.rows("best"), key=json.dumps), sorted(best.values(), key=json.dumps), "the best")
    for city in {row["city"] for row in best.values()} | {"Bern"}:
        same(case, sorted(job.rows("best", city=city), key=json.dumps),
             sorted((row for row in best.values() if row["city"] == city), key=json.dumps), f"the best of {city}")
    windows = shop.output("sale_per_minute")
    same(case, sorted(job.rows("sale_per_minute"), key=json.dumps), sorted(windows, key=json.dumps), "windows")


def rows_are_those_of_the_output(case: Case):
    shop = Shop(case)
    shop.sell(300)
    with Job(shop) as job:
        job.caught_up()
        compare(job)
        listed = job.get("/").text
        case.expect("/v1 " in listed and "/status" in listed, f"paths: {listed}")
        went = False
        for _ in range(25):
            shop.sell(40)
            job.caught_up()
            went = went or any(row.get("__deleted") for row in shop.output("best"))
            if went and shop.written >= 500:
                break
        case.expect(went, "no row of a table went")
        compare(job)
        epoch = job.get("/v1/products/shop.customer").json["epoch"]
        job.stop()
    with Job(shop) as job:  # as the store has it
        compare(job)
        case.expect(job.get("/v1/products/shop.customer").json["epoch"] >= epoch, "an earlier epoch")


def kills_leave_a_whole_epoch(case: Case):
    shop = Shop(case)
    for number in range(6):
        shop.sell(120)
        with Job(shop) as job:
            if number % 2 == 0:
                job.caught_up()
            else:
                time.sleep(case.random.random() / 2)
            job.process.kill()
    with Job(shop) as job:
        job.caught_up()
        compare(job)


def a_view_that_is_added_later_has_all_rows(case: Case):
    shop = Shop(case, '[env.dev.serve]\n"shop.customer" = {}\n')
    shop.sell(400)
    with Job(shop) as job:
        job.caught_up()
        case.expect(job.get("/v1/products/shop.dear").status == 404, "a product is served that no setting names")
        job.stop()
    shop.settings(SERVE)
    with Job(shop) as job:
        compare(job)
        rows, then = "/v1/products/shop.customer/rows", shop.table()
        shop.sell(100, ordered=True)
        job.caught_up()
        compare(job)
        case.expect(shop.table() != then, "nothing has changed")
        same(case, job.rows("customer", as_of=instant(199.75)), [then[key] for key in sorted(then)], "as it began")
        job.refused(410, rows, "before what is kept", as_of=instant(3))
        job.refused(410, rows, "before what is kept", at_epoch=0)
        job.stop()


def a_job_may_run_without_its_views(case: Case):
    shop = Shop(case)
    shop.sell(100)
    with Job(shop) as job:
        job.caught_up()
        epoch = job.get("/v1/products/shop.customer").json["epoch"]
        job.stop()
    shop.settings("")
    shop.sell(100)
    case.braid("run", shop.folder, "--no-seal")
    shop.settings(SERVE)
    with Job(shop) as job:
        compare(job)
        found = job.get("/v1/products/shop.customer").json["epoch"]
        case.expect(found > epoch, f"epoch {found} is served, and {epoch} was before")
        job.stop()


def what_was_can_be_asked_for(case: Case):
    shop = Shop(case)
    with Job(shop) as job:
        for part in range(10):
            shop.sell(20, ordered=True)
            job.caught_up()
            if part == 5:
                expected = shop.table()
        first = job.get("/v1/products/shop.customer/rows", {"limit": 1000}).json
        at = job.rows("customer", as_of=instant(59.75), limit=3)
        case.expect(expected != shop.table(), "the instant tells nothing apart")
        same(case, at, [expected[key] for key in sorted(expected)], "as of a minute")
        same(case, job.rows("customer", as_of=instant(59.75), order="-key", limit=4),
             [expected[key] for key in sorted(expected, reverse=True)], "as of a minute, backwards")
        same(case, job.rows("dear", as_of=instant(59.75)),
             [row for row in shop.output("dear") if moment(row["at"]) <= moment(instant(59.75))], "a stream as of a minute")
        one = sorted(expected)[0]
        answer = job.get(f"/v1/products/shop.customer/rows/{one}", {"as_of": instant(59.75)})
        case.expect(answer.json["row"] == expected[one], f"customer {one} as of a minute: {answer.text}")
        shop.sell(200)
        job.caught_up()
        again = job.get("/v1/products/shop.customer/rows", {"at_epoch": first["epoch"], "limit": 1000}).json["rows"]
        same(case, again, first["rows"], "an earlier epoch")
        job.refused(400, "/v1/products/shop.customer/rows", "not been committed", at_epoch=10**9)
        job.refused(400, "/v1/products/shop.customer/rows", "order of the key", as_of=instant(100), order="city")
        job.refused(412, "/v1/products/shop.customer/rows/1", "is asked for", min_epoch=10**9)
        began = time.monotonic()
        job.refused(412, "/v1/products/shop.customer/rows/1", "is asked for", min_epoch=10**9, wait="300ms")
        case.expect(time.monotonic() - began >= 0.3, "an answer that was to wait did not")
        epoch = job.get("/v1/products/shop.customer/rows/1").json["epoch"]
        shop.sell(20)
        answer = job.get("/v1/products/shop.customer/rows/1", {"min_epoch": epoch + 1, "wait": "10s"})
        case.expect(answer.status == 200 and answer.json["epoch"] > epoch, f"waited in vain: {answer.text}")


def answers_say_what_is_wrong(case: Case):
    shop = Shop(case)
    shop.sell(100)
    with Job(shop) as job:
        job.caught_up()
        rows = "/v1/products/shop.customer/rows"
        job.refused(404, "/v1/products/shop.custmer/rows", "is not served")
        job.refused(404, "/v1/products/shop.customer/row", "/rows")
        job.refused(404, "/v1/what", "/v1/products")
        job.refused(400, rows, "has no field `cty`; it has customer, city", cty="Bern")
        job.refused(400, rows, "`x` is no int", customer="x")
        job.refused(400, rows, "from 1 to 10000", limit="0")
        job.refused(400, rows, "`as_of` is an instant", as_of="yesterday")
        job.refused(400, rows, "no index of `cents`", order="cents")
        job.refused(400, rows, "`next` of an answer before", after="%%%")
        token = job.get(rows, {"limit": 2}).json["next"]
        job.refused(400, rows, "belongs to another query", after=token, city="Bern")
        job.refused(400, "/v1/products/shop.dear/rows", "belongs to another query", after=token)
        job.refused(400, rows + "/1/2", "the key is customer")
        job.refused(400, rows + "/one", "`one` is no int")
        job.refused(400, rows + "/1", "cannot be asked of one row", limit=3)
        job.refused(400, "/v1/products/shop.dear/rows/1", "is a stream")
        case.expect(job.get("/v1/products/%zz").status == 400, "a broken path")
        answer = job.get(rows + "/1", If_None_Match=job.get(rows + "/1").getheader("ETag"))
        case.expect(answer.status == 304 and answer.text == "", f"an ETag: {answer.status}")
        lines = job.get(rows, {"limit": 5, "fields": "city,customer"}, Accept="application/x-ndjson")
        case.expect([list(json.loads(line)) for line in lines.text.splitlines()] == [["city", "customer"]] * 5,
                    f"lines: {lines.text}")
        about = job.get("/v1/products/shop.customer@1").json
        case.expect(about["key"] == ["customer"] and about["indexes"] == ["city", "sales"] and about["keep"] == "5m" and
                    about["doc"] == "What each customer has bought." and about["owner"] == "shop@example.com",
                    f"about: {about}")
        document = job.get("/v1/openapi.json").json
        case.expect(document["openapi"] == "3.1.0" and
                    "/v1/products/shop.customer@1/rows/{customer}" in document["paths"], "the document")
        for method in ("POST", "DELETE"):
            connection = http.client.HTTPConnection(*job.address, timeout=20)
            connection.request(method, rows)
            case.expect(connection.getresponse().status == 405, f"{method} is not refused")
            connection.close()


def a_job_that_has_ended_is_served(case: Case):
    shop = Shop(case, SERVE.replace('"shop.best" = { index = ["city"] }\n', ""))  # --serve has all products
    shop.sell(150)
    with Job(shop, "--serve", follow=False) as job:
        job.wait(lambda: "serving until it is stopped" in job.process.stderr.readline(), "the job does not end")
        job.wait(lambda: job.get("/v1/products/shop.customer").status == 200, "what the job left is not served")
        compare(job)
        case.expect(len(job.get("/v1/products").json["products"]) == 4, "not all products are served")
        case.braid("run", shop.folder, code=4, finding="E8001")  # the store is in use
        job.stop()


BANK = """domain bank

stream transfer
  time at within 10s
{ payer: int, payee: int, cents: int, at: timestamp }

/// The sum over all accounts is zero, whatever has been paid.
product account {
  from transfer
  select { legs: [{ account: payer, cents: 0 - cents }, { account: payee, cents: cents }] }
  unnest legs as leg
  group leg.account { cents: sum(leg.cents), moves: count() } retain forever
}
"""


def nothing_is_read_half(case: Case):
    shop = Shop(case, '[env.dev.serve]\n"bank.account" = { index = ["moves"], keep = "1h" }\n')
    (shop.folder / "main.braid").write_text(BANK)
    (shop.folder / "braid.toml").write_text((shop.folder / "braid.toml").read_text().replace("shop.sale", "bank.transfer"))
    paid = reads = 0
    last, of_epoch = (0, 0), {0: 0}  # epoch and moves of the newest read; moves by epoch
    for _ in range(4):
        with Job(shop, product="bank.account") as job:
            end = time.monotonic() + 2
            while time.monotonic() < end:
                with open(shop.folder / "in/paid.ndjson", "a") as file:
                    for number in range(paid, paid + 50):
                        payer, payee = case.random.sample(range(40), 2)
                        file.write(json.dumps({"payer": payer, "payee": payee, "cents": case.random.randrange(10**6),
                                               "at": instant(number / 100)}) + "\n")
                paid += 50
                for query in ({}, {"order": "moves"}, {"at_epoch": last[0]}):
                    answer = job.get("/v1/products/bank.account/rows", {"limit": 1000, **query}).json
                    rows = answer.get("rows", [])
                    reads += 1
                    case.expect(sum(row["cents"] for row in rows) == 0, f"{query}: the sum is not zero: {answer}")
                    moves = sum(row["moves"] for row in rows)
                    if "at_epoch" in query:
                        case.expect(moves == of_epoch[query["at_epoch"]], f"{query}: other rows than before: {answer}")
                        continue
                    case.expect(answer["epoch"] >= last[0] and moves >= last[1], f"a read goes back: {answer}")
                    case.expect(of_epoch.setdefault(answer["epoch"], moves) == moves, f"one epoch changes: {answer}")
                    last = (answer["epoch"], moves)
            job.process.kill()
    case.note(f"{reads} reads over {paid} transfers")


def rows_are_read_from_the_terminal(case: Case):
    shop = Shop(case)
    shop.sell(150)
    def read(*words, **options):
        return case.braid("read", *words, "--project", shop.folder, **options)
    with Job(shop) as job:
        job.caught_up()
        running = read("shop.customer", "--limit", 1000).out
        case.expect([json.loads(line) for line in running.splitlines()] ==
                    [row for _, row in sorted(shop.table().items())], f"rows of a running job: {running}")
        job.stop()
    case.expect(read("shop.customer", "--limit", 1000).out == running, "a stopped job has other rows")
    key, row = sorted(shop.table().items())[3]
    case.expect(json.loads(read("shop.customer", key).out) == row, "the row of a key")
    cities = read("shop.customer", "--where", "city=a/b", "--fields", "city", "--order", "-city").out.splitlines()
    case.expect(set(cities) == {'{"city":"a/b"}'}, f"rows of a city: {cities}")
    read("shop.customer", "--where", "town=Bern", code=None, finding="E8064")
    read("shop.customer", 1, 2, code=None, finding="E8064")
    read("shop.sale", code=None, finding="E8064")


class Subscriber:
    """A copy of a product that is kept by server-sent events, over any number of connections."""

    def __init__(self, case: Case, product: str, query: str):
        self.case, self.path = case, f"/v1/products/{product}/changes?{query}"
        self.last_id, self.ended, self.rows, self.connections = None, -1, {}, 0
        self.failure, self.stopped = None, False
        self.address = None
        self.thread = threading.Thread(target=self.follow, daemon=True)

    def follow(self):
        while not self.stopped and self.failure is None:
            try:
                self.read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)  # the job is away

    def read(self):
        connection = http.client.HTTPConnection(*self.address, timeout=5)
        headers = {"Accept": "text/event-stream"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        connection.request("GET", self.path, headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            body = answer.read().decode()
            if answer.status not in (404, 503):  # it is not served yet
                self.failure = f"{answer.status} {body}"
            time.sleep(0.02)
            return
        self.connections += 1
        event = {}
        while not self.stopped:
            line = answer.readline().decode()
            if line == "":
                return
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                event[name] = value
                continue
            if "id" in event:
                self.last_id = event["id"]
            if "data" in event:
                self.take(event["event"], json.loads(event["data"]))
            event = {}

    def take(self, name: str, change: dict):
        if name == "end":
            if change["reason"] != "stopped":
                self.failure = f"a last word: {change}"
            return
        if change["epoch"] <= self.ended:
            self.failure = f"epoch {change['epoch']} comes again behind {self.ended}: {change}"
        if name == "snapshot":
            self.rows = {}
        elif name == "put":
            self.rows[json.dumps(change["key"])] = change["row"]
        elif name == "delete":
            if self.rows.pop(json.dumps(change["key"]), None) is None:
                self.failure = f"a row goes that was not there: {change}"
        elif name == "commit":
            self.ended = change["epoch"]


def a_subscriber_has_each_change_over_kills(case: Case):
    shop = Shop(case)
    subscribers = [Subscriber(case, "shop.customer", "from=snapshot"), Subscriber(case, "shop.best", "from=snapshot"),
                   Subscriber(case, "shop.customer", "from=snapshot&city=Bern&fields=city,cents")]
    for round in range(6):
        shop.sell(80)
        with Job(shop) as job:
            for subscriber in subscribers:
                subscriber.address = job.address
                if round == 0:
                    subscriber.thread.start()
            for _ in range(4):
                shop.sell(30)
                time.sleep(case.random.random() / 4)
            if round < 5:
                job.process.kill()
                continue
            job.caught_up()
            customers, best = shop.table(), shop.table("best")
            expected = [customers, best, {key: {"city": row["city"], "cents": row["cents"]}
                                          for key, row in customers.items() if row["city"] == "Bern"}]
            for subscriber, rows in zip(subscribers, expected):
                wanted = {json.dumps({"customer": key}): row for key, row in rows.items()}
                def is_there():
                    return subscriber.failure is not None or subscriber.rows == wanted
                end = time.monotonic() + 30
                while not is_there() and time.monotonic() < end:
                    time.sleep(0.02)
                case.expect(subscriber.failure is None, f"{subscriber.path}: {subscriber.failure}")
                case.expect(subscriber.rows == wanted, f"{subscriber.path}: {subscriber.rows} and not {wanted}")
                epoch = job.get("/v1/products/shop.customer").json["epoch"]
                case.expect(subscriber.ended <= epoch, f"epoch {subscriber.ended} is told, and {epoch} is committed")
                case.expect(subscriber.connections >= 3, f"{subscriber.path}: {subscriber.connections} connections")
                subscriber.stopped = True
            job.stop()
    for subscriber in subscribers:
        subscriber.thread.join(timeout=30)


def changes_are_asked_for(case: Case):
    shop = Shop(case, SERVE.replace('{ index = ["customer"] }', '{ index = ["customer"], changes = "0s" }'))
    shop.sell(100)
    with Job(shop) as job:
        job.caught_up()
        changes = "/v1/products/shop.customer/changes"
        epoch = job.get("/v1/products/shop.customer").json["epoch"]
        first = job.get(changes, {"from": "first", "limit": 10000}).json
        copy = {change["key"]["customer"]: change["row"] for change in first["changes"] if change["change"] == "put"}
        case.expect(copy == shop.table(), f"all changes make the table: {copy}")
        began = time.monotonic()
        none = job.get(changes, {"since": job.get(changes).json["next"], "wait": "400ms"})
        case.expect(none.json["changes"] == [] and time.monotonic() - began >= 0.4, f"it waits: {none.text}")
        shop.sell(40)
        told = job.get(changes, {"since": none.json["next"], "wait": "10s"}, Accept="application/x-ndjson")
        lines = [json.loads(line) for line in told.text.splitlines()]
        case.expect(lines and lines[0]["epoch"] > epoch, f"changes come when they are committed: {told.text}")
        job.refused(400, changes, "an answer before", since="what")
        job.refused(400, "/v1/products/shop.dear/changes", "`changes` is not set")
        document = job.get("/v1/openapi.json").json
        case.expect("/v1/products/shop.customer@1/changes" in document["paths"], "the document has no changes")
        follow = case.start("read", "shop.customer", 3, "--project", shop.folder, "--follow", "--from", "first")
        line = json.loads(follow.stdout.readline())
        case.expect(line["change"] == "put" and line["row"]["customer"] == 3, f"the first change of a key: {line}")
        follow.send_signal(signal.SIGINT)
        ended = case.ended(follow)
        case.expect(ended.code == 0 and "--since" in ended.err, f"following ends: {ended}")
        case.braid("read", "shop.dear", "--project", shop.folder, "--follow", code=None, finding="E8064")
        job.stop()
    case.braid("read", "shop.customer", "--project", shop.folder, "--follow", code=None, finding="E8065")
    shop.settings('[env.dev.serve]\n"shop.customer" = { changes = "2 days" }\n')
    case.braid("run", shop.folder, code=None, finding="E7017")


def settings_are_checked(case: Case):
    shop = Shop(case, '[env.dev.serve]\n"shop.custmer" = {}\n')
    case.braid("run", shop.folder, code=None, finding="E7335")
    shop.settings('[env.dev.serve]\n"shop.customer" = { index = ["town"] }\n')
    case.braid("run", shop.folder, code=None, finding="E7336")
    shop.settings('[env.dev.serve]\n"shop.customer" = { kep = "3d" }\n')
    case.braid("run", shop.folder, code=None, finding="E7004")
    shop.settings(SERVE)
    case.braid("run", shop.folder, "--listen", "0.0.0.0:0", code=None, finding="E8062")
    shop.settings(SERVE + '[env.dev]\nbrokers = "127.0.0.1:1"\n')
    case.braid("run", shop.folder, "--serve", code=None, finding="E8061")
    shop.settings('[env.dev.serve]\n"shop.dear" = {}\n[env.dev.out]\n"shop.dear" = { file = "dear.ndjson" }\n')
    case.braid("serve", shop.folder, code=None, finding="E7348")
    shop.settings(SERVE + """[env.dev]
brokers = "127.0.0.1:1"
[env.dev.serve_access.consumer.board]
token = "file:board.token"
roles = ["analyst"]
""")
    case.braid("serve", shop.folder, code=None, finding="E7349")
    shop.settings("")
    case.braid("serve", shop.folder, code=None, finding="E8076")
    shop.settings('[env.dev]\nbrokers = "127.0.0.1:1"\n' + SERVE)
    case.braid("serve", shop.folder, "--listen", "0.0.0.0:0", code=None, finding="E8062")
    # One file for each customer, and a view that comes later.
    shop.settings('[env.dev.out]\n"shop.dear" = { file = "results/{customer}.ndjson" }\n')
    shop.sell(50)
    case.braid("run", shop.folder, "--no-seal")
    shop.settings('[env.dev.out]\n"shop.dear" = { file = "results/{customer}.ndjson" }\n' + SERVE)
    case.braid("run", shop.folder, "--no-seal", code=None, finding="E8060")
    (shop.folder / "main.braid").write_text("""domain shop owner "shop@example.com"

table country key code { code: string, name: string }

product named { from country }
""")
    (shop.folder / "braid.toml").write_text(TOML.replace("shop.sale", "shop.country") +
                                            '[env.dev.serve]\n"shop.named" = { keep = "3d" }\n')
    case.braid("run", shop.folder, code=None, finding="E7337")


if __name__ == "__main__":
    braid_command.main([rows_are_those_of_the_output, kills_leave_a_whole_epoch,
                        a_view_that_is_added_later_has_all_rows, a_job_may_run_without_its_views,
                        what_was_can_be_asked_for, nothing_is_read_half, answers_say_what_is_wrong,
                        a_job_that_has_ended_is_served, rows_are_read_from_the_terminal,
                        a_subscriber_has_each_change_over_kills, changes_are_asked_for,
                        settings_are_checked])
