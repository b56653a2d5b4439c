import json
import struct
from enum import StrEnum

import pytest
import rfc8785
from hypothesis import example, given, strategies as st

from policies.canonical import canonical_bytes, digest

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.integers(-(2**53), 2**53).map(float),
    st.floats(-1e-3, 1e-3),
    st.floats(1e14, 1e23),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda parts: st.one_of(st.lists(parts), st.lists(parts).map(tuple), st.dictionaries(TEXTS, parts)),
    max_leaves=12,
)


class Colour(StrEnum):
    RED = "red"


@given(VALUES)
@example({"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3, "": 4})
@example(['\x00\x1f\x7f\x80\u2028\ufeff\\"/\b\f\n\r\t'])
@example([-0.0, 0.0, 1e-4, 9.999e-5, 1e-6, 1e-7, 2.0**53, 2.0**53 - 1, 1e15 + 0.3, 1e16, 1e21, 1e22, True, 1])
@example({"b": (1, [2.5]), "a": Colour.RED})
def test_the_bytes_are_those_of_the_slow_implementation(value: object) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)


def test_every_layout_of_a_float_is_the_slow_one() -> None:
    for exponent in range(0x7FF):
        for fraction in (0, 1, 0x8000000000000, 0xFFFFFFFFFFFFF, 0x3DE4355555557):
            (number,) = struct.unpack(">d", struct.pack(">Q", exponent << 52 | fraction))
            assert canonical_bytes(number) == rfc8785.dumps(number)


@pytest.mark.parametrize(
    "value", [float("nan"), [float("inf")], 2**53, -(2**53), {1: 2}, {None: 1}, {True: 1}, b"", {"a": {1}}, "\ud800"]
)
def test_what_json_can_not_hold_is_refused(value: object) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical_bytes(value)


def test_the_order_of_names_and_the_kind_of_sequence_make_no_difference() -> None:
    assert digest({"a": [1, 2], "b": 0}) == digest({"b": 0.0, "a": (1.0, 2)}) != digest({"a": [2, 1], "b": 0})
    assert json.loads(canonical_bytes({"a": 0.1})) == {"a": 0.1}
