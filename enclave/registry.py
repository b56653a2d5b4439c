"""What is in force: datasets and their versions, trusted parties, signed agreements, holds. Each change is a leaf.

The room believes what is signed. Keys of parties enter through the operator's `enclave trust` alone; an agreement
enters when both parties' signatures verify under those keys; the front can add neither.
"""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from enclave import ledger
from enclave.audit.keys import public_key_from_text
from enclave.audit.log import Log
from enclave.store.models import AgreementRow, BudgetRow, DatasetRow, HoldRow, Party, VersionRow
from policies.agreements import Agreement, PinnedLog, verify
from policies.authorization import Hold
from policies.catalogue import Dataset, LoadedDataset
from policies.errors import AgreementRejected, CardRejected, NotFound, Reason


@dataclass(frozen=True)
class StoredVersion:
    """A version that can answer: its public facts, its file, and its wrapped key."""

    loaded: LoadedDataset
    file: Path
    wrapped_key: bytes


class Registry:
    """Reads and changes what is in force, inside the caller's session. Changes append their leaf to `log`."""

    def __init__(self, log: Log) -> None:
        self._log = log

    # --- parties -----------------------------------------------------------------------------------------------

    def trust(self, session: Session, *, name: str, role: str, key: str, by: str, now: datetime) -> int:
        """Enter a party's public key (base64 of 32 bytes); Raises AgreementRejected for a bad key."""
        public_key_from_text(key)
        index = self._act(session, "trust", by, now, party=name, role=role, key=key)
        session.merge(Party(name=name, role=role, key=key, trusted_at=now, log_index=index))
        return index

    def keys(self, session: Session) -> dict[str, Ed25519PublicKey]:
        """The trusted public keys by party."""
        return {party.name: public_key_from_text(party.key) for party in session.scalars(select(Party))}

    # --- datasets ----------------------------------------------------------------------------------------------

    def next_version(self, session: Session, dataset: str) -> str:
        """The number of the next version: a counter, because a digest of the content would depend on rows."""
        versions = session.scalars(select(VersionRow.version).where(VersionRow.dataset == dataset))
        return str(max(map(int, versions), default=0) + 1)

    def check_population(self, session: Session, card: Dataset) -> None:
        """Raise CardRejected when the card would move a dataset to another population or change its lifetime budget."""
        row = session.get(DatasetRow, card.name)
        reasons = []
        if row is not None and row.population != card.unit.population:
            reasons.append(
                Reason("population-moved", f"the dataset belongs to population {row.population}", "unit.population")
            )
        budget = session.get(BudgetRow, card.unit.population)
        if budget is not None and (
            budget.epsilon_micro != int(card.budget.epsilon * 1_000_000)
            or Fraction(budget.delta) != Fraction(card.budget.delta)
        ):
            reasons.append(Reason("budget-changed", "a population's lifetime budget never changes", "budget"))
        if reasons:
            raise CardRejected("the card contradicts what is in force", tuple(reasons))

    def add_version(
        self,
        session: Session,
        loaded: LoadedDataset,
        *,
        report: dict[str, Any],
        file: Path,
        wrapped_key: bytes,
        by: str,
        now: datetime,
    ) -> int:
        """Enter a load that succeeded and let it answer from now on; earlier versions stay on record."""
        card = loaded.card
        self.check_population(session, card)
        ledger.open_budget(
            session,
            card.unit.population,
            epsilon_micro=int(card.budget.epsilon * 1_000_000),
            delta=Fraction(card.budget.delta),
        )
        session.merge(DatasetRow(name=card.name, population=card.unit.population, current_version=loaded.version))
        session.flush()
        session.add(
            VersionRow(
                dataset=card.name,
                version=loaded.version,
                loaded=loaded.model_dump(mode="json"),
                report=report,
                file=file.name,
                wrapped_key=wrapped_key,
                loaded_at=now,
            )
        )
        return self._act(session, "load", by, now, dataset=card.name, version=loaded.version, card=card.digest())

    def datasets(self, session: Session) -> list[LoadedDataset]:
        """Every dataset in its current version."""
        names = session.scalars(select(DatasetRow.name).order_by(DatasetRow.name)).all()
        return [self.dataset(session, name) for name in names]

    def dataset(self, session: Session, name: str) -> LoadedDataset:
        """The current version's public facts. Raises NotFound."""
        return LoadedDataset.model_validate(self._version_row(session, name).loaded)

    def version(self, session: Session, name: str, folder: Path) -> StoredVersion:
        """The current version as the worker needs it. Raises NotFound, also when its key was destroyed."""
        row = self._version_row(session, name)
        if row.wrapped_key is None:
            raise NotFound(f"dataset {name} was withdrawn")
        return StoredVersion(LoadedDataset.model_validate(row.loaded), folder / row.file, row.wrapped_key)

    def _version_row(self, session: Session, name: str) -> VersionRow:
        dataset = session.get(DatasetRow, name)
        row = session.get(VersionRow, (name, dataset.current_version)) if dataset is not None else None
        if row is None:
            raise NotFound(f"no dataset {name!r}")
        return row

    # --- agreements and holds ----------------------------------------------------------------------------------

    def register(self, session: Session, document: Any, *, log: PinnedLog, now: datetime) -> Agreement:
        """Enter a signed agreement and open its budget. Raises AgreementRejected with every fault.

        The same document twice is one registration. Source: Art. 20.
        """
        agreement = verify(document, self.keys(session))
        known = session.get(AgreementRow, agreement.uid)
        if known is not None:
            if known.document != document:
                raise AgreementRejected("another agreement with this uid is registered")
            return agreement
        dataset = session.get(DatasetRow, agreement.terms.dataset)
        if dataset is None:
            raise AgreementRejected(f"no dataset {agreement.terms.dataset!r} is loaded here")
        if agreement.log != log:
            raise AgreementRejected("the agreement pins another log than this room's")
        self._check_roles(session, agreement, dataset.name)
        index = self._act(session, "agreement", agreement.assigner, now, agreement=agreement.uid, dataset=dataset.name)
        session.add(
            AgreementRow(
                uid=agreement.uid,
                organization=agreement.assignee,
                dataset=dataset.name,
                document=document,
                registered_at=now,
                log_index=index,
            )
        )
        terms = agreement.terms
        ledger.open_budget(session, agreement.uid, epsilon_micro=terms.epsilon_micro, delta=terms.delta)
        return agreement

    def _check_roles(self, session: Session, agreement: Agreement, dataset: str) -> None:
        provider = self.dataset(session, dataset).card.provider
        assigner = session.get_one(Party, agreement.assigner)
        if assigner.role != "provider" or agreement.assigner != provider:
            raise AgreementRejected(f"only {provider}, the dataset's provider, can sign as assigner")
        if session.get_one(Party, agreement.assignee).role != "organization":
            raise AgreementRejected("the assignee must be a trusted organization")

    def agreement(self, session: Session, uid: str) -> Agreement:
        """A registered agreement, its signatures checked anew. Raises NotFound.

        `uid` may be given short, without its urn prefix.
        """
        row = session.get(AgreementRow, uid) or session.get(AgreementRow, f"urn:jali:agreement:{uid}")
        if row is None:
            raise NotFound(f"no agreement {uid!r}")
        return verify(row.document, self.keys(session))

    def document(self, session: Session, uid: str) -> dict[str, Any]:
        """The signed document of a registered agreement. Raises NotFound."""
        return session.get_one(AgreementRow, self.agreement(session, uid).uid).document

    def documents(self, session: Session, organization: str | None) -> list[dict[str, Any]]:
        """The signed documents, of one organization or all."""
        rows = select(AgreementRow).order_by(AgreementRow.registered_at)
        if organization is not None:
            rows = rows.where(AgreementRow.organization == organization)
        return [row.document for row in session.scalars(rows)]

    def hold(self, session: Session, *, target: str, reason: str, by: str, now: datetime) -> int:
        """Place a hold on an agreement, a dataset or an organization; it bites at the next decision."""
        index = self._act(session, "hold", by, now, target=target, reason=reason)
        session.add(HoldRow(target=target, reason=reason, placed_at=now, placed_by=by, log_index=index, lifted_at=None))
        return index

    def lift(self, session: Session, *, target: str, by: str, now: datetime) -> int:
        """Lift every hold in force on a target. Raises NotFound when there is none."""
        rows = session.scalars(select(HoldRow).where(HoldRow.target == target, HoldRow.lifted_at.is_(None))).all()
        if not rows:
            raise NotFound(f"no hold in force on {target!r}")
        for row in rows:
            row.lifted_at = now
        return self._act(session, "lift", by, now, target=target)

    def holds(self, session: Session) -> tuple[Hold, ...]:
        """The holds in force, on whatever they are; `decide` picks those that touch an act."""
        rows = session.scalars(select(HoldRow).where(HoldRow.lifted_at.is_(None)))
        return tuple(Hold(target=row.target, reason=row.reason) for row in rows)

    def _act(self, session: Session, act: str, by: str, now: datetime, **facts: str) -> int:
        return self._log.append(session, {"kind": "act", "act": act, "by": by, "time": now.isoformat(), **facts})
