"""Privacy amounts: on their way out exact decimal text, never NaN; on their way in numbers that know their delta."""

import re
from decimal import ROUND_FLOOR, Context, Decimal
from numbers import Integral, Rational, Real
from typing import Any, Self

from jali.errors import Reason, RequestRejected

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
# Rounded down: of a third of an epsilon the caller never pays more than was said.
_THIRDS = Context(prec=28, rounding=ROUND_FLOOR)


class PrivacyLoss(float):
    """An amount of epsilon: a number for arithmetic and comparing; `epsilon` is exact, `delta` comes with it.

    >>> PrivacyLoss("0.5", "1e-09", is_charged=True)
    epsilon 0.5, delta 1e-09
    """

    epsilon: Decimal
    delta: float
    is_charged: bool

    def __new__(cls, epsilon: str, delta: str = "0", *, is_charged: bool = False) -> Self:
        """Epsilon and delta as the decimal text of the wire."""
        made = super().__new__(cls, epsilon)
        made.epsilon, made.delta, made.is_charged = Decimal(epsilon), float(delta), is_charged
        return made

    def __repr__(self) -> str:
        return f"epsilon {self.epsilon}, delta {self.delta:g}"

    __str__ = __repr__

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Read {"epsilon": "0.5", "delta": "1e-09", "charged": true}."""
        return cls(str(body["epsilon"]), str(body.get("delta", "0")), is_charged=bool(body.get("charged", False)))


def decimal_text(value: Any, field: str) -> str:
    """A positive amount as exact decimal text for the wire. A float means the number that Python prints for it.

    Raises RequestRejected for what is no finite number above zero; nothing is sent then.

    >>> decimal_text(0.1, "epsilon"), decimal_text("2e-1", "epsilon"), decimal_text(3, "epsilon")
    ('0.1', '0.2', '3')
    """
    amount = _decimal(value)
    if amount is None or not amount.is_finite():
        raise _wrong(field, "not-a-number", f"{field} must be a finite number, not {value!r}")
    if amount <= 0:
        raise _wrong(field, "not-positive", f"{field} must be above 0, not {value!r}")
    return format(amount, "f")


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return Decimal(value.strip()) if _DECIMAL.fullmatch(value.strip()) else None
    if isinstance(value, Decimal):
        return value
    if isinstance(value, Integral):
        return Decimal(int(value))
    if isinstance(value, Rational):
        return _THIRDS.divide(Decimal(int(value.numerator)), Decimal(int(value.denominator)))
    return Decimal(repr(float(value))) if isinstance(value, Real) else None


def _wrong(field: str, code: str, message: str) -> RequestRejected:
    name = field.partition(".")[0]
    return RequestRejected("the request was not sent", (Reason(f"{name}-{code}", message, field),))
