#!/usr/bin/env python3
"""The figures of insight.company_day from the departments' files, without Braid: reference.py FOLDER

Plain Python over the same exports: what a department counts as a row is written again here.
"""
import collections
import csv
import datetime as dt
import decimal
import json
import pathlib
import sys
import uuid
import zoneinfo

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
CENT = decimal.Decimal("0.01")
MARKETS = {"de", "fr", "us", "gb"}


def rounded(value: decimal.Decimal) -> decimal.Decimal:
    return value.quantize(CENT, decimal.ROUND_HALF_EVEN)


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def records(path: pathlib.Path):
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


class Days:
    """What is told of a market on a day of Berlin."""

    def __init__(self) -> None:
        self.rows: dict = collections.defaultdict(lambda: collections.defaultdict(decimal.Decimal))

    def of(self, market: str, time: dt.datetime):
        return self.rows[(market.upper(), time.astimezone(BERLIN).date().isoformat())]


def first_of_each(rows: list, key, time, within: dt.timedelta) -> list:
    """In the order of time; a row whose key has been there less than `within` before is left out."""
    last: dict = {}
    kept = []
    for row in sorted(rows, key=time):
        before = last.get(key(row))
        if before is not None and time(row) - before < within:
            continue
        last[key(row)] = time(row)
        kept.append(row)
    return kept


def sales(folder: pathlib.Path, days: Days) -> None:
    share = {"open": "0.1", "negotiation": "0.5", "won": "1", "lost": "0"}
    rows = []
    with open(folder / "deals-2026-03.csv", encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            text = row["Amount EUR"]
            if row["Account Id"] == "" or not text.replace(",", "").isdigit():
                continue
            time = dt.datetime.strptime(row["Changed At"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BERLIN)
            rows.append((int(row["Deal Id"]), row["Stage"], row["Market"], decimal.Decimal(text.replace(",", ".")),
                         time.astimezone(dt.timezone.utc)))
    for _, stage, market, amount, time in first_of_each(rows, lambda row: row[:2], lambda row: row[4],
                                                        dt.timedelta(days=30)):
        day = days.of(market, time)
        day["won"] += amount if stage == "won" else 0
        day["sales_forecast"] += rounded(amount * decimal.Decimal(share[stage])) if stage != "lost" else 0


def marketing(folder: pathlib.Path, days: Days) -> None:
    rows, newest = [], None
    for record in records(folder / "forms-2026-03.ndjson"):
        lead = record["lead"]
        time = dt.datetime.fromtimestamp(record["meta"]["sent"] / 1000, dt.timezone.utc)
        if newest is not None and newest - time > dt.timedelta(minutes=10):
            continue  # too late for any window
        newest = time if newest is None else max(newest, time)
        if lead["score"] >= 0:
            rows.append((uuid.UUID(lead["id"]), lead["company"]["market"], lead["score"], time))
    for _, market, score, time in first_of_each(rows, lambda row: row[0], lambda row: row[3], dt.timedelta(days=7)):
        day = days.of(market, time)
        day["leads"] += 1
        day["qualified"] += score >= 0.5


def releases(folder: pathlib.Path, days: Days) -> None:
    rows = [(record["issue"]["key"], record["issue"]["fields"]["market"], instant(record["at"]))
            for record in records(folder / "issues-2026-03.ndjson")
            if record["issue"]["type"] == "release" and record["action"] == "closed"]
    for _, market, time in first_of_each(rows, lambda row: row[0], lambda row: row[2], dt.timedelta(days=14)):
        days.of(market, time)["releases"] += 1


def success(folder: pathlib.Path, days: Days) -> None:
    scores = collections.defaultdict(list)
    for record in records(folder / "scores-2026-03.ndjson"):
        scores[record["account"]].append((instant(record["at"]), record["health"]))
    for versions in scores.values():
        versions.sort(key=lambda version: version[0])
    at_risk = collections.defaultdict(set)
    for record in records(folder / "tickets-2026-03.ndjson"):
        if record["priority"] not in ("low", "normal", "urgent"):
            continue
        time, account = instant(record["opened_at"]), record["account"]
        day = days.of(record["market"], time)
        day["tickets"] += 1
        day["urgent"] += record["priority"] == "urgent"
        health = [value for since, value in scores[account] if since <= time]
        if health and health[-1] < 40:
            at_risk[id(day)].add(account)
            day["churn_risk"] = decimal.Decimal(len(at_risk[id(day)]))


def finance(folder: pathlib.Path, days: Days) -> None:
    rates = collections.defaultdict(list)
    for record in records(folder / "rates-2026-03.ndjson"):
        rates[record["currency"]].append((instant(record["valid_from"]), decimal.Decimal(record["per_eur"])))
    seen = set()
    for record in records(folder / "ledger-2026-03.ndjson"):
        time, amount = instant(record["booked_at"]), decimal.Decimal(record["amount"])
        if record["currency"] != "EUR":
            known = [rate for since, rate in rates[record["currency"]] if since <= time]
            if not known:
                continue
            amount /= known[-1]
        if record["id"] in seen:
            continue
        seen.add(record["id"])
        day = days.of(record["market"], time)
        if record["kind"] == "revenue":
            day["revenue"] += rounded(amount)
            day["gross_margin"] += rounded(amount)
        if record["kind"] == "cost":
            day["gross_margin"] -= rounded(amount)
        day["revenue"] += 0


def company_days(root: pathlib.Path) -> dict:
    """By (market, day): the figures that are not 0."""
    days = Days()
    for department in (sales, marketing, releases, success, finance):
        department(root / department.__name__ / "in", days)
    return {key: {name: value for name, value in figures.items() if value != 0} for key, figures in days.rows.items()}


def main() -> None:
    for (market, day), figures in sorted(company_days(pathlib.Path(sys.argv[1])).items()):
        print(market, day, {name: str(value) for name, value in figures.items()})


if __name__ == "__main__":
    main()
