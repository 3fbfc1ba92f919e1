"""The queries of Nexmark that run on files: rows alone, windows, joins of streams; and tables that change."""
from suite import Query, table

DOMAIN, OPTIONS = "nexmark", ', options = { unit = "ms" }'
INPUTS = {"person": "person.ndjson", "auction": "auction.ndjson", "bid": "bid.ndjson", "seller": "person.ndjson",
          "item": "auction.ndjson"}

TYPES = {
    **dict.fromkeys("auction bidder price date_time id initial_bid reserve expires seller category".split(), "BIGINT"),
    **dict.fromkeys("channel url extra name city state item_name description".split(), "VARCHAR"),
}
RANKS = ["price < 10000", "price >= 10000 AND price < 1000000", "price >= 1000000"]


def source(data: str, name: str, columns: str) -> str:
    return table(f"{data}/{name}.ndjson", TYPES, columns)


def select(columns: str, rest: str = ""):
    """A query over bids alone that reads `columns`; `rest` is what stands around the source."""
    def text(data: str) -> str:
        return (rest or "SELECT " + columns.replace(" ", ", ") + " FROM {bids}").format(
            bids=source(data, "bid", columns))
    return text


def ranks(function: str, name: str) -> str:
    return ", ".join(f"{function} FILTER ({condition}) AS rank{i}_{name}" for i, condition in enumerate(RANKS, 1))


DAY = "strftime(make_timestamp(date_time * 1000), '%Y-%m-%d')"
Q1 = "SELECT auction, bidder, CAST(0.908 * price AS DECIMAL(23, 3)) AS price, date_time, extra FROM {bids}"
Q2 = "SELECT auction, price FROM {bids} WHERE auction % 123 = 0"
Q12 = ("SELECT bidder, count(*) AS bid_count, date_time // 10000 * 10000 AS starttime, "
       "date_time // 10000 * 10000 + 10000 AS endtime FROM {bids} GROUP BY bidder, date_time // 10000")
Q15 = (f"SELECT {DAY} AS day, count(*) AS total_bids, {ranks('count(*)', 'bids')}, "
       f"count(DISTINCT bidder) AS total_bidders, {ranks('count(DISTINCT bidder)', 'bidders')}, "
       f"count(DISTINCT auction) AS total_auctions, {ranks('count(DISTINCT auction)', 'auctions')} "
       "FROM {bids} GROUP BY 1")
Q17 = (f"SELECT auction, {DAY} AS day, count(*) AS total_bids, {ranks('count(*)', 'bids')}, "
       "min(price) AS min_price, max(price) AS max_price, sum(price)::BIGINT // count(*) AS avg_price, "
       "sum(price)::BIGINT AS sum_price FROM {bids} GROUP BY 1, 2")
Q22 = ("SELECT auction, bidder, price, channel, split_part(url, '/', 4) AS dir1, split_part(url, '/', 5) AS dir2, "
       "split_part(url, '/', 6) AS dir3 FROM {bids}")


RUNS = """SELECT bidder, count(*) AS bid_count, min(date_time) AS starttime, max(date_time) + 10000 AS endtime FROM (
  SELECT bidder, date_time, sum(begins) OVER (PARTITION BY bidder ORDER BY date_time ROWS UNBOUNDED PRECEDING) AS run FROM (
    SELECT bidder, date_time, CASE WHEN date_time - lag(date_time) OVER (PARTITION BY bidder ORDER BY date_time) <= 10000
      THEN 0 ELSE 1 END AS begins FROM {bids}))
GROUP BY bidder, run"""
TOP = """SELECT auction, rank_number, price FROM (
  SELECT auction, price, row_number() OVER (PARTITION BY auction ORDER BY price DESC) AS rank_number FROM {bids})
WHERE rank_number <= 10"""
SO_FAR = ("SELECT auction, count(*) AS bids, max(price) AS highest, sum(price)::BIGINT AS total FROM {bids} "
          "GROUP BY auction")


def items(data: str) -> str:
    return f"""SELECT a.id, item_name, category, name, city, state
FROM {source(data, "auction", "id item_name seller category")} a
JOIN {source(data, "person", "id name city state")} p ON a.seller = p.id"""


def q3(data: str) -> str:
    return f"""SELECT p.name, p.city, p.state, a.id FROM {source(data, "auction", "id seller category")} a
JOIN {source(data, "person", "id name city state")} p ON a.seller = p.id
WHERE a.category = 10 AND p.state IN ('or', 'id', 'ca')"""


def q20(data: str) -> str:
    bids = source(data, "bid", "auction bidder price channel url date_time extra")
    auctions = source(data, "auction", "id item_name description initial_bid reserve date_time expires seller category "
                                       "extra")
    return f"""SELECT auction, bidder, price, channel, url, b.date_time AS bid_date_time, b.extra AS bid_extra, item_name,
  description, initial_bid, reserve, a.date_time AS auction_date_time, expires, seller, category, a.extra AS auction_extra
FROM {bids} b JOIN {auctions} a ON b.auction = a.id WHERE a.category = 10"""


def columns(names: str) -> dict:
    """Numbers and texts by their names; whatever is a time is compared as an instant."""
    found = {}
    for name in names.split():
        if name.endswith("time") or name == "expires":
            found[name] = "INSTANT"
        else:
            found[name] = TYPES.get(name, "VARCHAR" if name.startswith(("day", "dir", "bid_extra", "auction_extra"))
                                    else "BIGINT")
    return found


STATISTICS = "total_{0} rank1_{0} rank2_{0} rank3_{0} "
BID = "auction bidder price "
QUERIES = {
    "q0": Query(["bid"], "nexmark.q0.v1", columns(BID + "date_time extra"), select(BID + "date_time extra")),
    "q1": Query(["bid"], "nexmark.q1.v1", columns(BID + "date_time extra") | {"price": "DECIMAL(38, 3)"},
                select(BID + "date_time extra", Q1)),
    "q2": Query(["bid"], "nexmark.q2.v1", columns("auction price"), select("auction price", Q2)),
    "q22": Query(["bid"], "nexmark.q22.v1", columns(BID + "channel dir1 dir2 dir3"),
                 select(BID + "channel url", Q22)),
    "q12": Query(["bid"], "nexmark.q12.v1", columns("bidder bid_count starttime endtime"),
                 select("bidder date_time", Q12)),
    "q17": Query(["bid"], "nexmark.q17.v1",
                 columns("auction day " + STATISTICS.format("bids") + "min_price max_price avg_price sum_price"),
                 select("auction price date_time", Q17)),
    "q15": Query(["bid"], "nexmark.q15.v1",
                 columns("day " + "".join(map(STATISTICS.format, ("bids", "bidders", "auctions")))),
                 select("auction bidder price date_time", Q15)),
    "q11": Query(["bid"], "nexmark.q11.v1", columns("bidder bid_count starttime endtime"),
                 select("bidder date_time", RUNS)),
    "q19": Query(["bid"], "nexmark.q19.v1", columns("auction rank_number price"), select("auction price", TOP),
                 ["auction", "rank_number"]),
    "bids_so_far": Query(["bid"], "nexmark.bids_so_far.v1", columns("auction bids highest total"),
                         select("auction price", SO_FAR), ["auction"]),
    "items": Query(["seller", "item"], "nexmark.items.v1", columns("id item_name category name city state"), items, ["id"]),
    "q3": Query(["person", "auction"], "nexmark.q3.v1", columns("name city state id"), q3),
    "q20": Query(["auction", "bid"], "nexmark.q20.v1",
                 columns(BID + "channel url bid_date_time bid_extra item_name description initial_bid reserve "
                               "auction_date_time expires seller category auction_extra"), q20),
}


def hand_command(query: str) -> list:
    return ["braid_compare_nexmark", query]


def describe(counts: dict) -> str:
    return f"Nexmark, {sum(counts.values()):,} events, of them {counts['bid']:,} bids"
