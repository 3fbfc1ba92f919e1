#!/usr/bin/env python3
"""One query by DuckDB, as one batch from NDJSON to NDJSON: duckdb_run.py SUITE QUERY DATA_DIR OUT_FILE [--threads N]"""
import argparse

import duckdb

from suite import SUITES, Suite


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("query")
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    connection = duckdb.connect(":memory:", config={"threads": options.threads, "preserve_insertion_order": "false"})
    # NDJSON has no row counts, so DuckDB guesses tens of rows and would choose a nested loop, hundreds of times slower.
    connection.execute("SET asof_loop_join_threshold = 0")
    text = Suite(options.suite).queries[options.query].duckdb(options.data)
    connection.execute(f"COPY ({text}) TO '{options.out}' (FORMAT json, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%SZ')")


if __name__ == "__main__":
    main()
