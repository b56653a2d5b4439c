"""The layer above: everything that is done to released tables, which is post-processing and costs nothing."""

from dp_queries.layers.above.blocks import write_aggregation_block, write_block
from dp_queries.layers.above.finish import finished
from dp_queries.layers.above.names import AggregationNames
from dp_queries.layers.above.queries import AboveQuery, Column, Source, released_source
from dp_queries.layers.above.set_operations import write_set_operation
from dp_queries.layers.above.writer import Context, Writer

__all__ = [
    "AboveQuery",
    "AggregationNames",
    "Column",
    "Context",
    "Source",
    "Writer",
    "finished",
    "released_source",
    "write_aggregation_block",
    "write_block",
    "write_set_operation",
]
