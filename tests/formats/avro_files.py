#!/usr/bin/env python3
"""Avro container files: the command against fastavro.

    avro_files.py BRAID [--only NAME] [--seed N] [--keep]
"""
import datetime
import decimal
import io
import json
import math
import os
import pathlib
import random
import signal
import struct
import sys
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import oracle_packages

oracle_packages.run_with({"fastavro": "fastavro==1.13.0", "cramjam": "cramjam", "backports.zstd": "backports.zstd"})

import fastavro
import braid_command
from braid_command import DONE, INPUT, STORE, Case

CODECS = ["null", "deflate", "zstandard", "snappy"]
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


def random_type(rng: random.Random, names: list, depth: int):
    """A schema of a type that the language has."""
    kinds = ["boolean", "int", "long", "float", "double", "bytes", "string", "decimal", "fixed_decimal", "date",
             "time-millis", "time-micros", "timestamp-millis", "timestamp-micros", "uuid", "enum", "fixed"]
    if depth > 0:
        kinds += ["array", "record", "array", "record"]
    kind = rng.choice(kinds)
    names.append(f"n{len(names)}")
    name = names[-1]
    made = {
        "decimal": {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4},
        "fixed_decimal": {"type": "fixed", "name": name, "size": 9, "logicalType": "decimal", "precision": 18, "scale": 2},
        "date": {"type": "int", "logicalType": "date"},
        "time-millis": {"type": "int", "logicalType": "time-millis"},
        "time-micros": {"type": "long", "logicalType": "time-micros"},
        "timestamp-millis": {"type": "long", "logicalType": "timestamp-millis"},
        "timestamp-micros": {"type": "long", "logicalType": "timestamp-micros"},
        "uuid": {"type": "string", "logicalType": "uuid"},
        "enum": {"type": "enum", "name": name, "symbols": ["RED", "GREEN", "blue_1"]},
        "fixed": {"type": "fixed", "name": name, "size": rng.randrange(1, 20)},
    }.get(kind, kind)
    if kind == "array":
        made = {"type": "array", "items": random_type(rng, names, depth - 1)}
    if kind == "record":
        made = {"type": "record", "name": name,
                "fields": [{"name": f"p{i}", "type": random_type(rng, names, depth - 1)} for i in range(rng.randrange(1, 4))]}
    if rng.random() < 0.3:
        made = ["null", made] if rng.random() < 0.7 else [made, "null"]
    return made


def random_value(rng: random.Random, schema):
    if isinstance(schema, list):
        if rng.random() < 0.3:
            return None
        return random_value(rng, next(each for each in schema if each != "null"))
    kind = schema if isinstance(schema, str) else schema.get("logicalType") or schema["type"]
    text = "".join(rng.choice("aé€😀 \n\"\\,x") for _ in range(rng.choice([0, 1, 3, 20, 200])))
    micros = rng.randrange(-62_000_000_000_000_000, 250_000_000_000_000_000)
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "int":
        return rng.choice([0, -1, 1, 2**31 - 1, -2**31, rng.randrange(-2**31, 2**31), rng.randrange(-100, 100)])
    if kind == "long":
        return rng.choice([0, -1, 2**63 - 1, -2**63, rng.randrange(-2**63, 2**63), rng.randrange(-100, 100)])
    if kind == "float":
        return struct.unpack("<f", struct.pack("<f", rng.uniform(-1e6, 1e6)))[0]
    if kind == "double":
        return rng.choice([0.0, -1.5, math.inf, -math.inf, 5e-324, rng.uniform(-1e300, 1e300)])
    if kind == "bytes":
        return rng.randbytes(rng.choice([0, 1, 16, 300]))
    if kind == "string":
        return text
    if kind == "decimal":
        digits = min(schema["precision"], 18 if schema["type"] == "fixed" else 20)
        whole = rng.choice([0, -1, 127, 128, -128, -129, 10**digits - 1, rng.randrange(-10**digits + 1, 10**digits)])
        return decimal.Decimal(whole).scaleb(-schema["scale"])
    if kind == "date":
        return (EPOCH + datetime.timedelta(microseconds=micros)).date()
    if kind in ("time-millis", "time-micros"):
        unit = 1000 if kind == "time-millis" else 1
        day = rng.randrange(86_400_000_000) // unit * unit
        return (datetime.datetime.min + datetime.timedelta(microseconds=day)).time()
    if kind in ("timestamp-millis", "timestamp-micros"):
        unit = 1000 if kind == "timestamp-millis" else 1
        return EPOCH + datetime.timedelta(microseconds=micros // unit * unit)
    if kind == "uuid":
        return uuid.UUID(int=rng.getrandbits(128))
    if kind == "enum":
        return rng.choice(schema["symbols"])
    if kind == "fixed":
        return rng.randbytes(schema["size"])
    if kind == "array":
        return [random_value(rng, schema["items"]) for _ in range(rng.choice([0, 1, 2, 5]))]
    return {field["name"]: random_value(rng, field["type"]) for field in schema["fields"]}


def write(path: pathlib.Path, schema, rows: list, codec: str = "null", mode: str = "wb", **options) -> None:
    with path.open(mode) as file:
        fastavro.writer(file, fastavro.parse_schema(schema), rows, codec=codec, **options)


def read(path: pathlib.Path) -> list:
    with path.open("rb") as file:
        return list(fastavro.reader(file))


def record(*fields, name: str = "r") -> dict:
    return {"type": "record", "name": name, "fields": [{"name": n, "type": t} for n, t in fields]}


def project(case: Case, stream: str, select: str, name: str = "main", step: str = "") -> pathlib.Path:
    folder = case.directory / name
    (folder / "in").mkdir(parents=True, exist_ok=True)
    (folder / "main.braid").write_text(f"domain d\n\n{stream}\n\nproduct p {{\n  from s\n{step}  select {{ {select} }}\n}}\n")
    (folder / "braid.toml").write_text('[project]\nname = "main"\n[env.dev]\nstore = "store"\n[env.dev.out]\n'
                                       '"d.p" = { file = "out/p.avro", format = "avro" }\n')
    return folder


def run(case: Case, folder: pathlib.Path, *words, **options):
    return case.braid("run", folder, *words, cwd=folder, **options)


def rejected(folder: pathlib.Path) -> list:
    path = folder / "store/out/d.p.v1.rejected.ndjson"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


SIMPLE = record(("id", "long"), ("text", "string"))
SIMPLE_STREAM = 'stream s\n  from file "in/*.avro" format avro\n{ id: int, text: string }'


def simple(numbers) -> list:
    return [{"id": n, "text": f"text {n}"} for n in numbers]


def random_files_come_back_equal(case: Case) -> None:
    """infer, read, write as Avro, read back: by fastavro at both ends."""
    for round in range(int(os.environ.get("BRAID_ROUNDS", "6"))):
        rng = random.Random(case.random.randrange(1 << 32))
        names = []
        schema = record(*[(f"f{i}", random_type(rng, names, 2)) for i in range(rng.randrange(1, 9))])
        rows = [{f["name"]: random_value(rng, f["type"]) for f in schema["fields"]}
                for _ in range(rng.choice([1, 50, 700]))]
        codec = CODECS[round % len(CODECS)]
        folder = project(case, "", "", name=f"round{round}")
        path = folder / "in/rows.avro"
        write(path, schema, rows, codec, sync_interval=rng.choice([1, 500, 16000]))
        stream = case.braid("infer", "in/rows.avro", "--name", "s", cwd=folder).out
        # A time of any century would be too far in the future.
        stream = "\n".join(line for line in stream.splitlines() if not line.startswith(("  time ", "  key ")))
        folder = project(case, stream, ", ".join(f["name"] for f in schema["fields"]), name=f"round{round}")
        run(case, folder)
        found = read(folder / "out/p.avro")
        case.expect(not rejected(folder), f"round {round}: rejected {rejected(folder)[:1]}\n{stream}")
        case.expect(len(found) == len(rows), f"round {round}: {len(found)} rows of {len(rows)}")
        for expected, row in zip(rows, found):
            case.expect(repr(normal(expected)) == repr(normal(row)), f"round {round}: {expected}\nbecame {row}\n{stream}")


def normal(value):
    """As Python prints equal values alike: decimals by their digits, numbers as such."""
    if isinstance(value, decimal.Decimal):
        return value.normalize() + 0
    if isinstance(value, dict):
        return {name: normal(each) for name, each in value.items()}
    if isinstance(value, list):
        return [normal(each) for each in value]
    return value


def conversions_follow_the_declaration(case: Case) -> None:
    schema = record(
        ("promoted", "int"), ("exact", "int"), ("amount", {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}),
        ("text_time", "string"), ("nanos", {"type": "long", "logicalType": "timestamp-nanos"}), ("seconds", "long"),
        ("local", {"type": "long", "logicalType": "local-timestamp-micros"}),
        ("length", {"type": "fixed", "name": "length_t", "size": 12, "logicalType": "duration"}),
        ("color", {"type": "enum", "name": "color_t", "symbols": ["red", "green"]}),
        ("customer", ["null", {"type": "record", "name": "customer_t", "fields": [
            {"name": "id", "type": "long"}, {"name": "name", "type": "string", "aliases": ["label"]}]}]),
        ("attributes", {"type": "map", "values": "string"}), ("choice", ["long", "string"]))
    stream = """stream s
  from file "in/*.avro" format avro(unit: "s", zone: "Europe/Paris")
{ promoted: float, exact: decimal(12,1), amount: decimal(8,3), text_time: timestamp, nanos: timestamp, seconds: timestamp,
  local: timestamp, length: duration, color: string, customer_id: int? from "customer.id", label: string? from "customer.label",
  who: { id: int, name: string, missing: string? }? from "customer", choice: int, absent: string?, given: int = 7 }"""
    names = ("promoted, exact, amount, text_time, nanos, seconds, local, length, color, customer_id, label, who, choice, "
             "absent, given")
    folder = project(case, stream, names)
    row = {"promoted": 3, "exact": 5, "amount": decimal.Decimal("12.30"), "text_time": "2026-01-01T12:00:00+01:00",
           "nanos": 1_767_225_600_000_001_999, "seconds": 1_767_225_600, "local": 1_767_225_600_000_000,
           "length": struct.pack("<III", 0, 1, 1500), "color": "green", "customer": {"id": 9, "name": "n"},
           "attributes": {"a": "b"}, "choice": 4}
    rows = [row, {**row, "customer": None}, {**row, "choice": "a text"}, {**row, "text_time": "noon"},
            {**row, "length": struct.pack("<III", 1, 0, 0)}]
    write(folder / "in/a.avro", schema, rows)
    ended = run(case, folder)
    found = read(folder / "out/p.avro")
    case.expect(len(found) == 2, f"{len(found)} rows; {ended}")
    noon = datetime.datetime(2026, 1, 1, tzinfo=UTC)
    expected = {"promoted": 3.0, "exact": decimal.Decimal("5.0"), "amount": decimal.Decimal("12.300"),
                "text_time": noon + datetime.timedelta(hours=11), "nanos": noon + datetime.timedelta(microseconds=1),
                "seconds": noon, "local": noon - datetime.timedelta(hours=1), "length": "P1DT1.5S", "color": "green",
                "customer_id": 9, "label": "n", "who": {"id": 9, "name": "n", "missing": None}, "choice": 4,
                "absent": None, "given": 7}
    case.expect(found[0] == expected, f"{found[0]}\nis not {expected}")
    case.expect(found[1] == {**expected, "customer_id": None, "label": None, "who": None}, f"{found[1]}")
    expected = ["E6003 `choice` holds text, and it is `int`", "E6008 `noon` in `text_time` is no timestamp",
                "E6005 `AQAAAAAAAAAAAAAA` in `length` does not fit `duration`"]
    found = [f"{each['code']} {each['reason']}" for each in rejected(folder)]
    case.expect(found == expected, f"{found}")
    case.expect([each["origin"]["line"] for each in rejected(folder)] == [3, 4, 5], f"{rejected(folder)}")


def schemas_that_do_not_fit_stop_the_job(case: Case) -> None:
    for declared, reason in [
            ("{ id: string, text: string }", r"`id` is `long` in its schema, and `string` here"),
            ("{ id: int, other: string }", r"its schema has no field `other`: it has `id`, `text`"),
            ("{ id: timestamp, text: string }", r"`unit` says what its numbers are"),
            ("{ id: int, part: int from \"text.part\" }", r"`text` is `string` in its schema, and has no `part`")]:
        name = f"case{len(list(case.directory.iterdir()))}"
        fields = ", ".join(word.split(":")[0].strip() for word in declared.strip("{ }").split(","))
        folder = project(case, f'stream s\n  from file "in/*.avro" format avro\n{declared}', fields, name=name)
        write(folder / "in/a.avro", SIMPLE, simple(range(3)))
        ended = run(case, folder, code=INPUT, finding="E7061")
        case.expect(reason in ended.err, f"expected {reason}: {ended}")
        case.expect("in/a.avro" in ended.err, f"{ended}")


def broken_files_say_where(case: Case) -> None:
    whole = io.BytesIO()
    fastavro.writer(whole, fastavro.parse_schema(SIMPLE), simple(range(300)), codec="deflate", sync_interval=500)
    content = whole.getvalue()
    marker = content[-16:]
    first_end = content.index(marker, content.index(marker) + 1) + 16
    damaged = bytearray(content)
    damaged[first_end - 20] ^= 0xFF
    wrong_marker = bytearray(content)
    wrong_marker[first_end - 1] ^= 1
    for number, (data, reason) in enumerate([
            (content[:-10], "it ends within a block"), (content[:20], "it ends within its header"),
            (bytes(damaged), "deflate"), (bytes(wrong_marker), "the marker behind a block is not that of the file"),
            (content[:first_end] + b"\x03\x02", "the size of a block is negative"),
            (b"not Avro", "it does not begin as an Avro container file does"),
            (content.replace(b"deflate", b"defl8te"), "defl8te")]):
        folder = project(case, SIMPLE_STREAM, "id, text", name=f"case{number}")
        (folder / "in/a.avro").write_bytes(data)
        ended = run(case, folder, code=INPUT, finding="E7060")
        case.expect(reason in ended.err, f"expected {reason}: {ended}")
    # Another format is named.
    folder = project(case, SIMPLE_STREAM.replace("format avro", "format json"), "id, text", name="json")
    (folder / "in/a.avro").write_bytes(content)
    ended = run(case, folder, code=INPUT, finding="E7030")
    case.expect("format avro" in ended.err, f"{ended}")


def broken_records_take_the_rest_of_their_block(case: Case) -> None:
    folder = project(case, SIMPLE_STREAM, "id, text")
    parts = io.BytesIO()
    fastavro.writer(parts, fastavro.parse_schema(SIMPLE), simple(range(2)))
    content = parts.getvalue()
    marker = content[-16:]

    def block(count: int, data: bytes) -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, "long", count)
        fastavro.schemaless_writer(out, "bytes", data)
        return out.getvalue() + marker

    def value(row: dict) -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, SIMPLE, row)
        return out.getvalue()

    good = simple(range(10, 14))
    content += block(4, value(good[0]) + b"\x02\x7f" + value(good[1]) + value(good[2]))  # a text that is too long
    content += block(1, value(good[3]).replace(b"text", b"te\xffx"))
    content += block(2, value(good[1]) + value(good[2]) + b"\x00")
    (folder / "in/a.avro").write_bytes(content)
    run(case, folder)
    case.expect([row["id"] for row in read(folder / "out/p.avro")] == [0, 1, 10, 11, 12], f"{read(folder / 'out/p.avro')}")
    found = [(each["code"], each["origin"]["line"]) for each in rejected(folder)]
    case.expect(found == [("E6040", 4), ("E6020", 7), ("E6040", 10)], f"{found}")
    case.expect("2 records behind it in its block" in rejected(folder)[0]["reason"], rejected(folder)[0]["reason"])


def runs_go_on_where_the_last_one_ended(case: Case) -> None:
    for codec in CODECS:
        folder = project(case, SIMPLE_STREAM, "id, text", name=codec)
        path = folder / "in/a.avro"
        write(path, SIMPLE, simple(range(1000)), codec, sync_interval=300)
        run(case, folder)
        case.expect("nothing new" in run(case, folder).out, f"{codec}: a second run found something")
        write(path, SIMPLE, simple(range(1000, 1200)), codec, mode="a+b", sync_interval=300)
        write(folder / "in/b.avro", record(("text", "string"), ("more", "double"), ("id", "int")),
              [{"text": "other", "more": 0.5, "id": 5000}], codec)
        run(case, folder)
        case.expect([row["id"] for row in read(folder / "out/p.avro")] == [*range(1200), 5000], f"{codec}: other rows")


def large_blocks_and_many_turns(case: Case) -> None:
    rows = [{"id": n, "text": f"{n} " + "x" * case.random.randrange(2000)} for n in range(4000)]
    outputs = []
    for codec, interval in [("null", 16000), ("null", 3_000_000), ("deflate", 16000), ("zstandard", 3_000_000)]:
        folder = project(case, SIMPLE_STREAM, "id, text", name=f"{codec}{interval}")
        write(folder / "in/a.avro", SIMPLE, rows, codec, sync_interval=interval)
        run(case, folder, "--workers", 2)
        outputs.append((folder / "out/p.avro").read_bytes())
        case.expect(read(folder / "out/p.avro") == rows, f"{codec} in blocks of {interval}: other rows")
    case.expect(all(each == outputs[0] for each in outputs), "the same rows gave other bytes")


def killed_runs_lose_and_repeat_nothing(case: Case) -> None:
    folder = project(case, SIMPLE_STREAM, "id, text")
    rows = simple(range(60_000))
    write(folder / "in/a.avro", SIMPLE, rows, "snappy", sync_interval=4000)
    for _ in range(6):
        process = case.start("run", folder, "--commit-every", 1, cwd=folder)
        time.sleep(case.random.uniform(0.02, 0.25))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    run(case, folder)
    case.expect(read(folder / "out/p.avro") == rows, "rows are missing, or repeated")


def growing_files_are_followed(case: Case) -> None:
    folder = project(case, SIMPLE_STREAM, "id, text")
    path = folder / "in/a.avro"
    whole = io.BytesIO()
    fastavro.writer(whole, fastavro.parse_schema(SIMPLE), simple(range(400)), sync_interval=200)
    content = whole.getvalue()
    path.write_bytes(content[:30])  # a part of the header
    process = case.start("run", folder, "--follow", "--commit-within", "50ms", cwd=folder)
    try:
        for begin in range(30, len(content), 1700):
            with path.open("ab") as file:
                file.write(content[begin:begin + 1700])
            time.sleep(0.03)
        for _ in range(200):
            out = folder / "out/p.avro"
            if out.exists() and out.stat().st_size > 200 and len(read(out)) == 400:
                break
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        ended = case.ended(process)
    case.expect(ended.code == DONE, f"{ended}")
    case.expect([row["id"] for row in read(folder / "out/p.avro")] == list(range(400)), "rows are missing")


def an_output_keeps_its_schema(case: Case) -> None:
    folder = project(case, SIMPLE_STREAM, "id, text")
    write(folder / "in/a.avro", SIMPLE, simple(range(3)))
    run(case, folder)
    project(case, SIMPLE_STREAM, "id, text, more: id * 2")
    write(folder / "in/b.avro", SIMPLE, simple(range(3, 5)))
    run(case, folder, "--accept", "all", code=STORE, finding="E7063")
    case.expect([row["id"] for row in read(folder / "out/p.avro")] == [0, 1, 2], "the file was changed")
    # A name that Avro does not have.
    folder = project(case, SIMPLE_STREAM, "id, `a name`: text", name="named")
    write(folder / "in/a.avro", SIMPLE, simple(range(3)))
    run(case, folder, code=STORE, finding="E7062")


if __name__ == "__main__":
    braid_command.main([random_files_come_back_equal, conversions_follow_the_declaration,
                        schemas_that_do_not_fit_stop_the_job, broken_files_say_where,
                        broken_records_take_the_rest_of_their_block, runs_go_on_where_the_last_one_ended,
                        large_blocks_and_many_turns, killed_runs_lose_and_repeat_nothing, growing_files_are_followed,
                        an_output_keeps_its_schema])
