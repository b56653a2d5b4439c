"""Signed agreements: registered when both signatures verify, checked anew whenever they are used (Art. 20)."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import String, bindparam, select, type_coerce
from sqlalchemy.orm import Session

from enclave import ledger
from enclave.audit.keys import public_key_from_text
from enclave.audit.log import Log
from enclave.registry.acts import append_act
from enclave.registry.datasets import Datasets
from enclave.registry.parties import Parties
from enclave.store.base import run
from enclave.store.models import AgreementRow
from enclave.store.sanction_models import WithdrawalRow
from policies.agreements import Agreement, PinnedLog, read_agreement, verify
from policies.errors import AgreementRejected, NotFound, Reason

_AGREEMENTS = AgreementRow.table()
_DOCUMENT: Final = (
    select(type_coerce(_AGREEMENTS.c.document, String))  # the stored bytes themselves
    .where(_AGREEMENTS.c.uid.in_([bindparam("given"), bindparam("prefixed")]))
    .order_by(_AGREEMENTS.c.uid != bindparam("given"))
    .limit(1)
)


@lru_cache(maxsize=256)
def _verified(text: str, keys: frozenset[tuple[str, str]]) -> Agreement:
    """The agreement of a stored document under these keys. Raises AgreementRejected.

    A signature verifies or doesn't by bytes and key alone (RFC 8032, 5.1.7), so it is checked anew when either is
    another than before, and remembered only where it verified.
    """
    return verify(json.loads(text), {name: public_key_from_text(key) for name, key in keys})


class Agreements:
    """What was agreed, in the parties' own signed words; terms are read from the document, never from columns."""

    def __init__(self, log: Log, parties: Parties, datasets: Datasets) -> None:
        self._log = log
        self._parties = parties
        self._datasets = datasets

    def register(self, session: Session, document: Any, *, log: PinnedLog, now: datetime) -> Agreement:
        """Enter a signed agreement and open its budget. Raises AgreementRejected with every fault.

        The same document twice is one registration. Source: Art. 20.
        """
        agreement = verify(document, self._parties.keys(session))
        known = session.get(AgreementRow, agreement.uid)
        if known is not None:
            if known.document != document:
                raise AgreementRejected("another agreement with this uid is registered")
            return agreement
        if agreement.log != log:
            raise AgreementRejected("the agreement pins another log than this room's")
        self._check_parties(session, agreement)
        self._check_columns(session, agreement)
        names = {"agreement": agreement.uid, "dataset": agreement.terms.dataset}
        index = append_act(self._log, session, "agreement", by=agreement.assigner, now=now, **names)
        session.add(
            AgreementRow(
                uid=agreement.uid,
                organization=agreement.assignee,
                dataset=agreement.terms.dataset,
                document=document,
                registered_at=now,
                log_index=index,
            )
        )
        terms = agreement.terms
        ledger.open_budget(session, agreement.uid, epsilon_micro=terms.epsilon_micro, delta=terms.delta)
        return agreement

    def _check_parties(self, session: Session, agreement: Agreement) -> None:
        try:
            provider = self._datasets.get(session, agreement.terms.dataset).card.provider
        except NotFound:
            raise AgreementRejected(f"no dataset {agreement.terms.dataset!r} is loaded here") from None
        if session.get(WithdrawalRow, agreement.terms.dataset) is not None:
            message = f"the dataset {agreement.terms.dataset} was withdrawn"
            raise AgreementRejected(message, (Reason("withdrawn", message, "permission.target"),))
        if agreement.assigner != provider or self._parties.role(session, provider) != "provider":
            raise AgreementRejected(f"only {provider}, the dataset's provider, can sign as assigner")
        if self._parties.role(session, agreement.assignee) != "organization":
            raise AgreementRejected("the assignee must be a trusted organization")

    def _check_columns(self, session: Session, agreement: Agreement) -> None:
        card = self._datasets.get(session, agreement.terms.dataset).card
        known = {(table.name, column) for table in card.tables for column in ("*", *(c.name for c in table.columns))}
        unknown = sorted(agreement.terms.columns - known)
        if unknown:
            where = "permission.constraint"
            reasons = tuple(Reason("unknown-column", f"there is no {table}.{name}", where) for table, name in unknown)
            raise AgreementRejected("the agreement names columns that the dataset lacks", reasons)

    def get(self, session: Session, uid: str) -> Agreement:
        """A registered agreement, its signatures checked against the keys of now. Raises NotFound.

        `uid` may be given short, without its urn prefix.
        """
        text = run(session, _DOCUMENT, {"given": uid, "prefixed": f"urn:jali:agreement:{uid}"}).scalar()
        if text is None:
            raise NotFound(f"no agreement {uid!r}")
        return _verified(text, self._parties.texts(session))

    def assigner(self, session: Session, uid: str) -> str | None:
        """Who assigned an agreement, by its own word; None where there is none. Its signatures need not hold now."""
        text = run(session, _DOCUMENT, {"given": uid, "prefixed": f"urn:jali:agreement:{uid}"}).scalar()
        return text and read_agreement(json.loads(text)).assigner

    def document(self, session: Session, uid: str) -> dict[str, Any]:
        """The signed document of a registered agreement. Raises NotFound."""
        return session.get_one(AgreementRow, self.get(session, uid).uid).document

    def documents(self, session: Session, organization: str | None) -> list[dict[str, Any]]:
        """The signed documents, of one organization or all."""
        rows = select(AgreementRow).order_by(AgreementRow.registered_at)
        if organization is not None:
            rows = rows.where(AgreementRow.organization == organization)
        return [row.document for row in session.scalars(rows)]
