"""What a column is called that a function gave and nobody named: the function, such as percentile_cont."""

from collections.abc import Mapping
from typing import Any, Final

from dp_queries.syntax.parse import exp

_OTHERWISE: Final[Mapping[type[Any], str]] = {exp.TimestampTrunc: "date_trunc"}


def function_name(item: Any) -> str:
    """The name of the function that an item calls; "" where it calls none."""
    while isinstance(item, (exp.Window, exp.Filter, exp.WithinGroup, exp.IgnoreNulls)):
        item = item.this
    if not isinstance(item, exp.Func) or isinstance(item, (exp.And, exp.Or)):
        return ""
    own = item.name if isinstance(item, exp.Anonymous) else item.sql_name()
    return _OTHERWISE.get(type(item), str(own).lower())
