import json
from typing import Any

import pytest

from enclave_api.questions import read_question
from policies.errors import RequestRejected

GOOD = {"agreement": "urn:jali:agreement:a1", "sql": "SELECT COUNT(*) FROM visits", "epsilon": 0.5}


def question(**changes: Any) -> bytes:
    body = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return json.dumps(body).encode()


def with_epsilon(text: str) -> bytes:
    return question(epsilon="HERE").replace(b'"HERE"', text.encode())


def faults(raw: bytes) -> list[tuple[str, str | None]]:
    with pytest.raises(RequestRejected) as told:
        read_question(raw)
    return [(reason.code, reason.where) for reason in told.value.reasons]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0.5", "0.5"),
        ('"0.5"', "0.5"),
        ("1", "1"),
        ("100", "100"),
        ("1e-6", "0.000001"),
        ("5E-1", "0.5"),
        ('".5"', "0.5"),
        # Never more than what was asked for: a third, and the float that 0.1 + 0.2 gives, go down to a millionth.
        ("0.3333333333333333", "0.333333"),
        ("0.30000000000000004", "0.3"),
        ("0.99999999999999999999999999999", "0.999999"),
    ],
)
def test_epsilon_is_read_exactly_from_its_text(written: str, read: str) -> None:
    assert read_question(with_epsilon(written)).epsilon == read


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("NaN", "not-a-number"),
        ('"NaN"', "not-a-number"),
        ("Infinity", "not-a-number"),
        ("-Infinity", "not-a-number"),
        ('"inf"', "not-a-number"),
        ('"sNaN123"', "not-a-number"),
        ("true", "not-a-number"),
        ("[1]", "not-a-number"),
        ('""', "not-a-number"),
        ('" 1"', "not-a-number"),
        ('"0x1p3"', "not-a-number"),
        ('"1_0"', "not-a-number"),
        ('"١"', "not-a-number"),
        ("0", "out-of-range"),
        ("-0.0", "out-of-range"),
        ("-1", "out-of-range"),
        ("1e400", "out-of-range"),
        ("1e999999999", "out-of-range"),
        ("1e-400", "out-of-range"),
        ("1e-999999999", "out-of-range"),
        ("100.0000001", "out-of-range"),
        ("0.0000009", "out-of-range"),
        ("5e-324", "out-of-range"),
        ("9" * 5000, "not-a-number"),
    ],
)
def test_an_epsilon_that_is_none_is_told_clearly(written: str, code: str) -> None:
    assert faults(with_epsilon(written)) == [(code, "epsilon")]


def test_exactly_one_of_epsilon_and_accuracy() -> None:
    assert faults(question(epsilon=...)) == [("choose-one", "epsilon")]
    assert faults(question(accuracy={"n": 200})) == [("choose-one", "epsilon")]
    assert read_question(question(epsilon=None, accuracy={"n": 200, "m": "1.5e2"})).accuracy == {"n": "200", "m": "150"}


@pytest.mark.parametrize("field", ["accuracy", "clipping"])
@pytest.mark.parametrize(
    "amounts", [{}, [], 5, {"n": 0}, {"n": -1}, {"n": None}, {"n": "1e16"}, {str(n): 1 for n in range(65)}]
)
def test_amounts_that_are_none_are_refused(amounts: Any, field: str) -> None:
    more = {"epsilon": ...} if field == "accuracy" else {}
    assert [where for _, where in faults(question(**{field: amounts}, **more))] == [field]


def test_every_fault_is_told_at_once() -> None:
    told = faults(b'{"agreement": 5, "sql": 7, "epsilon": "x", "purpose": "two\\nlines", "rows": 1}')
    assert set(told) == {
        ("unknown-field", "rows"), ("not-text", "agreement"), ("not-text", "sql"), ("not-a-number", "epsilon"),
        ("wrong-value", "purpose"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"SELECT"',
        b"{",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        question() + b"{}",
        question()[:-1] + b', "epsilon": 100}',  # two readers would see two different amounts
        question(sql="HERE").replace(b"HERE", b"SELECT '\\ud800'"),  # half a surrogate pair can't be written again
    ],
    ids=lambda raw: raw[:20].decode("latin1"),
)
def test_a_body_that_is_no_object_is_refused(raw: bytes) -> None:
    assert faults(raw) == [("not-json", None)]


@pytest.mark.parametrize("uid", ["", "../status", "a/b", "a b", "a?b", "ä", "a\n", "a" * 201])
def test_an_agreement_can_not_name_another_route(uid: str) -> None:
    assert faults(question(agreement=uid)) == [("wrong-value", "agreement")]


@pytest.mark.parametrize("sql", [..., None, "", "  \n"])
def test_sql_is_a_text_that_says_something(sql: Any) -> None:
    assert faults(question(sql=sql)) == [("missing", "sql")]


def test_sql_may_be_a_list_of_texts() -> None:
    assert read_question(question(sql=["SELECT 1", "SELECT 2"])).sql == ("SELECT 1", "SELECT 2")


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ([], [("wrong-value", "sql")]),
        (["SELECT 1"] * 65, [("wrong-value", "sql")]),
        (["SELECT 1", ""], [("missing", "statement 2")]),
        ([[]], [("not-text", "statement 1")]),
        (
            ["\n", "SELECT 1", 3, None],
            [("missing", "statement 1"), ("not-text", "statement 3"), ("missing", "statement 4")],
        ),
    ],
)
def test_a_list_holds_1_to_64_texts(sql: Any, told: list[tuple[str, str]]) -> None:
    assert faults(question(sql=sql)) == told
