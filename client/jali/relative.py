"""Accuracy relative to the truth, such as "within 5 %": a pilot that is charged, and then the question itself.

How exact an answer must be, if it is to be within 5 %, depends on the truth. So a small release comes first; from its
values the absolute accuracy follows, which is free (post-processing), and the second release is as exact as that. Both
are charged, and the room's filter admits a second loss that depends on a first answer (Rogers, Roth, Ullman, Vadhan,
"Privacy Odometers and Filters", NeurIPS 2016). More than the named epsilon is never spent.
"""

from collections.abc import Mapping
from decimal import Decimal
from statistics import median
from typing import Any, Protocol

from jali.amounts import decimal_text
from jali.answers import Answer
from jali.errors import BudgetExceeded, JaliError, Reason, RequestRejected
from jali.views import PlanView
from jali.workloads import Answers, PlanViews

PILOT_SHARE = Decimal("0.1")  # of the most that may be spent
WIDEST = Decimal("1e15")  # the largest half-width that may be asked for: what has one is told for next to nothing

Asking = str | list[str] | tuple[str, ...]
Given = Answer | Answers


class Asked(Protocol):
    """What questions are put to: a `jali.Room`, which builds on this module."""

    def sql(self, *args: Any, **kwargs: Any) -> Given:
        """The answer to a question, charged."""

    def explain(self, *args: Any, **kwargs: Any) -> PlanView | PlanViews:
        """The price of a question, free."""


def percents(accuracy: Mapping[str, Any] | None) -> dict[str, Decimal]:
    """The shares of a relative accuracy, such as {"n": "5%"}; empty if it names absolute half-widths.

    Raises RequestRejected where the two are mixed.

    >>> percents({"n": "5%"}), percents({"n": 200})
    ({'n': Decimal('0.05')}, {})
    """
    named = accuracy if isinstance(accuracy, Mapping) else {}
    found = {name: text for name, text in named.items() if isinstance(text, str) and text.strip().endswith("%")}
    if found and len(found) < len(named):
        raise RequestRejected("accuracy= takes half-widths or percents, not both")
    return {name: Decimal(decimal_text(text.strip()[:-1], f"accuracy.{name}")) / 100 for name, text in found.items()}


def ask_relative(room: Asked, sql: Asking, shares: Mapping[str, Decimal], most: Any, **wishes: Any) -> Given:
    """An answer whose columns are within these shares of their sizes, at 95 %; `most` is all that may be spent.

    A column's size is the median over the rows whose pilot interval leaves 0 out, taken at the end that is nearer to 0:
    rather too exact than not exact enough; where several statements have it, the least of its sizes. Raises
    BudgetExceeded, with what is needed, when the rest of `most` is not enough, and RequestRejected when the pilot shows
    no size. What is raised after the pilot carries it, for it was paid for, as `facts["pilot"]`.
    """
    limit = Decimal(decimal_text(most, "epsilon"))
    # A column that can have no accuracy is refused now, before a pilot is paid for.
    room.explain(sql, accuracy=dict.fromkeys(shares, WIDEST), **wishes)
    pilot = room.sql(sql, epsilon=limit * PILOT_SHARE, **wishes)
    try:
        answer = _after(pilot, room, sql, shares, limit, **wishes)
    except JaliError as error:
        error.facts["pilot"] = pilot
        raise
    answer.pilot = pilot
    return answer


def _after(
    pilot: Given, room: Asked, sql: Asking, shares: Mapping[str, Decimal], limit: Decimal, **wishes: Any
) -> Given:
    widths = {name: share * _size(pilot, name) for name, share in shares.items()}
    spent = limit * PILOT_SHARE
    needed = Decimal(str(room.explain(sql, accuracy=widths, **wishes).cost.epsilon))
    if needed > limit - spent:
        message = "so exact an answer costs more than the epsilon you named"
        raise BudgetExceeded(message, (), needed=str(needed + spent), remaining=str(limit))
    return room.sql(sql, accuracy=widths, **wishes)


def _size(pilot: Given, name: str) -> Decimal:
    answers = list(pilot) if isinstance(pilot, Answers) else [pilot]
    having = [answer for answer in answers if any(part.name == name and part.is_noisy for part in answer.columns)]
    return min(_size_in(answer, name) for answer in having or answers)


def _size_in(pilot: Answer, name: str) -> Decimal:
    lowest = [min(map(abs, ends)) for ends in pilot.interval(name) if ends is not None and ends[0] * ends[1] > 0]
    if not lowest:
        message = f"the pilot shows no size of {name}: name more epsilon, or an absolute half-width"
        raise RequestRejected(message, (Reason("accuracy-no-size", message, f"accuracy.{name}"),))
    return Decimal(repr(median(lowest)))
