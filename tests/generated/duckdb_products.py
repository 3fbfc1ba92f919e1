"""Random products of the core that Braid and SQL share, each as a flow and as a query over the same rows.

An expression is a pair of texts. Numbers stay small and nothing fails, so that both sides agree on each value; what
they define differently (null in comparisons, rounding) is written so that both mean the same.
"""
import dataclasses
import random

SOURCES = """domain d

stream s
  time ts within 5s
  from file "s-*.ndjson" format json
{ ts: timestamp, k: int, n: int?, x: int, price: decimal(12,2), ok: bool, tag: string?, side: enum { buy, sell },
  xs: list<int>? }

stream o
  time ts within 8s
  from file "o-*.ndjson" format json
{ ts: timestamp, k: int, code: int?, size: decimal(9,3), word: string }

table r
  key k
  time ts within 4s
  delete when gone
  from file "r-*.ndjson" format json
{ k: int, ts: timestamp, level: int, name: string?, gone: bool }

table q
  key k
  time ts within 6s
  delete when gone
  from file "q-*.ndjson" format json
{ k: int, ts: timestamp, level: int, word: string, gone: bool }

table c
  key k
  from file "c.ndjson" format json
{ k: int, label: string, weight: int? }
"""

TABLES = {
    "s": "ts TIMESTAMP, k BIGINT, n BIGINT, x BIGINT, price DECIMAL(12,2), ok BOOLEAN, tag VARCHAR, side VARCHAR, xs BIGINT[]",
    "o": "ts TIMESTAMP, k BIGINT, code BIGINT, size DECIMAL(9,3), word VARCHAR",
    "r": "k BIGINT, ts TIMESTAMP, level BIGINT, name VARCHAR, gone BOOLEAN",
    "q": "k BIGINT, ts TIMESTAMP, level BIGINT, word VARCHAR, gone BOOLEAN",
    "c": "k BIGINT, label VARCHAR, weight BIGINT",
}

STREAMS = {
    "s": [("ts", "ts", "time"), ("k", "k", "int"), ("n", "n", "int?"), ("x", "x", "int"), ("price", "price", "decimal"),
          ("ok", "ok", "bool"), ("tag", "tag", "string?"), ("side", "side", "enum"), ("xs", "xs", "list?")],
    "o": [("ts", "ts", "time"), ("k", "k", "int"), ("code", "code", "int?"), ("size", "size", "decimal"),
          ("word", "word", "string")],
}
RIGHTS = {
    "r": [("level", "int"), ("name", "string?"), ("ts", "time")],
    "c": [("label", "string"), ("weight", "int?")],
    "s": [("ts", "time"), ("n", "int?"), ("x", "int"), ("price", "decimal"), ("ok", "bool"), ("tag", "string?")],
    "o": [("ts", "time"), ("code", "int?"), ("size", "decimal"), ("word", "string")],
}


@dataclasses.dataclass
class Product:
    name: str
    braid: str
    sql: str


class Maker:
    """The flow so far: steps, the query that gives the same rows, and the columns as (braid, sql, type)."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.steps, self.columns, self.query, self.number = [], [], "", 0

    def name(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number}"

    # ---- expressions

    def of(self, kind: str) -> list:
        return [(braid, sql) for braid, sql, of in self.columns if of == kind]

    def make(self, kind: str, depth: int) -> tuple:
        rng = self.rng
        found = self.of(kind)
        if depth <= 0 or rng.random() < 0.3:
            maybe = self.of(kind + "?")
            if found and (not maybe or rng.random() < 0.6):
                return rng.choice(found)
            if maybe:
                (braid, sql), (other, other_sql) = rng.choice(maybe), self.literal(kind)
                return f"({braid} ?? {other})", f"coalesce({sql}, {other_sql})"
            return self.literal(kind)
        if rng.random() < 0.15:
            (c, c_sql), (a, a_sql), (b, b_sql) = (self.make("bool", depth - 1), self.make(kind, depth - 1),
                                                  self.make(kind, depth - 1))
            return f"(if {c} then {a} else {b})", f"(CASE WHEN {c_sql} THEN {a_sql} ELSE {b_sql} END)"
        return getattr(self, "make_" + kind)(depth - 1)

    def literal(self, kind: str) -> tuple:
        rng = self.rng
        if kind == "int":
            return (str(rng.randrange(8)),) * 2
        if kind == "decimal":
            text = f"{rng.randrange(20)}.{rng.randrange(100):02}"
            return text, f"{text}::DECIMAL(12,2)"
        if kind == "string":
            text = rng.choice("abcd")
            return f'"{text}"', f"'{text}'"
        if kind == "bool":
            return (rng.choice(["true", "false"]),) * 2
        if kind == "list":
            numbers = [str(rng.randrange(6)) for _ in range(rng.randrange(1, 4))]
            return f"[{', '.join(numbers)}]", f"[{', '.join(numbers)}]::BIGINT[]"
        second = rng.randrange(60)
        return f"@2024-01-01T00:00:{second:02}Z", f"TIMESTAMP '2024-01-01 00:00:{second:02}'"

    def make_int(self, depth: int) -> tuple:
        rng = self.rng
        if rng.random() < 0.2:
            braid, sql = self.make("string", depth)
            return f"{braid}.length()", f"length({sql})"
        if rng.random() < 0.15:
            (a, a_sql), (b, b_sql) = self.make("int", depth), self.make("int", depth)
            function = rng.choice(["least", "greatest"])
            return f"{function}({a}, {b})", f"{function}({a_sql}, {b_sql})"
        if rng.random() < 0.25 and any(kind == "list?" for _, _, kind in self.columns):
            xs, xs_sql = self.make("list", depth)
            other, other_sql = self.literal("int")
            return rng.choice([(f"{xs}.length()", f"len({xs_sql})"),
                               (f"{xs}.sum()", f"coalesce(list_sum({xs_sql}), 0)::BIGINT"),
                               (f"({xs}.max() ?? {other})", f"coalesce(list_max({xs_sql}), {other_sql})"),
                               (f"({xs}.get({other}) ?? 0)", f"coalesce(({xs_sql})[{other_sql} + 1], 0)"),
                               (f"{xs}.count(v => v > {other})",
                                f"len(list_filter({xs_sql}, lambda v: v > {other_sql}))"),
                               (f"{xs}.reduce(0, (sum, v) => sum + v * 2)",
                                f"coalesce(list_sum(list_transform({xs_sql}, lambda v: v * 2)), 0)::BIGINT")])
        (a, a_sql), (b, b_sql) = self.make("int", depth), self.make("int", depth)
        sign = rng.choice("++--*")
        return f"({a} {sign} {b})", f"({a_sql} {sign} {b_sql})"

    def make_decimal(self, depth: int) -> tuple:
        (a, a_sql), (b, b_sql) = self.make("decimal", depth), self.make(self.rng.choice(["decimal", "int"]), depth)
        sign = self.rng.choice("+-")
        return f"({a} {sign} {b})", f"({a_sql} {sign} {b_sql})"

    def make_string(self, depth: int) -> tuple:
        a, a_sql = self.make("string", depth)
        if self.rng.random() < 0.4:
            return f"{a}.upper()", f"upper({a_sql})"
        b, b_sql = self.make("string", depth)
        return f"({a} + {b})", f"({a_sql} || {b_sql})"

    def make_list(self, depth: int) -> tuple:
        xs, xs_sql = self.make("list", depth)
        other, other_sql = self.literal("int")
        return self.rng.choice([(f"{xs}.sort()", f"list_sort({xs_sql})"), (f"{xs}.reverse()", f"list_reverse({xs_sql})"),
                                (f"{xs}.map(v => v + {other})", f"list_transform({xs_sql}, lambda v: v + {other_sql})"),
                                (f"{xs}.filter(v => v < {other})", f"list_filter({xs_sql}, lambda v: v < {other_sql})"),
                                (f"{xs}.slice(1, 2)", f"({xs_sql})[2:3]"),
                                (f"{xs}.distinct().sort()", f"list_sort(list_distinct({xs_sql}))"),
                                (f"({xs} + [{other}])", f"list_append({xs_sql}, {other_sql})")])

    def make_time(self, depth: int) -> tuple:
        a, a_sql = self.make("time", depth)
        seconds = self.rng.randrange(1, 9)
        if self.rng.random() < 0.5:
            return f"({a} + {seconds}s)", f"({a_sql} + INTERVAL {seconds} SECOND)"
        return f"floor({a}, {seconds}s)", floor_sql(a_sql, seconds)

    def make_bool(self, depth: int) -> tuple:
        rng = self.rng
        choice = rng.randrange(6)
        if choice == 0:
            (a, a_sql), (b, b_sql), word = self.make("bool", depth), self.make("bool", depth), rng.choice(["and", "or"])
            return f"({a} {word} {b})", f"({a_sql} {word} {b_sql})"
        if choice == 1:
            a, a_sql = self.make("bool", depth)
            return f"not ({a})", f"NOT ({a_sql})"
        if choice == 2:
            optional = [column for column in self.columns if column[2].endswith("?")]
            if optional:
                a, a_sql, kind = rng.choice(optional)
                others = [column for column in optional if column[2] == kind]
                b, b_sql, _ = rng.choice(others)
                if a != b:
                    return f"({a} == {b})", f"({a_sql} IS NOT DISTINCT FROM {b_sql})"
                return f"(if {a} is null then true else false)", f"({a_sql} IS NULL)"
        if choice == 3 and self.of("enum"):
            a, a_sql = rng.choice(self.of("enum"))
            symbol = rng.choice(["buy", "sell"])
            return f'({a} == "{symbol}")', f"({a_sql} = '{symbol}')"
        if choice == 4 and self.of("list?"):
            (xs, xs_sql), (a, a_sql) = self.make("list", depth), self.literal("int")
            return rng.choice([(f"({a} in {xs})", f"list_contains({xs_sql}, {a_sql})"),
                               (f"{xs}.any(v => v == {a})", f"len(list_filter({xs_sql}, lambda v: v = {a_sql})) > 0"),
                               (f"{xs}.all(v => v > {a})", f"len(list_filter({xs_sql}, lambda v: v <= {a_sql})) = 0")])
        kind = rng.choice(["int", "int", "decimal", "string", "time"])
        (a, a_sql), (b, b_sql) = self.make(kind, depth), self.make(kind, depth)
        braid, sql = rng.choice([("<", "<"), ("<=", "<="), (">", ">"), (">=", ">="), ("==", "="), ("!=", "<>")])
        return f"({a} {braid} {b})", f"({a_sql} {sql} {b_sql})"

    # ---- steps

    def source(self, name: str) -> None:
        self.steps.append(f"from {name}")
        self.columns = list(STREAMS[name])
        self.query = f"SELECT * FROM {name}"

    def where(self) -> None:
        braid, sql = self.make("bool", 2)
        self.steps.append(f"where {braid}")
        self.query = f"SELECT * FROM ({self.query}) WHERE {sql}"

    def let(self) -> None:
        kind, name = self.rng.choice(["int", "decimal", "string", "bool", "list"]), self.name("e")
        braid, sql = self.make(kind, 2)
        self.steps.append(f"let {name} = {braid}")
        self.query = f"SELECT *, {sql} AS {name} FROM ({self.query})"
        self.columns = self.columns + [(name, name, kind)]

    def joined(self, right: str, alias: str, optional: bool) -> str:
        """The columns of the other side; `alias_k` is there if it is."""
        mark = "?." if optional else "."
        for field, kind in RIGHTS[right]:
            of = kind if kind.endswith("?") or not optional else kind + "?"
            self.columns.append((f"{alias}{mark}{field}", f"{alias}_{field}", of))
        return ", ".join(f"b.{field} AS {alias}_{field}" for field, _ in RIGHTS[right])

    def join_table(self) -> None:
        right, alias, left = self.rng.choice(["r", "c"]), self.name("j"), self.rng.random() < 0.5
        self.steps.append(f"{'left ' if left else ''}join {right} as {alias} on {alias}.k == k")
        columns = self.joined(right, alias, left)
        if right == "c":
            kind = "LEFT JOIN" if left else "JOIN"
            self.query = f"SELECT a.*, {columns} FROM ({self.query}) a {kind} c b ON a.k = b.k"
            return
        # A version that deletes its key is met, and is no row.
        columns = ", ".join(f"CASE WHEN b.gone THEN NULL ELSE b.{field} END AS {alias}_{field}"
                            for field, _ in RIGHTS["r"])
        condition = "" if left else " WHERE b.k IS NOT NULL AND NOT b.gone"
        self.query = (f"SELECT a.*, {columns} FROM ({self.query}) a ASOF LEFT JOIN r b"
                      f" ON a.k = b.k AND a.ts >= b.ts{condition}")

    def join_stream(self) -> None:
        rng = self.rng
        right, alias = rng.choice(["s", "o"]), self.name("j")
        low = rng.randrange(-9, 3)
        high = rng.randrange(low, 10)
        kind = rng.choice(["", "left ", "semi ", "anti "])
        self.steps.append(f"{kind}join {right} as {alias} on {alias}.k == k within {low}s..{high}s")
        near = (f"a.k = b.k AND b.ts >= a.ts + INTERVAL ({low}) SECOND AND b.ts <= a.ts + INTERVAL ({high}) SECOND")
        if kind in ("semi ", "anti "):
            exists = "EXISTS" if kind == "semi " else "NOT EXISTS"
            self.query = f"SELECT * FROM ({self.query}) a WHERE {exists} (SELECT 1 FROM {right} b WHERE {near})"
            return
        columns = self.joined(right, alias, kind == "left ")
        word = "LEFT JOIN" if kind == "left " else "JOIN"
        self.query = f"SELECT a.*, {columns} FROM ({self.query}) a {word} {right} b ON {near}"

    def select(self) -> None:
        entries, columns = [], []
        for _ in range(self.rng.randrange(2, 6)):
            name = self.name("e")
            if self.rng.random() < 0.5:
                braid, sql, kind = self.rng.choice(self.columns)
            else:
                kind = self.rng.choice(["int", "decimal", "string", "bool", "time", "list"])
                braid, sql = self.make(kind, 2)
            entries.append((name, braid, sql))
            columns.append((name, name, kind))
        self.steps.append("select { " + ", ".join(f"{name}: {braid}" for name, braid, _ in entries) + " }")
        self.query = "SELECT " + ", ".join(f"{sql} AS {name}" for name, _, sql in entries) + f" FROM ({self.query})"
        self.columns = columns

    def other_aggregate(self, ordered: bool, extra: str, clause: str) -> tuple:
        """`ordered`: the rows have a time, `ts`, each another one."""
        rng = self.rng
        x, x_sql = self.make("int", 1)
        choice = rng.randrange(9 if ordered else 6)
        if choice == 0:
            share = rng.choice(["0.25", "0.5", "0.75"])
            return (f"quantile({x}, {share}{extra})",
                    f"CAST(quantile_cont({x_sql}, {share}){clause} AS DECIMAL(18,6))")
        if choice == 1:
            return f"median({x}{extra})", f"CAST(median({x_sql}){clause} AS DECIMAL(18,6))"
        if choice == 2:
            share = rng.choice(["0.25", "0.5", "0.9"])
            return f"quantile_disc({x}, {share}{extra})", f"quantile_disc({x_sql}, {share}){clause}"
        if choice == 3:
            c, c_sql = self.make("bool", 1)
            word, fold, none = rng.choice([("any", "bool_or", "false"), ("every", "bool_and", "true")])
            return f"{word}({c}{extra})", f"coalesce({fold}({c_sql}){clause}, {none})"
        if choice == 4:
            return f"collect_set({x}{extra})", f"coalesce(list_sort(list(DISTINCT {x_sql}){clause}), [])"
        if choice == 5:
            return f"avg({x}{extra})", f"CAST(avg({x_sql}){clause} AS DECIMAL(18,6))"
        if choice == 6:
            word, order = rng.choice([("first", "ts"), ("last", "ts DESC")])
            return f"{word}({x}{extra})", f"first({x_sql} ORDER BY {order}){clause}"
        if choice == 7:
            by, by_sql = self.make("int", 1)
            word, order = rng.choice([("arg_min", ""), ("arg_max", " DESC")])
            return f"{word}({x}, {by}{extra})", f"first({x_sql} ORDER BY {by_sql}{order}, ts){clause}"
        return f"collect({x}{extra})", f"coalesce(list({x_sql} ORDER BY ts){clause}, [])"

    def aggregates(self, ordered: bool = True) -> list:
        made = []
        for _ in range(self.rng.randrange(1, 5)):
            name = self.name("a")
            filtered = self.rng.random() < 0.35
            where, where_sql = self.make("bool", 1) if filtered else ("", "")
            extra, clause = (f", where: {where}", f" FILTER (WHERE {where_sql})") if filtered else ("", "")
            function = self.rng.choice(["count", "sum", "min", "max", "distinct", "other", "other"])
            if function == "other":
                made.append((name, *self.other_aggregate(ordered, extra, clause)))
                continue
            if function == "count":
                made.append((name, f"count({extra[2:]})", f"count(*){clause}"))
            elif function == "distinct":
                braid, sql, _ = self.rng.choice(self.columns)
                null = f"CASE WHEN count(*) FILTER (WHERE {sql} IS NULL{' AND ' + where_sql if filtered else ''}) > 0" \
                       " THEN 1 ELSE 0 END"
                made.append((name, f"count_distinct({braid}{extra})", f"count(DISTINCT {sql}){clause} + {null}"))
            else:
                kind = self.rng.choice(["int", "decimal"] if function == "sum" else ["int", "decimal", "string", "time"])
                braid, sql = self.make(kind, 2)
                aggregate = f"{function}({sql}){clause}"
                made.append((name, f"{function}({braid}{extra})",
                             f"coalesce({aggregate}, 0)" if function == "sum" else aggregate))
        return made

    def group(self, windowed: bool) -> None:
        rng = self.rng
        query, window = self.query, ""
        if windowed:
            if rng.random() < 0.5:
                size = slide = rng.randrange(1, 20)
                window = f"window tumbling {size}s"
            else:
                slide = rng.randrange(1, 8)
                size = slide + rng.randrange(0, 15)
                window = f"window hopping {size}s every {slide}s"
            # Each hop that begins at or before the row and ends behind it.
            hops = (size + slide - 1) // slide
            query = (f"SELECT * FROM (SELECT *, {floor_sql('ts', slide)} - INTERVAL (i * {slide}) SECOND AS begins"
                     f" FROM ({query}), range({hops}) h(i)) WHERE begins + INTERVAL {size} SECOND > ts")
        keys = rng.sample([column for column in self.columns if column[0] in ("k", "tag", "side", "ok", "x", "word")],
                          k=1)
        aggregates = self.aggregates()
        if windowed:
            self.steps.append(window)
        self.steps.append(f"group {keys[0][0]} {{ " + ", ".join(f"{name}: {braid}" for name, braid, _ in aggregates) +
                          " }" + ("" if windowed else " retain forever"))
        names = [keys[0][0]] + [name for name, _, _ in aggregates]
        selected = f"{keys[0][1]} AS {keys[0][0]}, " + ", ".join(f"{sql} AS {name}" for name, _, sql in aggregates)
        if windowed:
            selected += f", begins, begins + INTERVAL {size} SECOND AS ends"
            self.steps.append("select { " + ", ".join(names) + ", begins: window.start, ends: window.end }")
        self.query = f"SELECT {selected} FROM ({query}) GROUP BY {keys[0][1]}" + (", begins" if windowed else "")

    def last(self) -> None:
        key = self.rng.choice([column for column in self.columns if column[0] in ("k", "tag", "word")])
        self.steps.append(f"last per {key[0]} retain forever")
        columns = ["ts", "k"] + [name for name, sql, _ in self.columns if name == sql and name not in ("ts", "k")]
        self.steps.append("select { " + ", ".join(columns) + " }")
        self.query = (f"SELECT {', '.join(columns)} FROM ({self.query})"
                      f" QUALIFY row_number() OVER (PARTITION BY {key[1]} ORDER BY ts DESC) = 1")

    def top(self, windowed: bool) -> None:
        """The first rows; those that tie by their time, which no two of a source share."""
        rng = self.rng
        count, kind = rng.randrange(1, 4), rng.choice(["int", "decimal", "string", "time"])
        value, value_sql = self.make(kind, 2)
        down = rng.random() < 0.5
        key = rng.choice([column for column in self.columns if column[0] in ("k", "tag", "word", "ok")])
        query, per, columns = self.query, key[1], ["ts"]
        if windowed:
            size = rng.randrange(2, 25)
            self.steps.append(f"window tumbling {size}s")
            query = f"SELECT *, {floor_sql('ts', size)} AS begins FROM ({query})"
            per += ", begins"
            columns.append("begins")
        number = self.name("n")
        self.steps.append(f"top {count} by {value}{' desc' if down else ''} per {key[0]} numbered {number}" +
                          ("" if windowed else " retain forever"))
        columns += [name for name, sql, _ in self.columns if name == sql and name != "ts"]
        written = [name if name != "begins" else "begins: window.start" for name in columns]
        self.steps.append("select { " + ", ".join(written + [number]) + " }")
        self.query = (f"SELECT {', '.join(columns)}, row_number() OVER (PARTITION BY {per} ORDER BY {value_sql}"
                      f"{' DESC' if down else ''}, ts) AS {number} FROM ({query}) QUALIFY {number} <= {count}")

    def running(self) -> None:
        rng = self.rng
        key = rng.choice([column for column in self.columns if column[0] in ("k", "tag", "word", "ok")])
        over, frame = rng.choice([("", "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"), ("rows", ""), ("time", "")])
        if over == "rows":
            rows = rng.randrange(1, 5)
            over, frame = f" over {rows} rows", f"ROWS BETWEEN {rows - 1} PRECEDING AND CURRENT ROW"
        elif over == "time":
            seconds = rng.randrange(1, 20)
            frame = f"RANGE BETWEEN INTERVAL {seconds * 1_000_000 - 1} MICROSECOND PRECEDING AND CURRENT ROW"
            over = f" over {seconds}s"
        windows = f"OVER (PARTITION BY {key[1]} ORDER BY ts {frame})"
        entries, columns = [], []
        for _ in range(rng.randrange(1, 4)):
            name, function = self.name("a"), rng.choice(["count", "sum", "min", "max"])
            where, where_sql = self.make("bool", 1) if rng.random() < 0.3 else ("", "")
            extra, clause = (f", where: {where}", f" FILTER (WHERE {where_sql})") if where else ("", "")
            value, value_sql = self.make("int", 1)
            if function == "count":
                entries.append((name, f"count({extra[2:]})", f"count(*){clause} {windows}"))
            else:
                sql = f"{function}({value_sql}){clause} {windows}"
                entries.append((name, f"{function}({value}{extra})",
                                f"coalesce({sql}, 0)::BIGINT" if function == "sum" else sql))
            columns.append((name, name, "int" if not where or function in ("count", "sum") else "int?"))
        if not over:
            value, value_sql = self.make("int", 1)
            name = self.name("a")
            entries.append((name, f"previous({value})", f"lag({value_sql}) OVER (PARTITION BY {key[1]} ORDER BY ts)"))
            columns.append((name, name, "int?"))
        self.steps.append(f"running per {key[0]}{over} {{ " + ", ".join(f"{name}: {braid}" for name, braid, _ in entries) +
                          " }" + ("" if over.endswith("s") and "rows" not in over else " retain forever"))
        self.query = ("SELECT *, " + ", ".join(f"{sql} AS {name}" for name, _, sql in entries) + f" FROM ({self.query})")
        self.columns = self.columns + columns

    def unnest(self) -> None:
        xs, xs_sql = self.make("list", 1)
        name, left = self.name("u"), self.rng.random() < 0.4
        self.steps.append(f"{'left ' if left else ''}unnest {xs} as {name}")
        elements = f"CASE WHEN len({xs_sql}) = 0 THEN [NULL] ELSE {xs_sql} END" if left else xs_sql
        self.query = f"SELECT *, unnest({elements}) AS {name} FROM ({self.query})"
        self.columns = self.columns + [(name, name, "int?" if left else "int")]

    def tables(self) -> None:
        """Two tables as they stand in the end."""
        rng = self.rng
        stands = {name: f"(SELECT * FROM (SELECT * FROM {name} QUALIFY row_number() OVER (PARTITION BY k ORDER BY ts DESC)"
                        " = 1) WHERE NOT gone)" for name in ("r", "q")}
        left, right, field = rng.choice([("r", "q", "word"), ("q", "r", "name")])
        kind = rng.choice(["", "left ", "right ", "full ", "semi ", "anti "])
        self.steps.append(f"from {left}")
        own = "name" if left == "r" else "word"
        if kind in ("semi ", "anti "):
            more, more_sql = rng.choice([("", ""), (" and j.level > level", " AND b.level > a.level")])
            self.steps.append(f"{kind}join {right} as j on j.k == k{more}")
            self.steps.append(f"select {{ k, level, {own} }}")
            exists = "EXISTS" if kind == "semi " else "NOT EXISTS"
            self.query = (f"SELECT k, level, {own} FROM {stands[left]} a WHERE {exists} (SELECT 1 FROM {stands[right]} b"
                          f" WHERE a.k = b.k{more_sql})")
            return
        mark = "?." if kind in ("left ", "full ") else "."
        self.steps.append(f"{kind}join {right} as j using k")
        self.steps.append(f"select {{ k, level, {own}, other: j{mark}level, text: j{mark}{field} }}")
        self.query = (f"SELECT coalesce(a.k, b.k) AS k, a.level AS level, a.{own} AS {own}, b.level AS other,"
                      f" b.{field} AS text FROM {stands[left]} a {kind.upper()}JOIN {stands[right]} b ON a.k = b.k")

    def group_of_table(self) -> None:
        """Over the versions that stand."""
        self.steps.append("from r")
        self.columns = [("k", "k", "int"), ("level", "level", "int"), ("name", "name", "string?")]
        self.query = ("SELECT * FROM (SELECT * FROM r QUALIFY row_number() OVER (PARTITION BY k ORDER BY ts DESC) = 1)"
                      " WHERE NOT gone")
        if self.rng.random() < 0.5:
            self.where()
        aggregates = self.aggregates(False)
        key = self.rng.choice(["level", "name"])
        self.steps.append(f"group {key} {{ " + ", ".join(f"{name}: {braid}" for name, braid, _ in aggregates) + " }")
        self.query = (f"SELECT {key}, " + ", ".join(f"{sql} AS {name}" for name, _, sql in aggregates) +
                      f" FROM ({self.query}) GROUP BY {key}")


def floor_sql(time: str, seconds: int) -> str:
    micros = seconds * 1_000_000
    return f"make_timestamp((epoch_us({time}) // {micros}) * {micros})"


def product(rng: random.Random, name: str) -> Product:
    maker = Maker(rng)
    ending = rng.choice(["rows", "rows", "window", "window", "group", "last", "table", "top", "top in window", "running",
                         "tables"])
    if ending in ("table", "tables"):
        if ending == "table":
            maker.group_of_table()
        else:
            maker.tables()
        return Product(name, flow(name, maker.steps), maker.query)
    maker.source(rng.choice(["s", "o"]))
    streams = 0
    for _ in range(rng.randrange(0, 4)):
        step = rng.choice(["where", "let", "join_table", "join_stream"])
        # A pair's time is the later one's: what follows in time would not have `ts`.
        if step == "join_stream":
            streams += 1
            if streams > 1 or ending != "rows":
                step = "join_table" if streams == 1 else "let"
        if step == "join_table" and streams:
            step = "where"
        getattr(maker, step)()
    if ending == "rows" and not streams and rng.random() < 0.4:
        maker.unnest()
    if ending == "rows":
        maker.select()
    elif ending == "running":
        maker.running()
        if rng.random() < 0.5:
            maker.where()
        maker.select()
    elif ending.startswith("top"):
        maker.top(ending != "top")
    elif ending == "last":
        maker.last()
    else:
        maker.group(ending == "window")
    return Product(name, flow(name, maker.steps), maker.query)


def flow(name: str, steps: list) -> str:
    return f"product {name} {{\n  " + "\n  ".join(steps) + "\n}\n"
