from hypothesis import given, strategies as st

from dp_queries.backends.evaluate import matches
from dp_queries.backends.texts import like

_LETTERS = st.text("aAé%_\\", max_size=8)


@given(text=_LETTERS, pattern=_LETTERS)
def test_the_fast_like_is_the_defined_one(text, pattern):
    assert like(text, pattern) == matches(text, pattern)


def test_a_pattern_of_many_runs_ends_at_once():
    assert not like("a" * 2000, "%a" * 60 + "b")
