"""What misuse detection knows of one log entry: the leaf's own facts, and what the room's store holds beside it.

A leaf never holds the text of a query; of the text only its literals come here, so that queries that differ in one of
them can be told from queries that have nothing in common. Nothing of it is a value of the data.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

Kind = Literal["charged", "repeated", "refused"]
Literals = tuple[str, ...]

MOST_LITERALS: Final = 200
SENSITIVE_LEVEL: Final = 3
"""From this level of a card's column on (1 to 4), reading it under a purpose where nobody does is worth a look."""

# Comments and quoted names go first: a digit in them is no literal.
_TOKEN: Final = re.compile(
    r"--[^\n]*|/\*.*?\*/|\"(?:[^\"]|\"\")*\"|(?P<text>'(?:[^']|'')*')"
    r"|[A-Za-z_]\w*|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Observation:
    """One entry of the log as misuse detection sees it.

    `literals` has the literals of each statement that a charged query asked, sorted. `columns` are "table.column",
    `sensitive` those of them that the card grades so. `request` is the digest of what was refused, `codes` say why.
    """

    index: int
    at: datetime
    kind: Kind
    account: str
    agreement: str
    dataset: str = ""
    purpose: str = ""
    plan: str = ""
    columns: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    aggregates: frozenset[str] = frozenset()
    literals: tuple[Literals, ...] = ()
    refused: str = ""
    codes: frozenset[str] = frozenset()
    request: str = ""

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("an observation has an aware time")


def observation(
    index: int, leaf: Mapping[str, Any], *, statements: Iterable[str] = (), sensitive: frozenset[str] = frozenset()
) -> Observation | None:
    """What a leaf tells, or None where it tells nothing about how the data are used.

    `statements` are the texts of a charged query and `sensitive` the graded columns of its dataset, from the store.
    """
    kind = _kind(leaf)
    if kind is None:
        return None
    columns = frozenset(leaf.get("columns", ()))
    return Observation(
        index=index,
        at=datetime.fromisoformat(leaf["time"]),
        kind=kind,
        account=leaf.get("account", ""),
        agreement=leaf.get("agreement", ""),
        dataset=leaf.get("dataset", ""),
        purpose=leaf.get("purpose", ""),
        plan=leaf.get("plan", ""),
        columns=columns,
        sensitive=columns & sensitive,
        aggregates=frozenset(leaf.get("aggregates", ())),
        literals=tuple(literals_of(text) for text in statements) if kind == "charged" else (),
        refused=leaf.get("refused", ""),
        codes=frozenset(leaf.get("codes", ())),
        request=leaf.get("request", ""),
    )


def _kind(leaf: Mapping[str, Any]) -> Kind | None:
    """An answered outcome says nothing that its intent did not; a withheld one has shut the door by itself."""
    match leaf["kind"], leaf.get("outcome"):
        case "intent", _:
            return "charged"
        case "outcome", "repeated":
            return "repeated"
        case "refusal", _:
            return "refused"
    return None


def literals_of(sql: str) -> Literals:
    """The literals of a statement, sorted: the same for texts that differ in names, order, blanks and comments.

    >>> literals_of("SELECT COUNT(*) AS n1 FROM t -- 7\\n WHERE city <> 'Xi''an' AND age > 30")
    ("'Xi''an'", '30')
    """
    found = [match[0] for match in _TOKEN.finditer(sql) if match["text"] or match["number"]]
    return tuple(sorted(found[:MOST_LITERALS]))
