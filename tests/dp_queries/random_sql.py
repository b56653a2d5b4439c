"""Random SELECTs: mostly well formed, of columns and literals of any type, so that checks deep inside are reached."""

from random import Random

COLUMNS = (
    *(
        "tailnum",
        "carrier",
        "origin",
        "dest",
        "month",
        "distance",
        "delay",
        "weight",
        "departed",
        "day",
        "late",
        "note",
    ),
    *("flights.month", "f.origin", "seats", "maker", "planes.tailnum", "faa", "zone", "wind", "n", "k", "nothing"),
)
LITERALS = (
    *("1", "0", "-3", "2.5", "1e3", "99999999999999999999", "'JFK'", "'2013-02-03'", "DATE '2013-02-03'", "TRUE"),
    *("TIMESTAMP '2013-02-03 04:05:06'", "NULL", "''", "'a''b'", "DATE '2013-02-30'", "9223372036854775807", "-0.0"),
)
CONDITIONS = (
    "month IN (1, 2)",
    "delay > 15",
    "NOT late",
    "origin <> 'JFK'",
    "day >= DATE '2013-02-03'",
    "departed < '2013-06-01 12:00:00'",
    "dest LIKE 'L%'",
    "note IS NOT NULL",
    "distance / delay > 2",
    "delay BETWEEN -3 AND distance",
)
SOURCES = (
    "flights",
    "flights f",
    "flights AS f LEFT JOIN airports a ON f.dest = a.faa",
    "flights JOIN planes USING (tailnum)",
    "flights f JOIN planes ON f.tailnum = planes.tailnum AND {condition}",
    "flights LEFT JOIN airports ON dest = faa AND {condition}",
    "flights JOIN weather w ON {condition}",
)
KEYS = (
    *("origin", "carrier", "month", "day", "late", "zone", "maker", "dest", "height", "1", "2", "k", "n"),
    *("CAST(departed AS DATE)", "departed::date", "EXTRACT(HOUR FROM departed)", "EXTRACT(YEAR FROM day)", "DATE(day)"),
)


def row_level(draw: Random, depth: int = 0) -> str:
    """A row-level expression, seldom of the right type."""
    if depth > 3 or draw.random() < 0.35:
        return draw.choice(COLUMNS if draw.random() < 0.6 else LITERALS)
    one, two = row_level(draw, depth + 1), row_level(draw, depth + 1)
    return draw.choice(
        (
            f"({one} {draw.choice('+-*/')} {two})",
            f"{one} {draw.choice(('=', '<>', '!=', '<', '<=', '>', '>='))} {two}",
            f"({one} AND {two})",
            f"({one} OR {two})",
            f"NOT {one}",
            f"-{one}",
            f"{one} IS {draw.choice(('', 'NOT '))}NULL",
            f"{one} {draw.choice(('', 'NOT '))}IN ({draw.choice(LITERALS)}, {draw.choice(LITERALS)})",
            f"{one} {draw.choice(('', 'NOT '))}BETWEEN {two} AND {draw.choice(LITERALS)}",
            f"{one} {draw.choice(('', 'NOT '))}LIKE 'a%_'",
            f"EXTRACT({draw.choice(('YEAR', 'DOW', 'HOUR', 'EPOCH'))} FROM {one})",
            f"CAST({one} AS {draw.choice(('DATE', 'TIMESTAMP', 'INTEGER', 'TEXT'))})",
        )
    )


def condition(draw: Random) -> str:
    """A condition, mostly of the right types."""
    known = [draw.choice(CONDITIONS) for _ in range(draw.randint(1, 3))]
    return draw.choice((" AND ", " OR ")).join(known if draw.random() < 0.8 else [*known, row_level(draw)])


def number(draw: Random, depth: int = 0) -> str:
    """A numeric row-level expression, mostly."""
    if depth > 2 or draw.random() < 0.6:
        return draw.choice(("distance", "delay", "month", "3", "0.5", "seats" if depth else "delay"))
    return f"({number(draw, depth + 1)} {draw.choice('+-*/')} {number(draw, depth + 1)})"


def above(draw: Random, depth: int = 0) -> str:
    """An expression over aggregates and keys."""
    if depth > 2 or draw.random() < 0.45:
        inner = number(draw) if draw.random() < 0.9 else row_level(draw, 2)
        count = ("COUNT(*)", f"COUNT({inner})", "COUNT(DISTINCT tailnum)", f"SUM({inner})", f"AVG({inner})")
        return draw.choice((*count, "1", "k", draw.choice(LITERALS)))
    one, two = above(draw, depth + 1), above(draw, depth + 1)
    return draw.choice(
        (
            f"({one} {draw.choice('+-*/')} {two})",
            f"CASE WHEN {one} > {two} THEN {one} ELSE {two} END",
            f"CASE {one} WHEN {two} THEN 1 END",
            f"COALESCE({one}, {two})",
            f"NULLIF({one}, {two})",
            f"ROUND({one}, {draw.choice((-2, 0, 3, 99))})",
            f"ABS({one})",
            f"-{one}",
            f"{one} {draw.choice(('=', '<', 'IS NULL AND 1 ='))} {two}",
            f"{one} IN ({draw.choice(LITERALS)})",
            f"CAST({one} AS {draw.choice(('INTEGER', 'DOUBLE', 'DATE'))})",
        )
    )


def select(draw: Random) -> str:
    """A SELECT that is likely to be read and checked in depth."""
    keys = [draw.choice(KEYS) for _ in range(draw.choice((0, 0, 1, 1, 2)))]
    items = [f"{key} AS k" if key not in "12kn" else "origin" for key in keys[:1]]
    items += [f"{above(draw)} AS n" if draw.random() < 0.3 else above(draw) for _ in range(draw.randint(1, 3))]
    sql = f"SELECT {', '.join(items)} FROM {draw.choice(SOURCES).format(condition=condition(draw))}"
    sql += f" WHERE {condition(draw)}" if draw.random() < 0.4 else ""
    sql += f" GROUP BY {', '.join(keys)}" if keys else ""
    sql += f" HAVING {above(draw)} > 0" if draw.random() < 0.2 else ""
    sql += f" ORDER BY {draw.choice((above(draw), '1', 'n'))} DESC" if draw.random() < 0.3 else ""
    return sql + (f" LIMIT {draw.choice((0, 3, 10**12))}" if draw.random() < 0.2 else "")
