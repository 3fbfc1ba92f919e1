#!/usr/bin/env python3
"""SQL over served products against DuckDB over their output files, and Arrow and Parquet as pyarrow reads them.

    queries.py BRAID [--only NAME] [--seed N] [--keep]

duckdb and pyarrow come from PyPI, into build/query-oracle; exit code 77 if they cannot.
"""
import http.client
import io
import json
import pathlib
import re
import shutil
import sys
import urllib.parse

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(TESTS)]
import python_packages

python_packages.run_with(TESTS.parent / "build" / "query-oracle", ["duckdb==1.5.6", "pyarrow==26.0.1", "pytz==2026.6"])

import duckdb
import pyarrow
import pyarrow.ipc
import pyarrow.parquet

import braid_command
from braid_command import Case
from serving import Job, Shop

ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
STATEMENTS = [
    "select count(*) as n, sum(cents) as cents, max(newest) as newest from shop.customer",
    "select city, count(*) as n, sum(sales) as sales from shop.customer group by city order by city",
    "select * from shop.customer order by customer",
    "select * from shop.dear order by id",
    "select id, note from shop.dear where note is null and cents > 700 order by id",
    "select date_trunc('minute', d.at) as minute, count(*) as n, avg(cents) as mean from shop.dear d group by all order by 1",
    "select c.city, count(*) as n from shop.customer c join shop.dear d on d.customer = c.customer group by 1 order by 1",
    "select city, sum(sales) as n from shop.sale_per_minute group by city having n > 3 order by city",
    "select customer, cents, rank() over (order by cents desc, customer) as place from shop.customer order by place",
    "with s as (select * from shop.dear) select (select count(*) from s) - (select count(*) from shop.customer) as d",
]


def oracle(shop: Shop) -> duckdb.DuckDBPyConnection:
    """The output files as tables: of a table of Braid what its changes leave."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'; create schema shop")
    for product, key in (("customer", "customer"), ("dear", None), ("sale_per_minute", None)):
        rows = list(shop.table(product).values()) if key else shop.output(product)
        path = shop.folder / f"{product}.ndjson"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        types = {"newest": "TIMESTAMPTZ", "at": "TIMESTAMPTZ", "note": "VARCHAR"}
        columns = {name: types.get(name, "VARCHAR" if isinstance(value, str) else "BIGINT")
                   for name, value in rows[0].items() if not isinstance(value, dict)}
        connection.execute(f"create table shop.{product} as from read_json('{path}', columns={columns})")
    return connection


def rows_of(table: pyarrow.Table) -> list:
    """Decimals, hugeints and the like compared by what they are worth."""
    return [{name: float(value) if type(value).__name__ == "Decimal" else value for name, value in row.items()}
            for row in table.to_pylist()]


def ask(job: Job, method: str, target: str, accept: str, body=None):
    connection = http.client.HTTPConnection(*job.address, timeout=30)
    connection.request(method, target, body, {"Accept": accept, "Content-Type": "application/sql"})
    answer = connection.getresponse()
    answer.body = answer.read()
    return answer


def post(job: Job, sql: str, accept="application/json"):
    return ask(job, "POST", "/v1/query", accept, sql.encode())


def read(body: bytes, accept: str) -> pyarrow.Table:
    if accept == ARROW:
        return pyarrow.ipc.open_stream(io.BytesIO(body)).read_all()
    return pyarrow.parquet.read_table(io.BytesIO(body))


def answers_are_those_of_duckdb(case: Case):
    shop = Shop(case)
    shop.sell(400)
    with Job(shop) as job:
        job.caught_up()
        expected = oracle(shop)
        for sql in STATEMENTS:
            wanted = rows_of(expected.execute(sql).to_arrow_table())
            for accept in (ARROW, PARQUET):
                answer = post(job, sql, accept)
                case.expect(answer.status == 200, f"{sql}: {answer.status} {answer.body[:500]}")
                found = rows_of(read(answer.body, accept))
                # Of nested columns the files have objects, which the oracle leaves out.
                found = [{name: value for name, value in row.items() if name in wanted[0]} for row in found]
                case.expect(found == wanted, f"{sql} as {accept}:\n{found[:5]}\nand DuckDB\n{wanted[:5]}")
        lines = post(job, STATEMENTS[1], "application/x-ndjson").body.decode().splitlines()
        case.expect([json.loads(line) for line in lines] == expected.execute(STATEMENTS[1]).to_arrow_table().to_pylist(),
                    f"{lines}")
        pages, query = [], {"limit": 7}
        while True:
            page = ask(job, "GET", "/v1/products/shop.dear/rows?" + urllib.parse.urlencode(query), ARROW)
            case.expect(page.status == 200, f"{page.status} {page.body[:300]}")
            pages.append(read(page.body, ARROW))
            if page.getheader("Braid-Next") is None:
                break
            query["after"] = page.getheader("Braid-Next")
        whole = pyarrow.concat_tables(pages).sort_by("id")
        case.expect(rows_of(whole) == rows_of(expected.execute("select * from shop.dear order by id").to_arrow_table()),
                    f"{len(pages)} pages of Arrow")
        case.expect(str(whole.schema.field("at").type) == "timestamp[us, tz=UTC]", str(whole.schema))
        job.stop()


def statements_read_one_epoch(case: Case):
    shop = Shop(case)
    shop.sell(20)
    # No row of one product is ahead of what the other one makes of the same sales.
    sql = ("select count(*) as n from shop.dear d left join shop.customer c on c.customer = d.customer "
           "where c.newest is null or c.newest < d.at")
    with Job(shop) as job:
        epochs = set()
        for _ in range(40):
            shop.sell(20)
            answer = post(job, sql)
            case.expect(answer.status == 200, f"{answer.status} {answer.body}")
            case.expect(json.loads(answer.body)["rows"] == [{"n": 0}], f"products of two epochs: {answer.body}")
            epochs.add(answer.getheader("Braid-Epoch"))
        case.expect(len(epochs) > 1, f"the job did not move: {epochs}")
        case.note(f"{len(epochs)} epochs")
        job.stop()


def the_terminal_asks(case: Case):
    shop = Shop(case)
    shop.sell(150)
    def query(sql, *words, **options):
        return case.braid("query", sql, *words, "--project", shop.folder, **options)
    counted = "select count(*) as n from shop.dear"
    with Job(shop) as job:
        job.caught_up()
        dear = len(shop.output("dear"))
        running = query(counted, "--format", "csv").out
        case.expect(running == f"n\n{dear}\n", f"{running!r}, and {dear} rows in the file")
        address = f"{job.address[0]}:{job.address[1]}"
        case.expect(case.braid("query", counted, "--at", address, "--format", "ndjson").out == f'{{"n":{dear}}}\n', "--at")
        job.stop()
    case.expect(query(counted, "--format", "csv").out == running, "a stopped job has other rows")
    case.expect(json.loads(query(counted, "--format", "json").out)["rows"] == [{"n": dear}], "as JSON")
    table = query("select city, count(*) as customers, null as nothing from shop.customer group by city order by city").out
    case.expect(re.search(r"city +customers", table) and "null" in table and table.endswith("rows\n"), table)
    query("select town from shop.customer", code=None, finding="E7416")
    query("drop view shop.customer", code=None, finding="E7416")
    query("select * from read_text('/etc/hostname')", code=None, finding="E7416")
    query("select count(*) from range(100000000000) r where r.range % 7 = 3", code=None, finding="E7417")


def braid_works_without_the_library(case: Case):
    shop = Shop(case)
    shop.sell(50)
    binary = pathlib.Path(case.binary).resolve()
    for folder in ("bin", "lib"):
        (case.directory / folder).mkdir()
    shutil.copy(binary, case.directory / "bin" / "braid")
    for library in (binary.parent.parent / "lib").glob("*.so"):
        if library.name != "libduckdb.so":
            (case.directory / "lib" / library.name).symlink_to(library.resolve())
    case.binary = str(case.directory / "bin" / "braid")
    with Job(shop) as job:
        job.caught_up()
        answer = post(job, "select 1")
        case.expect(answer.status == 501 and b"libduckdb.so" in answer.body, f"{answer.status} {answer.body}")
        answer = ask(job, "GET", "/v1/products/shop.dear/rows", ARROW)
        case.expect(answer.status == 501, f"{answer.status} {answer.body}")
        case.expect(len(job.rows("customer")) == len(shop.table()), "rows without the library")
        job.stop()
    case.braid("query", "select 1", "--project", shop.folder, code=None, finding="E8071")


if __name__ == "__main__":
    braid_command.main([answers_are_those_of_duckdb, statements_read_one_epoch, the_terminal_asks,
                        braid_works_without_the_library])
