"""Random row-level expressions over columns of every type, with random rows that keep the columns' declared facts."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from dp_queries.algebra.expressions import OPERATORS, Call, ColumnRef, Literal
from dp_queries.algebra.types import type_of
from dp_queries.backends.evaluate import Steps
from dp_queries.facts.expressions import Facts, Range

CENT = Fraction(1, 100)
YEAR = (date(2012, 12, 30), date(2013, 12, 31))
FACTS = {
    "origin": Facts("text", domain=("EWR", "JFK", "LGA"), longest=3),
    "note": Facts("text", is_nullable=True, longest=7),
    "month": Facts("integer", range=Range(Fraction(1), Fraction(12), Fraction(1))),
    "shift": Facts("integer", is_nullable=True, range=Range(Fraction(-6), Fraction(4), Fraction(2))),
    "serial": Facts("integer", is_nullable=True),
    "fare": Facts("number", range=Range(Fraction(-5), Fraction(100), CENT)),
    "free": Facts("number", is_nullable=True),
    "paid": Facts("boolean", is_nullable=True, domain=(False, True)),
    "day": Facts("date", days=YEAR),
    "built": Facts("date", is_nullable=True),
    "at": Facts("timestamp", is_nullable=True, days=YEAR),
}
COLUMNS = {name: ColumnRef(0, name, facts.type) for name, facts in FACTS.items()}
TEXTS = ("", "a", "EWR", "-", "ab", " 12", "2013-05-01", "ÄßİZ", "1.5")


def columns(reference):
    return FACTS[reference.column]


def random_row(random):
    """Values within the facts; unbounded ones are mostly small."""
    row = {
        "origin": random.choice(FACTS["origin"].domain),
        "note": random.choice(
            ("abababa", "aaaaaaa", "".join(random.choice("abB1 -ßİ.") for _ in range(random.randint(0, 7))))
        ),
        "month": Steps(random.randint(1, 12)),
        "shift": Steps(random.randint(-3, 2), Fraction(2)),
        "serial": Steps(random.choice((0, 1, -7, 10**6, 2**53, -(2**62)))),
        "fare": Steps(random.choice((-500, 10000, 0, random.randint(-500, 10000))), CENT),
        "free": random.choice((0.0, -1.5, 1e300, float("inf"), float("nan"), random.uniform(-100, 100))),
        "paid": random.random() < 0.5,
        "day": date.fromordinal(random.randint(YEAR[0].toordinal(), YEAR[1].toordinal())),
        "built": random.choice((date.min, date.max, date(2000, 2, 29))),
        "at": datetime(2012, 12, 30) + random.choice((0, 1, random.random())) * timedelta(days=367, microseconds=-1),
    }
    nullable = [name for name in row if FACTS[name].is_nullable]
    return row | {name: None for name in nullable if random.random() < 0.2}


class Grower:
    """Grows expressions of a wanted type."""

    def __init__(self, random):
        self.random = random
        self.used = set()

    def grow(self, kind, depth):
        makers = [name for name in OPERATORS if kind in RESULTS[name]]
        if depth == 0 or not makers:
            return self.leaf(kind)
        # The least used operators first, so that all are met.
        name = self.random.choice(sorted(makers, key=lambda one: one in self.used)[: max(3, len(makers) // 2)])
        call = Call(name, self.arguments(name, kind, depth - 1))
        self.used.add(name)
        return call

    def of(self, name):
        """A call of this operator over columns and constants."""
        self.used.add(name)
        kind = self.random.choice(RESULTS[name])
        return Call(name, self.arguments(name, kind, 0))

    def leaf(self, kind):
        among = [column for column in COLUMNS.values() if column.type == kind]
        if self.random.random() < 0.2:
            return self.literal(kind)
        return self.random.choice(among)

    def literal(self, kind):
        values = {
            "text": self.random.choice(TEXTS),
            "integer": self.random.randint(-3, 9),
            "number": Decimal(self.random.randint(-50, 250)) / 10,
            "boolean": self.random.random() < 0.5,
            "date": date(2013, 5, 17),
            "timestamp": datetime(2013, 5, 17, 13, 45, 59),
        }
        return Literal(values[kind])

    def number(self, depth):
        return self.grow(self.random.choice(("integer", "number")), depth)

    def arguments(self, name, kind, depth):
        grow, pick = self.grow, self.random.choice
        if name in ("and", "or"):
            return (grow("boolean", depth), grow("boolean", depth), grow("boolean", 0))
        if name == "not":
            return (grow("boolean", depth),)
        if name in ("=", "<>", "<", "<=", ">", ">="):
            one = pick(("text", "integer", "number", "date", "timestamp"))
            return (grow(one, depth), grow(one, depth))
        if name == "in":
            return (grow("integer", depth), Literal(1), Literal(2))
        if name == "is_null":
            return (grow(pick(KINDS), depth),)
        if name == "like":
            return (grow("text", depth), Literal(pick(("%a%", "_WR", ""))))
        if name == "case":
            other = "integer" if kind == "number" else kind
            return (grow("boolean", depth), grow(kind, depth), grow("boolean", 0), grow(other, 0), self.default(kind))
        if name in ("coalesce", "greatest", "least"):
            return (grow(kind, depth), grow(kind, 0))
        if name in ("abs", "round") and kind == "integer":
            return (grow("integer", depth) if name == "abs" else self.number(depth),)
        if name in ("abs", "round"):
            return (grow("number", depth), *((Literal(pick((1, 2, 5))),) if name == "round" else ()))
        return tuple(self.argument(wanted, kind, depth) for wanted in ARGUMENTS[name])

    def default(self, kind):
        return Literal(None) if self.random.random() < 0.4 else self.grow(kind, 0)

    def argument(self, wanted, kind, depth):
        if not isinstance(wanted, str):
            return Literal(self.random.choice(wanted))
        if wanted == "same":
            return self.grow(kind, depth)
        return self.number(depth) if wanted == "any number" else self.grow(self.random.choice(wanted.split("|")), depth)


KINDS = ("text", "integer", "number", "boolean", "date", "timestamp")
_MOMENTS = ("year", "month", "day", "dow", "isodow", "doy", "quarter", "week", "date", "to_timestamp")
_TRUNCATED = ("trunc_year", "trunc_quarter", "trunc_month", "trunc_week", "trunc_day")
_LENGTHS, _PLACES = (0, 1, 3, 9), (1, 2, 5)
# What each operator takes: types, or the constants to choose from.
ARGUMENTS = {
    **dict.fromkeys(("+", "-", "*", "/", "power"), ("any number", "any number")),
    **dict.fromkeys(("neg", "sign", "floor", "ceil", "trunc", "sqrt", "ln", "log10", "exp"), ("any number",)),
    "mod": ("integer", "integer"),
    "width_bucket": ("any number", (-3, 0), (7, 9), (1, 5)),
    "to_integer": ("number|boolean|text",),
    "to_number": ("integer|boolean|text",),
    "to_text": ("integer|boolean|date",),
    "parse_date": ("text",),
    **dict.fromkeys(("lower", "upper", "length", "trim", "ltrim", "rtrim"), ("text",)),
    "substring": ("text", _PLACES, _LENGTHS),
    "left": ("text", _LENGTHS),
    "right": ("text", _LENGTHS),
    "concat": ("text", "text"),
    "replace": ("text", ("a", "ab"), ("", "xyz")),
    "position": ("text", ("a", "-")),
    "starts_with": ("text", ("a", "E")),
    "split_part": ("text", ("-", "ab"), _PLACES),
    **dict.fromkeys(_MOMENTS, ("date|timestamp",)),
    **dict.fromkeys(("hour", "minute", "second", "epoch"), ("timestamp",)),
    **dict.fromkeys(_TRUNCATED, ("same",)),
    **dict.fromkeys(("trunc_hour", "trunc_minute"), ("timestamp",)),
    "add_days": ("same", (-400, 3)),
    "add_months": ("same", (-14, 1)),
    "add_seconds": ("timestamp", (-90, 0, 86400, 100_000)),
    "days_between": ("date|timestamp", "date|timestamp"),
    "seconds_between": ("timestamp", "timestamp"),
}
_SAME = {
    **dict.fromkeys(("case", "coalesce", "greatest", "least"), KINDS),
    **dict.fromkeys(("abs", "round"), ("integer", "number")),
    **dict.fromkeys((*_TRUNCATED, "add_days", "add_months"), ("date", "timestamp")),
    **dict.fromkeys(("trunc_hour", "trunc_minute", "add_seconds"), ("timestamp",)),
}
RESULTS = {name: _SAME.get(name, (gives,)) for name, (_, gives, _) in OPERATORS.items()}


def check_types(expression):
    """The generator keeps to the language: every result has the type that was asked for."""
    if isinstance(expression, Call):
        assert type_of(expression) in RESULTS[expression.operator]
        for argument in expression.arguments:
            check_types(argument)


def seeded(seed):
    return Random(seed)
