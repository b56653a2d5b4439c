"""A whole query over released tables -> the post-processing of a plan."""

from typing import Final

from dp_queries.layers.above.queries import AboveQuery
from dp_queries.post_processing import Above, OutputColumn
from dp_queries.syntax.parse import Node, Statement, rejected

MOST_ANSWERED: Final = 2**21  # rows that are sorted and told


def finished(query: AboveQuery, node: Node, statement: Statement, reads: tuple[int, ...]) -> Above:
    """The query as post-processing of what it reads. Raises QueryRejected for an answer that may be too long."""
    if query.most_rows > MOST_ANSWERED:
        message = (
            f"the answer may have {query.most_rows} rows, {MOST_ANSWERED} are possible; aggregate it, or add LIMIT"
        )
        raise rejected(statement.reason(node, "too-many-rows", message))
    return Above(
        columns=tuple(OutputColumn(column.name, column.type, column.is_noisy) for column in query.columns),
        sql=query.select.outermost(),
        loose=query.loose.outermost(),
        tables=tuple(sorted(query.tables)),
        rowwise=query.rowwise,
        hidden=len(query.select.identity),
        work=query.work,
        reads=reads,
        most_rows=query.most_rows,
    )
