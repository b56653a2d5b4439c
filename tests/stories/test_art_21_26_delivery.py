"""Art. 21, 26 as people live them: answers and not rows leave, and every act is in the log for those it concerns."""

import pytest

import jali
from tests.stories.town import Town, codes


def test_art_21_answers_leave_and_rows_do_not(town: Town) -> None:
    uid = town.agreed()
    with town.room(uid) as room:
        answer = room.sql("SELECT clinic, COUNT(*) AS n FROM visits GROUP BY clinic", epsilon=0.5)
        assert len(answer.rows) == 4
        answer.receipt.verify()
        assert "visits" in answer.citation
        with pytest.raises(jali.QueryRejected) as caught:
            room.sql("SELECT person, cost FROM visits", epsilon=0.5)
        assert caught.value.log_position is not None
        with pytest.raises(jali.Refused) as refused:
            room.sql("SELECT COUNT(*) AS n FROM people", epsilon=0.5)
        assert codes(refused) == ["column"]


def test_art_26_every_act_of_every_role_is_in_the_log(town: Town) -> None:
    uid = town.agreed()
    with town.room(uid) as room:
        room.sql("SELECT COUNT(*) AS n FROM visits", epsilon=0.1)
    leaves = town.leaves()
    acts = {leaf["act"] for leaf in leaves if leaf["kind"] == "act"}
    assert acts >= {
        *("load", "trust", "agreement", "front:work-order-submit", "front:work-order-accept", "front:file-uploaded"),
        *(
            "front:application-submit",
            "front:application-accept",
            "front:application-approve",
            "front:application-sign",
        ),
        "front:log-read",
    }
    by = {leaf["by"] for leaf in leaves if leaf.get("act", "").startswith("front:application")}
    assert by >= {"researcher", "operator", "provider"}
    assert [leaf["outcome"] for leaf in leaves if leaf.get("agreement") == uid and leaf["kind"] == "outcome"] == [
        "answered"
    ]
    checked = town.house.run("enclave", "check-log")
    assert checked["entries"] >= len(leaves)
    assert town.get("log/entries", "researcher", start=0, count=1).status_code == 403
