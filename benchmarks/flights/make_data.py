#!/usr/bin/env python3
"""Makes the input of the comparison: the year of examples/flights again and again, back in time, as NDJSON and CSV.

    make_data.py YEAR_DIR OUT_DIR [--years 11]      YEAR_DIR is what examples/flights/prepare.py made

Writes flights.{ndjson,csv}, weather-<origin>.{ndjson,csv}, planes.{ndjson,csv} and counts.json. Eleven years are some
3.7 million flights, more than 1 GB as NDJSON. Copy k lies k times 365 days earlier, the oldest first, so that time
never runs backwards and nothing lies in the future. Flights get a field `at`, the scheduled departure; `NA` becomes
null in NDJSON and stays in CSV. Numbers keep their digits. Needs the standard library only.
"""
import argparse
import csv
import datetime
import json
import pathlib

TEXT = {"at", "carrier", "tailnum", "origin", "dest", "time_hour", "type", "manufacturer", "model", "engine"}


def read(path: pathlib.Path) -> tuple:
    with open(path, encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    return header, rows


class Shift:
    """Moves the columns of a date by whole days, looking each day up once."""

    def __init__(self, header: list, days: int):
        self.columns = [(header.index(name), name) for name in ("at", "time_hour") if name in header]
        self.parts = [header.index(name) for name in ("year", "month", "day")]
        self.days = datetime.timedelta(days=days)
        self.known = {}

    def date(self, text: str) -> str:
        moved = self.known.get(text)
        if moved is None:
            moved = self.known[text] = (datetime.date.fromisoformat(text) + self.days).isoformat()
        return moved

    def __call__(self, row: list) -> list:
        row = row[:]
        for column, _ in self.columns:
            row[column] = self.date(row[column][:10]) + row[column][10:]
        year, month, day = self.parts
        local = self.date(f"{row[year]}-{int(row[month]):02d}-{int(row[day]):02d}")
        row[year], row[month], row[day] = str(int(local[:4])), str(int(local[5:7])), str(int(local[8:]))
        return row


def write(out: pathlib.Path, name: str, header: list, rows) -> int:
    """Both forms of one table; the number of rows."""
    before = [(',"' if column else '{"') + field + '":' for column, field in enumerate(header)]
    quoted = [field in TEXT for field in header]
    count = 0
    with open(out / f"{name}.ndjson", "w", encoding="utf-8", buffering=1 << 20) as ndjson, \
         open(out / f"{name}.csv", "w", encoding="utf-8", buffering=1 << 20, newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            cells = ["null" if cell == "NA" else json.dumps(cell) if text else cell for cell, text in zip(row, quoted)]
            ndjson.write("".join([part for pair in zip(before, cells) for part in pair]) + "}\n")
            writer.writerow(row)
            count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("year", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--years", type=int, default=11)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    shifts = [-365 * k for k in reversed(range(options.years))]
    counts = {}

    header, flights = read(options.year / "flights.csv")
    hour, minute = header.index("time_hour"), header.index("minute")
    flights = [[f"{row[hour][:14]}{int(row[minute]):02d}:00Z", *row] for row in flights]
    header = ["at", *header]
    counts["flights"] = write(options.out, "flights", header,
                              (move(row) for move in [Shift(header, days) for days in shifts] for row in flights))
    for path in sorted(options.year.glob("weather-*.csv")):
        columns, weather = read(path)
        counts[path.stem] = write(options.out, path.stem, columns,
                                  (move(row) for move in [Shift(columns, days) for days in shifts] for row in weather))
    counts["planes"] = write(options.out, "planes", *read(options.year / "planes.csv"))
    (options.out / "counts.json").write_text(json.dumps(counts) + "\n")
    size = (options.out / "flights.ndjson").stat().st_size
    print(f"{counts['flights']:,} flights, {size / 1e9:.2f} GB as NDJSON")


if __name__ == "__main__":
    main()
