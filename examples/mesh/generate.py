#!/usr/bin/env python3
"""What six departments export in three weeks, each in its own form and with its own dirt: generate.py FOLDER

Writes FOLDER/DEPARTMENT/in/. The same rows each time.
"""
import csv
import datetime as dt
import json
import pathlib
import random
import sys
import uuid
import zoneinfo

FIRST = dt.datetime(2026, 3, 2, tzinfo=dt.timezone.utc)
DAYS = 21
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
MARKETS = {"de": "EUR", "fr": "EUR", "us": "USD", "gb": "GBP"}
ACCOUNTS = {number: list(MARKETS)[number % 4] for number in range(100, 160)}


def times(rng: random.Random, count: int, disorder_s: int) -> list[dt.datetime]:
    """In the order in which records are written: each at most `disorder_s` behind an earlier one."""
    made = [FIRST + dt.timedelta(milliseconds=rng.randrange(DAYS * 86_400_000)) for _ in range(count)]
    return sorted(made, key=lambda time: time.timestamp() + rng.random() * disorder_s)


def folder_of(root: pathlib.Path, department: str) -> pathlib.Path:
    folder = root / department / "in"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def utc(time: dt.datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_lines(path: pathlib.Path, records: list) -> None:
    lines = [record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def sales(root: pathlib.Path) -> None:
    rng = random.Random(1)
    rows = []
    for number, time in enumerate(times(rng, 700, 3600)):
        deal = 4000 + number // 3
        account = rng.choice(list(ACCOUNTS))
        amount = rng.randrange(100_00, 90_000_00)
        rows.append({
            "Deal Id": deal,
            "Account Id": "" if rng.random() < 0.02 else account,
            "Market": ACCOUNTS[account] if rng.random() < 0.5 else ACCOUNTS[account].upper(),
            "Stage": ["open", "negotiation", rng.choice(["won", "lost"])][number % 3],
            "Amount EUR": f"{amount // 100},{amount % 100:02}",
            "Contact E-Mail": f"person{account}@customer{account}.example",
            "Changed At": time.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S"),
            "Note": rng.choice(["", "call; again", 'says "maybe"', "prix à négocier"]),
        })
        if rng.random() < 0.03:
            rows.append(dict(rows[-1]))  # exported twice
        if rng.random() < 0.01:
            rows.append({**rows[-1], "Deal Id": 9000 + number, "Amount EUR": "tbd"})
    rows.append({**rows[-1], "Deal Id": 9999, "Amount EUR": "-5,00"})
    with open(folder_of(root, "sales") / "deals-2026-03.csv", "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def marketing(root: pathlib.Path) -> None:
    rng = random.Random(2)
    records = []
    for time in times(rng, 900, 300):
        account = rng.choice(list(ACCOUNTS))
        known = rng.random() < 0.7
        records.append({
            "lead": {
                "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                "person": {"email": f"lead{rng.randrange(5000)}@mail.example", "name": "Zoë"},
                "company": {"account": account if known else None, "market": ACCOUNTS[account]},
                "score": -1 if rng.random() < 0.05 else round(rng.random(), 3),
            },
            "utm": {"campaign": rng.choice(["spring", "webinar", "newsletter"])} if rng.random() < 0.8 else {},
            "meta": {"sent": int(time.timestamp() * 1000), "agent": "form/2"},
        })
        if rng.random() < 0.02:
            records.append(records[-1])
        if rng.random() < 0.01:
            records.append('{"lead": {"id": "cut off')
    first = records[0]
    late = json.loads(json.dumps(first))
    late["lead"]["id"] = str(uuid.UUID(int=7, version=4))
    records.append(late)  # three weeks late
    write_lines(folder_of(root, "marketing") / "forms-2026-03.ndjson", records)


def releases(root: pathlib.Path) -> None:
    rng = random.Random(3)
    records = []
    for number, time in enumerate(times(rng, 260, 120)):
        kind = "release" if number % 6 == 0 else rng.choice(["bug", "feature"])
        key = f"{kind[:3].upper()}-{number}"
        for action, later in [("opened", 0), ("closed", 1)]:
            at = time + dt.timedelta(minutes=later)
            records.append({"issue": {"key": key, "type": kind, "fields": {"market": rng.choice(list(MARKETS))}},
                            "action": action, "at": utc(at)})
        if kind == "release" and rng.random() < 0.3:
            again = records[-1]
            for action, later in [("reopened", 2), ("closed", 3)]:
                records.append({**again, "action": action, "at": utc(time + dt.timedelta(minutes=later))})
    records.sort(key=lambda record: record["at"])
    records.append({"issue": {"key": "EPIC-1", "type": "epic", "fields": {"market": "de"}}, "action": "closed",
                    "at": records[-1]["at"]})
    write_lines(folder_of(root, "releases") / "issues-2026-03.ndjson", records)


def people(root: pathlib.Path) -> None:
    rng = random.Random(4)
    rows = []
    for number in range(80):
        since = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(minutes=number)
        rows.append([number, f"Person {number}", rng.choice(["sales", "success", "product"]),
                     rng.choice(list(MARKETS)), f"{rng.randrange(30_000, 90_000)}.00", "false", utc(since)])
    for number, time in enumerate(times(rng, 30, 0)):
        last = rows[rng.randrange(80)]
        rows.append([last[0], last[1], rng.choice(["sales", "success", "product"]), rng.choice(list(MARKETS)),
                     f"{rng.randrange(30_000, 90_000)}.00", "true" if number % 5 == 0 else "false", utc(time)])
    with open(folder_of(root, "people") / "employees-2026.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Personnel No", "Full Name", "Team", "Market", "Salary", "Left", "Valid From"])
        writer.writerows(rows)


def success(root: pathlib.Path) -> None:
    rng = random.Random(5)
    scores = [{"account": account, "market": market, "health": rng.randrange(101), "at": utc(FIRST)}
              for account, market in ACCOUNTS.items()]
    for time in times(rng, 400, 1800):
        account = rng.choice(list(ACCOUNTS))
        scores.append({"account": account, "market": ACCOUNTS[account], "health": rng.randrange(101),
                       "at": utc(time)})
    write_lines(folder_of(root, "success") / "scores-2026-03.ndjson", scores)
    tickets = []
    for number, time in enumerate(times(rng, 600, 1800)):
        account = rng.choice(list(ACCOUNTS))
        tickets.append({"id": number, "account": account, "market": ACCOUNTS[account],
                        "priority": rng.choice(["low", "normal", "normal", "urgent"]), "opened_at": utc(time)})
        if rng.random() < 0.02:
            tickets.append({**tickets[-1], "priority": "asap", "id": 10_000 + number})
    write_lines(folder_of(root, "success") / "tickets-2026-03.ndjson", tickets)


def finance(root: pathlib.Path) -> None:
    rng = random.Random(6)
    rates = []
    for day in range(DAYS):
        for currency, about in [("USD", 108_000), ("GBP", 85_000)]:
            rate = about + rng.randrange(-2000, 2000)
            rates.append({"currency": currency, "per_eur": f"{rate / 100_000:.5f}",
                          "valid_from": utc(FIRST + dt.timedelta(days=day))})
    write_lines(folder_of(root, "finance") / "rates-2026-03.ndjson", rates)
    entries = []
    for number, time in enumerate(times(rng, 1500, 1800)):
        account = rng.choice(list(ACCOUNTS))
        market = ACCOUNTS[account]
        kind = rng.choice(["revenue", "revenue", "cost", "tax"])
        amount = rng.randrange(1, 50_000_0000) if kind == "revenue" else rng.randrange(1, 20_000_0000)
        entries.append({"id": number, "account": account, "market": market, "kind": kind,
                        "amount": f"{amount // 10000}.{amount % 10000:04}",
                        "currency": "XTS" if rng.random() < 0.01 else MARKETS[market], "booked_at": utc(time)})
        if rng.random() < 0.02:
            entries.append(entries[-1])  # booked once, sent twice
    write_lines(folder_of(root, "finance") / "ledger-2026-03.ndjson", entries)


def write_all(root: pathlib.Path) -> None:
    for department in (sales, marketing, releases, people, success, finance):
        department(root)


def main() -> None:
    write_all(pathlib.Path(sys.argv[1]))


if __name__ == "__main__":
    main()
