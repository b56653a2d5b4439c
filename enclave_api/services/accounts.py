"""Accounts and their bearer tokens: made, listed, revoked, recognized.

A token is `jali_<8 characters: its public prefix>_<43 characters: 256 random bits>`. We store SHA-256 of the secret.
A slow, salted hash such as argon2 protects secrets that people choose, because they can be guessed; 256 random bits
can't be, and a slow hash on every request would only hand out a way to tire the server (OWASP ASVS 5.0, 6.5 and 11.4
ask for approved hashes, and for password hashes only where a secret has less than 112 bits).
"""

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from enclave_api.front import Front
from enclave_api.services.acts import note
from enclave_api.store.models import AccountRow, TokenRow
from policies.errors import Conflict, NotAuthenticated, NotFound, Reason, RequestRejected

ROLES = ("data-provider", "operator", "regulator", "security-officer", "researcher", "public")
"""The roles of RULES.md; somebody without an account is of the public, too."""
MOST_DAYS = 3650

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}", re.ASCII)
_ORGANIZATION = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)  # a party's name, as agreements spell it
_TOKEN = re.compile(r"jali_([a-z0-9]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
_PREFIX_LETTERS = string.ascii_lowercase + string.digits
# Made once, because it runs at every request: making it takes longer.
_OF_TOKEN = (
    select(
        TokenRow.digest,
        TokenRow.revoked_at,
        TokenRow.expires_at,
        AccountRow.name,
        AccountRow.role,
        AccountRow.organization,
    )
    .join(AccountRow, TokenRow.account_name == AccountRow.name)
    .where(TokenRow.prefix == bindparam("wanted"))
)


@dataclass(frozen=True)
class Account:
    """Who asks: a name, one role, one organization."""

    name: str
    role: str
    organization: str

    def __post_init__(self) -> None:
        faults = {
            "name": _NAME.fullmatch(self.name) is None,
            "role": self.role not in ROLES,
            "organization": _ORGANIZATION.fullmatch(self.organization) is None,
        }
        if any(faults.values()):
            reasons = (Reason("wrong-value", _EXPECTED[field], field) for field, faulty in faults.items() if faulty)
            raise RequestRejected("the account can't be made", tuple(reasons))

    def actor(self) -> dict[str, str]:
        """The account as the room is told of it: the front vouches, no signature of the researcher stands behind."""
        return {"account": self.name, "role": self.role, "organization": self.organization, "vouched_by": "front"}


_EXPECTED = {
    "name": "a name is lower-case letters, digits, dots, dashes, underscores, at signs; 64 at most",
    "role": f"a role is one of {', '.join(ROLES)}",
    "organization": "an organization is lower-case letters, digits, dots, dashes, underscores; 63 at most",
}


@dataclass(frozen=True)
class TokenState:
    """What is known of a token; not the token."""

    prefix: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def create(front: Front, account: Account, *, by: Mapping[str, Any]) -> None:
    """Make an account. Raises Conflict if the name is taken."""
    try:
        with front.store.writing() as session:
            session.add(AccountRow(**asdict(account), created_at=front.now()))
            note(session, actor=by, act="account-created", detail=asdict(account), now=front.now())
    except IntegrityError:
        raise Conflict(f"there is an account {account.name} already") from None


def everyone(front: Front) -> list[tuple[Account, list[TokenState]]]:
    """Every account with the state of its tokens."""
    with front.store.reading() as session:
        rows = session.scalars(select(AccountRow).order_by(AccountRow.name))
        return [(_account(row), [_state(token) for token in row.tokens]) for row in rows]


def make_token(front: Front, name: str, *, days: int, by: Mapping[str, Any]) -> str:
    """A new token for an account, shown this once. Raises NotFound for an unknown account."""
    if not 1 <= days <= MOST_DAYS:
        raise RequestRejected("the token can't be made", (Reason("out-of-range", f"1 to {MOST_DAYS} days", "days"),))
    prefix, secret = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(8)), secrets.token_urlsafe(32)
    now = front.now()
    with front.store.writing() as session:
        _known(session, name)
        expires_at = now + timedelta(days=days)
        session.add(
            TokenRow(prefix=prefix, digest=_digest(secret), account_name=name, created_at=now, expires_at=expires_at)
        )
        detail = {"account": name, "prefix": prefix, "expires_at": expires_at.isoformat(timespec="seconds")}
        note(session, actor=by, act="token-made", detail=detail, now=now)
    return f"jali_{prefix}_{secret}"


def revoke(front: Front, prefix: str, *, by: Mapping[str, Any]) -> None:
    """End a token, effective on the next request. Raises NotFound for an unknown prefix; twice is once."""
    with front.store.writing() as session:
        token = session.get(TokenRow, prefix)
        if token is None:
            raise NotFound("there is no token with this prefix")
        if token.revoked_at is None:
            token.revoked_at = front.now()
            detail = {"account": token.account_name, "prefix": prefix}
            note(session, actor=by, act="token-revoked", detail=detail, now=front.now())


def recognize(front: Front, text: str) -> Account:
    """Whose token this is. Raises NotAuthenticated, with the same words whatever is wrong with the token."""
    match = _TOKEN.fullmatch(text)
    prefix, secret = match.groups() if match else ("", "")
    with front.store.reading() as session:
        token = session.execute(_OF_TOKEN, {"wanted": prefix}).one_or_none()
    # An unknown prefix is compared as well, so that the time does not tell which prefixes exist.
    same = compare_digest(_digest(secret), token.digest if token else bytes(32))
    if token is None or not same or token.revoked_at is not None or token.expires_at <= front.now():
        raise NotAuthenticated("a valid token is needed: Authorization: Bearer jali_...")
    return Account(token.name, token.role, token.organization)


def _known(session: Session, name: str) -> AccountRow:
    row = session.get(AccountRow, name)
    if row is None:
        raise NotFound("there is no account of this name")
    return row


def _account(row: AccountRow) -> Account:
    return Account(row.name, row.role, row.organization)


def _state(row: TokenRow) -> TokenState:
    return TokenState(row.prefix, row.created_at, row.expires_at, row.revoked_at)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
