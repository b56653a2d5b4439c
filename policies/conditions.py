"""Opening conditions of the six kinds as typed terms, and the materials that an applicant shows (Art. 15, 18).

A condition's text is for people; its other fields become terms of the agreement or checks of an application.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from policies.card_types import Count, Fault, Frozen, Identifier, Line, Text
from policies.classification import ConditionKind

Declaration = Literal["not-executed-for-untrustworthiness", "not-abnormal-business", "not-seriously-illegal"]
MaterialFormat = Literal["pdf", "png", "jpeg", "text"]
MOST_MATERIALS = 30


class Scenario(Frozen):
    """What the data may be used for; `purposes` are those that an agreement can name, `excluded` never can be."""

    kind: Literal["scenario"]
    text: Text
    purposes: tuple[Line, ...] = Field(min_length=1, max_length=100)
    excluded: tuple[Line, ...] = Field(default=(), max_length=100)

    def faults(self) -> Iterator[Fault]:
        """Nothing is both."""
        if set(self.purposes) & set(self.excluded):
            yield ("excluded",), "a purpose is either allowed or excluded"


class Security(Frozen):
    """Which security measures the organization must have; they become terms of the agreement."""

    kind: Literal["security"]
    text: Text
    measures: tuple[Line, ...] = Field(min_length=1, max_length=100)


class Feedback(Frozen):
    """How often a utilization report is due, and how many days late it may be (Art. 29)."""

    kind: Literal["feedback"]
    text: Text
    report_months: Annotated[Count, Field(le=24)]
    grace_days: Annotated[int, Field(strict=True, ge=0, le=90)] = 30


class TechnicalAbility(Frozen):
    """Which facilities and people the organization needs."""

    kind: Literal["technical-ability"]
    text: Text


class Credit(Frozen):
    """What the organization declares of its credit, and how long ago its last violation here must lie (Art. 32)."""

    kind: Literal["credit"]
    text: Text
    declarations: tuple[Declaration, ...] = ()
    months_without_violation: Annotated[int, Field(strict=True, ge=0, le=120)] = 0

    def faults(self) -> Iterator[Fault]:
        """It asks for something."""
        if not self.declarations and not self.months_without_violation:
            yield (), "a credit condition lists declarations, or months without a violation"


class Other(Frozen):
    """Any further reasonable condition, in words."""

    kind: Literal["other"]
    text: Text


Condition = Annotated[Scenario | Security | Feedback | TechnicalAbility | Credit | Other, Field(discriminator="kind")]


class Material(Frozen):
    """A document that an application brings, and the kind of condition that it answers (Art. 18)."""

    name: Identifier
    title: Line
    text: Text
    answers: ConditionKind
    formats: tuple[MaterialFormat, ...] = Field(default=("pdf",), min_length=1)
    is_required: bool = True


def condition_faults(conditions: tuple[Condition, ...], materials: tuple[Material, ...]) -> Iterator[Fault]:
    """Contradictions among a dataset's conditions and materials; places are from the entry."""
    kinds = [condition.kind for condition in conditions]
    for index, kind in enumerate(kinds):
        # One scenario, one rhythm of reports: two of a kind would leave open which one holds.
        if kind != "other" and kind in kinds[:index]:
            yield ("conditions", index), f"there is one condition of the kind {kind}"
    names = [material.name for material in materials]
    for index, material in enumerate(materials):
        if material.name in names[:index]:
            yield ("materials", index, "name"), "two materials have one name"
        if material.answers not in kinds:
            yield ("materials", index, "answers"), f"there is no condition of the kind {material.answers}"
