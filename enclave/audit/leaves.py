"""What a log entry may be: its kinds, its required fields, and its canonical bytes (Art. 26).

A leaf says who, when, under which agreement, which plan, which loss: never a value of the data. `docs/log.md`
describes each kind.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from policies.canonical import canonical_bytes
from policies.errors import Reason, RequestRejected
from policies.terms import write_time

FORMAT: Final = "jali-leaf/1"
KINDS: Final[Mapping[str, frozenset[str]]] = {
    "intent": frozenset({"agreement", "dataset", "plan"}),
    "outcome": frozenset({"agreement", "dataset", "plan", "intent", "outcome", "answer"}),
    "refusal": frozenset({"refused"}),
    "act": frozenset({"act", "by"}),
}
"""Kind -> the fields that it must have beside format, kind and time."""
OUTCOMES: Final = frozenset({"answered", "repeated", "stopped", "withheld"})

MOST_CHARACTERS: Final = 20_000
MOST_BYTES: Final = 256 * 1024
MOST_DEPTH: Final = 8
_LARGEST_INTEGER: Final = 2**53 - 1  # RFC 8785, 3.2.2.3: beyond it a JSON number is not exact


def leaf_body(leaf: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a leaf, format added and texts cleaned.

    Raises ValueError for a leaf that is no leaf (our own mistake), RequestRejected for content from outside that no
    leaf can hold: fractions (a value of the data would be one), foreign types, too deep or too large.
    """
    kind = str(leaf.get("kind"))
    if kind not in KINDS or not KINDS[kind] <= set(leaf):
        raise ValueError(f"a leaf of kind {kind!r} lacks its fields")
    if kind == "outcome" and leaf["outcome"] not in OUTCOMES:
        raise ValueError("an outcome is answered, repeated, stopped or withheld")
    body = canonical_bytes({**_clean(leaf, MOST_DEPTH), "format": FORMAT, "time": _time(leaf.get("time"))})
    if len(body) > MOST_BYTES:
        raise _rejected("too-large", "the entry is too large for the log")
    return body


def _time(value: Any) -> str:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError("a leaf has an aware time")
    return write_time(moment)


def _clean(value: Any, depth: int) -> Any:
    if depth < 0:
        raise _rejected("too-deep", "the entry is nested too deeply for the log")
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, Mapping):
        return {_clean_text(str(name)): _clean(part, depth - 1) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part, depth - 1) for part in value]
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) <= _LARGEST_INTEGER):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    raise _rejected("wrong-type", "the log holds texts, whole numbers, lists and objects only")


def _clean_text(text: str) -> str:
    # Line ends, terminal escapes and direction marks would let one entry pass for several, or for another one,
    # wherever the log is printed (ATTACKS 29); a blank keeps the words of a query apart.
    cut = text[:MOST_CHARACTERS]
    return cut if cut.isprintable() else "".join(sign if sign.isprintable() else " " for sign in cut)


def _rejected(code: str, message: str) -> RequestRejected:
    return RequestRejected("the log can't hold this", (Reason(code, message),))
