"""A question as it comes in over HTTP: bytes -> typed values, or every fault at once.

Numbers are read from their text and never pass through a float: 1e400, NaN and 0.1 mean what they say, and privacy
parameters stay exact (ATTACKS 24). Nothing here knows HTTP beyond the body's bytes.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from policies.errors import Reason, RequestRejected
from policies.terms import MICRO, write_decimal

AGREEMENT_UID = re.compile(r"[A-Za-z0-9:._-]{1,200}", re.ASCII)
LEAST_EPSILON, MOST_EPSILON = Decimal("0.000001"), Decimal(100)
LEAST_AMOUNT, MOST_AMOUNT = Decimal("1e-9"), Decimal("1e15")
MOST_NUMBER_LETTERS = 64
MOST_TARGETS = 64
MOST_STATEMENTS = 64

_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)


class _NumberText(str):
    """A JSON number, or a constant such as NaN, as it was written."""


@dataclass(frozen=True)
class Question:
    """What is asked through the SQL door: one statement, or several that are answered together.

    Amounts are plain decimals. One of `epsilon` and `accuracy` is given.
    """

    agreement: str
    sql: str | tuple[str, ...]
    epsilon: str | None
    accuracy: Mapping[str, str] | None
    clipping: Mapping[str, str] | None
    purpose: str | None

    def to_json(self) -> dict[str, Any]:
        """The question as the room gets it."""
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in vars(self).items()}


class _Fault(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Faults(Exception):
    def __init__(self, reasons: Iterable[Reason]) -> None:
        super().__init__("several")
        self.reasons = tuple(reasons)


def read_question(raw: bytes) -> Question:
    """The question in a request's body. Raises RequestRejected with every fault."""
    body = read_object(raw)
    reasons = [Reason("unknown-field", "there is no such field", name[:60]) for name in body if name not in _FIELDS]
    values: dict[str, Any] = {}
    for name, read in _FIELDS.items():
        try:
            values[name] = read(body.get(name))
        except _Fault as fault:
            reasons.append(Reason(fault.code, str(fault), name))
        except _Faults as faults:
            reasons += faults.reasons
    if (body.get("epsilon") is None) == (body.get("accuracy") is None):
        reasons.append(Reason("choose-one", "give exactly one of epsilon and accuracy", "epsilon"))
    if reasons:
        raise RequestRejected("the question has faults", tuple(reasons))
    return Question(**values)


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body; numbers stay text. Raises RequestRejected for anything else."""
    try:
        body = json.loads(
            raw.decode("utf-8"),
            parse_int=_NumberText,
            parse_float=_NumberText,
            parse_constant=_NumberText,
            object_pairs_hook=_without_repetition,
        )
        # Half a surrogate pair is text that can't be written again: not to the socket, not into the log.
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise _rejected("not-json", "the body must be one JSON object in UTF-8, without repeated names") from None
    if not isinstance(body, dict):
        raise _rejected("not-json", "the body must be a JSON object")
    return body


def read_whole(text: str | None, *, least: int = 0, most: int = 2**53, default: int | None = None) -> int:
    """A whole number of a query parameter. Raises ValueError with a sentence."""
    if text is None and default is not None:
        return default
    if text is None or not re.fullmatch(r"[0-9]{1,16}", text, re.ASCII) or not least <= int(text) <= most:
        raise ValueError(f"must be a whole number from {least} to {most}")
    return int(text)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two members with one name parsers keep different ones; then the one who checks and the one who acts disagree.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _agreement(value: Any) -> str:
    if not AGREEMENT_UID.fullmatch(_text(value)):
        raise _Fault("wrong-value", "must be the uid of an agreement")
    return str(value)


def _sql(value: Any) -> str | tuple[str, ...]:
    if not isinstance(value, list):
        return _statement(value)
    if not 1 <= len(value) <= MOST_STATEMENTS:
        raise _Fault("wrong-value", f"must be a SELECT statement, or a list of 1 to {MOST_STATEMENTS}")
    texts, reasons = [], []
    for number, text in enumerate(value, 1):
        try:
            texts.append(_statement(text))
        except _Fault as fault:
            reasons.append(Reason(fault.code, str(fault), f"statement {number}"))
    if reasons:
        raise _Faults(reasons)
    return tuple(texts)


def _statement(value: Any) -> str:
    text = _text(value)
    if not text.strip():
        raise _Fault("missing", "must be a SELECT statement")
    return text


def _purpose(value: Any) -> str | None:
    if value is None:
        return None
    text = _text(value)
    if not 1 <= len(text) <= 200 or not text.isprintable():
        raise _Fault("wrong-value", "must be a line of 1 to 200 characters")
    return text


def _text(value: Any) -> str:
    if value is None:
        raise _Fault("missing", "this field is missing")
    if type(value) is not str:
        raise _Fault("not-text", "must be text")
    return value


def _epsilon(value: Any) -> str | None:
    if value is None:
        return None
    number = _number(value)
    if not LEAST_EPSILON <= number <= MOST_EPSILON:
        raise _Fault("out-of-range", f"must lie between {LEAST_EPSILON:f} and {MOST_EPSILON}")
    # Down to a whole millionth: never more than what was asked for is charged.
    return write_decimal(Fraction(int(Fraction(number) * MICRO), MICRO))


def _by_column(value: Any) -> Mapping[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not 1 <= len(value) <= MOST_TARGETS:
        raise _Fault("wrong-value", 'must be an object of amounts by column, such as {"n": 200}')
    return {name: _column_amount(name, amount) for name, amount in value.items()}


def _column_amount(name: str, value: Any) -> str:
    number = _number(value)
    if not LEAST_AMOUNT <= number <= MOST_AMOUNT:
        raise _Fault("out-of-range", f"the amount of {name[:60]} must lie between 1e-9 and 1e15")
    return f"{number:f}"


def _number(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise _Fault("not-a-number", "must be a number, or a number as text")
    if len(value) > MOST_NUMBER_LETTERS:
        raise _Fault("not-a-number", f"must be a number of at most {MOST_NUMBER_LETTERS} characters")
    if not _NUMBER.fullmatch(value):
        raise _Fault("not-a-number", "must be a finite decimal number")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise _Fault("out-of-range", "the number is out of every range") from None


def _rejected(code: str, message: str) -> RequestRejected:
    return RequestRejected("the request's body can't be read", (Reason(code, message),))


_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "agreement": _agreement,
    "sql": _sql,
    "epsilon": _epsilon,
    "accuracy": _by_column,
    "clipping": _by_column,
    "purpose": _purpose,
}
