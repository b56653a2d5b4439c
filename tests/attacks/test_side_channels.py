"""Attack 32: what the service says besides the answer: others' spending, and what lies in the process's memory."""

import contextlib
import io

import pytest

from enclave.server import make_app
from policies.errors import BudgetExceeded
from tests.world import World

SECRET = "SELECT COUNT(*) AS a_researchers_idea FROM visits WHERE minutes > 3.5"


def test_an_exhausted_population_does_not_tell_what_others_spent(fresh_world):
    def asker(name):
        return World(
            fresh_world.room, fresh_world.provider_key, fresh_world.university_key, fresh_world.sign_agreement(name)
        )

    with pytest.raises(BudgetExceeded) as caught:
        for name in ("one", "two", "three", "four"):
            for minutes in range(3):
                asker_of_now = asker(f"{name}-{minutes}")
                asker_of_now.ask(f"SELECT COUNT(*) AS n FROM visits WHERE minutes > {minutes}", epsilon="5")
    if not str(caught.value.facts["which"]).startswith("urn:jali:agreement:"):
        assert "remaining" not in caught.value.facts


def test_a_failure_does_not_print_the_rooms_memory(world, monkeypatch):
    def fails(*_arguments):
        raise RuntimeError("a value of a row")

    monkeypatch.setattr("enclave.invocations.planner.analyse", fails)
    actor = {"account": "li.wei", "role": "researcher", "organization": "open-university"}
    body = {"actor": actor, "agreement": world.agreement, "sql": SECRET, "epsilon": "1"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        answer = make_app(world.room).test_client().post("/explain", json=body)
    assert answer.status_code == 500
    for text in ("a value of a row", "a_researchers_idea", "li.wei"):
        assert text not in answer.get_data(as_text=True)
        assert text not in printed.getvalue()
