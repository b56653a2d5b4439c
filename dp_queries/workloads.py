"""Several statements in one call: limits that they share, and refusals that say which statement is meant.

They are analysed together, so that what two of them ask of the same rows is released once: it is paid for once, and
their answers agree.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from dp_queries.errors import QueryRejected
from dp_queries.syntax.parse import MOST_BYTES, MOST_WORDS, Statement, count_words, parse, rejected
from dp_queries.syntax.validate import validate
from policies.errors import Reason

MOST_STATEMENTS: Final = 64
_BYTES: Final = (MOST_BYTES, "bytes")
_WORDS: Final = (MOST_WORDS, "words and signs")

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


def read(texts: Sequence[str]) -> list[Statement]:
    """The statements of these texts, checked. Raises QueryRejected, with every statement's reasons.

    They share the limits of one text, so that a refusal of many takes no longer than that of one (ATTACKS 8).
    """
    if not 1 <= len(texts) <= MOST_STATEMENTS:
        raise _limit("too-many-statements", f"one call has 1 to {MOST_STATEMENTS} statements")
    if len(texts) > 1:
        _check_together("text-too-long", [len(text.encode("utf-8", "surrogatepass")) for text in texts], _BYTES)
        _check_together("too-many-words", list(map(count_words, texts)), _WORDS)
    return each(texts, _read)


def each(items: Sequence[_Item], do: Callable[[_Item], _Found]) -> list[_Found]:
    """What `do` gives for each statement's item, in order. Raises QueryRejected with the reasons of all it refuses.

    Where there are several statements, `where` says whose reason it is.
    """
    found, reasons = [], list[Reason]()
    for number, item in enumerate(items):
        try:
            found.append(do(item))
        except QueryRejected as refusal:
            reasons += refusal.reasons if len(items) == 1 else named(number, refusal.reasons)
    if reasons:
        raise rejected(*reasons)
    return found


def named(number: int, reasons: Iterable[Reason]) -> list[Reason]:
    """The reasons, saying that they are of this statement (counted from 0; readers count from 1)."""
    return [replace(reason, where=f"statement {number + 1}") for reason in reasons]


def _read(text: str) -> Statement:
    statement = parse(text)
    validate(statement)
    return statement


def _check_together(code: str, sizes: Sequence[int], limit: tuple[int, str]) -> None:
    """Raises QueryRejected if the statements are too long together; it names those that are so alone."""
    most, unit = limit
    if sum(sizes) <= most:
        return
    alone = [number for number, size in enumerate(sizes) if size > most]
    if not alone:
        raise _limit(code, f"the statements together have more than {most} {unit}; ask for fewer")
    reason = Reason(code, f"the SQL has more than {most} {unit}; shorten it")
    raise rejected(*(told for number in alone for told in named(number, [reason])))


def _limit(code: str, message: str) -> QueryRejected:
    return rejected(Reason(code, message, where="sql"))
