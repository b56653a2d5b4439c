"""Jobs and invocations: what is written is read, a job ends once, and a day's count is of one agreement."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy.orm import Session

from enclave import jobs, ledger
from enclave.store.database import Database
from enclave.store.models import AgreementRow, DatasetRow
from privacy.loss import pure_loss
from tests.both import BOTH

STORES = BOTH

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOSS = pure_loss(100_000)
FIRST = {"id": "inv-1", "account": "li.wei", "idempotency_key": "k", "request_digest": "d", "is_charged": True}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.writing() as session:
        for name in ("people", "a", "b"):
            ledger.open_budget(session, name, epsilon_micro=10**6, delta=Fraction(1, 10**6))
        session.add(DatasetRow(name="d", population="people", current_version="1"))
        session.flush()
        agreement = {"organization": "o", "dataset": "d", "document": {}, "registered_at": NOW, "log_index": 0}
        session.add_all([AgreementRow(uid=uid, **agreement) for uid in ("a", "b")])
        session.flush()
        yield session


def charged(session: Session, agreement: str = "a") -> str:
    charge = ledger.charge(session, agreement=agreement, budgets=(agreement, "people"), plan_digest="p", loss=LOSS)
    ledger.record(session, charge, intent_index=7, now=NOW)
    return charge.id


def ask(session: Session, job: str, **changes: Any) -> None:
    given = FIRST | {"job": job, "agreement": "a", "submitted_at": NOW, "sql": "SELECT 1"} | changes
    jobs.add(session, **given)


def test_an_invocation_is_read_with_its_job(session: Session) -> None:
    job = charged(session)
    ask(session, job)
    expected = jobs.Asked("inv-1", job, True, None, "a", "p", LOSS.to_json(), "charged", None, 7, None)
    assert jobs.asked(session, "inv-1") == expected
    assert ledger.charge_of(expected).loss == LOSS
    assert ledger.find(session, "a", "p") == job
    assert ledger.find(session, "b", "p") is None


def test_a_job_ends_once(session: Session) -> None:
    job = charged(session)
    ask(session, job)
    jobs.close(session, job, state="answered", answer={"rows": [[1.5]]}, outcome_index=8)
    ended = jobs.asked(session, "inv-1")
    assert (ended.state, ended.answer, ended.outcome_index) == ("answered", {"rows": [[1.5]]}, 8)
    with pytest.raises(ValueError, match="charged"):
        jobs.close(session, job, state="withheld", answer=None, outcome_index=9)
    assert jobs.asked(session, "inv-1") == ended


def test_the_leaf_is_of_one_invocation(session: Session) -> None:
    job = charged(session)
    ask(session, job)
    ask(session, job, id="inv-2", idempotency_key="other")
    before = jobs.asked(session, "inv-1")
    jobs.note_leaf(session, "inv-2", 0)
    assert jobs.asked(session, "inv-1") == before
    assert jobs.asked(session, "inv-2") == replace(before, id="inv-2", log_index=0)


def test_a_key_is_an_accounts_under_an_agreement(session: Session) -> None:
    job = charged(session)
    ask(session, job)
    mine = {"agreement": "a", "account": "li.wei", "key": "k"}
    assert jobs.same_key(session, **mine) == ("inv-1", job, "d")
    for change in ({"agreement": "b"}, {"account": "wang.wu"}, {"key": "l"}):
        assert jobs.same_key(session, **mine | change) is None


def test_a_day_counts_what_one_agreement_was_granted_since_midnight(session: Session) -> None:
    job, midnight = charged(session), NOW.replace(hour=0)
    for number, at in enumerate((midnight - timedelta(seconds=1), midnight, NOW)):
        ask(session, job, id=f"inv-{number}", idempotency_key=str(number), submitted_at=at)
    ask(session, charged(session, "b"), id="inv-b", agreement="b")
    assert jobs.count_since(session, "a", midnight) == 2
    assert jobs.count_since(session, "b", midnight) == 1
