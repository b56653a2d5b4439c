"""Codes by which whoever brought something forward reads what became of it, without an account (Art. 16, 30, 31)."""

import secrets
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from enclave_api.bodies import CodeBody
from enclave_api.front import Front
from enclave_api.store.matter_models import PetitionRow
from policies.errors import NotFound

Json = dict[str, Any]


def new_code(identifier: str) -> tuple[str, bytes]:
    """A code for a new matter, which its owner is told this once, and the digest that is kept."""
    secret = secrets.token_urlsafe(32)
    return f"{identifier}.{secret}", _digest(secret)


def feedback(front: Front, body: CodeBody) -> Json:
    """What became of a matter, for whoever holds its code. Raises NotFound, in the same words whatever is wrong."""
    identifier, _, secret = body.code.partition(".")
    with front.store.reading() as session:
        row = session.get(PetitionRow, identifier)
        # An unknown matter is compared as well, so that the time does not tell which there are.
        same = compare_digest(_digest(secret), row.code if row else bytes(32))
        if row is None or not same:
            raise NotFound("there is no such matter, or the code is another one's")
        return {
            "id": row.id,
            "matter": row.matter,
            "dataset": row.dataset,
            "state": row.state,
            "opened_at": row.opened_at.isoformat(timespec="seconds"),
            "feedback": row.feedback,
        }


def sealed(row: PetitionRow, *more: str) -> str:
    """A digest of what somebody wrote, for the log: to show that nothing was changed since, and not what it says.

    The code's digest is part of it, so that nobody finds a short statement by trying.
    """
    return sha256("\n".join((*more, row.statement, row.evidence, row.contact, row.code.hex())).encode()).hexdigest()


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
