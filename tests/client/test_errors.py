"""The tree of errors and its page."""

from pathlib import Path

import jali
from jali import errors

README = Path(__file__).parents[2] / "client" / "README.md"


def test_the_page_names_every_flaw_and_every_error():
    text = README.read_text(encoding="utf-8")
    classes = [error.__name__ for error in errors.JaliError.__subclasses__()]
    missing = [name for name in (*jali.Flaw, *classes) if f"`{name}`" not in text and f"jali.{name}" not in text]
    assert missing == []


def test_every_error_of_the_server_has_a_class_of_its_own_kind():
    for kind, error in errors._BY_KIND.items():
        assert type(errors.from_problem(400, {"kind": kind})) is error
    assert set(errors._BY_KIND.values()) == set(errors.JaliError.__subclasses__()) - {errors.VerificationError}


def test_every_error_is_in_the_picture_at_the_head_and_in_the_face():
    for error in errors.JaliError.__subclasses__():
        assert f"-- {error.__name__} " in (errors.__doc__ or "")
        assert getattr(jali, error.__name__) is error
