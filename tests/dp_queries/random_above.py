"""Random SELECTs over released tables, as SQL text: windows, groupings, joins, set operations, subqueries.

Every maker takes blocks whose columns it knows by name and type, and gives a block. Names are never used twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from tests.dp_queries.random_texts import ON_RELEASED, Texts

Columns = dict[str, str]  # name -> type

ZONES: Columns = {"zone": "integer", "borough": "text"}
_AGGREGATES = ("SUM", "AVG", "MIN", "MAX", "MEDIAN", "STDDEV", "STDDEV_SAMP", "STDDEV_POP", "VARIANCE", "VAR_POP")
_FEW = ("SUM", "AVG", "MIN", "MAX", "COUNT")
_PAIRS = ("CORR", "COVAR_POP", "COVAR_SAMP", "REGR_SLOPE", "REGR_INTERCEPT", "REGR_R2")
_FRAMES = (
    "",
    "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
    "ROWS UNBOUNDED PRECEDING",
    "RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
    "GROUPS BETWEEN 1 PRECEDING AND 2 FOLLOWING",
    "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
)


@dataclass(frozen=True)
class Block:
    """A SELECT over released values, and its columns."""

    sql: str
    columns: Columns


class Names:
    """Names that were not given before."""

    def __init__(self) -> None:
        self._count = count(1)

    def new(self, prefix: str) -> str:
        return f"{prefix}{next(self._count)}"


class AboveWriter:
    """Writes blocks over other blocks."""

    def __init__(self, random: Random, names: Names) -> None:
        self.random = random
        self.names = names

    def texts(self, columns: Mapping[str, str]) -> Texts:
        return Texts(self.random, ON_RELEASED, columns)

    def over(self, block: Block, other: Block) -> Block:
        """A random block over one block, or over two."""
        ways = (self.computed, self.computed, self.windowed, self.windowed, self.grouped, self.grouped, self.distinct)
        pairs = (self.joined, self.joined, self.united, self.compared, self.compared)
        if self.random.random() < 0.6:
            return self.random.choice(ways)(*self.item(block))
        return self.random.choice(pairs)(block, other)

    def item(self, block: Block) -> tuple[str, Columns]:
        """The block as an item of FROM, and its columns with the alias before them."""
        alias = self.names.new("b")
        if self.random.random() < 0.2:
            renamed = {self.names.new("r"): kind for kind in block.columns.values()}
            return f"({block.sql}) AS {alias}({', '.join(renamed)})", under(alias, renamed)
        return f"({block.sql}) AS {alias}", under(alias, block.columns)

    def selected(self, columns: Columns, texts: Texts, most: int = 3) -> tuple[list[str], Columns]:
        """Items of SELECT: columns, and expressions over them; and what they give."""
        items, given = [], {}
        for name, kind in columns.items():
            if self.random.random() < 0.6:
                items.append(f"{name} AS {(new := self.names.new('c'))}")
                given[new] = kind
        for _ in range(self.random.randint(0 if items else 1, most)):
            text, kind = texts.anything(self.random.randint(1, 3))
            items.append(f"{text} AS {(new := self.names.new('c'))}")
            given[new] = kind
        return items, given

    def end(self, terms: Sequence[str], share: float = 0.4) -> str:
        """ORDER BY, LIMIT and OFFSET, or nothing."""
        sql = ""
        if terms and self.random.random() < share:
            sql = (
                f" ORDER BY {', '.join(self.term(self.random.choice(terms)) for _ in range(self.random.randint(1, 2)))}"
            )
        if self.random.random() < share / 2:
            sql += f" LIMIT {self.random.choice((0, 1, 3, 1000))}"
            sql += self.random.choice(("", "", f" OFFSET {self.random.choice((0, 1, 5))}"))
        return sql

    def term(self, text: str) -> str:
        return (
            text
            + self.random.choice(("", " ASC", " DESC"))
            + self.random.choice(("", "", " NULLS FIRST", " NULLS LAST"))
        )

    def where(self, texts: Texts, share: float = 0.5) -> str:
        return f" WHERE {texts.grow('boolean', self.random.randint(1, 2))}" if self.random.random() < share else ""

    def computed(self, source: str, columns: Columns) -> Block:
        if self.random.random() < 0.15:
            bare = {name.partition(".")[2]: kind for name, kind in columns.items()}
            star = self.random.choice(("*", f"{next(iter(columns)).partition('.')[0]}.*"))
            return Block(f"SELECT {star} FROM {source}{self.where(self.texts(columns))}", bare)
        texts = self.texts(columns)
        items, given = self.selected(columns, texts)
        where = self.where(texts)
        return Block(f"SELECT {', '.join(items)} FROM {source}{where}{self.end(list(given))}", given)

    def distinct(self, source: str, columns: Columns) -> Block:
        items, given = self.selected(columns, self.texts(columns))
        if self.random.random() < 0.5:
            return Block(f"SELECT DISTINCT {', '.join(items)} FROM {source}{self.end(list(given))}", given)
        first = self.random.choice(list(columns))
        return Block(f"SELECT DISTINCT ON ({first}) {', '.join(items)} FROM {source} ORDER BY {first}", given)

    def windowed(self, source: str, columns: Columns) -> Block:
        texts = self.texts(columns)
        items, given = self.selected(columns, texts, 1)
        named = self.names.new("w") if self.random.random() < 0.25 else ""
        clause = f" WINDOW {named} AS ({self.over_clause(columns)})" if named else ""
        for _ in range(self.random.randint(1, 3)):
            text, kind = self.window(texts, columns, named)
            items.append(f"{text} AS {(new := self.names.new('v'))}")
            given[new] = kind
        qualify = ""
        if self.random.random() < 0.25:
            qualify = f" QUALIFY ROW_NUMBER() OVER ({self.over_clause(columns)}) <= {self.random.randint(1, 3)}"
        return Block(f"SELECT {', '.join(items)} FROM {source}{self.where(texts, 0.3)}{clause}{qualify}", given)

    def over_clause(self, columns: Mapping[str, str]) -> str:
        parts = [name for name in columns if self.random.random() < 0.25]
        sql = f"PARTITION BY {', '.join(parts)}" if parts else ""
        order = self.random.choice(list(columns))
        if self.random.random() < 0.1 and columns[order] == "date":
            return f"{sql} ORDER BY {order} RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW"
        if self.random.random() < 0.1 and columns[order] in ("integer", "number"):
            return f"{sql} ORDER BY {order} RANGE BETWEEN 2 PRECEDING AND 1 FOLLOWING"
        return f"{sql} ORDER BY {self.term(order)} {self.random.choice(_FRAMES)}"

    def window(self, texts: Texts, columns: Mapping[str, str], named: str = "") -> tuple[str, str]:
        """A window function over rows, and its type."""
        over = named if named and self.random.random() < 0.6 else f"({self.over_clause(columns)})"
        value, kind = texts.anything(1)
        number = texts.grow("number", 1)
        ways = [(f"{name}()", "integer") for name in ("ROW_NUMBER", "RANK", "DENSE_RANK")]
        ways += [("PERCENT_RANK()", "number"), ("CUME_DIST()", "number"), ("NTILE(3)", "integer")]
        ways += [(f"{name}({value})", kind) for name in ("LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE")]
        ways += [(f"LAG({value}, 2)", kind), (f"LEAD({number}, 1, 0)", "number"), (f"NTH_VALUE({value}, 2)", kind)]
        ways += [(f"FIRST_VALUE({value} IGNORE NULLS)", kind), (f"COUNT({value})", "integer"), ("COUNT(*)", "integer")]
        ways += [(f"{name}({number})", "number") for name in ("SUM", "AVG", "MAX", "MEDIAN")]
        condition = texts.grow("boolean", 1)
        ways.append((f"SUM({number}) FILTER (WHERE {condition})", "number"))
        text, gives = self.random.choice(ways)
        return f"{text} OVER {over}", gives

    def aggregate(self, texts: Texts) -> tuple[str, str]:
        """An aggregate of released rows, and its type."""
        value, kind = texts.anything(1)
        number, other, condition = texts.grow("number", 1), texts.grow("number", 1), texts.grow("boolean", 1)
        ways = [("COUNT(*)", "integer"), (f"COUNT({value})", "integer"), (f"COUNT(DISTINCT {value})", "integer")]
        ways += [(f"{self.random.choice(_AGGREGATES)}({number})", "number") for _ in range(4)]
        ways += [(f"{self.random.choice(('MIN', 'MAX'))}({value})", kind), (f"SUM(DISTINCT {number})", "number")]
        ways += [(f"{self.random.choice(_PAIRS)}({number}, {other})", "number"), (f"COUNT_IF({condition})", "integer")]
        ways += [(f"{self.random.choice(('BOOL_AND', 'BOOL_OR'))}({condition})", "boolean")]
        ways += [(f"{self.random.choice(('SKEWNESS', 'KURTOSIS'))}({number})", "number")]
        ways += [(f"PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY {number})", "number")]
        ways += [(f"PERCENTILE_DISC(0.25) WITHIN GROUP (ORDER BY {number})", "number")]
        ways += [(f"QUANTILE({number}, 0.9)", "number"), (f"APPROX_QUANTILE({number}, 0.5)", "number")]
        text, gives = self.random.choice(ways)
        if not text.startswith("COUNT_IF") and self.random.random() < 0.2:
            text += f" FILTER (WHERE {condition})"
        return text, gives

    def grouped(self, source: str, columns: Columns) -> Block:
        texts = self.texts(columns)
        keys = [name for name in columns if self.random.random() < 0.4][:3]
        items, given = [], {}
        for key in keys:
            items.append(f"{key} AS {(new := self.names.new('k'))}")
            given[new] = columns[key]
        if keys and self.random.random() < 0.3:
            items.append(f"GROUPING({keys[0]}) AS {(new := self.names.new('g'))}")
            given[new] = "integer"
        found = dict(self.aggregate(texts) for _ in range(self.random.randint(1, 3)))
        above = self.texts({**found, **{key: columns[key] for key in keys}})
        for _ in range(self.random.randint(1, 3)):
            text, kind = above.anything(self.random.randint(0, 1))
            items.append(f"{text} AS {(new := self.names.new('a'))}")
            given[new] = kind
        group = f" GROUP BY {self.grouping(keys)}" if keys else ""
        having = f" HAVING {above.grow('boolean', 1)}" if self.random.random() < 0.3 else ""
        where, end = self.where(texts, 0.3), self.end(list(given), 0.2)
        return Block(f"SELECT {', '.join(items)} FROM {source}{where}{group}{having}{end}", given)

    def grouping(self, keys: Sequence[str]) -> str:
        listed = ", ".join(keys)
        return self.random.choice(
            (
                *(listed, listed, f"ROLLUP ({listed})", f"CUBE ({listed})"),
                *(f"GROUPING SETS (({listed}), ())", f"GROUPING SETS ({keys[0]}, ({listed}))"),
            )
        )

    def joined(self, block: Block, other: Block) -> Block:
        """Two blocks joined, or a block with the public table."""
        left, first = self.item(block)
        if self.random.random() < 0.4:
            alias = self.names.new("z")
            right, second = f"zones AS {alias}", under(alias, ZONES)
        else:
            right, second = self.item(other)
        both = {**first, **second}
        kind = self.random.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", ","))
        if kind == ",":
            return self.computed(f"{left}, {right}", both)
        if kind == "CROSS JOIN":
            return self.computed(f"{left} CROSS JOIN {right}", both)
        pairs = [(one, two) for one, held in first.items() for two, also in second.items() if held == also]
        on = "{} = {}".format(*self.random.choice(pairs)) if pairs else self.texts(both).grow("boolean", 1)
        if self.random.random() < 0.3:
            on += f" AND {self.texts(both).grow('boolean', 1)}"
        if self.random.random() < 0.3:
            return self.grouped(f"{left} {kind} {right} ON {on}", both)
        return self.computed(f"{left} {kind} {right} ON {on}", both)

    def united(self, block: Block, other: Block) -> Block:
        """A set operation of two blocks, of the columns whose types both have."""
        kinds = [kind for kind in block.columns.values() if kind in other.columns.values()][:3] or ["integer"]
        given = {self.names.new("c"): kind for kind in kinds}
        operator = self.random.choice(("UNION", "UNION ALL", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL"))
        parts = []
        for part in (block, other):
            source, columns = self.item(part)
            values = [self.texts(columns).leaf(kind) for kind in kinds]
            items = ", ".join(f"{value} AS {name}" for value, name in zip(values, given, strict=True))
            parts.append(f"SELECT {items} FROM {source}")
        return Block(f"{parts[0]} {operator} {parts[1]}{self.end(list(given))}", given)

    def compared(self, block: Block, other: Block) -> Block:
        """A block with a subquery over the other as a value or a condition."""
        source, columns = self.item(block)
        inner, held = self.item(other)
        texts = self.texts(columns)
        items, given = self.selected(columns, texts)
        column, kind = self.random.choice(list(held.items()))
        value = texts.leaf(kind)
        scalar = f"(SELECT MAX({column}) FROM {inner})"
        condition = self.random.choice(
            (
                f"{value} {self.random.choice(('', 'NOT '))}IN (SELECT {column} FROM {inner})",
                f"{value} >= ALL (SELECT {column} FROM {inner})",
                f"{value} = ANY (SELECT {column} FROM {inner})",
                f"{self.random.choice(('', 'NOT '))}EXISTS (SELECT 1 FROM {inner} WHERE {column} = {value})",
                f"{value} < {scalar}",
                f"{value} = (SELECT {column} FROM {inner} LIMIT 1)",
            )
        )
        if self.random.random() < 0.3:
            items.append(f"{scalar} AS {(new := self.names.new('c'))}")
            given[new] = kind
        return Block(f"SELECT {', '.join(items)} FROM {source} WHERE {condition}", given)


def under(alias: str, columns: Mapping[str, str]) -> Columns:
    """The columns with the alias before them."""
    return {f"{alias}.{name}": kind for name, kind in columns.items()}
