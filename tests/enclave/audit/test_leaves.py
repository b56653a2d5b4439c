"""What a leaf may hold, and how it reads."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from enclave.audit import leaves
from enclave.audit.leaves import KINDS, leaf_body
from policies.errors import RequestRejected

ACT = {"kind": "act", "act": "trust", "by": "operator:root", "time": datetime(2026, 3, 1, 8, tzinfo=UTC)}


def read(leaf):
    return json.loads(leaf_body(leaf))


def test_a_leaf_is_canonical_and_says_its_format_and_time():
    assert leaf_body(ACT) == (
        b'{"act":"trust","by":"operator:root","format":"jali-leaf/1","kind":"act","time":"2026-03-01T08:00:00Z"}'
    )


def test_times_are_utc_and_whole_seconds():
    assert read(ACT | {"time": "2026-03-01T10:00:00.987+02:00"})["time"] == "2026-03-01T08:00:00Z"


def test_no_text_forges_a_line():
    """ATTACKS 29: line ends, terminal escapes, direction marks and lone surrogates become blanks."""
    said = read(ACT | {"sql": "SELECT 1\n2026-03-01 granted\r\x1b[2K\u202e\u2028\ud800 中文", "a\nb": [{"c": "\x00"}]})
    assert said["sql"] == "SELECT 1 2026-03-01 granted  [2K    中文"
    assert said["a b"] == [{"c": " "}]


def test_long_texts_are_cut():
    assert len(read(ACT | {"sql": "x" * 100_000})["sql"]) == leaves.MOST_CHARACTERS


def test_what_else_json_holds_stays_as_it_is():
    said = read(ACT | {"detail": {"none": None, "yes": True, "n": 7, "list": (1, "a"), "at": ACT["time"]}})
    assert said["detail"] == {"none": None, "yes": True, "n": 7, "list": [1, "a"], "at": "2026-03-01T08:00:00+00:00"}


NESTED: list = []
for _ in range(20):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (0.5, "wrong-type"),
        (float("nan"), "wrong-type"),
        (2**53, "wrong-type"),
        (b"bytes", "wrong-type"),
        (NESTED, "too-deep"),
        (["x" * 20_000] * 20, "too-large"),
    ],
)
def test_what_no_leaf_can_hold(content, code):
    with pytest.raises(RequestRejected) as caught:
        leaf_body(ACT | {"detail": content})
    assert [reason.code for reason in caught.value.reasons] == [code]


@pytest.mark.parametrize(
    "leaf",
    [
        {},
        ACT | {"kind": "grant"},
        {name: part for name, part in ACT.items() if name != "by"},
        ACT | {"time": None},
        ACT | {"time": datetime(2026, 3, 1)},  # the fault
        ACT
        | {"kind": "outcome", "agreement": "", "dataset": "", "plan": "", "intent": 1, "outcome": "?", "answer": ""},
    ],
)
def test_what_is_no_leaf(leaf):
    with pytest.raises(ValueError, match=r"leaf|outcome"):
        leaf_body(leaf)


def test_every_kind_of_leaf_has_its_heading():
    page = (Path(__file__).parents[3] / "docs" / "log.md").read_text(encoding="utf-8")
    told = re.findall(r"^### `(\w+)`$", page, re.MULTILINE)
    assert told == list(KINDS)
    for kind, part in zip(KINDS, re.split(r"^### .*$", page, flags=re.MULTILINE)[1:], strict=True):
        assert {field for field in KINDS[kind] if f"`{field}`" not in part} == set()
