"""Several statements that were asked together: their answers, and what they would cost. One price, one receipt."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from jali.amounts import PrivacyLoss
from jali.answers import Answer, Receipt, Released
from jali.tables import Sheet, as_html, as_rich, as_text
from jali.views import PlanView, errors_sheet, price_lines

Part = TypeVar("Part")


class _Several(ABC, Generic[Part]):
    """One part for each statement, in order; shown as a sheet each, and one for all."""

    _parts: tuple[Part, ...]

    @abstractmethod
    def _sheets(self) -> list[Sheet]:
        """A sheet for each statement, then one for all."""

    def __getitem__(self, place: int) -> Part:
        return self._parts[place]

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __repr__(self) -> str:
        return as_text(*self._sheets())

    def _repr_html_(self) -> str:
        return as_html(*self._sheets())

    def __rich__(self) -> Any:
        return as_rich(*self._sheets())


class Answers(_Several[Answer], Released):
    """A sequence of `Answer`, one for each statement, in the order in which they were asked.

    They agree with one another: what two statements ask of the same rows was released once.
    """

    def __init__(self, document: Mapping[str, Any], receipt: Receipt) -> None:
        super().__init__(document, receipt)
        self._parts = tuple(Answer(document, receipt, part) for part in document["answers"])
        self.pilot: Released | None = None  # the answers before, for a relative accuracy; they were paid for, too

    def to_pandas(self) -> list[Any]:
        """A data frame for each statement."""
        return [answer.to_pandas() for answer in self]

    def _sheets(self) -> list[Sheet]:
        sheets = [answer.sheet(f"{number} of {len(self)}") for number, answer in enumerate(self, 1)]
        return [*sheets, Sheet([], [], footer=[self._price, repr(self.receipt), *self.notes])]


class PlanViews(_Several[PlanView]):
    """What statements would cost together, and how exact each would be: a sequence of `PlanView` with one cost.

    `alone[i]` tells the expected errors of a statement that is asked by itself, with an equal part of epsilon.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._parts = tuple(PlanView({**document, **part}) for part in document["statements"])
        self.alone: list[dict[str, float]] = [dict(part["expected_error_alone"]) for part in document["statements"]]

    @cached_property
    def cost(self) -> PrivacyLoss:
        """What asking all of them in one call would charge."""
        return PrivacyLoss.from_json(self.document["cost"])

    @property
    def digest(self) -> str:
        """The plan's digest, as the receipt of the answers will name it."""
        return str(self.document["plan"]["digest"])

    def _sheets(self) -> list[Sheet]:
        numbered = enumerate(self, 1)
        sheets = [errors_sheet(plan.expected_error, title=f"{number} of {len(self)}") for number, plan in numbered]
        return [*sheets, Sheet([], [], footer=price_lines(self))]
