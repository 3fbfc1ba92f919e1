#!/usr/bin/env python3
"""The queries of examples/nexmark, each against DuckDB: QUERY.braid is run over the sample, QUERY.sql is asked of the same
files, and both must give the same rows, each as often.

    run_nexmark.py BRAID [--only q4]

A file of a table holds its changes; the last row of each key counts. A mean is a decimal in Braid and a DOUBLE in DuckDB:
numbers of that type are compared in nine digits. DuckDB comes from PyPI, into build/nexmark-oracle; code 77 if it cannot.
"""
import collections
import csv
import datetime
import decimal
import json
import pathlib
import shutil
import sys
import urllib.parse

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "cli")]
import python_packages

python_packages.run_with(TESTS.parent / "build" / "nexmark-oracle", ["duckdb==2.0.0"])

import braid_command
import duckdb
from braid_command import SOURCE, Case, Failed

EXAMPLE = SOURCE / "examples/nexmark"
QUERIES = [f"q{number}" for number in range(23)]

# Queries whose result is a table, and its key.
TABLES = {"q4": ["category"], "q18": ["bidder", "auction"], "q19": ["auction", "rank_number"]}

COLUMNS = {
    "person": "id:BIGINT name email_address:VARCHAR credit_card city state date_time:BIGINT extra",
    "auction": "id:BIGINT item_name description initial_bid:BIGINT reserve:BIGINT date_time:BIGINT expires:BIGINT "
               "seller:BIGINT category:BIGINT extra",
    "bid": "auction:BIGINT bidder:BIGINT price:BIGINT channel url date_time:BIGINT extra",
}


def connect(data: pathlib.Path) -> duckdb.DuckDBPyConnection:
    """The sources as the scripts name their fields. `position` is the place in the file: it decides between rows that tie."""
    connection = duckdb.connect()
    for name, text in COLUMNS.items():
        fields = dict((word + ":VARCHAR").split(":")[:2] for word in text.split())
        types = ", ".join(f"'{field}': '{kind}'" for field, kind in fields.items())
        shown = ", ".join('epoch_ms(date_time) AS "at"' if field == "date_time" else
                          "epoch_ms(expires) AS expires" if field == "expires" else field for field in fields)
        connection.execute(f"CREATE TABLE {name} AS SELECT {shown}, row_number() OVER () AS position "
                           f"FROM read_ndjson('{data / name}.ndjson', columns = {{{types}}})")
    connection.execute(f"CREATE TABLE side_input AS SELECT * FROM read_csv('{data}/side_input.csv')")
    return connection


def typed(kind: str, value):
    """A value of either side in the form in which both are compared."""
    if value is None:
        return None
    if kind == "DOUBLE":
        return f"{float(value):.9g}"
    if kind == "TIMESTAMP":
        return value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(value.removesuffix("Z"))
    if kind == "VARCHAR":
        if not isinstance(value, str):
            raise Failed(f"a text is expected, and there is {value!r}")
        return value
    return decimal.Decimal(value)


def expected_rows(query: str) -> tuple:
    cursor = connect(EXAMPLE / "data").execute((EXAMPLE / f"{query}.sql").read_text())
    kinds = {column[0]: str(column[1]) for column in cursor.description}
    return kinds, [tuple(map(typed, kinds.values(), row)) for row in cursor.fetchall()]


def records_of_files(project: pathlib.Path) -> list:
    """q10: the rows of all files, each in the file that its day and minute ask for."""
    records = []
    for path in sorted(project.rglob("bid/*/*.csv")):
        # A sign that a file's name may not hold stands there as its percent escape.
        day, minute = path.parent.name, urllib.parse.unquote(path.stem)
        with path.open(newline="", encoding="utf-8") as lines:
            for record in csv.DictReader(lines):
                if (record.get("day", day), record.get("minute", minute)) != (day, minute):
                    raise Failed(f"{path} holds {record}")
                records.append({**record, "day": day, "minute": minute})
    return records


def found_rows(query: str, kinds: dict, project: pathlib.Path) -> list:
    if query == "q10":
        records = records_of_files(project)
    else:
        lines = (project / f"out/nexmark.{query}.v1.ndjson").read_text(encoding="utf-8").splitlines()
        records = [json.loads(line, parse_float=decimal.Decimal) for line in lines]
    if query in TABLES:
        newest = {tuple(record[name] for name in TABLES[query]): record for record in records}
        records = [record for record in newest.values() if not record.pop("__deleted", False)]
    for record in records:
        if list(record) != list(kinds):
            raise Failed(f"{query}.braid gives {list(record)}, {query}.sql gives {list(kinds)}")
    return [tuple(map(typed, kinds.values(), record.values())) for record in records]


def compare(case: Case, query: str) -> None:
    project = case.directory / "nexmark"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("store"))
    case.braid("run", project / f"{query}.braid", "--store", project)
    kinds, expected = expected_rows(query)
    found = found_rows(query, kinds, project)
    case.expect(len(expected) > 0, f"the sample gives {query}.sql no row")
    missing = collections.Counter(expected) - collections.Counter(found)
    surplus = collections.Counter(found) - collections.Counter(expected)
    told = [f"\n  only in {name}: {dict(zip(kinds, map(str, row)))}" for name, rows in
            ((f"{query}.sql", missing), (f"{query}.braid", surplus)) for row in list(rows)[:3]]
    case.expect(not told, f"{len(expected):,} rows in {query}.sql, {len(found):,} in {query}.braid{''.join(told)}")
    case.note(f"{len(expected):,} rows")


def case_of(query: str):
    def run(case: Case) -> None:
        compare(case, query)
    run.__name__ = query
    return run


def sample_is_what_the_generator_makes(case: Case) -> None:
    case.python(EXAMPLE / "generate.py", case.directory / "data")
    apart = braid_command.difference(braid_command.tree(EXAMPLE / "data"), braid_command.tree(case.directory / "data"))
    case.expect(not apart, f"examples/nexmark/data is old: {apart}")


if __name__ == "__main__":
    braid_command.main([*map(case_of, QUERIES), sample_is_what_the_generator_makes])
