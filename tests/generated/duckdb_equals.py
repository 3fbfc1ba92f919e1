#!/usr/bin/env python3
"""What `braid run` makes of files against what DuckDB makes of the same files: random products of the shared core.

    duckdb_equals.py BRAID [--cases 120] [--seed 1]

Each seed gives a script with some products, and files whose rows come out of order within the bounds of the sources.
The content of each product must be that of its query. A failure shows the product, the query, and keeps the files.
"""
import argparse
import datetime
import decimal
import json
import pathlib
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "formats"))
import oracle_packages

oracle_packages.run_with({"duckdb": "duckdb"})

import duckdb

import duckdb_products

BEGIN = datetime.datetime(2024, 1, 1)
PRODUCTS = 8
WITHIN = {"s": 5, "o": 8, "r": 4, "q": 6}


def rows_of(rng: random.Random) -> dict:
    """By source, in order of time; no two rows of a source have one time."""
    def times(count: int) -> list:
        return [BEGIN + datetime.timedelta(milliseconds=250 * at) for at in sorted(rng.sample(range(480), count))]

    def maybe(value):
        return None if rng.random() < 0.2 else value

    streams = {"s": [], "o": [], "r": [], "q": [], "c": []}
    for at in times(rng.randrange(5, 80)):
        streams["s"].append({"ts": at, "k": rng.randrange(6), "n": maybe(rng.randrange(-3, 9)), "x": rng.randrange(5),
                             "price": decimal.Decimal(rng.randrange(-500, 3000)) / 100, "ok": rng.random() < 0.5,
                             "tag": maybe(rng.choice("abc")), "side": rng.choice(["buy", "sell"]),
                             "xs": maybe([rng.randrange(6) for _ in range(rng.randrange(4))])})
    for at in times(rng.randrange(5, 60)):
        streams["o"].append({"ts": at, "k": rng.randrange(6), "code": maybe(rng.randrange(5)),
                             "size": decimal.Decimal(rng.randrange(-900, 9000)) / 1000, "word": rng.choice("abcd")})
    for at in times(rng.randrange(0, 40)):
        streams["r"].append({"k": rng.randrange(6), "ts": at, "level": rng.randrange(4), "name": maybe(rng.choice("xyz")),
                             "gone": rng.random() < 0.2})
    for at in times(rng.randrange(0, 30)):
        streams["q"].append({"k": rng.randrange(6), "ts": at, "level": rng.randrange(4), "word": rng.choice("abc"),
                             "gone": rng.random() < 0.2})
    for k in rng.sample(range(6), rng.randrange(0, 6)):
        streams["c"].append({"k": k, "label": rng.choice("lmn"), "weight": maybe(rng.randrange(4))})
    return streams


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat() + "Z"
    return float(value) if isinstance(value, decimal.Decimal) else value


def write_files(directory: pathlib.Path, rows: dict, rng: random.Random) -> None:
    """Each source in two files, out of order by less than its bound."""
    for name, of_source in rows.items():
        lines = [[], []]
        for row in of_source:
            late = datetime.timedelta(seconds=rng.random() * WITHIN.get(name, 0) * 0.99)
            text = json.dumps({field: plain(value) for field, value in row.items()})
            lines[rng.randrange(2)].append((row.get("ts", BEGIN) + late, text))
        files = [f"{name}-1.ndjson", f"{name}-2.ndjson"]
        if name == "c":
            lines, files = [lines[0] + lines[1]], ["c.ndjson"]
        for file, content in zip(files, lines):
            (directory / file).write_text("".join(text + "\n" for _, text in sorted(content)))


def canonical(value) -> str:
    """Numbers by their value, times as text."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(canonical(each) for each in value) + "]"
    if isinstance(value, (int, decimal.Decimal)):
        return str(decimal.Decimal(value).normalize() + 0)
    return repr(value)


def read(value):
    if isinstance(value, str) and len(value) > 18 and value[4] == "-" and value.endswith("Z"):
        return datetime.datetime.fromisoformat(value[:-1])
    return value


def content(path: pathlib.Path, keys: list) -> list:
    """Of a table the last row of each key."""
    rows = [json.loads(line, parse_float=decimal.Decimal) for line in path.read_text().splitlines()]
    if keys:
        newest = {}
        for row in rows:
            newest[tuple(canonical(row[key]) for key in keys)] = row
        rows = [row for row in newest.values() if not row.pop("__deleted", False)]
    return sorted(", ".join(f"{name}={canonical(read(value))}" for name, value in row.items()) for row in rows)


def key_of(product: duckdb_products.Product) -> list:
    if any(line.split()[:1] in (["from"],) and line.split()[1] in ("r", "q") and "join" in product.braid
           for line in product.braid.splitlines()):
        return ["k"]
    for line in product.braid.splitlines():
        words = line.split()
        if words[0] == "top" and "window" not in product.braid:
            return [words[words.index("per") + 1], words[words.index("numbered") + 1]]
        if words[0] == "last":
            return [words[2]]
        if words[0] == "group" and "window" not in product.braid:
            return [words[1]]
    return []


def query(connection, sql: str) -> list:
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    return sorted(", ".join(f"{name}={canonical(value)}" for name, value in zip(names, row)) for row in result.fetchall())


def load(rows: dict):
    connection = duckdb.connect()
    for name, columns in duckdb_products.TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({columns})")
        for row in rows[name]:
            connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", list(row.values()))
    return connection


def compare(braid: pathlib.Path, seed: int, directory: pathlib.Path) -> int:
    """The number of products; ends the process where one differs."""
    rng = random.Random(seed)
    rows = rows_of(rng)
    write_files(directory, rows, rng)
    products = [duckdb_products.product(rng, f"p{number}") for number in range(PRODUCTS)]
    script = duckdb_products.SOURCES + "\n" + "\n".join(product.braid for product in products)
    (directory / "script.braid").write_text(script)
    workers = rng.choice(["1", "2", "4"])
    ways = rng.choice([[], ["--interpret"], ["--memory", "64MB"]])
    run = subprocess.run([braid, "run", "script.braid", "--store", "store", "--workers", workers, *ways], cwd=directory,
                         capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"seed {seed} in {directory}: braid ended with {run.returncode}\n{run.stdout[-4000:]}{run.stderr[-4000:]}")
    connection = load(rows)
    for product in products:
        expected = query(connection, product.sql)
        found = content(directory / "store" / "out" / f"d.{product.name}.v1.ndjson", key_of(product))
        if expected == found:
            continue
        missing = [row for row in expected if row not in found][:5]
        surplus = [row for row in found if row not in expected][:5]
        sys.exit(f"seed {seed} in {directory}: {len(expected)} rows by DuckDB, {len(found)} by Braid\n{product.braid}\n"
                 f"{product.sql}\n\nDuckDB alone:\n  " + "\n  ".join(missing) + "\nBraid alone:\n  " + "\n  ".join(surplus))
    return len(products)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("braid", type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    done, seed = 0, options.seed
    while done < options.cases:
        directory = pathlib.Path(tempfile.mkdtemp(prefix="duckdb-equals-"))
        done += compare(options.braid.resolve(), seed, directory)
        subprocess.run(["rm", "-rf", directory], check=True)
        seed += 1
    print(f"{done} products of {seed - options.seed} scripts: what DuckDB gives")


main()
