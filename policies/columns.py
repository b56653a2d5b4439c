"""A described field of a dataset (Art. 9): what the entry says of it, and what the DP engines need to know.

Everything here is declared by the provider and public.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from policies.card_types import (
    Bound,
    ColumnType,
    Count,
    Domain,
    Fault,
    Frozen,
    Identifier,
    Number,
    Text,
    all_of,
)
from policies.classification import Grounds, LevelNumber
from privacy.units import ClampingBounds

MOST_DOMAIN_VALUES = 10_000
DEFAULT_MOST_CHARACTERS = 255
_LARGEST_INTEGER = 2**53 - 1  # what JSON and IEEE doubles hold exactly
LARGEST_NORM = 2**30  # ContributionNorm's own limit, in steps


class EntryColumn(Frozen):
    """A field as the catalogue describes it.

    `level` and `directory` (the field's source in the public data directory) default to those of its table. `grounds`
    say why a field that would be non-open is opened all the same, `basis` which document shows it (Art. 14).
    """

    name: Identifier
    type: ColumnType
    description: Text
    unit: Text | None = None
    level: LevelNumber | None = None
    directory: Text | None = None
    grounds: Grounds | None = None
    basis: Text | None = None
    nullable: bool = False

    def faults(self) -> Iterator[Fault]:
        """Grounds without a document are none."""
        if (self.grounds is None) != (self.basis is None):
            yield ("basis",), "grounds for opening a field and the document that shows them (basis) come together"


class Clipping(Frozen):
    """Default clipping norms (L2, in the column's unit) of one unit's sums of this column, over all groups."""

    sum: Number | None = Field(default=None, gt=0)
    deviation: Number | None = Field(default=None, gt=0)


class Column(EntryColumn):
    """A described field (Art. 9). Numbers that are summed need bounds; group keys need a domain or date bounds."""

    bounds: tuple[Bound, Bound] | None = None
    granularity: Number | None = Field(default=None, gt=0)
    domain: Domain | None = None
    most_characters: Annotated[Count, Field(le=100_000)] | None = None
    most_values: Annotated[Count, Field(le=10**7)] | None = None
    clipping: Clipping = Clipping()

    @property
    def longest(self) -> int:
        """The most characters of a text; a declared cap, so that the work on a row is known before it is read."""
        if self.domain is not None:
            return max(len(str(value)) for value in self.domain)
        return self.most_characters or DEFAULT_MOST_CHARACTERS

    @property
    def is_numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.type in ("integer", "number")

    def clamping(self) -> ClampingBounds | None:
        """Clamping bounds with the granularity (1 for integers), or None where the card declares none."""
        if self.bounds is None:
            return None
        lower, upper = self.bounds
        if isinstance(lower, date) or isinstance(upper, date):
            return None
        return ClampingBounds(Fraction(lower), Fraction(upper), Fraction(self.granularity or 1))

    def faults(self) -> Iterator[Fault]:
        """Contradictions between type, bounds, granularity, domain and clipping."""
        yield from super().faults()
        bounds = list(self._bounds_faults())
        yield from bounds
        if self.most_characters is not None and (self.type != "text" or self.domain is not None):
            yield ("most_characters",), "most_characters is for text columns without a domain"
        if self.most_values is not None and self.domain is not None:
            yield ("most_values",), "a column with a domain has as many values as that lists"
        yield from self._domain_faults(None if bounds else self.clamping())
        if (self.clipping.sum or self.clipping.deviation) and not (self.is_numeric and self.bounds):
            yield ("clipping",), "clipping norms are for numeric columns with bounds"
        elif not bounds and (clamping := self.clamping()) is not None:
            yield from self._clipping_faults(clamping.granularity)

    def _bounds_faults(self) -> Iterator[Fault]:
        if self.granularity is not None and not (self.is_numeric and self.bounds):
            yield ("granularity",), "a granularity is for numeric columns with bounds"
        elif self.type == "integer" and self.granularity is not None and self.granularity % 1:
            yield ("granularity",), "the granularity of integers must be whole"
        if self.bounds is None:
            return
        lower, upper = self.bounds
        if self.is_numeric and isinstance(lower, Decimal) and isinstance(upper, Decimal):
            yield from self._steps_faults(lower, upper)
        elif self.type in ("date", "timestamp") and isinstance(lower, date) and isinstance(upper, date):
            if lower > upper:
                yield ("bounds",), "the lower bound is above the upper bound"
        else:
            yield ("bounds",), "bounds are two numbers for numeric columns, two days for dates and timestamps"

    def _steps_faults(self, lower: Decimal, upper: Decimal) -> Iterator[Fault]:
        if self.type == "number" and self.granularity is None:
            yield ("granularity",), "a number with bounds needs a granularity"
            return
        step = Fraction(self.granularity or 1)
        if lower > upper:
            yield ("bounds",), "the lower bound is above the upper bound"
        if Fraction(lower) % step or Fraction(upper) % step:
            yield ("bounds",), "bounds must be multiples of the granularity"
        elif Fraction(max(abs(lower), abs(upper))) / step > _LARGEST_INTEGER:
            yield ("bounds",), "bounds must lie within 2^53 steps of the granularity"

    def _domain_faults(self, clamping: ClampingBounds | None) -> Iterator[Fault]:
        if self.domain is None:
            return
        wanted = {"text": str, "integer": int}.get(self.type)
        if wanted is None or not all_of(self.domain, wanted):
            yield ("domain",), "a domain lists texts of a text column, or integers of an integer column"
            return
        if len(set(self.domain)) != len(self.domain):
            yield ("domain",), "a domain names each value once"
        if len(self.domain) > MOST_DOMAIN_VALUES:
            yield ("domain",), f"a domain has at most {MOST_DOMAIN_VALUES} values"
        if any(isinstance(value, str) and not _is_plain(value) for value in self.domain):
            yield ("domain",), "a text of a domain is Unicode of at most 200 characters, without NUL"
        integers = [value for value in self.domain if isinstance(value, int)]
        if any(abs(value) > _LARGEST_INTEGER for value in integers):
            yield ("domain",), "integers of a domain must lie within 2^53"
        if clamping is not None and not all(_is_step(value, clamping) for value in integers):
            yield ("domain",), "integers of a domain must lie within the bounds, on steps of the granularity"

    def _clipping_faults(self, granularity: Fraction) -> Iterator[Fault]:
        for name, norm in (("sum", self.clipping.sum), ("deviation", self.clipping.deviation)):
            if norm is not None and not 1 <= Fraction(norm) / granularity <= LARGEST_NORM:
                yield ("clipping", name), "a clipping norm must be 1 to 2^30 steps of the granularity"


def _is_plain(text: str) -> bool:
    return len(text) <= 200 and "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _is_step(value: int, clamping: ClampingBounds) -> bool:
    return clamping.lower <= value <= clamping.upper and (value / clamping.granularity).denominator == 1
