"""Checking a receipt: that the room's log holds exactly this answer, under this agreement and plan.

Formats: RFC 8785 (canonical JSON), RFC 9162 (proofs), C2SP signed-note and tlog-checkpoint. What a receipt covers:
columns, rows and intervals of the answer, its dataset, agreement and plan, and the question as it was asked. Notes,
citation and budget figures are not covered. Imports nothing of the room: whoever doubts us can read these files alone.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from jali.agreement import PinnedAgreement
from jali.canonical import canonical_bytes, digest
from jali.checkpoint import Checkpoint
from jali.errors import Flaw, VerificationError
from jali.log import Growth, LogWatch
from jali.merkle import check_inclusion

__all__ = ["Flaw", "VerificationError", "Verified", "answer_digest", "check_receipt", "verify_answer"]


@dataclass(frozen=True)
class Verified:
    """What was checked; only made when everything holds."""

    agreement: PinnedAgreement
    index: int
    size: int
    time: str
    growth: Growth

    def __str__(self) -> str:
        return (
            f"receipt verified: entry {self.index} of {self.size} in log {self.agreement.log.origin}, {self.time}; "
            f"{self.growth}; agreement {self.agreement}"
        )

    def to_json(self) -> dict[str, Any]:
        """The facts, for --json."""
        return {
            "verified": True, "agreement": self.agreement.uid, "pin": str(self.agreement.pin),
            "assigner": self.agreement.assigner, "assignee": self.agreement.assignee,
            "log": self.agreement.log.origin, "index": self.index, "size": self.size, "time": self.time,
            "history": str(self.growth),
        }  # fmt: skip


_COVERED = ("columns", "rows", "intervals")


def answer_digest(answer: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON of what the receipt covers: columns, rows, intervals, of each answer."""
    try:
        if "answers" not in answer:
            return digest(_covered(answer))
        if not set(_COVERED).isdisjoint(answer):  # rows beside the answers would be shown by nobody's leave
            raise ValueError("an answer beside the answers")
        return digest({"answers": [_covered(part) for part in answer["answers"]]})
    except (KeyError, TypeError, ValueError):
        raise VerificationError(Flaw.ANSWER_DIFFERS, "the answer lacks columns, rows or intervals") from None


def _covered(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in _COVERED}


def question_digest(question: Mapping[str, Any]) -> str:
    """What the room logs of a question: SHA-256 (hex) over its canonical form, amounts as exact integers or fractions.

    With it a server in between can neither alter what was asked nor pass off an older answer. `question` is what was
    sent: agreement, sql, epsilon or accuracy, clipping, purpose.
    """
    epsilon = question.get("epsilon")
    accuracy, clipping = (
        amounts and [[name, str(Fraction(str(amounts[name])))] for name in sorted(amounts)]
        for amounts in (question.get("accuracy"), question.get("clipping"))
    )
    return digest(
        {
            "agreement": question.get("agreement"),
            "sql": question.get("sql"),
            "epsilon_micro": None if epsilon is None else int(Fraction(str(epsilon)) * 1_000_000),
            "accuracy": accuracy,
            "clipping": clipping,
            "purpose": question.get("purpose"),
        }
    )


def verify_answer(answer: Mapping[str, Any], agreement: PinnedAgreement, watch: LogWatch) -> Verified:
    """Check an answer against its receipt, the agreement and the log's history. Raises VerificationError."""
    receipt: Any = answer.get("receipt")
    leaf, checkpoint, growth = check_receipt(receipt, watch)
    _check_leaf(leaf, answer, agreement)
    return Verified(agreement, receipt["index"], checkpoint.size, str(leaf.get("time", "")), growth)


def check_receipt(receipt: Any, watch: LogWatch) -> tuple[dict[str, Any], Checkpoint, Growth]:
    """The log entry that a receipt proves to be in the log, whatever it says. Raises VerificationError."""
    raw = read_leaf(receipt)
    leaf = read_json(raw)
    index, proof, note = receipt.get("index"), receipt.get("proof"), receipt.get("checkpoint")
    if type(index) is not int or not isinstance(proof, list) or not isinstance(note, str):
        raise _malformed("the receipt lacks index, proof or checkpoint")
    steps = [_hash(step) for step in proof]
    checkpoint, growth = watch.accept(note)
    check_inclusion(raw, index=index, size=checkpoint.size, proof=steps, root=checkpoint.root)
    return leaf, checkpoint, growth


def read_leaf(receipt: Any) -> bytes:
    """The leaf's bytes in a receipt of our format."""
    if not isinstance(receipt, dict) or receipt.get("format") != "jali-receipt/1":
        raise _malformed("the answer carries no receipt that we can read")
    return _base64(receipt.get("leaf"))


def read_json(leaf: bytes) -> dict[str, Any]:
    """The leaf as JSON. It must be canonical, so that no name stands in it twice."""
    try:
        value = json.loads(leaf)
        canonical = canonical_bytes(value)
    except (ValueError, RecursionError):
        raise _malformed("the receipt's log entry can't be read") from None
    if not isinstance(value, dict) or canonical != leaf or value.get("format") != "jali-leaf/1":
        raise _malformed("the receipt's log entry isn't canonical or not of a format that we know")
    return value


def _check_leaf(leaf: Mapping[str, Any], answer: Mapping[str, Any], agreement: PinnedAgreement) -> None:
    """Every binding between log entry and answer, as a table: flaw, what the entry says, what it must say."""
    if leaf.get("kind") != "outcome" or leaf.get("outcome") not in ("answered", "repeated"):
        raise VerificationError(Flaw.NOT_AN_ANSWER, "the log entry in the receipt isn't that of an answer")
    plan = answer.get("plan")
    bindings = (
        (Flaw.OTHER_AGREEMENT, "agreement", agreement.uid),
        (Flaw.OTHER_DATASET, "dataset", answer.get("dataset")),
        *([(Flaw.OTHER_DATASET, "version", answer.get("version"))] if "version" in leaf else []),
        (Flaw.OTHER_PLAN, "plan", plan.get("digest") if isinstance(plan, dict) else None),
        *([(Flaw.OTHER_QUESTION, "request", question_digest(answer["asked"]))] if "asked" in answer else []),
        (Flaw.ANSWER_DIFFERS, "answer", answer_digest(answer)),
    )
    for flaw, name, expected in bindings:
        if not isinstance(expected, str) or leaf.get(name) != expected:
            raise VerificationError(flaw, _SAYS[flaw])


_SAYS = {
    Flaw.OTHER_AGREEMENT: "the log entry in the receipt belongs to another agreement",
    Flaw.OTHER_DATASET: "the log entry in the receipt belongs to another dataset or version",
    Flaw.OTHER_PLAN: "the log entry in the receipt belongs to another query plan",
    Flaw.OTHER_QUESTION: "the log entry in the receipt is the answer to another question than the one asked",
    Flaw.ANSWER_DIFFERS: "this isn't the answer that was logged: it was altered, or the receipt is another's",
}


def _hash(text: Any) -> bytes:
    value = _base64(text)
    if len(value) != 32:
        raise _malformed("a step of the proof isn't a SHA-256 hash")
    return value


def _base64(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        raise _malformed("the receipt holds something that isn't base64") from None


def _malformed(message: str) -> VerificationError:
    return VerificationError(Flaw.RECEIPT_MALFORMED, message)
