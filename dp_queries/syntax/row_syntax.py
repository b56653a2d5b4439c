"""The row-level part of the allow-list: nodes that rows can be asked by, and what to write instead of others.

`validate.py` walks; `layers/rows/` says what each node means. Both sides must list a node before it is answered.
"""

from collections.abc import Mapping
from typing import Final

from dp_queries.syntax.parse import Node, exp

_BINARY: Final = frozenset({"this", "expression"})
_ONE: Final = frozenset({"this"})
_MANY: Final = frozenset({"this", "expressions"})

# class -> the parts it may carry. `safe`, `typed`, `coalesce`, `ignore_nulls` and `nested` are notes of the parser.
ROW_NODES: Final[Mapping[type[Node], frozenset[str]]] = {
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Boolean: _ONE,
    exp.Null: frozenset(),
    exp.Paren: _ONE,
    exp.And: _BINARY,
    exp.Or: _BINARY,
    exp.Not: _ONE,
    exp.EQ: _BINARY,
    exp.NEQ: _BINARY,
    exp.LT: _BINARY,
    exp.LTE: _BINARY,
    exp.GT: _BINARY,
    exp.GTE: _BINARY,
    exp.In: _MANY,
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Is: frozenset({"this", "expression", "negate"}),
    exp.NullSafeEQ: _BINARY,
    exp.NullSafeNEQ: _BINARY,
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.ILike: frozenset({"this", "expression", "negate"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Coalesce: _MANY,
    exp.Nullif: _BINARY,
    exp.Greatest: _MANY | {"ignore_nulls"},
    exp.Least: _MANY | {"ignore_nulls"},
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.Div: _BINARY | {"typed", "safe"},
    exp.Mod: _BINARY,
    exp.Neg: _ONE,
    exp.Abs: _ONE,
    exp.Sign: _ONE,
    exp.Floor: _ONE,
    exp.Ceil: _ONE,
    exp.Trunc: frozenset({"this", "decimals"}),
    exp.Round: frozenset({"this", "decimals"}),
    exp.Sqrt: _ONE,
    exp.Ln: _ONE,
    exp.Log: _BINARY,
    exp.Exp: _ONE,
    exp.Pow: _BINARY,
    exp.WidthBucket: frozenset({"this", "min_value", "max_value", "num_buckets"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to", "safe"}),
    exp.DataType: frozenset({"this", "nested"}),
    exp.Lower: _ONE,
    exp.Upper: _ONE,
    exp.Length: _ONE,
    exp.Trim: frozenset({"this", "position", "expression"}),
    exp.Substring: frozenset({"this", "start", "length"}),
    exp.Left: _BINARY,
    exp.Right: _BINARY,
    exp.DPipe: _BINARY | {"safe"},
    exp.Concat: frozenset({"expressions", "safe", "coalesce"}),
    exp.Replace: frozenset({"this", "expression", "replacement"}),
    exp.StrPosition: frozenset({"this", "substr"}),
    exp.Contains: _BINARY,
    exp.StartsWith: _BINARY,
    exp.EndsWith: _BINARY,
    exp.SplitPart: frozenset({"this", "delimiter", "part_index"}),
    exp.Var: _ONE,
    exp.Interval: frozenset({"this", "unit"}),
    exp.Extract: _BINARY,
    exp.TimestampTrunc: frozenset({"this", "unit"}),
    exp.DateAdd: _BINARY,
    exp.DateSub: _BINARY,
    exp.DateDiff: frozenset({"this", "expression", "unit"}),
    exp.Date: _ONE,
    exp.StrToDate: frozenset({"this", "format"}),
    exp.Year: _ONE,
    exp.Quarter: _ONE,
    exp.Month: _ONE,
    exp.Week: _ONE,
    exp.WeekOfYear: _ONE,
    exp.Day: _ONE,
    exp.DayOfMonth: _ONE,
    exp.DayOfWeek: _ONE,
    exp.DayOfWeekIso: _ONE,
    exp.DayOfYear: _ONE,
    exp.Hour: _ONE,
    exp.Minute: _ONE,
    exp.Second: _ONE,
}

# Parts that a function must have, where these are not just its `this` and `expression`.
NEEDED: Final[Mapping[type[Node], frozenset[str]]] = {
    exp.Case: frozenset({"ifs"}),
    exp.If: frozenset({"this", "true"}),
    exp.Log: _ONE,
    exp.Trim: _ONE,
    exp.WidthBucket: frozenset({"this", "min_value", "max_value", "num_buckets"}),
    exp.SplitPart: frozenset({"this", "delimiter", "part_index"}),
    exp.StrPosition: frozenset({"this", "substr"}),
    exp.TimestampTrunc: frozenset({"this", "unit"}),
}

_PATTERN: Final = ("pattern", "this pattern match isn't answered; use LIKE with % and _, POSITION or SPLIT_PART")
_WIDENS: Final = (
    "text-too-wide",
    "functions that make texts wider aren't answered; use ||, or compare the text itself",
)
_NOW: Final = ("now", "the present isn't offered, for an answer must not depend on it; write DATE '2013-01-31'")
_FORMATTED: Final = ("cast", "dates aren't formatted here; use EXTRACT, DATE_TRUNC or CAST(x AS TEXT) of a date")

ROW_INSTEAD: Final[Mapping[type[Node], tuple[str, str]]] = {
    exp.RegexpLike: _PATTERN,
    exp.RegexpILike: _PATTERN,
    exp.RegexpReplace: _PATTERN,
    exp.RegexpExtract: _PATTERN,
    exp.SimilarTo: _PATTERN,
    exp.Glob: _PATTERN,
    exp.Escape: ("pattern", "LIKE has no ESCAPE here; use % and _ only"),
    exp.Repeat: _WIDENS,
    exp.Pad: _WIDENS,
    exp.ConcatWs: ("function", "CONCAT_WS isn't answered; write x || '-' || y"),
    exp.CurrentDate: _NOW,
    exp.CurrentTimestamp: _NOW,
    exp.TimeToStr: _FORMATTED,
    exp.Collate: ("collation", "texts are compared character by character; leave COLLATE out"),
    exp.AtTimeZone: ("time-zone", "time zones aren't offered; timestamps are as the dataset has them"),
    exp.IntDiv: ("operator", "whole division isn't answered; write TRUNC(x / y)"),
    exp.TimestampDiff: ("date-difference", "write DATE_DIFF('day', x, y): the days from x to y"),
    exp.Rand: ("random", "random functions aren't offered; the noise is the room's"),
}

# Functions that SQLGlot has no node for, by name.
INSTEAD_OF_FUNCTIONS: Final[Mapping[str, str]] = {
    "age": "write DATE_DIFF('day', x, y)",
    "datepart": "write EXTRACT(MONTH FROM x)",
    "datetrunc": "write DATE_TRUNC('month', x)",
    "dateadd": "write x + INTERVAL '1 day'",
    "epoch": "write EXTRACT(EPOCH FROM x)",
    "hash": "what tells rows apart by chance is no question; use the columns themselves",
    "histogram": "write GROUP BY WIDTH_BUCKET(x, 0, 100, 10)",
    "isnull": "write x IS NULL",
    "make_date": "write DATE '2013-01-31'",
    "md5": "what tells rows apart by chance is no question; use the columns themselves",
    "prefix": "write STARTS_WITH(x, 'A')",
    "quantile_cont": "write PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x)",
    "quantile_disc": "write PERCENTILE_DISC(0.9) WITHIN GROUP (ORDER BY x)",
    "regexp_matches": "use LIKE with % and _, POSITION or SPLIT_PART",
    "strftime": "use EXTRACT, DATE_TRUNC or CAST(x AS TEXT) of a date",
    "time_bucket": "write DATE_TRUNC('month', x)",
    "weekday": "write EXTRACT(DOW FROM x)",
}

ROW_PARTS: Final[Mapping[tuple[type[Node], str], tuple[str, str]]] = {
    (exp.In, "unnest"): ("in-list", "IN takes a list of values"),
    (exp.In, "field"): ("in-list", "IN takes a list of values in brackets"),
    (exp.Between, "symmetric"): ("between", "SYMMETRIC isn't answered; write the lower bound first"),
    (exp.DataType, "expressions"): (
        "type",
        "write the type without a length; for decimals ROUND(x, 2), for texts LEFT",
    ),
    (exp.DataType, "kind"): ("type", "there is no such type; use INTEGER, DOUBLE PRECISION, TEXT, BOOLEAN or DATE"),
    (exp.Interval, "fraction_in_string"): (
        "interval",
        "an interval is a whole number of one unit: INTERVAL '36 hours'",
    ),
    (exp.StrPosition, "position"): ("literal-text", "STRPOS takes a text and what to look for"),
    (exp.TimestampTrunc, "zone"): ("time-zone", "time zones aren't offered; leave the zone out"),
    (exp.Length, "encoding"): ("not-offered", "LENGTH takes one text and counts characters"),
}
