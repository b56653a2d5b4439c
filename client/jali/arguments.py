"""What several commands of `jali` read from their arguments, and how they print facts."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jali.errors import RequestRejected


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE, as often as given. Raises RequestRejected for another form."""
    parts = [text.partition("=") for text in texts]
    if not all(name and value for name, _, value in parts):
        raise RequestRejected("write NAME=VALUE")
    return {name: value for name, _, value in parts}


def json_in(path: Path) -> Any:
    """The JSON in a file; None where it is none. Raises RequestRejected where the file can't be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise RequestRejected(f"{path} can't be read: {fault.strerror}") from None
    except ValueError:
        return None


def print_json(value: Any) -> None:
    """Facts for a program."""
    print(json.dumps(value, ensure_ascii=False))
