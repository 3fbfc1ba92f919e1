#!/usr/bin/env python3
"""Rows and records of random projects against their JSON Schema, judged by the Python package jsonschema: what a job
writes fits the schema of its product, what a source accepts fits its own, and the ways in which a row can be wrong do not.

usage: json_schemas.py BRAID VENV    installs jsonschema into VENV; 77 if it cannot be had
"""
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

BRAID, VENV = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
PACKAGES = ["jsonschema[format]==4.26.0"]

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import python_packages

python_packages.run_with(VENV, PACKAGES)

import jsonschema

random.seed(7)
#       type, values that records have, one that does not fit
TYPES = [
    ("bool", ["true", "false"], '"yes"'),
    ("int", ["0", "-9223372036854775808", "9223372036854775807"], "9223372036854775808"),
    ("float", ["0.5", "-1e300", '"NaN"', '"Infinity"'], '"none"'),
    ("decimal(12,2)", ["0", "9999999999.99", "-9999999999.99"], "10000000000"),
    ("decimal(38,0)", ["1", "-12345678901234567890123456789012345678"], '"x"'),
    ("string", ['""', '"é\\u0000"'], "7"),
    ("bytes", ['""', '"AAEC"'], "7"),
    ("uuid", ['"00000000-0000-4000-8000-000000000001"'], '"uuid"'),
    ("date", ['"2026-02-28"'], '"2026-02-30"'),
    ("time", ['"12:30:00"', '"23:59:59.999999"', '"12:30"'], '"25:00:00"'),
    ("timestamp", ['"2026-01-01T12:00:00Z"', '"2026-01-01T12:00:00.123456+02:00"'], '"yesterday"'),
    ("duration", ['"PT1H30M"', '"P1D"', '"-PT0.5S"', '"P1DT1H"'], '"1 hour"'),
    ("enum { new, paid }", ['"new"', '"paid"'], '"gone"'),
    ("list<int>", ["[]", "[1,2]"], "[1.5]"),
    ("{ a: int, b: string? }", ['{"a":1}', '{"a":2,"b":null,"c":3}'], '{"b":"x"}'),
]


def braid(*words, cwd):
    ended = subprocess.run([BRAID, *words], cwd=cwd, capture_output=True, text=True)
    assert ended.returncode == 0, (words, ended.stderr)
    return ended.stdout


def judge(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


checked = refused = 0
with tempfile.TemporaryDirectory() as folder:
    fields = [(f"f{i}", kind, values, wrong) for i, (kind, values, wrong) in enumerate(TYPES)]
    fields += [(f"o{i}", kind + "?", values + ["null"], wrong) for i, (kind, values, wrong) in enumerate(TYPES)]
    Path(folder, "all.braid").write_text(
        "domain all\n\nstream record\n  time at within 1m\n  from file \"records.ndjson\" format json\n{ at: timestamp, " +
        ", ".join(f"{name}: {kind}" for name, kind, _, _ in fields) + " }\n\nproduct row { from record }\n")
    records = []
    for _ in range(100):
        parts = ['"at":"2026-01-01T00:00:00Z"', '"unknown":[1]']
        for name, kind, values, _ in fields:
            if not (kind.endswith("?") and random.random() < 0.3):
                parts.append(f'"{name}":{random.choice(values)}')
        records.append("{" + ",".join(parts) + "}")
    Path(folder, "records.ndjson").write_text("\n".join(records) + "\n")
    rows = braid("dry-run", "all.braid", "--limit", "1000", "--format", "json", "--quiet", cwd=folder).splitlines()
    assert len(rows) == len(records), (len(rows), len(records))
    accepts = judge(json.loads(braid("schema", "record", "all.braid", cwd=folder)))
    schema = json.loads(braid("schema", "row", "all.braid", cwd=folder))
    writes = judge(schema)
    for judged, lines in ((accepts, records), (writes, rows)):
        for line in lines:
            judged.validate(json.loads(line))
            checked += 1
    # What does not fit its type, and what is missing.
    for judged, line in ((accepts, records[0]), (writes, rows[0])):
        for name, kind, _, wrong in fields:
            row = json.loads(line)
            row[name] = json.loads(wrong)
            found = judged.is_valid(row)
            assert not found, f"{kind} takes {wrong}"
            row.pop(name)
            assert judged.is_valid(row) == kind.endswith("?"), f"{kind} is {'not ' * kind.endswith('?')}missed"
            refused += 1
print(f"{checked} rows fit, {refused} changed ones do not")
