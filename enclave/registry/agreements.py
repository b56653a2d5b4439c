"""Signed agreements: registered when both signatures verify, checked anew whenever they are used (Art. 20)."""

import json
from collections.abc import Iterator
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
from enclave.store.models import AgreementRow, AgreementVersionRow
from enclave.store.sanction_models import WithdrawalRow
from policies.agreements import Agreement, PinnedLog, read_agreement, signature_faults, verify
from policies.duties import unmet
from policies.errors import AgreementRejected, NotFound, Reason
from policies.terms import write_time

_AGREEMENTS = AgreementRow.table()
_DOCUMENT: Final = (
    select(type_coerce(_AGREEMENTS.c.document, String))  # the stored bytes themselves
    .where(_AGREEMENTS.c.uid.in_([bindparam("given"), bindparam("prefixed")]))
    .order_by(_AGREEMENTS.c.uid != bindparam("given"))
    .limit(1)
)


@lru_cache(maxsize=2048)
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
        """Enter a signed agreement, or the next version of one, and open or change its budget.

        Raises AgreementRejected with every fault. The same document twice is one registration. Source: Art. 20.
        """
        agreement = read_agreement(document)
        newest = session.get(AgreementRow, agreement.uid)
        if self._is_registered(session, agreement, document):
            return agreement
        reasons = [
            *signature_faults(document, agreement, self._parties.keys(session)),
            *self._party_faults(session, agreement),
            *self._card_faults(session, agreement),
            *_time_faults(agreement, now),
            *_log_faults(agreement, log),
            *_version_faults(agreement, None if newest is None else read_agreement(newest.document)),
            *self._budget_faults(session, agreement, newest),
        ]
        if reasons:
            raise AgreementRejected("the agreement can't be registered", tuple(reasons))
        self._enter(session, agreement, document, now)
        return agreement

    def _is_registered(self, session: Session, agreement: Agreement, document: Any) -> bool:
        known = session.get(AgreementVersionRow, (agreement.uid, agreement.version))
        return known is not None and bool(known.document == document)

    def _enter(self, session: Session, agreement: Agreement, document: Any, now: datetime) -> None:
        terms, uid = agreement.terms, agreement.uid
        facts = {"version": str(agreement.version), "digest": agreement.digest}
        index = append_act(
            self._log,
            session,
            "agreement",
            by=agreement.assigner,
            now=now,
            agreement=uid,
            dataset=terms.dataset,
            **facts,
        )
        stored = {"uid": uid, "document": document, "registered_at": now, "log_index": index}
        session.merge(AgreementRow(organization=agreement.assignee, dataset=terms.dataset, **stored))
        session.flush()
        session.add(AgreementVersionRow(version=agreement.version, digest=agreement.digest, **stored))
        ledger.open_budget(session, uid, epsilon_micro=terms.epsilon_micro, delta=terms.delta)
        ledger.amend_budget(session, uid, epsilon_micro=terms.epsilon_micro)

    def _party_faults(self, session: Session, agreement: Agreement) -> Iterator[Reason]:
        try:
            provider = self._datasets.get(session, agreement.terms.dataset).card.provider
        except NotFound:
            yield Reason("no-dataset", f"no dataset {agreement.terms.dataset!r} is loaded here", "permission.target")
            return
        if session.get(WithdrawalRow, agreement.terms.dataset) is not None:
            yield Reason("withdrawn", f"the dataset {agreement.terms.dataset} was withdrawn", "permission.target")
        if agreement.assigner != provider or self._role(session, provider) != "provider":
            yield Reason("wrong-provider", f"only {provider}, the dataset's provider, can sign as assigner", "assigner")
        if self._role(session, agreement.assignee) != "organization":
            yield Reason("wrong-organization", "the assignee must be a trusted organization", "assignee")

    def _role(self, session: Session, party: str) -> str | None:
        try:
            return self._parties.role(session, party)
        except NotFound:
            return None

    def _card_faults(self, session: Session, agreement: Agreement) -> Iterator[Reason]:
        """Columns that there are not, and conditions of the dataset that the terms do not meet (Art. 15)."""
        try:
            card = self._datasets.get(session, agreement.terms.dataset).card
        except NotFound:
            return
        known = {(table.name, column) for table in card.tables for column in ("*", *(c.name for c in table.columns))}
        for table, name in sorted(agreement.terms.columns - known):
            yield Reason("unknown-column", f"there is no {table}.{name}", "permission.constraint")
        yield from unmet(agreement.terms, card)

    def _budget_faults(self, session: Session, agreement: Agreement, newest: AgreementRow | None) -> Iterator[Reason]:
        """An amendment's budget: within the population's for life, and never below what is spent (DESIGN 2)."""
        if newest is None:
            return
        try:
            population = self._datasets.get(session, agreement.terms.dataset).card.unit.population
        except NotFound:
            return
        terms = agreement.terms
        yield from ledger.amendment_faults(
            session, agreement.uid, population, epsilon_micro=terms.epsilon_micro, delta=terms.delta
        )

    def get(self, session: Session, uid: str) -> Agreement:
        """The newest version of a registered agreement, its signatures checked against the keys of now.

        An amendment is in force once it is registered, so the newest decides. Raises NotFound.
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
        """The signed document of a registered agreement, its newest version. Raises NotFound."""
        return session.get_one(AgreementRow, self.get(session, uid).uid).document

    def versions(self, session: Session, uid: str) -> list[dict[str, Any]]:
        """Every version's signed document, oldest first. Raises NotFound."""
        newest = self.get(session, uid)
        rows = select(AgreementVersionRow).where(AgreementVersionRow.uid == newest.uid)
        return [row.document for row in session.scalars(rows.order_by(AgreementVersionRow.version))]

    def documents(self, session: Session, organization: str | None) -> list[dict[str, Any]]:
        """The newest signed documents, of one organization or all."""
        rows = select(AgreementRow).order_by(AgreementRow.registered_at)
        if organization is not None:
            rows = rows.where(AgreementRow.organization == organization)
        return [row.document for row in session.scalars(rows)]


def _time_faults(agreement: Agreement, now: datetime) -> Iterator[Reason]:
    terms = agreement.terms
    if terms.expires_at <= now:
        yield Reason("expired", f"the agreement ended at {write_time(terms.expires_at)}", "expires_at")
    if agreement.version > 1 and terms.not_before > now:
        # Two versions in force one after the other would need two budgets; the new one holds from its registration.
        yield Reason(
            "begins-later", "an amendment is in force once it is registered, and can't begin later", "not_before"
        )


def _log_faults(agreement: Agreement, log: PinnedLog) -> Iterator[Reason]:
    if agreement.log != log:
        yield Reason("another-log", "the agreement pins another log than this room's", "log")


def _version_faults(agreement: Agreement, newest: Agreement | None) -> Iterator[Reason]:
    """What keeps an agreement from being the first version of a new one, or the next one of the newest."""
    if newest is None:
        if agreement.version != 1:
            yield Reason("skipped-version", "no version of this agreement is registered; the first is 1", "version")
        return
    if agreement.version <= newest.version:
        yield Reason("known-version", f"another version {agreement.version} of this agreement is registered", "version")
        return
    if agreement.version > newest.version + 1:
        yield Reason("skipped-version", f"the next version is {newest.version + 1}", "version")
    if agreement.replaces != newest.digest:
        yield Reason("wrong-digest", f"it must replace version {newest.version}, {newest.digest}", "replaces")
    for part in ("assigner", "assignee"):
        if getattr(agreement, part) != getattr(newest, part):
            yield Reason("other-parties", f"the {part} of an agreement can't be another", part)
    if agreement.terms.not_before != newest.terms.not_before:
        # Reports are due by months from the beginning on: another one would leave out the time before it.
        message = f"an amendment begins when the agreement did, at {write_time(newest.terms.not_before)}"
        yield Reason("begins-otherwise", message, "not_before")
    if agreement.terms.dataset != newest.terms.dataset:
        yield Reason("other-dataset", "the dataset of an agreement can't be another", "permission.target")
