"""The entrance: nobody takes all the places, and who is refused may come again."""

from contextlib import ExitStack

import pytest

from enclave.entrance import Entrance
from policies.errors import Unavailable


def test_one_account_leaves_places_for_others() -> None:
    entrance = Entrance(most_inside=5, most_of_one=3)
    with ExitStack() as inside:
        for _ in range(3):
            inside.enter_context(entrance.admit("a"))
        with pytest.raises(Unavailable), entrance.admit("a"):
            pass
        for _ in range(2):
            inside.enter_context(entrance.admit("b"))
        with pytest.raises(Unavailable), entrance.admit("c"):
            pass
    with entrance.admit("a"), entrance.admit("c"):
        assert sorted(entrance._inside) == ["a", "c"]


def test_a_place_is_given_back_when_the_question_fails() -> None:
    entrance = Entrance(most_inside=1, most_of_one=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), entrance.admit("a"):
            raise ZeroDivisionError
