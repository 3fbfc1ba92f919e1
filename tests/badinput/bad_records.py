#!/usr/bin/env python3
"""Everything that can be wrong with records and with the files that contain them.

    bad_records.py BRAID [--only NAME] [--seed N] [--keep]

A bad record is rejected with its code, and its neighbours are not touched.
"""
import gzip
import json
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import braid_command
from braid_command import DONE, INPUT, Case, difference, tree

RECORDS_TOML = """[project]
name = "records"
[env.dev]
store = "store"
[env.dev.bind]
"shop.item" = { file = "item.ndjson", format = "json" }
"shop.cell" = { file = "cell.csv", format = "csv", options = { null = "NA" } }
"""
RECORDS_SCRIPT = """domain shop

stream item version 1
  time at within 1h
  key id
{ id: int, at: timestamp, name: string, price: decimal(8,2), size: enum { small, large }, tags: list<string>?,
  note: string? }

product items version 1
  key id
{
  from item
  select { id, at, name, price, size, tags }
}

stream cell version 1
  time at within 1h
  key id
{ id: int, at: timestamp, name: string, price: decimal(8,2)? }

product cells version 1
  key id
{
  from cell
  select { id, at, name, price }
}
"""


def item(number: int, **changes) -> bytes:
    row = {"id": number, "at": f"2024-01-01T00:{number % 60:02}:00Z", "name": f"n{number}", "price": 1.5,
           "size": "small", **changes}
    return json.dumps({name: value for name, value in row.items() if value is not ...}).encode()


# Each with the code that its row in `rejected` has.
BAD_ITEMS = [
    (b"{", "E6021"),
    (item(1)[:30], "E6021"),
    (b"not JSON", "E6021"),
    (b"[1, 2]", "E6021"),
    (b'"text"', "E6021"),
    (item(1) + b"x", "E6021"),
    (item(1) + item(2), "E6021"),
    (item(1).replace(b'"n1"', b'"\x01"'), "E6021"),
    (item(1).replace(b'"n1"', b'"\\ud800"'), "E6021"),
    (item(1).replace(b'"n1"', b'"\\q"'), "E6021"),
    (item(1).replace(b"1.5", b"01.5"), "E6021"),
    (item(1).replace(b"1.5", b"NaN"), "E6021"),
    (item(1).replace(b"n1", b"\xff\xfe"), "E6020"),
    (item(1).replace(b"n1", b"\xc3"), "E6020"),
    (item(1).replace(b"n1", b"\xed\xa0\x80"), "E6020"),
    (item(1).replace(b"n1", b"\xc0\xaf"), "E6020"),
    (item(1, id=...), "E6001"),
    (item(1, at=...), "E6001"),
    (item(1, price=...), "E6001"),
    (item(1, name=None), "E6002"),
    (item(1, id=None), "E6002"),
    (item(1, name=7), "E6003"),
    (item(1, name=["n"]), "E6003"),
    (item(1, tags="red"), "E6003"),
    (item(1, tags=["red", 7]), "E6003"),
    (item(1, size="huge"), "E6007"),
    (item(1, at="yesterday"), "E6008"),
    (item(1, at="2024-02-30T00:00:00Z"), "E6008"),
    (item(1).replace(b'"id": 1', b'"id": 92233720368547758080'), "E6005"),
    (item(1).replace(b"1.5", b"1.555"), "E6006"),
    (item(1).replace(b"1.5", b"1e30"), "E6005"),
    (b'{"id": 5, ' + item(1)[1:], "E6022"),
    (item(1)[:-1] + b', "name": "again"}', "E6022"),
    (item(1)[:-1] + b', "note": ' + b"[" * 100 + b"]" * 100 + b"}", "E6023"),
    (item(1)[:-1] + b', "other": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", "E6023"),
    (item(1)[:-1] + b', "other": ' + b"[" * 200_000, "E6023"),
    (item(1, note="x" * 1_100_000), "E6024"),
    (b"y" * 1_500_000, "E6024"),
    (item(1, at="2099-01-01T00:00:00Z"), "E6302"),
]
BAD_CELLS = [
    (b"1,2024-01-01T00:01:00Z", "E6025"),
    (b"1,2024-01-01T00:01:00Z,n,1.5,more", "E6025"),
    (b"x,2024-01-01T00:01:00Z,n,1.5", "E6004"),
    (b"1,2024-13-01T00:01:00Z,n,1.5", "E6008"),
    (b"1,2024-01-01T00:01:00Z,n,cheap", "E6004"),
    (b"NA,2024-01-01T00:01:00Z,n,1.5", "E6002"),
    (b"1,2024-01-01T00:01:00Z,\xff,1.5", "E6020"),
    (b'1,2024-01-01T00:01:00Z,"n"x,1.5', "E6027"),
    (b"1,2024-01-01T00:01:00Z," + b"n" * 1_100_000 + b",1.5", "E6024"),
]


def cell(number: int) -> bytes:
    return f'{number},2024-01-01T00:{number % 60:02}:00Z,"a ""b"", c{number}",{"NA" if number % 3 else "1.50"}'.encode()


def records_project(case: Case, items: bytes, cells: bytes) -> pathlib.Path:
    project = case.directory / "records"
    project.mkdir(exist_ok=True)
    (project / "braid.toml").write_text(RECORDS_TOML)
    (project / "shop").mkdir(exist_ok=True)
    (project / "shop/domain.braid").write_text("domain shop\n")
    (project / "shop/records.braid").write_text(RECORDS_SCRIPT)
    (project / "item.ndjson").write_bytes(items)
    (project / "cell.csv").write_bytes(b"id,at,name,price\n" + cells)
    return project


def rejected_codes(path: pathlib.Path) -> list:
    if not path.exists():
        return []
    return [json.loads(line)["code"] for line in path.read_text(encoding="utf-8").splitlines()]


def broken_records_are_rejected(case: Case) -> None:
    """Good records lie around the bad ones, in another order each time: they come out as if they were alone."""
    good_items, good_cells = [item(i) for i in range(100, 150)], [cell(i) for i in range(100, 150)]
    project = records_project(case, b"".join(line + b"\n" for line in good_items),
                              b"".join(line + b"\n" for line in good_cells))
    case.braid("run", project, "--store", "alone")
    alone = tree(case.directory / "alone/out")
    case.expect(len(alone) == 2 and all(len(rows.splitlines()) == 50 for rows in alone.values()),
                f"the good records do not all come out: {list(alone)}")
    for number, words in enumerate(([], ["--interpret", "--commit-every", "1"])):
        mixed = {}
        for name, good, bad in (("items", good_items, BAD_ITEMS), ("cells", good_cells, BAD_CELLS)):
            bad = list(bad)
            case.random.shuffle(bad)
            lines, left = [], [line for line in good]
            for line, code in bad:
                take = case.random.randint(0, 2)
                lines += left[:take] + [line]
                left = left[take:]
            mixed[name] = (b"".join(line + b"\n" for line in lines + left), [code for _, code in bad])
        records_project(case, mixed["items"][0], mixed["cells"][0])
        store = case.directory / f"store-{number}"
        case.braid("run", project, "--store", store, *words)
        for name in ("items", "cells"):
            apart = difference({name: alone[f"shop.{name}.v1.ndjson"]},
                               {name: (store / f"out/shop.{name}.v1.ndjson").read_bytes()})
            case.expect(not apart, f"good records suffer from bad ones: {apart}")
            found = rejected_codes(store / f"out/shop.{name}.v1.rejected.ndjson")
            case.expect(sorted(found) == sorted(mixed[name][1]),
                        f"{name}: rejected with {sorted(found)}, expected {sorted(mixed[name][1])}")
    case.note(f"{len(BAD_ITEMS) + len(BAD_CELLS)} kinds of bad records")


def each_broken_record_has_its_code(case: Case) -> None:
    wrong = []
    for kind, product, bad in (("item", "items", BAD_ITEMS), ("cell", "cells", BAD_CELLS)):
        for number, (line, code) in enumerate(bad):
            project = records_project(case, line + b"\n" if kind == "item" else b"",
                                      line + b"\n" if kind == "cell" else b"")
            store = case.directory / f"{kind}-{number}"
            case.braid("run", project, "--store", store, "--interpret")
            found = rejected_codes(store / f"out/shop.{product}.v1.rejected.ndjson")
            if found != [code]:
                wrong.append(f"{kind} {line[:90]!r}: expected {code}, found {found}")
    case.expect(not wrong, "\n  ".join(["other codes than stated:", *wrong]))


def odd_files_are_read(case: Case) -> None:
    """Empty files, missing line ends, CRLF, empty lines."""
    good = [item(i) for i in range(3)]
    cells = [cell(i) for i in range(3)]
    expected = None
    for name, end, last in (("plain", b"\n", b"\n"), ("no last line end", b"\n", b""), ("CRLF", b"\r\n", b"\r\n"),
                            ("empty lines", b"\n\n", b"\n\n\n")):
        project = records_project(case, end.join(good) + last, end.join(cells) + last)
        case.braid("run", project, "--store", name)
        found = tree(case.directory / name / "out")
        expected = expected or found
        apart = difference(expected, found)
        case.expect(not apart, f"{name}: {apart}")
    project = records_project(case, b"", b"")
    (project / "cell.csv").write_bytes(b"")
    case.braid("run", project, "--store", "empty")
    rows = tree(case.directory / "empty/out")
    case.expect(not any(rows.values()), f"rows from empty files: {rows}")
    for path, content in (("item.ndjson", good), ("cell.csv", [b"id,at,name,price", *cells])):
        (project / path).write_bytes(b"".join(line + b"\n" for line in content))
    case.braid("run", project, "--store", "empty")
    apart = difference({name: rows for name, rows in expected.items()}, tree(case.directory / "empty/out"))
    case.expect(not apart, f"an empty file that grew later: {apart}")
    (project / "cell.csv").write_bytes(b"at,id,name\n2024-01-01T00:01:00Z,1,n\n")
    case.braid("run", project, "--store", "columns")
    codes = rejected_codes(case.directory / "columns/out/shop.cells.v1.rejected.ndjson")
    case.expect(set(codes) <= {"E6026"}, f"a CSV without a column: {codes}")


ROWS_SCRIPT = """domain shop

stream row
  time at within 1h
  from file "{file}" format {format}
{{ id: int, note: string, at: timestamp }}

product rows {{
  from row
  select {{ id, note }}
}}
"""


def rows_script(case: Case, file: str, format: str) -> pathlib.Path:
    script = case.directory / "rows.braid"
    script.write_text(ROWS_SCRIPT.format(file=file, format=format))
    return script


def every_byte_is_a_record_or_reported(case: Case) -> None:
    """Files whose bytes are easily taken for nothing: each gives its rows, or says with its place what it holds."""
    header, lines = b"id,note,at", [b"%d,n,2024-01-01T00:00:0%dZ" % (i, i) for i in (1, 2, 3)]
    objects = [b'{"id":%d,"note":"n","at":"2024-01-01T00:00:0%dZ"}' % (i, i) for i in (1, 2, 3)]
    text = b"\n".join([header, *lines]) + b"\n"
    for number, (format, content, rows, said) in enumerate([
            ("csv", b"\r".join([header, *lines]) + b"\r", 3, ""),
            ("csv", b"\r".join([header, *lines]), 3, ""),
            ("csv", b"\r\r\n".join([header, *lines]) + b"\r\r\n", 3, ""),
            ("csv", b"\xef\xbb\xbf" + text, 3, ""),
            ("csv", b"\xef\xbb\xbf" + text.replace(b"id", b'"id"'), 3, ""),
            ("csv", header + b"\n", 0, "W7031.* 11 bytes from byte 0 on are the header line"),
            ("csv", header, 0, "W7031.* 10 bytes"),
            ("csv", b"\xef\xbb\xbf", 0, "W7031.* 3 bytes"),
            ("csv", b"\n\n\r\n", 0, "W7031.* 4 bytes"),
            ("csv", header + b"," + b"x" * 1_100_000, 0, "E6024"),
            ("csv", text.decode().encode("utf-16"), None, "E7030.*UTF-16.*iconv"),
            ("csv", text.decode().encode("utf-16-le"), None, "E7030.*UTF-16.*iconv"),
            ("csv", text.decode().encode("utf-32"), None, "E7030.*UTF-32.*iconv"),
            ("csv", gzip.compress(text), None, "E7030.*gzip"),
            ("csv", b"\x28\xb5\x2f\xfd" + text, None, "E7030.*zstd"),
            ("csv", text.replace(b",", b";"), 0, "E6026.*it has `id;note;at`"),
            ("csv", text.replace(b"note", b"Note "), 0, r"E6026.*column 2 is `Note `, which differs by"),
            ("csv", text.replace(b"note", b"note\0"), 0, r"E6026.*column 2 is `note\\x00`, which differs by"),
            ("csv", text.replace(b"note", "\ufeffnote".encode()), 0, r"E6026.*column 2 is `\\u\{FEFF\}note`"),
            ("csv", text.replace(b",n,", b",\0,"), 3, ""),
            ("csv", b"".join(line + b"\n" for line in objects), 0, "W7034.*NDJSON"),
            ("json", b"".join(line + b"\n" for line in objects), 3, ""),
            ("json", b"\xef\xbb\xbf" + b"\r\n".join(objects), 3, ""),
            ("json", b"\n \n", 0, "W7031.* 3 bytes"),
            ("json", b"\0" * 5000, 0, "E6021"),
            ("json", b"[" + b",\n".join(objects) + b"]\n", 0, "W7034.*JSON array.*jq"),
            ("json", b"[\n" + b",\n".join(objects) + b"\n]\n", None, "W7034.*JSON array.*jq"),
            ("json", b"{\n" + b",\n".join(objects[0][1:-1].split(b",")) + b"\n}\n", 0, "W7034.*several lines.*jq"),
            ("json", b"\r".join(objects) + b"\r", 0, "W7034.*CR alone.*tr "),
            ("json", objects[0].decode().encode("utf-16"), None, "E7030.*UTF-16.*iconv"),
            ("json", gzip.compress(objects[0]), None, "E7030.*gzip")]):
        path = case.directory / f"in{number}.{'csv' if format == 'csv' else 'ndjson'}"
        path.write_bytes(content)
        script = rows_script(case, path.name, format)
        failed = said.startswith("E7030")
        ended = case.braid("dry-run", script, "--format", "json", code=INPUT if failed else DONE)
        told = " ".join(ended.err.split())
        if rows is not None:
            case.expect(len(ended.out.splitlines()) == rows, f"{content[:40]!r}: {rows} rows expected: {ended}")
        case.expect(re.search(said, told) is not None, f"{content[:40]!r}: `{said}` is not said: {ended}")
        case.expect(bool(said) or "warning" not in told, f"{content[:40]!r}: a warning for nothing: {ended}")
        case.expect(failed or path.name in told or not re.search("W70", said), f"{content[:40]!r}: no place: {ended}")
        piped = case.start("dry-run", script, "--input", "row=-", "--format", "json", text=False, errors=None,
                           stdin=subprocess.PIPE)
        out, err = piped.communicate(content, timeout=braid_command.SECONDS)
        case.expect(piped.returncode == ended.code and out.decode() == ended.out,
                    f"{content[:40]!r}: standard input gives {out!r} {err!r}, the file {ended}")


def last_records_of_growing_files(case: Case) -> None:
    """Files that grow byte by byte: with --no-seal no record is read before its line end is there."""
    rows = [b"%d,%s,2024-01-01T00:00:%02dZ" % (i, b'"a\n%d"' % i if i % 3 == 0 else b"n%d" % i, i) for i in range(8)]
    for name, end in (("LF", b"\n"), ("CRLF", b"\r\n"), ("CR", b"\r")):
        content = end.join([b"id,note,at", *rows]) + end
        path = case.directory / "grows.csv"
        script = rows_script(case, path.name, "csv")
        path.write_bytes(content)
        store = case.directory / f"whole-{name}"
        case.braid("run", script, "--store", store)
        whole = tree(store / "out")
        store = case.directory / f"grown-{name}"
        cuts = sorted(case.random.sample(range(1, len(content)), 12)) + [content.index(end) + 1]
        for cut in sorted({*cuts, len(content) - 1}):
            path.write_bytes(content[:cut])
            ended = case.braid("run", script, "--store", store, "--no-seal")
            complete = content[:cut].endswith(end) and content[:cut].count(b'"') % 2 == 0 and end != b"\r"
            held = re.search(r"W7032\].* (\d+) bytes from byte (\d+) ", " ".join(ended.err.split()))
            case.expect(complete == (held is None), f"{cut} bytes with {end}: {ended}")
            if held:
                case.expect(int(held[1]) + int(held[2]) == cut, f"{cut} bytes with {end}: another place: {ended}")
        path.write_bytes(content)
        case.braid("run", script, "--store", store)
        apart = difference(whole, tree(store / "out"))
        case.expect(not apart, f"grown with {end}: {apart}")
    # Without --no-seal what is there counts, and the next run says what became of it.
    path.write_bytes(b"id,note,at\n1,n,2024-01-01T00:00:00Z\n2,n,2024-01-01T00:0")
    store = case.directory / "cut"
    case.braid("run", script, "--store", store)
    path.write_bytes(path.read_bytes() + b"0:01Z\n")
    case.braid("run", script, "--store", store, finding="W7033")


if __name__ == "__main__":
    braid_command.main([broken_records_are_rejected, each_broken_record_has_its_code, odd_files_are_read,
                        every_byte_is_a_record_or_reported, last_records_of_growing_files])
