#!/usr/bin/env python3
"""`braid schema`, and what `braid check` says of products whose schemas are kept.

    schemas.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import SCRIPT, USAGE, Case

SHOP = """domain shop

stream order version 1
  time at within 1m
  from file "order.ndjson" format json(unit: "ms")
{{ id: int, city: string? from "customer.city", amount: decimal(12,2), channel: string = "web", at: timestamp,
  kind: enum {{ a, b }} }}

product sold version {version}
  key id
  {promise}
{{
  from order
  select {{ {fields} }}
}}
"""
FIELDS = "id, amount, city, kind, at"


def write(case: Case, fields: str = FIELDS, promise: str = "contract { compatible backward }", version: int = 1) -> None:
    shop = case.directory / "shop"
    shop.mkdir(exist_ok=True)
    (shop / "braid.toml").write_text('[project]\nname = "shop"\n')
    (shop / "shop.braid").write_text(SHOP.format(fields=fields, promise=promise, version=version))


def kept(case: Case) -> list:
    return sorted(path.name for path in (case.directory / "shop/schemas").glob("*"))


def schemas_are_shown(case: Case) -> None:
    write(case)
    case.expect(case.braid("schema", "", "shop").out.split("\n")[:2] ==
                ["shop.order  stream version 1", "shop.sold   product version 1"], "the list")
    told = case.braid("schema", "sold", "shop")
    schema = json.loads(told.out)
    case.expect(list(schema["properties"]) == ["id", "amount", "city", "kind", "at"], f"{told}")
    case.expect(schema["required"] == ["id", "amount", "kind", "at"] and schema["title"] == "shop.sold.v1", f"{told}")
    case.expect(case.braid("schema", "shop.sold", "shop/shop.braid").out == told.out, "not the same text")
    source = json.loads(case.braid("schema", "order", "shop").out)
    case.expect(source["required"] == ["id", "amount", "at", "kind"], f"{source}")
    case.expect("anyOf" in source["properties"]["customer"] and "anyOf" in source["properties"]["at"], f"{source}")


def mistakes_are_answered(case: Case) -> None:
    write(case)
    told = case.braid("schema", "sodl", "shop", code=USAGE, finding="E7070")
    case.expect("did you mean `sold`?" in told.err, f"{told}")
    case.braid("schema", "sold", "shop", "--format", "xml", code=USAGE)
    case.braid("schema", "order", "shop", "--keep", code=USAGE, finding="E7017")
    case.expect(not (case.directory / "shop/schemas").exists(), "something was kept")


def what_is_kept_is_compared(case: Case) -> None:
    write(case)
    case.braid("check", "shop")
    case.expect(case.braid("schema", "sold", "shop", "--keep").out == "shop/schemas/shop.sold.v1-1.schema.json\n", "the path")
    case.braid("schema", "sold", "shop", "--keep")
    case.expect(kept(case) == ["shop.sold.v1-1.schema.json"], f"an unchanged schema was kept again: {kept(case)}")
    case.expect("W7074" not in case.braid("check", "shop").codes, "nothing changed")
    # A field that old rows do not have; a type that does not take the old values; a symbol that is gone.
    write(case, "id, amount: decimal(amount, 8, 2), city, kind, at, channel")
    told = case.braid("check", "shop", code=SCRIPT, finding="E7071")
    for part in ("`channel` is new, and old rows do not have it; make it optional",
                 "`amount` was `decimal(12,2)` and is `decimal(8,2)`", "`product sold version 2`"):
        case.expect(part in told.err, f"`{part}` is missing: {told}")
    finding = [json.loads(line) for line in case.braid("check", "shop", "--json", code=SCRIPT).out.splitlines()]
    case.expect(any(each["code"] == "E7071" for each in finding), f"{finding}")
    case.braid("schema", "sold", "shop", "--keep", code=SCRIPT, finding="E7071")
    case.expect(kept(case) == ["shop.sold.v1-1.schema.json"], "what breaks was kept")
    # The ways out: a change that keeps the promise, another promise, the next version.
    write(case, FIELDS + ", again: city")
    told = case.braid("check", "shop", finding="W7074")
    case.expect("braid schema shop.sold --keep" in told.err, f"{told}")
    write(case, "id", promise="contract { compatible forward }")
    told = case.braid("check", "shop", code=SCRIPT, finding="E7071")
    case.expect("old readers of new rows: `amount` is gone, and old readers need it; keep it in the result" in told.err, f"{told}")
    write(case, "id", promise="contract { compatible none }")
    case.braid("check", "shop", finding="W7074")
    write(case, "id", version=2)
    case.expect(not case.braid("check", "shop").codes, "a version is a line of its own")


def avro_is_kept_beside(case: Case) -> None:
    write(case)
    told = case.braid("schema", "sold", "shop", "--format", "avro")
    schema = json.loads(told.out)
    case.expect((schema["type"], schema["namespace"], schema["name"]) == ("record", "shop", "sold"), f"{told}")
    case.expect(schema["fields"][2] == {"name": "city", "type": ["null", "string"], "default": None}, f"{told}")
    case.braid("schema", "order", "shop", "--format", "avro", code=USAGE, finding="E7017")
    case.braid("schema", "sold", "shop", "--format", "avro", "--keep")
    case.braid("schema", "sold", "shop", "--keep")
    case.expect(kept(case) == ["shop.sold.v1-1.avsc", "shop.sold.v1-1.schema.json"], f"{kept(case)}")
    # An optional field is new to both; a decimal with more digits behind the point is another number in Avro.
    write(case, FIELDS + ", again: city")
    told = case.braid("check", "shop", finding="W7074")
    case.expect("--format avro --keep" in told.err, f"{told}")
    write(case, "id, amount: decimal(amount, 14, 4), city, kind, at")
    told = case.braid("check", "shop", code=SCRIPT, finding="E7071")
    case.expect("v1-1.avsc" in told.err and "W7074" in told.codes, f"{told}")
    (case.directory / "shop/schemas/shop.sold.v1-1.avsc").write_text('{"type":"record"}')
    told = case.braid("check", "shop", code=USAGE, finding="E7073")


def numbers_of_protobuf_are_kept(case: Case) -> None:
    write(case)
    case.braid("schema", "order", "shop", "--format", "protobuf", code=USAGE, finding="E7017")
    told = case.braid("schema", "sold", "shop", "--format", "protobuf", "--keep")
    case.expect(told.out == "shop/schemas/shop.sold.v1-1.proto\n", f"{told}")
    text = (case.directory / "shop/schemas/shop.sold.v1-1.proto").read_text()
    case.expect("optional string city = 3;" in text and "Kind kind = 4;" in text, text)
    # Columns come, go, and change places.
    write(case, "at, channel, kind, id")
    told = case.braid("check", "shop", finding="W7074")
    case.expect("--format protobuf --keep" in told.err, f"{told}")
    text = case.braid("schema", "sold", "shop", "--format", "protobuf").out
    for part in ("reserved 2 to 3;", 'reserved "amount", "city";', "string channel = 6;", "Kind kind = 4;", "int64 id = 1;"):
        case.expect(part in text, f"`{part}` is missing: {text}")
    write(case, "id: 0.5, amount, city, kind, at")
    told = case.braid("check", "shop", code=SCRIPT, finding="E7071")
    case.expect("`id` was `int64` and is `" in told.err, f"{told}")
    write(case, "id, amount, x: [[id]], kind, at")
    case.braid("schema", "sold", "shop", "--format", "protobuf", code=USAGE, finding="E7110")


def transitive_levels_look_further(case: Case) -> None:
    write(case, "id, city")
    case.braid("schema", "sold", "shop", "--keep")
    write(case, "id")
    case.braid("schema", "sold", "shop", "--keep")
    write(case, "id, city: city ?? \"\"", promise="contract { compatible backward_transitive }")
    told = case.braid("check", "shop", code=SCRIPT, finding="E7071")
    case.expect("v1-1" in told.err and "`city` was optional" in told.err, f"{told}")
    case.expect("v1-2" in told.err and "`city` is new" in told.err, f"{told}")


def broken_kept_schemas_are_named(case: Case) -> None:
    write(case)
    case.braid("schema", "sold", "shop", "--keep")
    path = case.directory / "shop/schemas/shop.sold.v1-1.schema.json"
    for text in ("", "{", "[]", '{"$ref": "#/x"}', '{"type": 7}', "{\"items\":" * 3000 + "1" + "}" * 3000, "\xff\x00"):
        path.write_text(text, errors="surrogateescape")
        told = case.braid("check", "shop", code=USAGE, finding="E7073")
        case.expect("shop.sold.v1-1.schema.json" in told.err, f"{told}")


def unknown_levels_are_mistakes(case: Case) -> None:
    write(case, promise="contract { compatible backwards }")
    case.braid("check", "shop", code=SCRIPT, finding="E4108")


if __name__ == "__main__":
    braid_command.main([schemas_are_shown, mistakes_are_answered, what_is_kept_is_compared, avro_is_kept_beside,
                        numbers_of_protobuf_are_kept, transitive_levels_look_further,
                        broken_kept_schemas_are_named, unknown_levels_are_mistakes])
