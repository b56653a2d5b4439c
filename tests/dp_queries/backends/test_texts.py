import duckdb
from hypothesis import given, strategies as st

from dp_queries.backends.evaluate import matches
from dp_queries.backends.texts import as_regular_expression, like

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
