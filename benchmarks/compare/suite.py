"""A suite of queries: a folder beside this one with scripts, C++ programs and a queries.py that holds

- `DOMAIN`, `OPTIONS` (of the format, as braid.toml has them), `INPUTS` {source: file pattern} of the scripts;
- `QUERIES` {name: Query};
- `hand_command(query)`: the C++ program and the arguments before data directory and output file;
- `describe(counts)`: what the data is, from the counts.json that make_data wrote.
"""
import importlib.util
import pathlib
from typing import Callable, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUITES = ["flights", "nexmark"]


class Query(NamedTuple):
    """`reads` names the sources (keys of `INPUTS`), `product` is the file that Braid writes, `columns` its fields with the types
    in which results are compared, `duckdb` gives DuckDB's text for a data directory. With a `key` the file has changes of a
    table: what they come to is compared."""
    reads: list
    product: str
    columns: dict
    duckdb: Callable
    key: list = []


def table(path: str, types: dict, names: str) -> str:
    """DuckDB's text of an NDJSON file: only the columns a query needs, with their types, so nothing is sniffed."""
    columns = ", ".join(f"\"{name}\": '{types[name]}'" for name in names.split())
    return f"read_ndjson('{path}', columns = {{{columns}}})"


class Suite:
    def __init__(self, name: str):
        self.name = name
        self.folder = ROOT / name
        spec = importlib.util.spec_from_file_location(f"{name}_queries", self.folder / "queries.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.domain, self.options, self.inputs = module.DOMAIN, module.OPTIONS, module.INPUTS
        self.queries, self.hand_command, self.describe = module.QUERIES, module.hand_command, module.describe

    def hand_programs(self) -> list:
        return sorted({self.hand_command(query)[0] for query in self.queries})

    def scripts(self, query: str) -> list:
        """The query's script, and the one that declares sources if they share one."""
        shared = self.folder / f"{self.domain}.braid"
        return [self.folder / f"{query}.braid"] + ([shared] if shared.exists() else [])

    def events(self, counts: dict, query: str) -> int:
        """Records in the files that the query reads."""
        prefixes = tuple(file.removesuffix(".ndjson").removesuffix("*") for file in self.reads(query).values())
        return sum(count for table, count in counts.items() if table.startswith(prefixes))

    def reads(self, query: str) -> dict:
        return {source: self.inputs[source] for source in self.queries[query].reads}
