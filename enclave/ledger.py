"""The ledger: locks the budgets, asks the filter, writes the charge. The only place where a `Charge` is made.

A plan has at most one charge under one agreement that can be answered (the store holds that pair unique). It is taken
before any row is read and never given back: a refund that depends on how the query went would be an answer (Haeberlen
et al., "Differential Privacy Under Fire", USENIX Security 2011). The arithmetic is `privacy.budget`'s; here are its
rows and its lock.
"""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.orm import Session

from enclave.jobs import Asked
from enclave.store.base import run
from enclave.store.models import STANDS, BudgetRow, Invocation, Job
from policies.errors import BudgetExceeded, Reason
from privacy.budget import Budget, Charge, Spent, fits, issue_charge, remaining_micro, spent_micro
from privacy.loss import ORDERS, Loss

# Of a budget's delta this part is kept for partition selections, whose deltas add up beside the curve.
SELECTION_SHARE = Fraction(1, 4)

_BUDGETS, _JOBS, _INVOCATIONS = BudgetRow.table(), Job.table(), Invocation.table()
_BUDGET: Final = select(_BUDGETS).where(_BUDGETS.c.name == bindparam("wanted"))
_TAKE: Final = (
    update(_BUDGETS)
    .where(_BUDGETS.c.name == bindparam("wanted"))
    .values(spent_curve=bindparam("curve"), spent_selection=bindparam("selection"), charges=_BUDGETS.c.charges + 1)
)
_CHARGED_FOR: Final = select(_JOBS.c.id).where(
    _JOBS.c.agreement == bindparam("under"), _JOBS.c.plan_digest == bindparam("plan"), STANDS
)
_CHARGED_BY: Final = (
    select(_JOBS.c.id, _JOBS.c.loss)
    .join(_INVOCATIONS, _INVOCATIONS.c.job == _JOBS.c.id)
    .where(
        _INVOCATIONS.c.agreement == bindparam("under"),
        _INVOCATIONS.c.account == bindparam("who"),
        _INVOCATIONS.c.is_charged,
    )
)
_ADD_JOB: Final = insert(_JOBS)


def open_budget(session: Session, name: str, *, epsilon_micro: int, delta: Fraction) -> None:
    """Enter a budget with nothing spent. A budget that exists stays as it is: lifetime budgets are never refreshed."""
    if session.get(BudgetRow, name) is None:
        session.add(
            BudgetRow(
                name=name,
                epsilon_micro=epsilon_micro,
                delta=str(delta),
                selection_delta=str(delta * SELECTION_SHARE),
                spent_curve=[0] * len(ORDERS),
                spent_selection="0",
            )
        )
        session.flush()


def amend_budget(session: Session, name: str, *, epsilon_micro: int) -> None:
    """Give an agreement's budget the epsilon that an amendment says. What was spent stays spent."""
    session.execute(update(BudgetRow).where(BudgetRow.name == name).values(epsilon_micro=epsilon_micro))


def amendment_faults(
    session: Session, name: str, population: str, *, epsilon_micro: int, delta: Fraction
) -> Iterator[Reason]:
    """Why an agreement's budget can't become this: more than its population has for life, or less than is spent.

    Its delta stays: spent epsilon is told for one delta, and choosing another after answers were seen is not covered
    by the filter's proof. That epsilon may grow is, because the population's own budget, which never changes, is what
    protects; an agreement's only shares it out.
    """
    row, whole = _row(session, name), _row(session, population)
    if epsilon_micro > max(row.epsilon_micro, whole.epsilon_micro):
        most = decimal_text(whole.epsilon_micro)
        yield Reason("budget-above-population", f"the population has {most} for life, over all agreements", "epsilon")
    if delta != Fraction(row.delta):
        yield Reason("delta-changed", "an amendment keeps the budget's delta", "delta")
    if spent_micro(_budget(row), _spent(row)) > epsilon_micro:
        yield Reason("budget-below-spent", "a budget can't be smaller than what is spent of it", "epsilon")


def find(session: Session, agreement: str, plan_digest: str) -> str | None:
    """The id of the job that this plan was charged for under this agreement, or None; one that was stopped is spent."""
    found: str | None = run(session, _CHARGED_FOR, {"under": agreement, "plan": plan_digest}).scalar()
    return found


def charge(session: Session, *, agreement: str, budgets: tuple[str, ...], plan_digest: str, loss: Loss) -> Charge:
    """Charge a plan's loss to every budget in `budgets`, or to none. Call inside a writing transaction only.

    Raises BudgetExceeded, naming the first budget that has no room and what remains of it. The caller adds the
    intent leaf to the same transaction, so that a charge and its trace are durable together.

    Source: Feldman & Zrnic, "Individual Privacy Accounting via a Renyi Filter", NeurIPS 2021.
    """
    for name in budgets:
        _take(session, name, loss)
    return issue_charge(id=f"charge-{uuid4().hex}", agreement=agreement, plan_digest=plan_digest, loss=loss)


def record(session: Session, charge: Charge, *, intent_index: int, now: datetime) -> None:
    """Enter the charge as a job, with the intent leaf that announces it."""
    job = {
        "id": charge.id,
        "agreement": charge.agreement,
        "plan_digest": charge.plan_digest,
        "loss": charge.loss.to_json(),
        "state": "charged",
        "answer": None,
        "intent_index": intent_index,
        "outcome_index": None,
        "charged_at": now,
    }
    run(session, _ADD_JOB, job)


def charge_of(asked: Asked) -> Charge:
    """The charge that a job stands for: a query whose room died is performed again under the charge it has."""
    loss = Loss.from_json(asked.loss)
    return issue_charge(id=asked.job, agreement=asked.agreement, plan_digest=asked.plan_digest, loss=loss)


def statement(session: Session, name: str) -> dict[str, str]:
    """A budget as its owner sees it: total, spent and remaining epsilon, delta, number of charges."""
    row = _row(session, name)
    budget, spent = _budget(row), _spent(row)
    return {
        "epsilon": decimal_text(row.epsilon_micro),
        "delta": f"{float(budget.delta):g}",
        "spent": decimal_text(spent_micro(budget, spent)),
        "remaining": decimal_text(remaining_micro(budget, spent)),
        "charges": str(row.charges),
    }


def budget_of(session: Session, name: str) -> Budget:
    """A budget's own limits."""
    return _budget(_row(session, name))


def spent_by(session: Session, agreement: str, account: str, *, but: str | None) -> int:
    """Micro-epsilon that an account's charged invocations under an agreement cost together, without job `but`."""
    row = _row(session, agreement)
    spent = Spent()
    for job, loss in run(session, _CHARGED_BY, {"under": agreement, "who": account}):
        if job != but:
            spent = spent.plus(Loss.from_json(loss))
    return spent_micro(_budget(row), spent)


def is_agreement(budget: str) -> bool:
    """Whether a budget is an agreement's; the others are populations'."""
    return budget.startswith("urn:jali:agreement:")


def decimal_text(micro: int) -> str:
    """Micro-epsilon as exact decimal text.

    >>> decimal_text(1_500_000), decimal_text(10_000_000)
    ('1.5', '10')
    """
    whole, part = divmod(micro, 1_000_000)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".")


def _take(session: Session, name: str, loss: Loss) -> None:
    row = _row(session, name)
    budget, spent = _budget(row), _spent(row)
    if not fits(budget, spent, loss):
        needed = decimal_text(loss.epsilon_micro(budget.delta))
        if not is_agreement(name):
            # What is left of a population follows from what others asked; only its owner may see that (ATTACKS 32).
            raise BudgetExceeded(
                "the population's lifetime budget has no room for this query", needed=needed, which=name
            )
        remaining = decimal_text(remaining_micro(budget, spent))
        message = "the agreement's budget has no room for this query"
        raise BudgetExceeded(message, needed=needed, remaining=remaining, which=name)
    after = spent.plus(loss)
    taken = {"wanted": name, "curve": list(after.curve_nano), "selection": str(after.selection_delta)}
    run(session, _TAKE, taken)


def _row(session: Session, name: str) -> Row[Any]:
    return run(session, _BUDGET, {"wanted": name}).one()


def _budget(row: Row[Any]) -> Budget:
    return Budget(
        epsilon_micro=row.epsilon_micro, delta=Fraction(row.delta), selection_delta=Fraction(row.selection_delta)
    )


def _spent(row: Row[Any]) -> Spent:
    return Spent(curve_nano=tuple(row.spent_curve), selection_delta=Fraction(row.spent_selection))
