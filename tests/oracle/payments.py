#!/usr/bin/env python3
"""The products and the accounting of examples/payments, record by record, with the standard library only.

    payments.py expect DATA_DIR OUT_DIR         writes marketing.<product>.v<n>.ndjson and ledger.json
    payments.py compare DATA_DIR BRAID_DIR      computes, and compares with what `braid run` wrote (a store or its
                                                out/); exits 1 if a product, or the number of rejected, late or
                                                unmatched rows or of alerts, differs

The rules are those of docs/language: a record has one outcome, at the first step that decides it. `from` rejects broken
bytes, and ids and times that cannot be read; `where` filters; the as-of join rejects, finds late or unmatched; then the
amount is read, the row selected, the check applied, and of equal ids within a day the first by (time, partition,
position) goes out. A record is late if its time lies before what its own partition's time allowed when it came.

Canonical rows: fields in the order of FIELDS, sorted by key; timestamps as in flights.py; decimals with two places.
"""
import argparse
import datetime
import decimal
import json
import pathlib
import re
import sys
import uuid

FIELDS = {
    "enriched_payment.v2": ["id", "at", "customer_id", "amount", "currency", "country", "segment", "spend_band"],
    "segment_spend.v1": ["segment", "minute", "payments", "spend", "customers"],
}
KEYS = {"enriched_payment.v2": ["id"], "segment_spend.v1": ["segment", "minute"]}
PORTS = ("rejected", "late", "unmatched", "alerts")
DISORDER = datetime.timedelta(seconds=10)
AHEAD = datetime.timedelta(hours=1)
UNIQUE = datetime.timedelta(days=1)
MAX_RECORD = 1 << 20
UTC = datetime.timezone.utc


class Rejected(Exception):
    """The record's outcome, with the reason."""


class Number(str):
    """A JSON number as it is written."""


def read_time(text) -> datetime.datetime:
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z", text):
        raise Rejected("time")
    return datetime.datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)


def time_text(value: datetime.datetime) -> str:
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return value.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


class Watermark:
    """A partition's confirmed greatest time, less its bound on disorder; a leap counts once another confirms it."""

    def __init__(self):
        self.greatest = datetime.datetime.min.replace(tzinfo=UTC)
        self.candidate = None

    def bound(self) -> datetime.datetime:
        first = datetime.datetime.min.replace(tzinfo=UTC)
        return first if self.greatest < first + DISORDER else self.greatest - DISORDER

    def see(self, time: datetime.datetime) -> None:
        leap = time > self.greatest + AHEAD
        if leap and self.candidate is not None:
            self.greatest = min(time, self.candidate)
            self.candidate = None
            leap = time > self.greatest + AHEAD
        else:
            self.candidate = None
        if leap:
            self.candidate = time
        else:
            self.greatest = max(self.greatest, time)


def customers_of(path: pathlib.Path) -> dict:
    """id: versions as (time, row or None if deleted), in order of time."""
    versions: dict = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        version = None if row.get("deleted") else row
        versions.setdefault(row["id"], []).append((read_time(row["updated_at"]), version))
    for history in versions.values():
        history.sort(key=lambda version: version[0])
    return versions


def as_of(history: list, time: datetime.datetime):
    row = None
    for since, version in history:
        if since <= time:
            row = version
    return row


def from_step(line: bytes) -> tuple:
    if len(line) > MAX_RECORD:
        raise Rejected("size")
    try:
        record = json.loads(line.decode("utf-8"), parse_int=Number, parse_float=Number)
        key = str(uuid.UUID(record["id"])) if len(record["id"]) == 36 else None
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise Rejected("structure or key") from error
    if key is None:
        raise Rejected("key")
    time = read_time(record.get("at"))
    if time > datetime.datetime.now(UTC) + AHEAD:
        raise Rejected("ahead of the clock")
    return key, time, record


def settle(key: str, time: datetime.datetime, bound: datetime.datetime, record: dict, customers: dict):
    """"filtered", "late", "unmatched" or the product's row."""
    status = record.get("status")
    if status not in ("authorised", "captured", "refunded"):
        raise Rejected("status")
    if status != "captured":
        return "filtered"
    customer = record.get("customer", {}).get("id")
    if not isinstance(customer, Number):
        raise Rejected("customer")
    if time < bound:
        return "late"
    version = as_of(customers.get(int(customer), []), time)
    if version is None:
        return "unmatched"
    if not isinstance(record.get("amount"), Number):
        raise Rejected("amount")
    amount = decimal.Decimal(record["amount"]).quantize(decimal.Decimal("0.01"))
    if record.get("currency") not in ("EUR", "USD", "GBP", "CHF"):
        raise Rejected("currency")
    if amount <= 0:
        raise Rejected("check positive")
    band = "small" if amount < 20 else "medium" if amount < 200 else "large"
    return {"id": key, "at": time, "customer_id": int(customer), "amount": amount, "currency": record["currency"],
            "country": version["country"], "segment": version["segment"], "spend_band": band}


def compute(data: pathlib.Path) -> tuple:
    customers = customers_of(data / "customer.ndjson")
    ledger = dict.fromkeys(("in", "used", "filtered", "duplicate", "unmatched", "rejected", "late"), 0)
    rows = []
    for partition, path in enumerate(sorted(data.glob("payment-*.ndjson"))):
        watermark = Watermark()
        for position, line in enumerate(path.read_bytes().split(b"\n")[:-1]):
            ledger["in"] += 1
            try:
                key, time, record = from_step(line)
                bound = watermark.bound()
                watermark.see(time)
                outcome = settle(key, time, bound, record, customers)
            except Rejected:
                outcome = "rejected"
            if isinstance(outcome, str):
                ledger[outcome] += 1
            else:
                rows.append(((time, partition, position), outcome))
    published, last = [], {}
    for (time, _, _), row in sorted(rows, key=lambda item: item[0]):
        if row["id"] in last and time <= last[row["id"]] + UNIQUE:
            ledger["duplicate"] += 1
            continue
        last[row["id"]] = time
        ledger["used"] += 1
        published.append(row)
    groups: dict = {}
    for row in published:
        minute = row["at"].replace(second=0, microsecond=0)
        groups.setdefault((row["segment"] or "unknown", minute), []).append(row)
    spend = [{"segment": segment, "minute": minute, "payments": len(members),
              "spend": sum(row["amount"] for row in members), "customers": len({row["customer_id"] for row in members})}
             for (segment, minute), members in groups.items()]
    # A duplicate lies in `rejected` with that reason.
    ports = {"rejected": ledger["rejected"] + ledger["duplicate"], "late": ledger["late"],
             "unmatched": ledger["unmatched"], "alerts": sum(row["currency"] == "CHF" for row in published)}
    return {"enriched_payment.v2": published, "segment_spend.v1": spend}, ledger, ports


def value_text(value) -> str:
    if isinstance(value, datetime.datetime):
        return f'"{time_text(value)}"'
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def row_text(row: dict) -> str:
    return "{" + ",".join(f'"{name}":{value_text(value)}' for name, value in row.items()) + "}"


def texts(product: str, rows: list) -> list:
    return [row_text(row) for row in sorted(rows, key=lambda row: [value_text(row[key]) for key in KEYS[product]])]


def read_rows(path: pathlib.Path, product: str) -> list:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        row = json.loads(line, parse_int=Number, parse_float=Number)
        if list(row) != FIELDS[product]:
            sys.exit(f"{path}:{number}: fields {list(row)}, expected {FIELDS[product]}")
        rows.append(row)
    return rows


def compare(products: dict, ports: dict, out: pathlib.Path) -> bool:
    equal = True
    for product, rows in products.items():
        path = out / f"marketing.{product}.ndjson"
        expected, found = texts(product, rows), texts(product, read_rows(path, product)) if path.exists() else []
        state = "equal" if expected == found else "different"
        print(f"{product}: expected {len(expected):,}, found {len(found):,}: {state}")
        if expected != found:
            equal = False
            for label, one, other in (("expected", expected, set(found)), ("found   ", found, set(expected))):
                for text in [text for text in one if text not in other][:5]:
                    print(f"  {label} {text}")
    for port, count in ports.items():
        path = out / f"marketing.enriched_payment.v2.{port}.ndjson"
        found = len(path.read_bytes().splitlines()) if path.exists() else 0
        state = "equal" if count == found else "different"
        print(f"enriched_payment.{port}: expected {count:,}, found {found:,}: {state}")
        equal = equal and count == found
    return equal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["expect", "compare"])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    options = parser.parse_args()
    products, ledger, ports = compute(options.data)
    planted = json.loads((options.data / "manifest.json").read_text())["ledger"]["marketing.enriched_payment"]
    if planted["payments.payment"] != ledger:
        sys.exit(f"payments.py: the manifest's ledger {planted['payments.payment']} is not {ledger}")
    if options.mode == "compare":
        out = options.out / "out" if (options.out / "out").is_dir() else options.out
        sys.exit(0 if compare(products, ports, out) else 1)
    options.out.mkdir(parents=True, exist_ok=True)
    for product, rows in products.items():
        path = options.out / f"marketing.{product}.ndjson"
        path.write_text("".join(text + "\n" for text in texts(product, rows)), encoding="utf-8")
        print(f"{path}: {len(rows):,} rows")
    accounts = {"marketing.enriched_payment": {"payments.payment": ledger}, "rows_of_ports": ports}
    (options.out / "ledger.json").write_text(json.dumps(accounts, indent=2) + "\n")
    print(json.dumps(accounts))


if __name__ == "__main__":
    main()
