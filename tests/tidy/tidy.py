#!/usr/bin/env python3
"""Checks rules of the tree: which folder may include which, seams, libraries in their folders, names, marks, size.

usage: tidy.py ROOT FOLDERS    FOLDERS has a line "name|place|uses;…" for each CMake target (braid_folder)
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT, FOLDERS = Path(sys.argv[1]), Path(sys.argv[2])
problems = []


def problem(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def folders():
    """place -> places it may include, itself and what it uses, near or far"""
    place, uses = {}, {}
    for line in FOLDERS.read_text().splitlines():
        if not line.strip():
            continue
        name, where, used = line.split("|")
        place[name] = where
        uses[name] = [u for u in re.split(r"[;\s]+", used) if u]

    def reach(name, seen):
        for used in uses.get(name, []):
            if used not in seen:
                seen.add(used)
                reach(used, seen)
        return seen

    return {place[n]: {place[n]} | {place[r] for r in reach(n, set()) if r in place} for n in place}


# A library is known to one folder only; what it is to the others stands in that folder's headers.
LIBRARIES = {
    r"boost/spirit": ["compiler/parse"],
    r"llvm(-c)?/": ["compiler/codegen"],
    r"rocksdb/": ["runtime/state"],
    r"rdkafka(_mock)?\.h": ["runtime/connect/kafka", "benchmarks"],
    r"duckdb\.h|nanoarrow/": ["serve/duckdb"],
    r"nghttp2/": ["serve/grpc"],
    r"curl/": ["runtime/connect/registry"],
    r"yaml-cpp/": ["mesh/standards"],
    r"libpq-fe\.h": ["runtime/connect/postgres"],
    r"toml\+\+/": ["cli/project"],
    r"boost/(asio|beast)": ["cli/serve", "serve/http"],
    r"CLI/": ["cli/commands"],
    r"re2/": ["stdlib"],
    r"simdjson\.h": ["runtime/codec", "runtime/copy", "benchmarks"],
    r"(snappy|zlib|zstd)\.h": ["runtime/codec"],
    r"openssl/": ["stdlib/functions", "mesh/identity", "mesh/registry", "runtime/base", "serve/access", "serve/http"],
}

# What must come through a seam, and which one.
SEAMS = [
    (r"std::chrono::\w*_clock|\bclock_gettime\b|\btime\(nullptr\)|\bgettimeofday\b", "runtime/base/clock.h"),
    (r"\bstd::(mt19937|random_device|rand)\b|[^_\w:.]s?rand\(\)", "runtime/base/rng.h"),
    (r"\bstd::(thread|jthread|async)\b|\bpthread_create\b", "runtime/base/executor.h"),
    (r"\bstd::[io]?fstream\b|\bfopen\b|\bstd::filesystem\b|[^\w>]::open\(", "runtime/base/fs.h"),
]
SEAM_FILES = {"runtime/base/clock.cpp", "runtime/base/executor.cpp", "runtime/base/executor.h"}

allowed = folders()
tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True).stdout.split("\n")

for name in tracked:
    path = ROOT / name
    if not name or not path.is_file():
        continue
    stem = Path(name).stem
    if re.search(r"(^|_)(utils?|helpers?|common|misc)$", stem):
        problem(name, 1, "a file is named for what it holds, not `utils`, `helpers` or `common`")
    if path.suffix not in {".h", ".cpp", ".def", ".inc"}:
        continue
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    folder = str(Path(name).parent)
    if path.suffix == ".h" and "#pragma once" not in text:
        problem(name, 1, "a header without #pragma once")
    is_test = stem.endswith("_test") or folder.startswith(("tests", "benchmarks"))
    for number, line in enumerate(lines, 1):
        if len(line) > 140:
            problem(name, number, f"{len(line)} columns")
        if re.search(r"\b(TODO|FIXME)\b", line):
            problem(name, number, "an unfinished mark")
        include = re.match(r'\s*#include\s+(?:"([^"]+)"|<([^>]+)>)', line)
        if include:
            target = include.group(1) or include.group(2)
            for pattern, homes in LIBRARIES.items():
                if re.match(pattern, target) and not any(folder == h or folder.startswith(h + "/") for h in homes):
                    problem(name, number, f"{target} belongs to {' and '.join(homes)} alone")
            if include.group(1) and folder in allowed and not is_test:
                used = str(Path(target).parent)
                home = max((p for p in allowed if used == p or used.startswith(p + "/")), key=len, default=None)
                if home and home not in allowed[folder]:
                    problem(name, number, f"{folder} may not use {home}: its CMakeLists.txt does not name it")
        code = line.split("//")[0]
        if folder.startswith(("runtime", "compiler", "stdlib")) and not is_test and name not in SEAM_FILES \
                and not name.startswith("runtime/base/"):
            for pattern, seam in SEAMS:
                if re.search(pattern, code):
                    problem(name, number, f"goes through {seam}: {line.strip()}")
    if folder.startswith("runtime") and re.search(r'#include "compiler/', text):
        problem(name, 1, "the runtime knows nothing of the compiler")
    if folder.startswith("compiler") and re.search(r'#include "runtime/(engine|operators|state|codec|connect|time)/', text):
        problem(name, 1, "the compiler knows only the leaf folders of the runtime")

for place in sorted(allowed):
    if not (ROOT / place / "README.md").is_file():
        problem(place, 1, "a folder without README.md")

print("\n".join(problems))
print(f"tidy: {len(tracked)} files, {len(problems)} problems")
sys.exit(1 if problems else 0)
