"""What a SELECT over rows of the flights becomes, and how it is refused: for tests of the layers below."""

from collections.abc import Callable
from typing import Any

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.blocks import Blocks
from dp_queries.layers.scope import View
from dp_queries.syntax.parse import parse
from dp_queries.syntax.validate import validate
from tests.dp_queries.flights import DATASET


def view(sql: str) -> View:
    """The rows that a SELECT gives."""
    statement = parse(sql)
    validate(statement)
    return Blocks(statement, RelationFacts(DATASET)).view(statement.tree, {})


def refusal(sql: str, read: Callable[[str], Any] = view) -> tuple[str, str]:
    """The code of the refusal, and the text from its place on."""
    with pytest.raises(QueryRejected) as refused:
        read(sql)
    reason = refused.value.reasons[0]
    place = sql.split("\n")[(reason.line or 1) - 1][(reason.column or 1) - 1 :]
    return reason.code, place
