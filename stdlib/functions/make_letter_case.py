#!/usr/bin/env python3
"""Writes letter_case.inc: the simple case mappings of Unicode (one character to one character), as ranges.

Run it again only to move to a newer Unicode: `python3 stdlib/functions/make_letter_case.py`. Results of `lower` and
`upper` then change for the letters added, so the version stands in the file.
"""

import pathlib
import unicodedata


def ranges(change):
    """(first, last, step, delta): every step-th character of first..last is moved by delta."""
    found = []
    for point in range(0x80, 0x110000):
        mapped = change(chr(point))
        if len(mapped) != 1 or ord(mapped) == point:
            continue
        delta = ord(mapped) - point
        if found and found[-1][3] == delta:
            first, last, step, _ = found[-1]
            gap = point - last
            if gap in (1, 2) and (first == last or gap == step):
                found[-1] = (first, point, gap, delta)
                continue
        found.append((point, point, 1, delta))
    return found


def table(name, rows):
    lines = [f"constexpr CaseRange {name}[] = {{"]
    lines += [f"    {{0x{first:X}, 0x{last:X}, {step}, {delta}}}," for first, last, step, delta in rows]
    return "\n".join(lines + ["};", ""])


def lower(character):
    return "i" if character == "\u0130" else character.lower()


here = pathlib.Path(__file__).parent
here.joinpath("letter_case.inc").write_text(
    f"// Made by make_letter_case.py from Unicode {unicodedata.unidata_version}: {{first, last, step, delta}}.\n"
    + table("kToLower", ranges(lower))
    + table("kToUpper", ranges(str.upper)),
    encoding="utf-8",
)
