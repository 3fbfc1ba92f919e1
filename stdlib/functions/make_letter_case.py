#!/usr/bin/env python3
"""Writes letter_case.inc: the full case mappings of Unicode, without those of single languages.

One character becomes one to three. Single mappings are ranges, the others a list. `kCased` and `kIgnorable` are the
properties that the rule of the final sigma asks for. Run it again only to move to a newer Unicode:
`python3 stdlib/functions/make_letter_case.py`. Results then change for the letters added, so the version stands in the
file, and in the pages of `lower` and `upper` (letters.cpp).
"""

import pathlib
import unicodedata

POINTS = [point for point in range(0x80, 0x110000) if not 0xD800 <= point < 0xE000]


def ranges(change):
    """(first, last, step, delta): every step-th character of first..last is moved by delta."""
    found = []
    for point in POINTS:
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


def longer(change):
    """(point, mapped): characters that become two or three, the rest of the three is 0."""
    mapped = [(point, [ord(c) for c in change(chr(point))]) for point in POINTS]
    return [(point, (to + [0])[:3]) for point, to in mapped if len(to) > 1]


def spans(holds):
    """(first, last) of the characters for which it holds, ASCII included."""
    found = []
    for point in list(range(0x80)) + POINTS:
        if not holds(chr(point)):
            continue
        if found and found[-1][1] == point - 1:
            found[-1] = (found[-1][0], point)
        else:
            found.append((point, point))
    return found


def rows(type_name, name, lines):
    return "\n".join([f"constexpr {type_name} {name}[] = {{"] + [f"    {{{line}}}," for line in lines] + ["};", ""])


def range_table(name, change):
    return rows("CaseRange", name, [f"0x{f:X}, 0x{l:X}, {step}, {delta}" for f, l, step, delta in ranges(change)])


def longer_table(name, change):
    lines = [f"0x{point:X}, {{{', '.join(f'0x{c:X}' for c in to)}}}" for point, to in longer(change)]
    return rows("LongCase", name, lines)


def span_table(name, holds):
    return rows("Span", name, [f"0x{first:X}, 0x{last:X}" for first, last in spans(holds)])


def title(character):
    """Only where it differs from upper case."""
    return character if character.title() == character.upper() else character.title()


# Python knows both properties, and shows them by its own rule of the final sigma.
def cased(character):
    return (character + "\u03a3").lower().endswith("\u03c2")


def ignorable(character):
    return ("A" + character + "\u03a3").lower().endswith("\u03c2") and not cased(character)


def is_its_title(character):
    """A title case that is the character itself, where the upper case is another one."""
    return character.title() == character != character.upper()


here = pathlib.Path(__file__).parent
here.joinpath("letter_case.inc").write_text(
    f"// Made by make_letter_case.py from Unicode {unicodedata.unidata_version}. CaseRange: {{first, last, step, delta}}.\n"
    + range_table("kToLower", str.lower)
    + range_table("kToUpper", str.upper)
    + range_table("kToTitle", title)
    + longer_table("kToLongLower", str.lower)
    + longer_table("kToLongUpper", str.upper)
    + longer_table("kToLongTitle", title)
    + span_table("kTitleItself", is_its_title)
    + span_table("kCased", cased)
    + span_table("kIgnorable", ignorable),
    encoding="utf-8",
)
