#!/usr/bin/env python3
"""What a table goes out as: upserts, appended rows and Debezium's changes come to the same table, and what Braid writes
as changes it reads as that table.

    changelogs.py BRAID [--only NAME] [--seed N] [--keep]
"""
import csv
import json
import pathlib
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import braid_command
from braid_command import Case

FORMS = {
    "upserts": ("out/upserts.ndjson", "json", "upsert"),
    "rows": ("out/rows.ndjson", "json", "append"),
    "rows_csv": ("out/rows.csv", "csv", "append"),
    "changes": ("out/changes.ndjson", "json", "debezium"),
    "changes_csv": ("out/changes.csv", "csv", "debezium"),
    "changes_avro": ("out/changes.avro", "avro", "debezium"),
}
SHOP = """domain shop

table item
  key sku
  {time}
  delete when gone
  from file "item-*.ndjson" format json
{{ sku: string, price: int, note: string?, gone: bool = false, at: timestamp }}

view kept {{
  from item
  where price < 90
  select {{ sku, price, note, at }}
}}

view by_price {{
  from kept
  group band: price % 5 {{ n: count(), most: max(price) }}
}}
"""
PRODUCT = """
product {name} version 1
  to file "{path}" format {format} changes as {form}
{{
  from kept
}}

product bands_{name} version 1
  to file "{bands}" format {format} changes as {form}
{{
  from by_price
}}
"""
READER = """domain office

table item
  key sku
  {time}
  from file "../shop/out/changes.ndjson" format debezium(unit: "us")
{{ sku: string, price: int, note: string?, at: timestamp{path} }}

product kept version 1
  to file "kept.ndjson"
{{
  from item
  select {{ sku, price, note }}
}}

table band
  key band
  from file "../shop/out/bands_changes.ndjson" format debezium
{{ band: int, n: int, most: int }}

product bands version 1
  to file "bands.ndjson"
{{
  from band
}}
"""


def write_items(folder: pathlib.Path, seed: int) -> None:
    chance = random.Random(seed)
    for part in range(2):
        lines = []
        for second in range(400):
            item = {"sku": f"{part}{chance.choice('abcdef')}", "price": chance.randrange(100),
                    "at": f"2026-01-01T00:{second // 60:02}:{second % 60:02}.{chance.randrange(10**6):06}Z"}
            if chance.random() < 0.5:
                item["note"] = chance.choice(["", "x", "a,\"b\""])
            if chance.random() < 0.1:
                item["gone"] = True
            lines.append(json.dumps(item) + "\n")
        (folder / f"item-{part}.ndjson").write_text("".join(lines))


def table_of(path: pathlib.Path, form: str, key: str) -> dict:
    """What the records come to; and each is what it says of the record before it."""
    rows = {}
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if form == "debezium":
            before, after, op = record["before"], record["after"], record["op"]
            name = (after or before)[key]
            if before != rows.get(name) or (op == "c") != (before is None) or (op == "d") != (after is None):
                raise AssertionError(f"{path.name}: behind {rows.get(name)} comes {line}")
            if record["source"]["connector"] != "braid" or record["ts_ms"] != record["source"]["ts_ms"]:
                raise AssertionError(f"{path.name}: {line}")
            gone, row = op == "d", after
        elif form == "append":
            op = record.pop("__op")
            name, gone, row = record[key], op == "d", record
            if (op == "c") != (name not in rows):
                raise AssertionError(f"{path.name}: {line}")
        else:
            gone, row = record.pop("__deleted", False), record
            name = record[key]
        if gone:
            rows.pop(name, None)
        else:
            rows[name] = row
    return rows


def of_csv(path: pathlib.Path, mark: str, prefix: str, key: str) -> dict:
    rows = {}
    for record in csv.DictReader(path.open(newline="")):
        gone = record[mark] == "d"
        side = "before." if gone and prefix else prefix
        row = {name[len(side):]: value for name, value in record.items() if name.startswith(side) and name != mark}
        rows.pop(row[key], None) if gone else rows.__setitem__(row[key], row)
    return rows


def run_shop(case: Case, seed: int, time: str = "time at within 1s") -> pathlib.Path:
    shop = case.directory / "shop"
    shop.mkdir()
    (shop / "braid.toml").write_text('[project]\nname = "shop"\n')
    products = "".join(PRODUCT.format(name=name, path=path, format=format, form=form,
                                      bands=path.replace("out/", "out/bands_"))
                       for name, (path, format, form) in FORMS.items())
    (shop / "shop.braid").write_text(SHOP.format(time=time) + products)
    write_items(shop, seed)
    case.braid("run", "shop")
    return shop / "out"


def all_forms_come_to_one_table(case: Case) -> None:
    out = run_shop(case, case.random.randrange(1 << 32))
    for prefix, key in (("", "sku"), ("bands_", "band")):
        wanted = table_of(out / f"{prefix}upserts.ndjson", "upsert", key)
        case.expect(len(wanted) > (1 if prefix else 3), f"too small a table: {wanted}")
        for name, (path, format, form) in FORMS.items():
            if format == "json":
                found = table_of(out / f"{prefix}{name}.ndjson", form, key)
                case.expect(found == wanted, f"{prefix}{name}: {found}, not {wanted}")
        texts = {str(each): {k: "" if v is None else str(v) for k, v in row.items()} for each, row in wanted.items()}
        rows = of_csv(out / f"{prefix}rows.csv", "__op", "", key)
        case.expect(rows == texts, f"{prefix}rows.csv: {rows}, not {texts}")
        changes = of_csv(out / f"{prefix}changes.csv", "op", "after.", key)
        case.expect(changes == texts, f"{prefix}changes.csv: {changes}, not {texts}")


def read_again(case: Case, time: str, path: str) -> None:
    office = case.directory / "office"
    office.mkdir()
    (office / "braid.toml").write_text('[project]\nname = "office"\n')
    (office / "office.braid").write_text(READER.format(time=time, path=path))
    case.braid("run", "office")
    out = case.directory / "shop" / "out"
    for name, key in (("kept", "sku"), ("bands", "band")):
        prefix = "bands_" if name == "bands" else ""
        wanted = table_of(out / f"{prefix}changes.ndjson", "debezium", key)
        if name == "kept":
            for row in wanted.values():
                row.pop("at")
        found = table_of(office / f"{name}.ndjson", "upsert", key)
        case.expect(found == wanted, f"{name}: {found}, not {wanted}")


def changes_are_read_as_the_table(case: Case) -> None:
    run_shop(case, case.random.randrange(1 << 32))
    read_again(case, "time at within 10m", ' from "$.source.ts_us"')


def changes_without_time_too(case: Case) -> None:
    run_shop(case, case.random.randrange(1 << 32), time="")
    read_again(case, "", "")


if __name__ == "__main__":
    sys.exit(braid_command.main([all_forms_come_to_one_table, changes_are_read_as_the_table, changes_without_time_too]))
