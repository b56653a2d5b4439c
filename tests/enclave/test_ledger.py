"""The ledger: charges fit or are refused whole, exactly as many as the filter allows, however many race for them."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest

from enclave import ledger
from enclave.store.database import Database
from policies.errors import BudgetExceeded
from privacy.budget import Budget, Spent, fits
from privacy.loss import ORDERS, Loss, pure_loss, zcdp_loss
from tests.both import BOTH, place

STORES = BOTH

DELTA = Fraction(1, 10**6)
BUDGETS = ("urn:jali:agreement:a", "people")


def open_budgets(database: Database, *epsilons: int) -> None:
    with database.writing() as session:
        for name, epsilon in zip(BUDGETS, epsilons, strict=True):
            ledger.open_budget(session, name, epsilon_micro=epsilon, delta=DELTA)


def take(database: Database, loss: Loss, plan: str) -> bool:
    try:
        with database.writing() as session:
            ledger.charge(session, agreement=BUDGETS[0], budgets=BUDGETS, plan_digest=plan, loss=loss)
    except BudgetExceeded:
        return False
    return True


def allowed(epsilon_micro: int, loss: Loss) -> int:
    budget = Budget(epsilon_micro=epsilon_micro, delta=DELTA, selection_delta=DELTA * ledger.SELECTION_SHARE)
    spent, count = Spent(curve_nano=(0,) * len(ORDERS), selection_delta=Fraction(0)), 0
    while fits(budget, spent, loss):
        spent, count = spent.plus(loss), count + 1
    return count


@pytest.mark.parametrize("loss", [pure_loss(100_000), zcdp_loss(20_000_000)])
def test_64_clients_of_4_processes_race_and_exactly_the_allowed_number_succeeds(
    database: Database, store_url: str | None, tmp_path: Path, loss: Loss
) -> None:
    """Each database object stands for a process: they share no lock but the store's."""
    others = [Database(place(store_url, tmp_path / "room.sqlite")) for _ in range(3)]
    processes = [database, *others]
    open_budgets(database, 1_500_000, 50_000_000)
    fitting = allowed(1_500_000, loss)
    assert 0 < fitting < 64
    with ThreadPoolExecutor(64) as threads:
        took = list(threads.map(lambda plan: take(processes[plan % 4], loss, f"plan {plan}"), range(64)))
    assert sum(took) == fitting
    with database.reading() as session:
        assert ledger.statement(session, BUDGETS[0])["charges"] == str(fitting)
        assert ledger.statement(session, BUDGETS[1])["charges"] == str(fitting)
    for other in others:
        other.close()


def test_a_charge_that_one_budget_refuses_leaves_the_other_alone(database: Database) -> None:
    open_budgets(database, 50_000_000, 500_000)
    assert not take(database, pure_loss(600_000), "p")
    with database.reading() as session:
        assert ledger.statement(session, BUDGETS[0])["spent"] == "0"
        assert ledger.statement(session, BUDGETS[0])["remaining"] == "50"


def test_a_refusal_says_what_is_needed_and_what_is_left(database: Database) -> None:
    open_budgets(database, 1_000_000, 50_000_000)
    with pytest.raises(BudgetExceeded) as caught, database.writing() as session:
        ledger.charge(session, agreement=BUDGETS[0], budgets=BUDGETS, plan_digest="p", loss=pure_loss(2_000_000))
    assert caught.value.facts["remaining"] == "1"
    assert caught.value.facts["which"] == BUDGETS[0]
    assert float(caught.value.facts["needed"]) >= 1


def test_a_budget_is_never_refreshed(database: Database) -> None:
    open_budgets(database, 1_000_000, 1_000_000)
    assert take(database, pure_loss(900_000), "p")
    open_budgets(database, 1_000_000, 1_000_000)
    assert not take(database, pure_loss(900_000), "q")
