#!/usr/bin/env python3
"""Copies of served products in PostgreSQL, DuckDB and Parquet: the rows of the output, each once, over kills of all sides.

    copies.py BRAID [--only NAME] [--seed N] [--keep]

duckdb comes from PyPI, into build/query-oracle; exit code 77 if it cannot. Without PostgreSQL its cases are skipped.
"""
import datetime
import decimal
import json
import pathlib
import sys
import time

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(TESTS)]
import python_packages

python_packages.run_with(TESTS.parent / "build" / "query-oracle", ["duckdb==1.5.6", "pyarrow==26.0.1", "pytz==2026.6"])

import duckdb

import braid_command
from braid_command import Case
from services import Postgres
from serving import Job, Shop, moment

PASSWORD = {"PGPASSWORD": "pa55word"}
PRODUCTS = {"customer": "customer", "best": "customer", "dear": None}


class Copy:
    """One product in one target."""

    def __init__(self, case: Case, product: str, target: str, *words):
        self.case, self.product, self.target, self.words, self.process = case, product, target, words, None

    def command(self, job: Job, *words) -> list:
        return ["copy", f"shop.{self.product}", "--at", f"127.0.0.1:{job.address[1]}", "--to", self.target, *self.words,
                *words]

    def begin(self, job: Job) -> None:
        self.process = self.case.start(*self.command(job), environment=PASSWORD)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self, job: Job, **options):
        return self.case.braid(*self.command(job, "--until", "caught-up"), environment=PASSWORD, **options)


def rows_of(copy: Copy, postgres: Postgres | None) -> list:
    if copy.target.startswith("postgres"):
        found = postgres.query(f"select coalesce(json_agg(t), '[]') from shop_{copy.product} t")
        copy.case.expect(found.returncode == 0, found.stderr)
        return json.loads("".join(line.strip().rstrip("+") for line in found.stdout.splitlines()[2:-2]))
    if copy.target.endswith(".parquet"):
        connection, source = duckdb.connect(), f"'{copy.target}'"
    else:
        connection, source = duckdb.connect(copy.target, read_only=True), f"shop_{copy.product}"
    with connection:
        table = connection.execute(f"select * from {source}").to_arrow_table()
    return table.to_pylist()


def plain(rows: list) -> list:
    """Instants as such, and in one order."""
    def value(of):
        if isinstance(of, str) and of[:4].isdigit() and "T" in of:
            return moment(of).timestamp()
        return of.timestamp() if isinstance(of, datetime.datetime) else of
    return sorted(({name: value(of) for name, of in row.items()} for row in rows), key=lambda row: json.dumps(row, sort_keys=True))


def expect_right(copy: Copy, shop: Shop, postgres: Postgres | None) -> None:
    wanted = shop.table(copy.product).values() if PRODUCTS[copy.product] else shop.output(copy.product)
    found, wanted = plain(rows_of(copy, postgres)), plain(list(wanted))
    copy.case.expect(len(wanted) > 0 and found == wanted,
                     f"{copy.product} in {copy.target}: {len(found)} rows and not {len(wanted)}: "
                     f"{[row for row in found if row not in wanted][:3]}, {[row for row in wanted if row not in found][:3]}")


def keep_copies_over_kills(case: Case, copies: list, postgres: Postgres | None) -> None:
    shop = Shop(case)
    for round in range(5):
        shop.sell(100)
        with Job(shop) as job:
            for copy in copies:
                copy.begin(job)
            for _ in range(4):
                shop.sell(40)
                time.sleep(case.random.random() / 2)
            if round % 2 == 0:
                job.process.kill()
            if round == 3 and postgres is not None:
                postgres.stop()
                postgres.start(case)
            for copy in copies:
                copy.kill()
    shop.sell(50)
    with Job(shop) as job:
        job.caught_up()
        for copy in copies:
            copy.end(job)
            expect_right(copy, shop, postgres)
            again = copy.end(job)
            case.expect(again.out.startswith("0 changes"), f"the second time something changes: {again}")
            expect_right(copy, shop, postgres)
        job.stop()


def tables_of_duckdb_over_kills(case: Case):
    keep_copies_over_kills(case, [Copy(case, product, str(case.directory / f"{product}.duckdb")) for product in PRODUCTS],
                           None)


def tables_of_postgres_over_kills(case: Case):
    postgres = Postgres(case)
    try:
        target = f"postgres://braid@127.0.0.1:{postgres.port}/postgres"
        keep_copies_over_kills(case, [Copy(case, product, target) for product in PRODUCTS], postgres)
    finally:
        postgres.stop()


def files_of_parquet(case: Case):
    shop = Shop(case)
    shop.sell(200)
    with Job(shop) as job:
        job.caught_up()
        copies = [Copy(case, product, str(case.directory / f"{product}.parquet")) for product in PRODUCTS]
        for _ in range(3):
            for copy in copies:
                copy.end(job)
                expect_right(copy, shop, None)
            shop.sell(100)
            job.caught_up()
        job.stop()


TYPES = """domain shop

stream thing
  time at within 1s
  from file "in/*.ndjson" format json
{ id: int, price: decimal(20,6), ratio: float, ok: bool, raw: bytes, token: uuid, day: date, clock: time, at: timestamp,
  place: { city: string, zip: int }, tags: list<string>, any: json, maybe: int? }

product thing_now {
  key id
  from thing
  select { id, price, ratio, ok, raw, token, day, clock, at, place, tags, any, maybe, lasts: 90m }
}
"""


def each_type_has_its_column(case: Case):
    project = case.directory / "types"
    (project / "in").mkdir(parents=True)
    (project / "main.braid").write_text(TYPES.replace("  key id\n  from", "  from"))
    (project / "braid.toml").write_text('[project]\nname = "t"\n[env.dev.serve]\n"shop.thing_now" = {}\n')
    row = {"id": 9007199254740993, "price": 12345678901234.123456, "ratio": 0.1, "ok": True, "raw": "AAH/",
           "token": "123e4567-e89b-12d3-a456-426614174000", "day": "2026-02-03", "clock": "04:05:06",
           "at": "2026-01-01T00:00:00.5Z", "place": {"city": "Zürich \"Nord\"", "zip": 8000}, "tags": ["a", "b'c"],
           "any": "text", "maybe": None}
    text = json.dumps(row).replace(json.dumps(row["price"]), "12345678901234.123456")
    (project / "in/1.ndjson").write_text(text + "\n")

    class Project:
        folder = project
    Project.case = case
    with Job(Project, product="shop.thing_now") as job:
        job.wait(lambda: job.get("/v1/products/shop.thing_now/rows").json["rows"] != [], "no row comes")
        target = str(case.directory / "types.duckdb")
        case.braid("copy", "shop.thing_now", "--at", f"127.0.0.1:{job.address[1]}", "--to", target, "--until", "caught-up")
        with duckdb.connect(target, read_only=True) as connection:
            found = connection.execute("select * from shop_thing_now").to_arrow_table().to_pylist()[0]
            types = dict(connection.execute("select column_name, data_type from duckdb_columns() where table_name = "
                                            "'shop_thing_now'").fetchall())
        case.expect(found["id"] == row["id"] and found["price"] == decimal.Decimal("12345678901234.123456"), found)
        case.expect(found["raw"] == b"\x00\x01\xff" and found["day"] == datetime.date(2026, 2, 3), found)
        case.expect(json.loads(found["place"]) == row["place"] and json.loads(found["tags"]) == row["tags"], found)
        case.expect(json.loads(found["any"]) == "text" and found["maybe"] is None and found["lasts"] == "PT1H30M", found)
        case.expect(types["at"] == "TIMESTAMP WITH TIME ZONE" and types["price"] == "DECIMAL(20,6)", types)
        job.stop()


def a_copy_is_its_own(case: Case):
    """Other tables, other conditions, two at once, changes that are not kept."""
    shop = Shop(case)
    shop.sell(100)
    target = str(case.directory / "one.duckdb")
    with Job(shop) as job:
        job.caught_up()
        Copy(case, "customer", target).end(job)
        other = Copy(case, "best", target, "--table", "shop_customer").end(job, code=None)
        case.expect(other.codes == ["E8057"], other)
        some = Copy(case, "customer", target, "--where", "city=Bern")
        case.expect(some.end(job, code=None).codes == ["E8057"], "other conditions are no error")
        some = Copy(case, "customer", target, "--where", "city=Bern", "--reset")
        some.end(job)
        wanted = [row for row in shop.table().values() if row["city"] == "Bern"]
        case.expect(plain(rows_of(some, None)) == plain(wanted), "the rows of the condition are others")
        with duckdb.connect(target) as connection:
            connection.execute("update braid_copies set token = 'x' || token")
        wrong = Copy(case, "customer", target, "--where", "city=Bern").end(job, code=None)
        case.expect(wrong.codes == ["E8064"], f"a place that is none: {wrong}")
        held = Copy(case, "customer", target)
        connection = duckdb.connect(target)
        case.expect(held.end(job, code=None).codes == ["E8056"], "a file that is open elsewhere")
        connection.close()
        no = Copy(case, "customer", "postgres://braid:hidden@127.0.0.1:1/x").end(job, code=None)
        case.expect(no.codes == ["E8056"] and "hidden" not in no.err, no)
        job.stop()


def a_copy_begins_again(case: Case):
    """Changes that it was away for are not kept any more: all rows come in one commit."""
    shop = Shop(case, '[env.dev.serve]\n"shop.customer" = { changes = "1s" }\n"shop.best" = {}\n')
    shop.sell(100)
    copy = Copy(case, "customer", str(case.directory / "one.duckdb"))
    with Job(shop) as job:
        job.caught_up()
        copy.end(job)
        for _ in range(4):
            shop.sell(100)
            job.caught_up()
            time.sleep(1)
        copy.end(job)
        expect_right(copy, shop, None)
        job.stop()


if __name__ == "__main__":
    braid_command.main([tables_of_duckdb_over_kills, tables_of_postgres_over_kills, files_of_parquet,
                        each_type_has_its_column, a_copy_is_its_own, a_copy_begins_again])
