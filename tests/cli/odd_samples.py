"""Odd files as people have them, for `braid infer`: bytes, and what the declaration must say. Each must be read without a
single rejected row by the declaration that was inferred from it."""
import json


def ndjson(rows: list) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def nested(levels: int) -> dict:
    inner: dict = {"leaf": 1}
    for level in range(levels):
        inner = {f"level{level}": inner, "at_level": level}
    return inner


INSTANTS = ["2026-03-01T10:00:%02dZ" % second for second in range(60)]
LONG_TEXT = "A very long text " * 500

# Name, options of `infer`, bytes, texts that the declaration must have, texts that it must not have.
ODD_SAMPLES = [
    ("lists.ndjson", [], ndjson([
        {"id": 1, "at": INSTANTS[0], "xs": [1, 2], "tags": ["a"], "ratio": [0.5, 1e9], "grid": [[1], [2, 3]], "none": []},
        {"id": 2, "at": INSTANTS[1], "xs": [], "tags": [], "ratio": [2.5], "grid": [], "none": []}]),
     ["xs: list<int>,", "tags: list<string>,", "grid: list<list<int>>,", "none: list<string>,  // no element"], ["do not fit"]),
    ("objects.ndjson", [], ndjson([
        {"id": 1, "customer": {"id": 7, "name": "Ada", "address": {"city": "Paris"}},
         "lines": [{"sku": "a", "n": 1, "price": 1.5}, {"sku": "b", "n": 2}]},
        {"id": 2, "customer": {"id": 8, "name": None, "address": {"city": "Oslo", "zip": "0150"}}, "lines": []},
        {"id": 3, "lines": []}]),
     ["customer: {", "address: { city: string, zip: string? }", "name: string?", "}?,",
      "lines: list<{ sku: string, n: int, price: decimal(12,1)? }>"], []),
    ("days_of_others.csv", [], "tag;von;us;betrag\n27.03.2026;1.4.2026 08:30;03/27/2026;1,50\n"
                               "28.03.2026;2.4.2026 09:00;03/28/2026;2,50\n".encode(),
     ['`parse_date(tag, "dd.MM.yyyy")`', '`parse_timestamp(von, "d.M.yyyy HH:mm")`', '`parse_date(us, "MM/dd/yyyy")`'],
     [' or ']),
    ("days_of_anyone.csv", [], b"id,day\n1,03/04/2026\n2,05/06/2026\n",
     ['`parse_date(day, "MM/dd/yyyy")` or `parse_date(day, "dd/MM/yyyy")`'], []),
    ("optional_elements.ndjson", [], ndjson([{"xs": [1, None, 3], "o": [{"a": 1}, None]}]),
     ["xs: list<int?>", "o: list<{ a: int }?>"], []),
    ("names.ndjson", [], ndjson([
        {"first-name": "Ada", "2nd": 1, "case": "x", "größe": 2, "a.b": 3, "with space": 4, "first_name": "B", "": 5,
         "tick`": 6, "tab\t": 7, "in.tick`": 8, "inner": {"first-name": 1, "null": 2, "a.b": 3, "t`": 4}}]),
     ['first_name_2: string from "first-name"', '_2nd: int from "2nd"', "`case`: string", "`größe`: int", "`a.b`: int",
      'with_space: int from "with space"', '// left out: ""', 'tick: int from "tick`"', 'tab: int from "tab\\t"',
      '// left out: "in.tick`"', "`first-name`: int", "`null`: int", "// left out: `t``"], []),
    ("mixed.ndjson", [], ndjson([
        {"id": 1, "m": 1, "n": "12.50", "o": True, "p": {"a": 1}, "q": [1], "s": "x"},
        {"id": 2, "m": "one", "n": 3, "o": "yes", "p": 3, "q": ["x"], "s": "y"}]),
     ["m: json,  // 1 number, 1 text", "n: decimal(12,2),  // numbers and texts", "o: json,", "p: json,",
      "q: list<json>,  // 1 number, 1 text", "s: string"], []),
    ("numbers.ndjson", [], ndjson([
        {"big": 9223372036854775807, "bigger": 9223372036854775808, "money": 12.5, "e": 1e300, "deep": 0.1234567891},
        {"big": -9223372036854775808, "bigger": 1, "money": 0.25, "e": 1, "deep": 2}])
     + b'{"big":1,"bigger":12345678901234567890123456789012345678,"money":7,"e":5,"deep":0.5,"huge":' + b"9" * 60 + b"}\n",
     ["big: int,", "bigger: decimal(38,0),", "money: decimal(12,2),", "e: float,", "deep: float,", "huge: float?,  // has"], []),
    ("blank.ndjson", [], b"\xef\xbb\xbf" + b"\r\n".join(ndjson([
        {"s": "", "n": None, "d": "2026-01-01"}, {"s": "x", "n": None, "d": "2026-01-02"}]).splitlines()) + b"\r\n\r\n",
     ["s: string,", "n: string?,  // no value", "d: date,"], []),
    ("deep.ndjson", [], ndjson([nested(30), nested(30)]), ["level29: {", "leaf: int"], []),
    ("too_deep.ndjson", [], ndjson([{"a": 1}, nested(80)]), ["a: int"], []),
    ("wide.ndjson", [], ndjson([{"id": i, "by_user": {f"user{i}{n}": n for n in range(9)}} for i in range(20)]),
     ["by_user: map<string, int>,  // an object with 180 different names"], []),
    ("wide_mixed.ndjson", [], ndjson([{"id": i, "by_user": {f"user{i}{n}": n if n else "x" for n in range(9)}} for i in range(20)]),
     ["by_user: json,  // an object with 180 different names"], []),
    ("nearly.csv", [], b"id,day\n1,2026-01-01\n2,2026-01-02\n3,soon\n",
     ["day: string,  // 2 of 3 are dates, the others are not"], []),
    ("spoken.csv", [], b"Order ID,Amount (EUR),select\n1,2.50,x\n2,3.00,y\n",
     ["key order_id", 'order_id: int from "Order ID"', 'amount_eur: decimal(12,2) from "Amount (EUR)"'], []),
    ("twice.ndjson", [], b'{"id":1,"a":1,"a":2}\n{"id":2,"a":3,"a":4}\n', ["id: int", "// left out: \"a\": records have"], []),
    ("epoch_ms.ndjson", [], ndjson([
        {"id": i, "created_at": 1_760_000_000_000 + 1000 * (i if i != 5 else 2), "product": 1_760_000_000_000,
         "sent": 1_760_000_000} for i in range(9)]),
     ['time created_at within 2s  // times went back by up to 2s', 'format json(unit: "ms")',
      "created_at: timestamp,  // epoch milliseconds", "product: int,",
      "sent: int,  // epoch seconds; `unit` is that of another field"], []),
    ("epoch_s.csv", [], b"id,ts\n" + b"".join(b"%d,%d.5\n" % (i, 1_760_000_000 + i) for i in range(9)),
     ['format csv(unit: "s")', "ts: timestamp,  // epoch seconds", "time ts within 0s  // no time went back"], []),
    ("epoch_us.ndjson", [], ndjson([{"ts": 1_760_000_000_000_000 + i} for i in range(3)]), ['unit: "us"'], []),
    ("epoch_ns.ndjson", [], ndjson([{"eventTime": 1_760_000_000_000_000_000 + i} for i in range(3)]), ['unit: "ns"'], []),
    ("disorder.ndjson", [], ndjson([{"at": INSTANTS[i]} for i in (0, 40, 3, 50, 59)]),
     ["time at within 1m  // times went back by up to 37s"], []),
    ("backwards.csv", [], b"day,at\n" + b"".join(b"%d,2026-%02d-01T00:00:00Z\n" % (m, m) for m in range(12, 0, -1)),
     ["time at within 334d  // times went back by up to 334d"], []),
    ("future.ndjson", [], ndjson([{"at": f"2099-01-{day:02}T00:00:00Z"} for day in range(1, 9)]), ["ahead ", "future"], []),
    ("kinds.ndjson", [], ndjson([
        {"u": "123e4567-e89b-12d3-a456-426614174000", "d": "2026-01-01", "t": "12:30:00", "p": "PT1H30M",
         "l": "2026-01-01T12:00:00", "b": True, "status": ["open", "shut"][i % 2], "name": f"name {i}"} for i in range(40)]),
     ["u: uuid,", "d: date,", "t: time,", "p: duration,", "l: timestamp,  // without an offset", 'zone: "UTC"', "b: bool,",
      "status: enum { open, shut },", "name: string,"], []),
    ("few.ndjson", [], ndjson([{"status": ["open", "shut"][i % 2]} for i in range(10)]), ["status: string,"], ["enum"]),
    ("words.ndjson", [], ndjson([{"status": ["and", "or", "in"][i % 3]} for i in range(60)]), ["status: string,"], []),
    ("semicolons.csv", [], "id;preis;größe;zeit\n1;12,50;klein;2026-01-01T10:00:00Z\n2;-3,5;\"a;b\";2026-01-01T10:00:01Z\n"
     .encode(), ['separator: ";", decimal: ","', "preis: decimal(12,2)", "`größe`: string"], []),
    ("tabs.tsv", [], b"id\tat\tnote\r\n1\t2026-01-01T10:00:00Z\t\"a\tb\"\r\n2\t2026-01-01T10:00:01Z\tx, y\r\n",
     ['separator: "\\t"', "note: string,"], ["decimal"]),
    ("pipes.txt", [], b"id|price|note\n1|1.5|a,b\n2|2.25|c,d\n", ['separator: "|"', "price: decimal(12,2)"], []),
    ("quoted.csv", [], b'"id","text","n"\r\n"1","a ""b"", c\r\nd","007"\r\n"2","","12"\r\n',
     ["id: int,", "text: string,", "n: string,"], []),
    ("old_mac.csv", [], b"id,n\r1,2\r3,4\r", ["id: int,", "n: int,"], []),
    ("bare.csv", [], b"1,2026-01-01T10:00:00Z,x\n2,2026-01-01T10:00:01Z,\n",
     ['header: false, names: ["column_1", "column_2", "column_3"]', "time column_2"], []),
    ("years.csv", [], b"country,2024,2025\nFR,1,2\nDE,3,4\n", ['_2024: int from "2024"'], ["header: false"]),
    ("header.csv", [], b"\xef\xbb\xbfid, Name ,total,total,,a.b,line\\end\n1,x,1,2,3,4,5\n2,,3,4,5,,7\n",
     ['name: string from " Name "', '// left out: "total": the header names it twice', '// left out: "": ',
      "`a.b`: int?", 'line_end: int from "line\\\\end"'], []),
    ("blanks.csv", ["--null", "NA"], b"id,n,s,flag\n1,,,true\n2,NA,NA,NA\n3,4,x,\n",
     ['null: "NA"', "n: int?,", "s: string?,", "flag: bool?,"], []),
    ("one_column.csv", [], b"n\n1\n\n3\n", ["n: int?,"], []),
    ("long.csv", [], b"id,text,big\n1," + LONG_TEXT.encode() + b"," + b"9" * 50 + b"\n2,x,1\n", ["text: string,", "big: string,"], []),
    ("mixed.csv", [], b"a,b,c\n1,true,2026-01-01\nx,2,\n1.5,x,2026-01-02\n", ["a: string,", "b: string,", "c: date?,"], []),
    ("case.ndjson", [], ndjson([{"id": 1}]), ["stream scase"], []),
]

# Name, bytes, and what the error must say.
NOT_SAMPLES = [
    ("array.json", b'[{"a": 1},\n {"a": 2}]\n', "a JSON array.*jq"),
    ("array_lines.json", b'[\n{"a": 1},\n{"a": 2}\n]\n', "a JSON array.*jq"),
    ("pretty.json", b'{\n  "a": 1\n}\n', "several lines.*jq"),
    ("packed.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0", "compressed with gzip.*gzip -dk"),
    ("packed.zst", b"\x28\xb5\x2f\xfd\x00", "compressed with zstd"),
    ("wide.csv", "id,at\n1,2\n".encode("utf-16"), "UTF-16 text.*iconv"),
    ("book.xlsx", b"PK\x03\x04\x14\0", "a ZIP archive"),
    ("mac.ndjson", b'{"a":1}\r{"a":2}\r', "CR alone.*tr "),
    ("header.csv", b"id,at\n", "a header and no row"),
    ("empty.csv", b"", "it is empty"),
    ("text.ndjson", b"hello\n", "not a JSON object"),
]
