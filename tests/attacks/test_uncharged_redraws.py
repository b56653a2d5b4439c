"""Attacks 2, 25, 26: draw the noise again under one charge, by making the answer fail after it was drawn.

An answer that can't be written down (here: a whole number beyond 2^53, which canonical JSON refuses) must not leave
its job open: the failure would tell that the noisy count was above the line, and asking again would draw afresh.
"""

import pytest

from enclave.store.models import Job
from policies.errors import JaliError

UNWRITABLE = (
    "SELECT COUNT(*) * 1000000000000000 AS n FROM visits",
    "SELECT CASE WHEN COUNT(*) > 0 THEN 9000000000000000000 ELSE 1 END AS n FROM visits",
    "SELECT ROUND(SUM(cost) * 1000000000000 * 100000000000) AS n FROM visits",
    "SELECT COUNT(*) * COUNT(*) * COUNT(*) * COUNT(*) * COUNT(*) * COUNT(*) AS n FROM visits",
    "SELECT COUNT(*) / 0 AS n, -(COUNT(*) * 0) AS zero, 1 / (COUNT(*) * 0) AS nothing FROM visits",
)


@pytest.mark.parametrize("sql", UNWRITABLE)
def test_no_answer_fails_after_its_noise_was_drawn(sql, world):
    before = _open_jobs(world)
    try:
        first = world.ask(sql, epsilon="0.01")
    except JaliError:  # refused before the charge, or withheld: both are told once and for all
        first = None
    except Exception:  # the room's 500: shown by what it leaves behind
        first = None
    assert _open_jobs(world) == before
    if first is not None:
        assert world.ask(sql, epsilon="0.01")["rows"] == first["rows"]


def _open_jobs(world):
    with world.room.database.reading() as session:
        return session.query(Job).filter(Job.state == "charged").count()
