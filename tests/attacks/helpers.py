"""What several attacks need."""

import json
from base64 import b64decode
from typing import Any


def leaf_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The log entry that an answer's receipt proves."""
    leaf: dict[str, Any] = json.loads(b64decode(answer["receipt"]["leaf"]))
    return leaf
