"""A researcher's request as it crosses the socket, turned into a value that is valid by construction.

Amounts arrive as text and become integers exactly: no float, no NaN, no infinity gets past this file (ATTACKS 24).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from dp_queries.workloads import MOST_STATEMENTS
from policies.authorization import Actor
from policies.canonical import digest as digest_of
from policies.errors import Reason, RequestRejected

MICRO = 1_000_000
MOST_EPSILON_MICRO = 100 * MICRO
_AMOUNT = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")

ByColumn = tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True)
class Ask:
    """One question through the SQL door: exactly one of `epsilon_micro` and `accuracy` is given.

    `sql` is one statement, or several that are answered together. `accuracy` are half-widths and `clipping` norms of
    one unit, each by output column, of every statement that has it.
    """

    agreement: str
    sql: str | tuple[str, ...]
    epsilon_micro: int | None
    accuracy: ByColumn | None
    purpose: str | None
    idempotency_key: str | None
    clipping: ByColumn | None = None

    @property
    def is_list(self) -> bool:
        """Whether the asker gave a list, and gets one; also of one statement."""
        return not isinstance(self.sql, str)

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements that are asked together."""
        return (self.sql,) if isinstance(self.sql, str) else self.sql

    @cached_property
    def digest(self) -> str:
        """What an idempotency key stands for: everything asked, but not the key itself."""
        accuracy, clipping = (
            amounts and [[name, str(amount)] for name, amount in amounts] for amounts in (self.accuracy, self.clipping)
        )
        return digest_of(
            {
                "agreement": self.agreement,
                "sql": self.sql if isinstance(self.sql, str) else list(self.sql),
                "epsilon_micro": self.epsilon_micro,
                "accuracy": accuracy,
                "clipping": clipping,
                "purpose": self.purpose,
            }
        )


def read_actor(body: Mapping[str, Any]) -> Actor:
    """Who asks, as the front vouches for it. Raises RequestRejected."""
    actor = body.get("actor")
    if not isinstance(actor, Mapping):
        raise RequestRejected("no actor", (Reason("actor-missing", "the request names no actor", "actor"),))
    account, role, organization = (actor.get(part) for part in ("account", "role", "organization"))
    if not all(isinstance(part, str) and part for part in (account, role, organization)):
        raise RequestRejected("bad actor", (Reason("actor-incomplete", "account, role, organization", "actor"),))
    return Actor(str(account), str(role), str(organization), vouched_by="front")


def read_ask(body: Mapping[str, Any]) -> Ask:
    """The question. Raises RequestRejected with every field that is wrong."""
    reasons: list[Reason] = []
    epsilon_micro = _epsilon(body.get("epsilon"), reasons)
    accuracy, clipping = (_by_column(name, body.get(name), reasons) for name in ("accuracy", "clipping"))
    sql = _sql(body.get("sql"), reasons)
    if not isinstance(body.get("agreement"), str) or not body["agreement"].strip():
        reasons.append(Reason("agreement-missing", "agreement must be a text", "agreement"))
    if body.get("epsilon") is None and body.get("accuracy") is None:
        reasons.append(Reason("epsilon-missing", "say epsilon, or the accuracy you need", "epsilon"))
    if body.get("epsilon") is not None and body.get("accuracy") is not None:
        reasons.append(Reason("epsilon-and-accuracy", "say epsilon or accuracy, not both", "accuracy"))
    purpose, key = body.get("purpose"), body.get("idempotency_key")
    if purpose is not None and not isinstance(purpose, str):
        reasons.append(Reason("purpose-type", "purpose must be a text", "purpose"))
    if key is not None and not (isinstance(key, str) and _KEY.fullmatch(key)):
        reasons.append(Reason("idempotency-key", "1 to 200 printable ASCII characters", "Idempotency-Key"))
    if reasons:
        raise RequestRejected("the request has faults", tuple(reasons))
    return Ask(body["agreement"], sql, epsilon_micro, accuracy, purpose, key, clipping)


def _sql(value: Any, reasons: list[Reason]) -> str | tuple[str, ...]:
    """One text, or a list of them."""
    listed = value if isinstance(value, list) else [value]
    if not 1 <= len(listed) <= MOST_STATEMENTS:
        reasons.append(Reason("sql-too-many", f"one call has 1 to {MOST_STATEMENTS} statements", "sql"))
    for number, text in enumerate(listed, 1):
        if not isinstance(text, str) or not text.strip():
            where = f"statement {number}" if isinstance(value, list) else "sql"
            reasons.append(Reason("sql-missing", "sql must be a text, or a list of texts", where))
    return tuple(listed) if isinstance(value, list) else value


def _epsilon(value: Any, reasons: list[Reason]) -> int | None:
    if value is None:
        return None
    amount = _amount(value)
    if amount is None:
        reasons.append(Reason("epsilon-not-a-number", "epsilon must be a finite decimal number", "epsilon"))
    elif amount <= 0:
        reasons.append(Reason("epsilon-not-positive", "epsilon must be above 0", "epsilon"))
    elif amount > MOST_EPSILON_MICRO // MICRO:
        reasons.append(Reason("epsilon-too-large", "epsilon must be at most 100", "epsilon"))
    elif Fraction(amount) * MICRO < 1:
        reasons.append(Reason("epsilon-too-small", "epsilon must be at least 0.000001", "epsilon"))
    else:
        # Rounded down to whole micro-epsilon: the caller never pays more than was said.
        return int(Fraction(amount) * MICRO)
    return None


def _by_column(field: str, value: Any, reasons: list[Reason]) -> ByColumn | None:
    """Amounts above 0 by column, such as {"n": 200}."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or not value:
        reasons.append(Reason(f"{field}-shape", f'{field} is like {{"n": 200}}: an amount by column', field))
        return None
    amounts = {name: _amount(amount) for name, amount in value.items()}
    bad = [name for name, amount in amounts.items() if amount is None or amount <= 0]
    for name in bad:
        message = "this must be a finite number above 0"
        reasons.append(Reason(f"{field}-not-positive", message, f"{field}.{name}"))
    return None if bad else tuple((name, Fraction(amount)) for name, amount in sorted(amounts.items()) if amount)


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if not _AMOUNT.fullmatch(str(value).strip()):
        return None
    return Decimal(str(value).strip())
