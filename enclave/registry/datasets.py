"""Datasets by name, their versions, and which one answers."""

import json
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import String, bindparam, select, type_coerce
from sqlalchemy.orm import Session

from enclave import ledger
from enclave.audit.log import Log
from enclave.registry.acts import append_act
from enclave.store.base import run
from enclave.store.models import BudgetRow, DatasetRow, VersionRow
from enclave.store.sanction_models import WithdrawalRow
from policies.catalogue import Dataset, LoadedDataset
from policies.errors import CardRejected, NotFound, Reason

_DATASETS, _VERSIONS = DatasetRow.table(), VersionRow.table()
_LOADED = type_coerce(_VERSIONS.c.loaded, String)  # the stored bytes themselves
_CURRENT: Final = (
    select(_LOADED)
    .join(_DATASETS, (_VERSIONS.c.dataset == _DATASETS.c.name) & (_VERSIONS.c.version == _DATASETS.c.current_version))
    .where(_DATASETS.c.name == bindparam("wanted"))
)
_VERSION: Final = select(_LOADED, _VERSIONS.c.file, _VERSIONS.c.wrapped_key).where(
    _VERSIONS.c.dataset == bindparam("wanted"), _VERSIONS.c.version == bindparam("numbered")
)


@lru_cache(maxsize=64)
def _read(text: str) -> LoadedDataset:
    """The public facts of a version. They are frozen, and never change: a new load is a new version."""
    return LoadedDataset.model_validate(json.loads(text))


@dataclass(frozen=True)
class StoredVersion:
    """A version that can answer: its public facts, its file, and its wrapped key."""

    loaded: LoadedDataset
    file: str
    wrapped_key: bytes


class Datasets:
    """What was loaded. A population's lifetime budget is opened by the first load and never changes."""

    def __init__(self, log: Log) -> None:
        self._log = log

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
        return append_act(
            self._log, session, "load", by=by, now=now, dataset=card.name, version=loaded.version, card=card.digest()
        )

    def all(self, session: Session) -> list[LoadedDataset]:
        """Every dataset in its current version, but those that were withdrawn."""
        withdrawn = select(WithdrawalRow.dataset)
        rows = select(DatasetRow.name).where(DatasetRow.name.not_in(withdrawn)).order_by(DatasetRow.name)
        names = session.scalars(rows).all()
        return [self.get(session, name) for name in names]

    def provider(self, session: Session, name: str) -> str | None:
        """Who provides a dataset; None where there is none."""
        try:
            return self.get(session, name).card.provider
        except NotFound:
            return None

    def get(self, session: Session, name: str) -> LoadedDataset:
        """The current version's public facts. Raises NotFound."""
        text = run(session, _CURRENT, {"wanted": name}).scalar()
        if text is None:
            raise NotFound(f"no dataset {name!r}")
        return _read(text)

    def version(self, session: Session, name: str, version: str) -> StoredVersion:
        """A version as a worker needs it. Raises NotFound, also when its key was destroyed."""
        row = run(session, _VERSION, {"wanted": name, "numbered": version}).one_or_none()
        if row is None or row.wrapped_key is None:
            raise NotFound(f"version {version} of dataset {name!r} is not here, or was withdrawn")
        return StoredVersion(_read(row[0]), row.file, row.wrapped_key)
