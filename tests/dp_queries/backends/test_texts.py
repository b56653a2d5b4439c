import sys

import duckdb
import pytest
from hypothesis import given, strategies as st

from dp_queries.backends.texts import as_regular_expression, like, lowered, uppered
from dp_queries.backends.twins.logic import matches

ENGINE = duckdb.connect()
SIGNS = "ab%_\\^[]-.*+?(){}|$\n\t é"
_LETTERS = st.text("aAé%_\\", max_size=8)


@given(text=_LETTERS, pattern=_LETTERS)
def test_the_fast_like_is_the_defined_one(text, pattern):
    assert like(text, pattern) == matches(text, pattern)


def test_a_pattern_of_many_runs_ends_at_once():
    assert not like("a" * 2000, "%a" * 60 + "b")


@given(st.text(SIGNS, max_size=8), st.text(SIGNS, max_size=8))
def test_the_engines_expression_means_the_same(pattern, text):
    found = ENGINE.execute("SELECT regexp_full_match(?, ?, 's')", [text, as_regular_expression(pattern)]).fetchone()
    assert found == (like(text, pattern),)


def differently_cased(first, last):
    """The characters from one code point to another that the engine maps otherwise than the twin."""
    found = ENGINE.execute(
        "SELECT chr(i), lower(chr(i)), upper(chr(i)) FROM (SELECT CAST(i AS INTEGER) AS i FROM range(?, ?) AS r(i)) "
        "WHERE i NOT BETWEEN 55296 AND 57343",  # surrogates are no characters
        [first, last + 1],
    ).fetchall()
    return [row for row in found if row[1:] != (lowered(row[0]), uppered(row[0]))]


def test_characters_of_all_alphabets_change_their_case_alike():
    assert not differently_cased(0, 0xFFFF)


@pytest.mark.long
def test_all_characters_change_their_case_alike():
    assert not differently_cased(0x10000, sys.maxunicode)
