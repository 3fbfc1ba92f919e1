#!/usr/bin/env python3
"""Makes the input of the payments example: card payments as three partitions send them, and their customers.

    generate.py OUT_DIR [--payments 800] [--seed 1] [--huge 0]

The same arguments give the same bytes. Writes payment-0.ndjson … payment-2.ndjson (a payment's records lie in the
partition of its id), customer.ndjson and manifest.json: how many of each fault were planted, and the ledger of
marketing.enriched_payment that follows. Needs the standard library only.

A payment is authorised, most are captured, a few refunded: a record each. Records arrive up to 10 s out of order.
Faults are planted on captured payments that would else be published, so each has one outcome:

  duplicate              the captured record once more, byte for byte
  late                   arrives 2 to 10 minutes after its time
  unknown_customer       a customer that nobody has
  customer_not_yet       paid before the customer's first version
  customer_deleted       paid after the customer was deleted
  not_positive           an amount of 0.00 or less
  truncated, bad_utf8    broken bytes
  no_id, no_time, no_customer, no_amount        a field that is missing
  text_amount, text_time, bad_id                a field of a wrong type
  unknown_status         a symbol that the enum does not have
  far_future             a time in the year 2099
  huge (--huge n)        a note of 1,200,000 bytes: more than a record may have
  francs                 currency CHF: published, with an alert
"""
import argparse
import datetime
import json
import pathlib
import random
import uuid

PARTITIONS = 3
START = datetime.datetime(2024, 3, 4, 9, 0)
STEP = 5.0  # mean seconds between payments
DISORDER = 9.9  # seconds; the stream promises 10
UNMATCHED = ("unknown_customer", "customer_not_yet", "customer_deleted")
REJECTED = ("not_positive", "truncated", "bad_utf8", "no_id", "no_time", "no_customer", "no_amount", "text_amount",
            "text_time", "bad_id", "unknown_status", "far_future", "huge")


def text(time: datetime.datetime) -> str:
    return time.isoformat(timespec="milliseconds") + "Z"


class Generator:
    def __init__(self, options: argparse.Namespace):
        self.random = random.Random(options.seed)
        self.count = options.payments
        self.huge = options.huge
        self.end = START + datetime.timedelta(seconds=self.count * STEP)
        self.records = []  # (arrival, tie, partition, bytes)
        self.planted = {}
        self.ledger = dict.fromkeys(("in", "used", "filtered", "duplicate", "unmatched", "rejected", "late"), 0)

    def seconds(self, least: float, most: float) -> datetime.timedelta:
        return datetime.timedelta(milliseconds=round(self.random.uniform(least, most) * 1000))

    # ---- customers -------------------------------------------------------------------------------------------

    def make_customers(self) -> list:
        """Versions in order of arrival; fills the lists that payments choose from."""
        rng = self.random
        versions = []
        self.steady = list(range(1, 301))
        self.newcomers = {}  # id: first version
        self.leavers = {}  # id: deletion

        def version(customer: int, at: datetime.datetime, deleted: bool = False) -> None:
            row = {"id": customer, "email": f"c{customer}@mail.example",
                   "country": rng.choice(["DE", "FR", "GB", "IT"]),
                   "segment": rng.choice(["bronze", "silver", "gold", None]), "updated_at": text(at)}
            if deleted:
                row["deleted"] = True
            versions.append((at + self.seconds(0, 30), len(versions), json.dumps(row)))

        for customer in self.steady + list(range(301, 311)):
            version(customer, START - datetime.timedelta(hours=20) + datetime.timedelta(minutes=3 * customer))
        for _ in range(200):
            version(rng.choice(self.steady), START + (self.end - START) * rng.random())
        middle = START + (self.end - START) / 2
        for customer in range(301, 311):
            self.leavers[customer] = middle + self.seconds(0, 60)
            version(customer, self.leavers[customer], deleted=True)
        for customer in range(311, 321):
            self.newcomers[customer] = middle + self.seconds(0, 60)
            version(customer, self.newcomers[customer])
        return [line for _, _, line in sorted(versions)]

    # ---- payments --------------------------------------------------------------------------------------------

    def send(self, key: str, at: datetime.datetime, line: bytes, delay: datetime.timedelta) -> None:
        partition = int(key[:8], 16) % PARTITIONS
        self.records.append((at + delay, len(self.records), partition, line))
        self.ledger["in"] += 1

    def delay(self) -> datetime.timedelta:
        # Most records come at once; one in four is out of order.
        return self.seconds(0, DISORDER) if self.random.random() < 0.25 else self.seconds(0, 0.4)

    def record(self, key: str, customer: int, amount: str, currency: str, status: str, at: datetime.datetime) -> dict:
        row = {"id": key, "customer": {"id": customer, "channel": self.random.choice(["web", "app", "shop"])},
               "amount": amount, "currency": currency, "status": status, "at": text(at)}
        if self.random.random() < 0.2:
            row["note"] = self.random.choice(["gift", "second try \u2013 same card", "said \"urgent\"", "caf\u00e9"])
        return row

    def encode(self, row: dict) -> bytes:
        """JSON with `amount` as a number in the digits given."""
        line = json.dumps({**row, "amount": "@"} if "amount" in row else row, ensure_ascii=False)
        return line.replace('"@"', row.get("amount", ""), 1).encode()

    def plan(self) -> list:
        """A fault or None for each payment."""
        share = {"duplicate": 0.03, "late": 0.02, "unknown_customer": 0.02, "customer_not_yet": 0.005,
                 "customer_deleted": 0.005, "not_positive": 0.006, "francs": 0.03}
        broken = ("truncated", "bad_utf8", "no_id", "no_time", "no_customer", "no_amount", "text_amount", "text_time",
                  "bad_id", "unknown_status", "far_future")
        share.update(dict.fromkeys(broken, 0.004))
        self.planted = {fault: max(2, round(part * self.count)) for fault, part in share.items()}
        self.planted["huge"] = self.huge
        faults = [fault for fault, number in self.planted.items() for _ in range(number)]
        # The first and last payments are whole, so that a partition's time is known before the first late record.
        plain = 30
        room = self.count - 2 * plain
        if len(faults) > room:
            raise SystemExit("generate.py: too few payments for the faults to plant")
        faults += [None] * (room - len(faults))
        self.random.shuffle(faults)
        return [None] * plain + faults + [None] * plain

    def payment(self, at: datetime.datetime, fault) -> None:
        rng = self.random
        key = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        customer = rng.choice(self.steady)
        amount = f"{min(rng.lognormvariate(3.5, 1.2) + 0.5, 99999):.2f}"
        currency = "CHF" if fault == "francs" else rng.choice(["EUR", "EUR", "EUR", "USD", "GBP"])
        if fault == "unknown_customer":
            customer = rng.randrange(900_000, 900_100)
        elif fault == "customer_not_yet":
            customer = rng.choice(list(self.newcomers))
            at = START + (self.newcomers[customer] - START) * rng.uniform(0.2, 0.9)
        elif fault == "customer_deleted":
            customer = rng.choice(list(self.leavers))
            at = self.leavers[customer] + (self.end - self.leavers[customer]) * rng.uniform(0.1, 0.8)
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)

        self.send(key, at, self.encode(self.record(key, customer, amount, currency, "authorised", at)), self.delay())
        self.ledger["filtered"] += 1
        if fault is None and rng.random() < 0.1:
            return  # never captured
        at += self.seconds(0.5, 5)
        if fault == "not_positive":
            amount = rng.choice(["0.00", "-" + amount])
        row = self.record(key, customer, amount, currency, "captured", at)
        line, delay = self.broken(row, fault), self.delay()
        if fault == "late":
            delay = self.seconds(120, 600)
        self.send(key, at, line, delay)
        if fault == "duplicate":
            self.send(key, at, line, self.seconds(0, DISORDER))
            self.ledger["duplicate"] += 1
        if fault in UNMATCHED:
            self.ledger["unmatched"] += 1
        elif fault in REJECTED:
            self.ledger["rejected"] += 1
        elif fault == "late":
            self.ledger["late"] += 1
        else:
            self.ledger["used"] += 1
            if rng.random() < 0.03:
                at += self.seconds(60, 300)
                row = self.record(key, customer, amount, currency, "refunded", at)
                self.send(key, at, self.encode(row), self.delay())
                self.ledger["filtered"] += 1

    def broken(self, row: dict, fault) -> bytes:
        rng = self.random
        missing = {"no_id": "id", "no_time": "at", "no_customer": "customer", "no_amount": "amount"}
        if fault in missing:
            row = {name: value for name, value in row.items() if name != missing[fault]}
        elif fault == "text_time":
            row["at"] = "yesterday at noon"
        elif fault == "bad_id":
            row["id"] = row["id"][:-3]
        elif fault == "unknown_status":
            row["status"] = "charged_back"
            row.pop("note", None)
        elif fault == "far_future":
            row["at"] = "2099" + row["at"][4:]
        elif fault == "huge":
            row["note"] = "x" * 1_200_000
        line = self.encode(row)
        if fault == "text_amount":
            line = line.replace(b'"amount": ', b'"amount": "about ').replace(b', "currency"', b'", "currency"')
        elif fault == "truncated":
            line = line[:rng.randrange(20, len(line) - 20)]
        elif fault == "bad_utf8":
            if b'"note": "' in line:
                line = line.replace(b'"note": "', b'"note": "\xff')
            else:
                line = line[:-1] + b', "note": "caf\xe9"}'
        return line

    def run(self, out: pathlib.Path) -> None:
        customers = self.make_customers()
        for number, fault in enumerate(self.plan()):
            self.payment(START + datetime.timedelta(seconds=number * STEP) + self.seconds(0, STEP), fault)
        out.mkdir(parents=True, exist_ok=True)
        (out / "customer.ndjson").write_text("".join(line + "\n" for line in customers), encoding="utf-8")
        files = {}
        for partition in range(PARTITIONS):
            lines = [line for _, _, where, line in sorted(self.records) if where == partition]
            name = f"payment-{partition}.ndjson"
            files[name] = len(lines)
            (out / name).write_bytes(b"".join(line + b"\n" for line in lines))
        manifest = {"records": {"customer.ndjson": len(customers), **files}, "planted": self.planted,
                    "ledger": {"marketing.enriched_payment": {"payments.payment": self.ledger}},
                    "alerts": {"known_currency": self.planted["francs"]}}
        (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        print(json.dumps(manifest, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path, metavar="OUT_DIR")
    parser.add_argument("--payments", type=int, default=800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--huge", type=int, default=0, help="records of more than 1 MiB (default 0)")
    options = parser.parse_args()
    Generator(options).run(options.out)


if __name__ == "__main__":
    main()
