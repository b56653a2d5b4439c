"""Levels of fields -> the class of a dataset -> which doors exist (Art. 13, 14), by a published guide that is data.

The guide holds what Art. 13 lists: method, process, levels with their measures and examples, the class and the
opening conditions that go with each. What it doesn't allow is not opened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

Openness = Literal["unconditional", "conditional", "non-open"]
LevelNumber = Literal[1, 2, 3, 4]
Grounds = Literal["de-identification", "consent"]
Requirement = Literal["security", "processing-capacity", "timeliness", "continuous-access"]
ConditionKind = Literal["scenario", "security", "feedback", "technical-ability", "credit", "other"]

CLASSES: Final[tuple[Openness, ...]] = ("unconditional", "conditional", "non-open")
"""From open to closed."""

DOORS: Final = MappingProxyType[Openness, tuple[str, ...]](
    {"unconditional": ("download",), "conditional": ("sql", "function", "training"), "non-open": ()}
)
"""Which doors can exist at all for a dataset of a class (Art. 17, 18, 21)."""


@dataclass(frozen=True)
class Level:
    """One level of the guide. `conditions` are the kinds that the entry of such data must state (Art. 13, 15)."""

    number: LevelNumber
    name: str
    meaning: str
    openness: Openness
    conditions: tuple[ConditionKind, ...]
    measures: tuple[str, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Guide:
    """A version of the guide. `treated` is the level as which a non-open field counts that is opened on grounds."""

    version: str
    method: str
    process: tuple[str, ...]
    levels: tuple[Level, ...]
    treated: LevelNumber
    requirements: tuple[tuple[Requirement, str], ...]

    def level(self, number: LevelNumber) -> Level:
        """The level of that number."""
        return next(level for level in self.levels if level.number == number)

    def to_json(self) -> dict[str, Any]:
        """The guide as it is published."""
        return {
            "version": self.version,
            "method": self.method,
            "process": list(self.process),
            "levels": [_plain(level) for level in self.levels],
            "treated": self.treated,
            "requirements": dict(self.requirements),
        }


GUIDE: Final = Guide(
    version="1",
    method=(
        "Each field has one level, by the harm that its disclosure would do to a person, an organization or the "
        "public. The class of a dataset is the most closed one that a level of its fields, or a requirement of its "
        "delivery, asks for."
    ),
    process=(
        "The provider gives each field a level, and requirements to the delivery where there are any.",
        "A field of level 4 may be opened on grounds: it was de-identified, or its holder agreed. A document shows it.",
        "The class follows from the levels; nobody chooses it.",
        "The operator returns an entry whose class, conditions or documents do not agree with this guide.",
    ),
    levels=(
        Level(
            1,
            "harmless",
            "Its disclosure harms nobody, alone or joined with other data.",
            "unconditional",
            (),
            (),
            ("opening hours of museums", "names of bus lines", "air quality by station and hour"),
        ),
        Level(
            2,
            "sensitive when joined",
            "Harmless alone; joined with other data it may point to a person or an organization.",
            "conditional",
            ("scenario", "feedback"),
            ("answers under differential privacy", "contributions of a unit bounded", "every invocation in the log"),
            ("district and month of a visit", "type and year of a vehicle"),
        ),
        Level(
            3,
            "about one person or organization",
            "De-identified facts about single persons or organizations, or a pseudonym of theirs.",
            "conditional",
            ("scenario", "security", "feedback"),
            (
                "answers under differential privacy",
                "contributions of a unit bounded",
                "a key of its own for every version",
                "every invocation in the log",
            ),
            ("pseudonym of a card holder", "cost of a treatment", "tail number of an aircraft"),
        ),
        Level(
            4,
            "private or secret",
            "Personal privacy, personal information, trade secrets, confidential business information, or closed by "
            "law.",
            "non-open",
            (),
            ("not delivered", "the entry is visible, so that anyone sees that it exists"),
            ("names and telephone numbers", "diagnoses with names", "unpublished accounts of a company"),
        ),
    ),
    treated=3,
    requirements=(
        ("security", "Whoever uses it must protect it with measures that not everybody has."),
        ("processing-capacity", "Using it takes computing that not everybody has."),
        ("timeliness", "Its worth lies in being fresh, so that it is asked for all the time."),
        ("continuous-access", "It is of use only while access continues."),
    ),
)


class GradedField(NamedTuple):
    """A field with its level and, where it is opened on grounds, those."""

    name: str
    level: LevelNumber
    grounds: Grounds | None


@dataclass(frozen=True)
class Classification:
    """The class that follows, every cause of it, and the kinds of conditions that must be stated."""

    openness: Openness
    causes: tuple[str, ...]
    conditions: tuple[ConditionKind, ...]

    @property
    def doors(self) -> tuple[str, ...]:
        """The doors that can exist."""
        return DOORS[self.openness]


def classify(
    fields: Iterable[GradedField], requirements: Iterable[Requirement] = (), guide: Guide = GUIDE
) -> Classification:
    """The class of a dataset, the most closed one that anything in it asks for. Source: Art. 14.

    >>> classify([GradedField("trips.day", 1, None)]).openness
    'unconditional'
    >>> classify([GradedField("people.name", 4, None), GradedField("trips.day", 1, None)]).causes
    ('people.name has level 4 (private or secret)',)
    >>> classify([GradedField("people.card", 4, "de-identification")]).conditions
    ('scenario', 'security', 'feedback')
    """
    asked: list[tuple[Openness, str]] = []
    kinds: set[ConditionKind] = set()
    for field in fields:
        level = guide.level(guide.treated if field.grounds and field.level > guide.treated else field.level)
        kinds |= set(level.conditions)
        asked.append((level.openness, f"{field.name} has level {field.level} ({guide.level(field.level).name})"))
    asked += [("conditional", f"its delivery requires {requirement}") for requirement in requirements]
    if not asked:
        raise ValueError("a dataset without fields has no class")
    openness = max((wanted for wanted, _ in asked), key=CLASSES.index)
    causes = tuple(cause for wanted, cause in asked if wanted == openness)
    # Conditions are for those who apply: nobody does for the other two classes.
    ordered = tuple(kind for kind in _KINDS if kind in kinds) if openness == "conditional" else ()
    return Classification(openness, causes, ordered)


_KINDS: Final[tuple[ConditionKind, ...]] = (
    "scenario",
    "security",
    "feedback",
    "technical-ability",
    "credit",
    "other",
)


def _plain(level: Level) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(level).items()}
