"""Attack 27: the data are replaced between charge and release, or between two askings with one key.

A plan names its data version, and the log repeats it; so rows of another version never answer it.
"""

from enclave import invocations
from enclave.loading import load_card
from enclave.requests import read_ask
from policies.errors import JaliError
from tests.attacks.helpers import leaf_of
from tests.world import RESEARCHER, write_csv_files

SQL = "SELECT COUNT(*) AS n FROM visits"


def _load_tenth(world, folder):
    load_card(world.room, write_csv_files(folder, people=40), by="operator:test")


def test_a_plan_is_never_performed_on_another_version(fresh_world, tmp_path):
    ask = read_ask({"agreement": fresh_world.agreement, "sql": SQL, "epsilon": "5"})
    question = invocations._question(fresh_world.room, RESEARCHER, ask)
    invocation = invocations._admit(fresh_world.room, question)
    _load_tenth(fresh_world, tmp_path / "smaller")
    try:
        reply = invocations._perform(fresh_world.room, question, invocation)
    except JaliError:
        return  # told that the data changed
    assert reply.body["version"] == "1"
    assert reply.body["rows"][0][0] > 1500  # version 1 has 2,500 visits, version 2 has 250; the noise is a few


def test_what_a_repeated_key_gives_says_which_version_it_is_of(fresh_world, tmp_path):
    first = fresh_world.ask(SQL, epsilon="1", idempotency_key="k")
    _load_tenth(fresh_world, tmp_path / "smaller")
    try:
        again = fresh_world.ask(SQL, epsilon="1", idempotency_key="k")
    except JaliError:
        return
    assert again["rows"] == first["rows"]
    assert (again["version"], again["plan"]["digest"]) == (first["version"], first["plan"]["digest"])
    assert leaf_of(again)["version"] == again["version"]
