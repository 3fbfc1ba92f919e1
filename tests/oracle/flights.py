#!/usr/bin/env python3
"""The four products of examples/flights, computed by DuckDB from the same files and independently of Braid.

    flights.py expect DATA_DIR OUT_DIR          writes OUT_DIR/performance.<product>.v1.ndjson
    flights.py compare DATA_DIR BRAID_DIR       computes, and compares with what `braid run` wrote (a store or its
                                                out/): counts, the first rows that differ; exits 1 if any product differs

DATA_DIR is what prepare.py made (the week in examples/flights/data, or the year); that needs the package `duckdb`.
For `compare` it may also be a directory that `expect` filled (examples/flights/expected), and then nothing is needed.

Canonical rows. One JSON object a line, fields in the order of FIELDS, lines sorted by KEYS (null last).
  timestamp  "2013-01-01T10:15:00Z": UTC; seconds always, a fraction only when not zero, without trailing zeros
  date       "2013-01-01"
  duration   "PT3H5M": hours, minutes, seconds; parts that are zero left out
  decimal    with its scale: 17.500000
  float      the shortest digits that read back as the same number; a whole one without ".0"
  null       stands; nothing is left out
`compare` reads values by type, so 10 and 10.0 are the same float, and 17.5 is not the decimal 17.500000.

Averages. Of floats: the exact sum divided by the count, rounded once. Of ints: by the language's rule for `/`, a
decimal with six places, rounded half to even.
"""
import argparse
import datetime
import decimal
import fractions
import gzip
import json
import pathlib
import re
import sys

FIELDS = {
    "enriched_flight": {
        "at": "timestamp", "carrier": "string", "flight": "int", "airline": "string", "tailnum": "string",
        "manufacturer": "string", "model": "string", "seats": "int", "built": "int", "origin": "string",
        "origin_name": "string", "dest": "string", "dest_name": "string", "dest_zone": "string", "distance": "int",
        "dep_delay": "int", "arr_delay": "int", "conditions": "string", "temp": "float", "wind_speed": "float",
        "precip": "float", "visib": "float", "observed_at": "timestamp",
    },
    "hourly_delay": {
        "origin": "string", "conditions": "string", "hour_start": "timestamp", "local_day": "date",
        "local_hour": "int", "flights": "int", "late_flights": "int", "mean_delay": "decimal", "worst_delay": "int",
        "mean_wind": "float",
    },
    "turnaround": {
        "tailnum": "string", "landed": "timestamp", "carrier": "string", "flight": "int", "origin": "string",
        "dest": "string", "onward_carrier": "string", "onward_flight": "int", "onward_origin": "string",
        "onward_at": "timestamp", "ground": "duration",
    },
    "unregistered_flight": {
        "at": "timestamp", "carrier": "string", "flight": "int", "tailnum": "string", "origin": "string",
        "dest": "string",
    },
}
KEYS = {
    "enriched_flight": ["at", "carrier", "flight"],
    "hourly_delay": ["origin", "conditions", "hour_start"],
    "turnaround": ["tailnum", "landed", "carrier", "flight"],
    "unregistered_flight": ["at", "carrier", "flight"],
}

TABLES = """
CREATE VIEW flight_text AS SELECT row_number() OVER () AS position, *
  FROM read_csv('{data}/flights.csv', header = true, all_varchar = true, nullstr = 'NA');
CREATE TABLE flight AS SELECT position, CAST(time_hour AS TIMESTAMP) + to_minutes(CAST(minute AS BIGINT)) AS "at",
    make_date(CAST(year AS INT), CAST(month AS INT), CAST(day AS INT)) AS local_day, CAST(hour AS BIGINT) AS local_hour,
    carrier, CAST(flight AS BIGINT) AS flight, tailnum, origin, dest, CAST(distance AS BIGINT) AS distance,
    CAST(dep_delay AS BIGINT) AS dep_delay, CAST(arr_delay AS BIGINT) AS arr_delay, CAST(air_time AS BIGINT) AS air_time
  FROM flight_text;
CREATE TABLE weather AS SELECT origin, CAST(time_hour AS TIMESTAMP) AS observed_at, CAST("temp" AS DOUBLE) AS "temp",
    CAST(wind_speed AS DOUBLE) AS wind_speed, CAST(precip AS DOUBLE) AS precip, CAST(visib AS DOUBLE) AS visib
  FROM read_csv('{data}/weather-*.csv', header = true, all_varchar = true, nullstr = 'NA');
CREATE TABLE plane AS SELECT tailnum, manufacturer, model, CAST(seats AS BIGINT) AS seats, CAST(year AS BIGINT) AS built
  FROM read_csv('{data}/planes.csv', header = true, all_varchar = true, nullstr = 'NA');
CREATE TABLE airline AS SELECT *
  FROM read_csv('{data}/airlines.csv', header = true, all_varchar = true, nullstr = 'NA');
CREATE TABLE airport AS SELECT faa, name, tzone
  FROM read_csv('{data}/airports.csv', header = true, all_varchar = true, nullstr = 'NA');

-- The last observation at or before the departure; one older than two hours is none.
CREATE TABLE flight_weather AS
  SELECT f.*, w.observed_at, w."temp", w.wind_speed, w.precip, w.visib,
    CASE WHEN w.observed_at IS NULL THEN 'unknown' WHEN w.visib < 3 THEN 'poor visibility' WHEN w.precip > 0 THEN 'wet'
         WHEN coalesce(w.wind_speed, 0) >= 20 THEN 'windy' ELSE 'fair' END AS conditions
  FROM flight f LEFT JOIN (
    SELECT f.position, w.* FROM flight f ASOF JOIN weather w ON w.origin = f.origin AND w.observed_at <= f."at"
    WHERE f."at" - w.observed_at <= INTERVAL 2 HOUR) w ON w.position = f.position;
"""

QUERIES = {
    "enriched_flight": """
SELECT f."at", f.carrier, f.flight, a.name AS airline, f.tailnum, p.manufacturer, p.model, p.seats, p.built, f.origin,
  o.name AS origin_name, f.dest, d.name AS dest_name, d.tzone AS dest_zone, f.distance, f.dep_delay, f.arr_delay,
  f.conditions, f."temp", f.wind_speed, f.precip, f.visib, f.observed_at
FROM flight_weather f JOIN airline a ON a.carrier = f.carrier JOIN airport o ON o.faa = f.origin
  LEFT JOIN airport d ON d.faa = f.dest LEFT JOIN plane p ON p.tailnum = f.tailnum WHERE f.distance > 0""",
    # Local day and hour are the columns that the data itself has, not a conversion by a time zone library.
    "hourly_delay": """
SELECT origin, conditions, date_trunc('hour', "at") AS hour_start, min(local_day) AS local_day,
  min(local_hour) AS local_hour, count(*) AS flights, count(*) FILTER (dep_delay > 15) AS late_flights,
  list(dep_delay) AS mean_delay, max(dep_delay) AS worst_delay, list(coalesce(wind_speed, 0.0)) AS mean_wind
FROM flight_weather WHERE dep_delay IS NOT NULL GROUP BY ALL""",
    "turnaround": """
WITH departure AS (
    SELECT * FROM flight WHERE tailnum IS NOT NULL AND dep_delay IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY tailnum, "at" ORDER BY position) = 1),
  landing AS (SELECT *, "at" + to_minutes(dep_delay + air_time) AS landed
    FROM flight WHERE tailnum IS NOT NULL AND dep_delay IS NOT NULL AND air_time IS NOT NULL)
SELECT l.tailnum, l.landed, l.carrier, l.flight, l.origin, l.dest, d.carrier AS onward_carrier,
  d.flight AS onward_flight, d.origin AS onward_origin, d."at" AS onward_at, d."at" - l.landed AS ground
FROM landing l ASOF JOIN departure d ON d.tailnum = l.tailnum AND d."at" > l.landed
WHERE d."at" - l.landed <= INTERVAL 12 HOUR""",
    "unregistered_flight": """
SELECT "at", carrier, flight, tailnum, origin, dest FROM flight
WHERE NOT EXISTS (SELECT 1 FROM plane p WHERE p.tailnum = flight.tailnum)""",
}


def finish(kind: str, value):
    """A value of DuckDB in the form that rows are compared in."""
    if isinstance(value, list):
        total = sum(map(fractions.Fraction, value), fractions.Fraction(0)) / len(value)
        if kind == "float":
            return float(total)
        millionths = round(total * 1_000_000)  # half to even
        return decimal.Decimal(millionths).scaleb(-6)
    return value


def compute(data: pathlib.Path) -> dict:
    if not (data / "flights.csv").exists():
        sys.exit(f"flights.py: no flights.csv in {data}; run examples/flights/prepare.py first")
    import duckdb  # only here: comparing with expected files needs the standard library alone

    connection = duckdb.connect()
    for statement in TABLES.format(data=str(data).replace("'", "''")).split(";\n"):
        if statement.strip():
            connection.execute(statement)
    products = {}
    for product, query in QUERIES.items():
        names, kinds = list(FIELDS[product]), list(FIELDS[product].values())
        cursor = connection.execute(query)
        if [column[0] for column in cursor.description] != names:
            sys.exit(f"flights.py: the query of {product} and its FIELDS differ")
        products[product] = [dict(zip(names, map(finish, kinds, row))) for row in cursor.fetchall()]
    return products


# ---- text form -------------------------------------------------------------------------------------------------

def timestamp_text(value: datetime.datetime) -> str:
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return value.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def duration_text(value: datetime.timedelta) -> str:
    micros = value // datetime.timedelta(microseconds=1)
    sign, micros = ("-" if micros < 0 else ""), abs(micros)
    hours, rest = divmod(micros, 3_600_000_000)
    minutes, rest = divmod(rest, 60_000_000)
    seconds = f"{rest // 1_000_000}" + (f".{rest % 1_000_000:06d}".rstrip("0") if rest % 1_000_000 else "")
    parts = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + (f"{seconds}S" if rest else "")
    return f"{sign}PT{parts or '0S'}"


def value_text(kind: str, value) -> str:
    if value is None:
        return "null"
    if kind == "timestamp":
        return f'"{timestamp_text(value)}"'
    if kind == "date":
        return f'"{value.isoformat()}"'
    if kind == "duration":
        return f'"{duration_text(value)}"'
    if kind == "float":
        return repr(value).removesuffix(".0")
    if kind == "decimal":
        return f"{value:f}"
    return json.dumps(value, ensure_ascii=False)


def row_text(product: str, row: dict) -> str:
    return "{" + ",".join(f'"{name}":{value_text(kind, row[name])}' for name, kind in FIELDS[product].items()) + "}"


def sort_key(product: str, row: dict) -> tuple:
    return tuple((row[name] is None, row[name] if row[name] is not None else 0) for name in KEYS[product])


# ---- reading what Braid wrote ----------------------------------------------------------------------------------

class Number(str):
    """A JSON number as it is written, so that 17.50 and 17.5 stay apart."""


DURATION = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,6}))?S)?)?")


def parse_value(kind: str, value):
    if value is None:
        return None
    if kind == "timestamp":
        if not isinstance(value, str) or not value.endswith("Z"):
            raise ValueError(f"not a UTC timestamp: {value!r}")
        return datetime.datetime.fromisoformat(value[:-1])
    if kind == "date":
        return datetime.date.fromisoformat(value)
    if kind == "duration":
        match = DURATION.fullmatch(value)
        if not match:
            raise ValueError(f"not an ISO 8601 duration: {value!r}")
        sign, days, hours, minutes, seconds, fraction = match.groups(default="0")
        length = datetime.timedelta(days=int(days), hours=int(hours), minutes=int(minutes), seconds=int(seconds),
                                    microseconds=int(fraction.ljust(6, "0")))
        return -length if sign == "-" else length
    if kind == "string":
        if isinstance(value, Number) or not isinstance(value, str):
            raise ValueError(f"not a string: {value!r}")
        return value
    if not isinstance(value, Number):
        raise ValueError(f"not a number: {value!r}")
    return {"int": int, "float": float, "decimal": decimal.Decimal}[kind](value)


def read_product(path: pathlib.Path, product: str) -> list:
    rows = []
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            record = json.loads(line, parse_int=Number, parse_float=Number)
            if list(record) != list(FIELDS[product]):
                sys.exit(f"{path}:{number}: fields {list(record)}, expected {list(FIELDS[product])}")
            try:
                rows.append({name: parse_value(kind, record[name]) for name, kind in FIELDS[product].items()})
            except (ValueError, TypeError) as error:
                sys.exit(f"{path}:{number}: {error}")
    return rows


def differences(product: str, expected: list, found: list, limit: int = 5) -> int:
    """Compares as multisets by text; prints counts and the first rows that only one side has."""
    def texts(rows):
        return [row_text(product, row) for row in sorted(rows, key=lambda row: sort_key(product, row))]

    counts: dict = {}
    expected_texts, found_texts = texts(expected), texts(found)
    for text in expected_texts:
        counts[text] = counts.get(text, 0) + 1
    for text in found_texts:
        counts[text] = counts.get(text, 0) - 1
    missing = sum(count for count in counts.values() if count > 0)
    surplus = -sum(count for count in counts.values() if count < 0)
    state = "equal" if not missing and not surplus else f"{missing:,} missing, {surplus:,} not expected"
    print(f"{product}: expected {len(expected):,}, found {len(found):,}: {state}")
    for label, rows, wanted in (("expected", expected_texts, 1), ("found   ", found_texts, -1)):
        shown = 0
        for text in rows:
            if counts[text] * wanted > 0 and shown < limit:
                counts[text] -= wanted
                shown += 1
                print(f"  {label} {text}")
    return missing + surplus


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["expect", "compare"])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--product", choices=list(QUERIES), action="append", help="only this one (may be repeated)")
    options = parser.parse_args()
    chosen = options.product or list(QUERIES)
    stored = {product: path for product in chosen for path in options.data.glob(f"performance.{product}.v1.ndjson*")}
    if options.mode == "compare" and len(stored) == len(chosen):
        products = {product: read_product(path, product) for product, path in stored.items()}
    else:
        products = compute(options.data)
    if options.mode == "expect":
        options.out.mkdir(parents=True, exist_ok=True)
        for product in chosen:
            path = options.out / f"performance.{product}.v1.ndjson"
            rows = sorted(products[product], key=lambda row: sort_key(product, row))
            path.write_text("".join(row_text(product, row) + "\n" for row in rows), encoding="utf-8")
            print(f"{path}: {len(rows):,} rows")
        return
    out = options.out / "out" if (options.out / "out").is_dir() else options.out
    failed = False
    for product in chosen:
        path = out / f"performance.{product}.v1.ndjson"
        if not path.exists():
            print(f"{product}: expected {len(products[product]):,}, but {path} does not exist")
            failed = True
        elif differences(product, products[product], read_product(path, product)):
            failed = True
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
