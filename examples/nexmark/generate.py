#!/usr/bin/env python3
"""Makes the sample of the Nexmark example: people, their auctions, and bids on these.

    generate.py OUT_DIR [--events 2400] [--seed 1]

The same arguments give the same bytes. Writes person.ndjson, auction.ndjson, bid.ndjson and side_input.csv, in the form
of Nexmark's own generator (benchmarks/nexmark makes its files): of fifty events one is a person, three are auctions, the
others bids; most bids go to few auctions, and most auctions come from few sellers. Needs the standard library only.

What the queries ask about is planted:

  three times of day     around 19:00, midnight and 08:00 UTC, with twenty events a second: two days, all parts of the day
  disorder               a record arrives up to 3.5 s behind one with a later time; the scripts allow 4 s
  equal prices, times    bids of one auction that tie, so that the order of arrival decides
  early bids             up to 10 auctions ahead of the newest one
  auctions nobody wants  no bid from their opening to their end
"""
import argparse
import datetime
import json
import pathlib
import random

BURSTS = ["2015-07-15T18:59:40+00:00", "2015-07-15T23:59:40+00:00", "2015-07-16T07:59:40+00:00"]
EVENTS_PER_SECOND = 20
DISORDER_MS = 3_500
FIRST_ID = 1_000
FIRST_CATEGORY, CATEGORIES = 10, 5
LEAD = 10
FIRST_NAMES = ["peter", "paul", "luke", "john", "saul", "vicky", "kate", "julie", "sarah", "deiter", "walter"]
LAST_NAMES = ["shultz", "abrams", "spencer", "white", "bartels", "walton", "smith", "jones", "noris"]
CITIES = ["phoenix", "los angeles", "san francisco", "boise", "portland", "bend", "redmond", "seattle", "kent"]
STATES = ["az", "ca", "id", "or", "wa", "wy"]
HOT_CHANNELS = ["Google", "Facebook", "Baidu", "Apple"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Site:
    """The auction site: gives one event after the other, each for its number and its time."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.people = self.auctions = 0

    def text(self, least: int, most: int) -> str:
        return "".join(self.random.choice(LETTERS) for _ in range(self.random.randint(least, most)))

    def price(self) -> int:
        """In cents, from 1 to 100 million. Every third one is round, so that some are equal."""
        price = round(10 ** (self.random.random() * 8))
        digits = len(str(price))
        return round(price, 1 - digits) if self.random.random() < 0.33 else price

    def person(self, time: int) -> dict:
        self.people += 1
        name = f"{self.random.choice(FIRST_NAMES)} {self.random.choice(LAST_NAMES)}"
        card = " ".join(f"{self.random.randrange(10_000):04}" for _ in range(4))
        return {"id": FIRST_ID + self.people - 1, "name": name, "email_address": f"{self.text(7, 7)}@{self.text(5, 5)}.com",
                "credit_card": card, "city": self.random.choice(CITIES), "state": self.random.choice(STATES),
                "date_time": time, "extra": self.text(5, 25)}

    def somebody(self, hot: int) -> int:
        """The hot one of the last ten people, or anybody."""
        newest = max(self.people - 1, 0)
        if self.random.random() < 0.6:
            return FIRST_ID + newest // 10 * 10 + hot
        return FIRST_ID + self.random.randrange(newest + 3)

    def auction(self, time: int) -> dict:
        self.auctions += 1
        first = self.price()
        return {"id": FIRST_ID + self.auctions - 1, "item_name": self.text(8, 16), "description": self.text(15, 40),
                "initial_bid": first, "reserve": first + self.price(), "date_time": time,
                "expires": time + self.random.randint(1, 25_000), "seller": self.somebody(0),
                "category": FIRST_CATEGORY + self.random.randrange(CATEGORIES), "extra": self.text(5, 25)}

    def bid(self, time: int) -> dict:
        newest = max(self.auctions - 1, 0)
        auction = newest // 8 * 8 if self.random.random() < 0.4 else max(0, newest - 20 + self.random.randrange(21 + LEAD))
        channel, name = self.channel()
        url = f"https://www.nexmark.com/{self.text(3, 6)}/{self.text(3, 6)}/{self.text(3, 6)}/item.htm?query=1{name}"
        return {"auction": FIRST_ID + auction, "bidder": self.somebody(1), "price": self.price(), "channel": channel,
                "url": url, "date_time": time, "extra": self.text(5, 30)}

    def channel(self) -> tuple:
        if self.random.random() < 0.5:
            return self.random.choice(HOT_CHANNELS), ""
        number = self.random.randrange(10_000)
        return f"channel-{number}", f"&channel_id={number}" if self.random.random() < 0.9 else ""


def events(count: int, seed: int):
    """(stream, record) in the order of arrival."""
    site = Site(seed)
    arrivals = []
    each = -(-count // len(BURSTS))
    for number in range(count):
        start = datetime.datetime.fromisoformat(BURSTS[number // each])
        # Two events in a row have the same time.
        time = round(start.timestamp() * 1_000) + number % each // 2 * 2 * 1_000 // EVENTS_PER_SECOND
        kind = "person" if number % 50 == 0 else "auction" if number % 50 < 4 else "bid"
        record = getattr(site, kind)(time)
        arrivals.append((time + site.random.randrange(DISORDER_MS), number, kind, record))
    return [(kind, record) for _, _, kind, record in sorted(arrivals, key=lambda each: each[:2])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--events", type=int, default=2_400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    lines = {"person": [], "auction": [], "bid": []}
    for kind, record in events(options.events, options.seed):
        lines[kind].append(json.dumps(record, separators=(",", ":")) + "\n")
    for kind, texts in lines.items():
        (options.out / f"{kind}.ndjson").write_text("".join(texts))
    auctions = len(lines["auction"])
    side = [f"{key},value-{key}\n" for key in range(FIRST_ID, FIRST_ID + auctions) if key % 4 != 0]
    (options.out / "side_input.csv").write_text("key,value\n" + "".join(side))


if __name__ == "__main__":
    main()
