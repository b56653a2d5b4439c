import random
import struct

import pytest
import rfc8785

from jali.canonical import canonical_bytes, digest

# RFC 8785, appendix B: IEEE 754 bits -> ECMAScript text.
NUMBERS = {
    "0000000000000000": "0", "8000000000000000": "0", "0000000000000001": "5e-324", "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308", "4340000000000000": "9007199254740992",
    "4430000000000000": "295147905179352830000", "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23", "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000", "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21", "3eb0c6f7a0b5ed8c": "9.999999999999997e-7", "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332", "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333", "43143ff3c1cb0959": "1424953923781206.2",
}  # fmt: skip


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_of_the_rfc(bits, text):
    assert canonical_bytes(struct.unpack(">d", bytes.fromhex(bits))[0]).decode() == text


def test_names_of_the_rfc_are_sorted_by_utf16():
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    written = canonical_bytes(dict.fromkeys(names, 0)).decode()
    assert written == '{"\\r":0,"1":0,"\u0080":0,"\u00f6":0,"\u20ac":0,"\U0001f600":0,"\ufb33":0}'


def test_agrees_with_another_implementation():
    draw = random.Random(5)
    numbers = [draw.uniform(-10, 10) * 10 ** draw.randint(-30, 30) for _ in range(2000)]
    value = {"numbers": numbers, 'q"\\\x01\x7f\u2028': [True, None, "é", 2**53 - 1, -7, {}, []]}
    assert canonical_bytes(value) == rfc8785.dumps(value)
    assert digest({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, {1: 2}, b"", "\ud800"])
def test_what_json_can_not_hold_is_refused(value):
    with pytest.raises(ValueError):  # noqa: PT011  # any ValueError: the callers turn each into the same flaw
        canonical_bytes(value)
