"""Trusted parties and their public keys; the operator alone enters them (DESIGN 6, the trust root)."""

from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from enclave.audit.keys import public_key_from_text
from enclave.audit.log import Log
from enclave.registry.acts import append_act
from enclave.store.base import run
from enclave.store.models import Party
from policies.errors import AgreementRejected, NotFound, Reason
from policies.parts import PARTY_NAME

_PARTIES = Party.table()
_KEYS: Final = select(_PARTIES.c.name, _PARTIES.c.key)


class Parties:
    """Who may sign: providers, organizations, officers."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def trust(self, session: Session, *, name: str, role: str, key: str, by: str, now: datetime) -> int:
        """Enter a party's public key (base64 of 32 bytes); Raises AgreementRejected for a bad key."""
        public_key_from_text(key)
        if not PARTY_NAME.fullmatch(name):
            message = "a party's name is lower-case letters, digits, dots, dashes and underscores"
            raise AgreementRejected(message, (Reason("party-name", message, "party"),))
        index = append_act(self._log, session, "trust", by=by, now=now, party=name, role=role, key=key)
        session.merge(Party(name=name, role=role, key=key, trusted_at=now, log_index=index))
        return index

    def keys(self, session: Session) -> dict[str, Ed25519PublicKey]:
        """The trusted public keys by party."""
        return {name: public_key_from_text(key) for name, key in self.texts(session)}

    def texts(self, session: Session) -> frozenset[tuple[str, str]]:
        """The trusted public keys as they are stored, with their parties."""
        return frozenset((name, key) for name, key in run(session, _KEYS))

    def role(self, session: Session, name: str) -> str:
        """The role that the operator gave a party. Raises NotFound."""
        party = session.get(Party, name)
        if party is None:
            raise NotFound(f"no party {name!r}")
        return party.role
