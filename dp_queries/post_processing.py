"""What is done to released tables, as frozen data: columns of the answer, and SQL over released values only.

Post-processing of a differentially private release costs nothing (Dwork, Roth, "The Algorithmic Foundations of
Differential Privacy", 2014, Proposition 2.1): nothing here may name a private table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Final, TypeVar

from policies.canonical import digest

MOST_RUNS: Final = 200
LEAST_RUNS: Final = 40  # of fewer, no two order statistics hold a 95 % interval
SIMULATION_SECONDS: Final = 8  # of the processor; no more runs of a statement are begun after that
WORKLOAD_SECONDS: Final = 60  # nor of all statements together after that
_USUAL_SECONDS: Final = Fraction(2)  # more only where the least runs need it
_RUN_SECONDS: Final = Fraction(3, 1000)
_ROW_SECONDS: Final = Fraction(2, 10**6)  # measured: windows and joins over thousands of rows


_Part = TypeVar("_Part")


@dataclass(frozen=True)
class OutputColumn:
    """A column of the answer; `is_noisy` when it depends on an aggregate."""

    name: str
    type: str
    is_noisy: bool


@dataclass(frozen=True)
class Rowwise:
    """The selected expressions of a statement that computes row by row, over `source` (released0 under its alias)."""

    source: str
    select: tuple[str, ...]


@dataclass(frozen=True)
class Above:
    """SQL over tables `released0`, `released1`, ... (g, k0.., a0..) and `public_<name>`, rendered from checked nodes.

    `sql` gives columns c0, c1, ... and then `hidden` columns h0, h1, ... that say which row it is; in a complete order.
    `loose` gives the same columns without cutting rows at the end; for error bars. With `rowwise`, h0 is g. `work`: the
    most rows that the engine touches, by public facts. `reads`: which of the plan's aggregations its released tables
    are, in their order; other statements of a workload may read the same. `most_rows`: of the answer, by public facts.
    """

    columns: tuple[OutputColumn, ...]
    sql: str
    loose: str
    tables: tuple[str, ...]
    rowwise: Rowwise | None
    hidden: int
    work: int
    reads: tuple[int, ...] = (0,)
    most_rows: int = 1

    def own(self, parts: Sequence[_Part]) -> list[_Part]:
        """Of one part for each aggregation of the plan, those of this statement's released tables."""
        return [parts[number] for number in self.reads]

    @property
    def publics(self) -> tuple[str, ...]:
        """The public tables that are read, by their names on the card."""
        return tuple(table.removeprefix("public_") for table in self.tables if table.startswith("public_"))

    @property
    def runs(self) -> int:
        """How often the statement is run again for error bars; 0 when that is not needed, or takes too long."""
        if self.rowwise is not None or not any(column.is_noisy for column in self.columns):
            return 0
        runs = min(MOST_RUNS, int(_USUAL_SECONDS / self._run_seconds))
        # Half of the time that there is, for machines that are slower.
        if LEAST_RUNS * self._run_seconds > Fraction(SIMULATION_SECONDS, 2):
            return 0
        return max(runs, LEAST_RUNS)

    @property
    def seconds(self) -> Fraction:
        """What post-processing is expected to take, simulation included, by public facts."""
        return self._run_seconds * (1 + self.runs)

    @property
    def _run_seconds(self) -> Fraction:
        return _RUN_SECONDS + self.work * _ROW_SECONDS

    def to_json(self) -> Any:
        """What decides the answer, for the plan's digest; the names that the query gives to columns do not."""
        return [self.sql, [column.type for column in self.columns], list(self.reads)]

    @cached_property
    def digest(self) -> str:
        """What tells the statements of one plan apart, whatever their order and the names of their columns."""
        return digest(self.to_json())
