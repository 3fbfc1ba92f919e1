#!/usr/bin/env python3
"""Compares two NDJSON results of a query, whatever the order of their rows: check.py SUITE QUERY LEFT RIGHT

Values are read by type: 10 and 10.0 are the same float, 17.5 and 17.500000 the same mean. Prints the counts and, if
they differ, rows that only one side has; exits 1 then. DuckDB only reads and counts here.
"""
import argparse
import json
import pathlib
import sys

import duckdb

from suite import SUITES, Suite


def source(path: str, columns: dict, key: list) -> str:
    """`INSTANT` is a time as milliseconds since 1970 or as RFC 3339 text. Of changes, the last row of each key stands unless
    it is marked `__deleted`."""
    types = ", ".join(f"\"{name}\": '{'VARCHAR' if kind == 'INSTANT' else kind}'" for name, kind in columns.items())
    values = ", ".join(f'coalesce(try_cast("{name}" AS BIGINT), epoch_ms(try_cast("{name}" AS TIMESTAMP))) AS "{name}"'
                       if kind == "INSTANT" else f'"{name}"' for name, kind in columns.items())
    if not key:
        return f"(SELECT {values} FROM read_ndjson('{path}', columns = {{{types}}}))"
    changes = f"read_ndjson('{path}', columns = {{{types}, __deleted: 'BOOLEAN'}})"
    newest = f"row_number() OVER (PARTITION BY {', '.join(key)} ORDER BY line DESC) = 1"
    return (f"(SELECT {values} FROM (SELECT * FROM (SELECT *, row_number() OVER () AS line FROM {changes}) "
            f"QUALIFY {newest}) WHERE __deleted IS NOT true)")


def field_names(path: str) -> list:
    with open(path, encoding="utf-8") as lines:
        first = lines.readline()
    return list(json.loads(first)) if first else []


def same(suite: Suite, query: str, left: str, right: str, show: int = 5) -> bool:
    """True if both files hold the same rows, each as often, or come to the same table."""
    columns, key = suite.queries[query].columns, suite.queries[query].key
    for path in (left, right):
        if not pathlib.Path(path).exists():
            print(f"{path}: does not exist")
            return False
        if field_names(path) not in ([], list(columns)):
            print(f"{path}: fields {field_names(path)}, expected {list(columns)}")
            return False
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    names = ", ".join(f'"{name}"' for name in columns)

    def digest(path: str) -> tuple:
        if not field_names(path):
            return (0, None)
        text = f"SELECT count(*), sum(CAST(hash({names}) AS HUGEINT)) FROM {source(path, columns, key)}"
        return connection.execute(text).fetchone()

    found = {path: digest(path) for path in (left, right)}
    equal = found[left] == found[right]
    print(f"{query}: {found[left][0]:,} and {found[right][0]:,} rows: {'equal' if equal else 'different'}")
    if not equal and all(count for count, _ in found.values()):
        for one, other in ((left, right), (right, left)):
            rows = connection.execute(f"SELECT * FROM {source(one, columns, key)} EXCEPT ALL SELECT * FROM "
                                      f"{source(other, columns, key)} LIMIT {show}").fetchall()
            for row in rows:
                print(f"  only in {one}: {tuple(map(str, row))}")
    return equal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("query")
    parser.add_argument("left")
    parser.add_argument("right")
    options = parser.parse_args()
    sys.exit(0 if same(Suite(options.suite), options.query, options.left, options.right) else 1)


if __name__ == "__main__":
    main()
