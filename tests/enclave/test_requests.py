"""Requests: what isn't a plain positive amount is told clearly, field by field, and never becomes a float."""

from fractions import Fraction
from typing import Any

import pytest

from enclave.requests import read_actor, read_ask
from policies.errors import RequestRejected

GOOD = {"agreement": "a", "sql": "SELECT 1", "epsilon": "0.5"}


@pytest.mark.parametrize(
    ("epsilon", "code"),
    [
        ("0", "epsilon-not-positive"),
        ("-1", "epsilon-not-positive"),
        ("NaN", "epsilon-not-a-number"),
        ("inf", "epsilon-not-a-number"),
        ("1e400", "epsilon-too-large"),
        ("1e-400", "epsilon-too-small"),
        ("0.0000001", "epsilon-too-small"),
        ("100.1", "epsilon-too-large"),
        ("1_0", "epsilon-not-a-number"),
        ("٣", "epsilon-not-a-number"),
        (0.5, "epsilon-not-a-number"),
        (True, "epsilon-not-a-number"),
        ([], "epsilon-not-a-number"),
        ("9" * 10_000, "epsilon-not-a-number"),
    ],
)
def test_a_bad_epsilon_has_its_own_reason(epsilon: Any, code: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        read_ask(GOOD | {"epsilon": epsilon})
    assert [reason.code for reason in caught.value.reasons] == [code]


@pytest.mark.parametrize(
    ("epsilon", "micro"), [("0.5", 500_000), (1, 1_000_000), ("1e-6", 1), ("0.3333339", 333_333), ("100", 10**8)]
)
def test_epsilon_becomes_whole_micro_epsilon_rounded_down(epsilon: Any, micro: int) -> None:
    assert read_ask(GOOD | {"epsilon": epsilon}).epsilon_micro == micro


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(RequestRejected) as caught:
        read_ask({"epsilon": "x", "purpose": 3, "idempotency_key": "a b"})
    assert {reason.code for reason in caught.value.reasons} == {
        "epsilon-not-a-number",
        "agreement-missing",
        "sql-missing",
        "purpose-type",
        "idempotency-key",
    }


def test_accuracy_is_a_half_width_by_column() -> None:
    ask = read_ask({"agreement": "a", "sql": "s", "accuracy": {"n": "200", "m": "0.1"}})
    assert ask.accuracy == (("m", Fraction(1, 10)), ("n", Fraction(200)))
    with pytest.raises(RequestRejected):
        read_ask({"agreement": "a", "sql": "s", "accuracy": {"n": "-1"}})
    with pytest.raises(RequestRejected):
        read_ask(GOOD | {"accuracy": {"n": "1"}})


def test_clipping_is_a_norm_by_column_and_part_of_what_is_asked() -> None:
    plain, clipped, other = (read_ask(GOOD | more) for more in ({}, {"clipping": {"n": "5"}}, {"clipping": {"n": "6"}}))
    assert clipped.clipping == (("n", Fraction(5)),)
    assert len({ask.digest for ask in (plain, clipped, other)}) == 3


def test_statements_are_a_text_or_a_list_of_texts() -> None:
    alone, listed, two = (read_ask(GOOD | {"sql": sql}) for sql in ("SELECT 1", ["SELECT 1"], ["SELECT 1", "SELECT 2"]))
    assert [ask.is_list for ask in (alone, listed, two)] == [False, True, True]
    assert alone.statements == listed.statements == ("SELECT 1",)
    assert two.statements == ("SELECT 1", "SELECT 2")
    assert len({ask.digest for ask in (alone, listed, two)}) == 3


@pytest.mark.parametrize(
    ("sql", "where"),
    [([], "sql"), (["SELECT 1"] * 65, "sql"), (["SELECT 1", " "], "statement 2"), ([None], "statement 1"), (5, "sql")],
)
def test_statements_that_are_none_are_told(sql: Any, where: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        read_ask(GOOD | {"sql": sql})
    assert [reason.where for reason in caught.value.reasons] == [where]


@pytest.mark.parametrize("field", ["accuracy", "clipping"])
@pytest.mark.parametrize(
    "amounts", [[], {}, "5", 5, {"n": None}, {"n": "NaN"}, {"n": 0.5}, {"n": "0"}, {"n": "1", "m": "x"}]
)
def test_amounts_that_are_none_are_told(amounts: Any, field: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        read_ask({"agreement": "a", "sql": "s", "epsilon": None if field == "accuracy" else "1", field: amounts})
    assert [str(reason.where).partition(".")[0] for reason in caught.value.reasons] == [field]


def test_one_of_epsilon_and_accuracy_is_said() -> None:
    with pytest.raises(RequestRejected) as caught:
        read_ask({"agreement": "a", "sql": "s"})
    assert [reason.code for reason in caught.value.reasons] == ["epsilon-missing"]


def test_a_key_stands_for_everything_that_was_asked() -> None:
    first = read_ask(GOOD | {"idempotency_key": "k"})
    assert first.digest == read_ask(GOOD | {"idempotency_key": "other"}).digest
    assert first.digest != read_ask(GOOD | {"purpose": "p"}).digest
    assert first.digest != read_ask(GOOD | {"epsilon": "0.6"}).digest


def test_an_actor_is_whole_or_refused() -> None:
    assert read_actor({"actor": {"account": "a", "role": "researcher", "organization": "o"}}).vouched_by == "front"
    for actor in (None, {}, {"account": "a", "role": "", "organization": "o"}):
        with pytest.raises(RequestRejected):
            read_actor({"actor": actor})
