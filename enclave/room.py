"""The room put together: settings, store, keys, vault, log, registry, lanes. Wiring, and nothing else."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Optional
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.orm import Session

from dp_queries.slots import CAUTIOUS, Pace
from enclave import reporting
from enclave.audit.keys import RoomKey
from enclave.audit.log import Log
from enclave.audit.receipts import make_receipt
from enclave.config import Settings
from enclave.messages import OpenRequest
from enclave.registry.agreements import Agreements
from enclave.registry.datasets import Datasets
from enclave.registry.holds import Holds
from enclave.registry.orders import Orders
from enclave.registry.parties import Parties
from enclave.registry.reports import Reports
from enclave.registry.violations import Violations
from enclave.registry.withdrawals import Withdrawals
from enclave.store.database import Database
from enclave.vault import Vault
from policies.agreements import PinnedLog
from policies.errors import Unavailable

if TYPE_CHECKING:
    from enclave.lanes import Lanes


@dataclass
class _JobLocks:
    """One lock per job in progress, so that two requests for one plan perform it once; gone when nobody holds it."""

    _guard: Lock = field(default_factory=Lock)
    _locks: WeakValueDictionary[str, Any] = field(default_factory=WeakValueDictionary)

    def of(self, job: str) -> AbstractContextManager[bool]:
        with self._guard:
            lock: AbstractContextManager[bool] = self._locks.setdefault(job, Lock())
            return lock


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Room:
    """Everything an invocation needs. `lanes` is None in command lines, which perform nothing."""

    settings: Settings
    database: Database
    key: RoomKey
    vault: Vault
    log: Log
    parties: Parties
    datasets: Datasets
    agreements: Agreements
    holds: Holds
    violations: Violations
    withdrawals: Withdrawals
    reports: Reports
    orders: Orders
    lanes: Optional["Lanes"]
    clock: Callable[[], datetime] = _utc_now
    jobs: _JobLocks = field(default_factory=_JobLocks)
    logger: Any = field(default_factory=lambda: structlog.get_logger("jali.room"))

    @property
    def pinned_log(self) -> PinnedLog:
        """The log as an agreement pins it."""
        return PinnedLog(self.log.origin, self.log.public_key)

    @property
    def pace(self) -> Pace:
        """How long work takes on this machine; where nothing is performed nobody measured it."""
        return CAUTIOUS if self.lanes is None else self.lanes.pace

    def open_request(self, session: Session, dataset: str, version: str) -> OpenRequest:
        """What a worker needs to open this very version: a plan runs on the data it was made for, or not at all."""
        stored = self.datasets.version(session, dataset, version)
        key = self.vault.unwrap(dataset, stored.wrapped_key)
        return OpenRequest(stored.loaded, self.settings.datasets / stored.file, key, self.settings.memory_bytes)

    def erase_withdrawn(self) -> None:
        """Destroy what vault and disk hold of withdrawn datasets: after their leaves' commit, and at every start."""
        with self.database.reading() as session:
            withdrawn = self.withdrawals.files(session)
        for dataset, files in withdrawn.items():
            self.vault.destroy(dataset)
            for file in files:
                (self.settings.datasets / file).unlink(missing_ok=True)

    def receipt(self, index: int) -> dict[str, Any]:
        """The receipt of a leaf: its bytes, its inclusion proof, and a checkpoint signed after its commit."""
        with self.database.writing() as session:
            return make_receipt(self.log, session, index)

    def tell_operator(self, event: str, **facts: object) -> None:
        """A line on the room's own error stream; for what researchers must not see."""
        self.logger.warning(event, **facts)

    def close(self) -> None:
        """Stop the lanes and close the store."""
        if self.lanes is not None:
            self.lanes.close()
        self.database.close()


def open_room(settings: Settings, *, with_lanes: bool) -> Room:
    """Open (and at first make) the room under `settings.home`, with the newest schema.

    Of the rooms with lanes one at a time may have a store. Raises Unavailable where it can't be used, LogDamaged where
    its log is another room's.
    """
    reporting.configure()
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.home.chmod(0o700)
    settings.datasets.mkdir(mode=0o700, exist_ok=True)
    database = Database(settings.store, serves=with_lanes)
    try:
        return _over(database, settings, with_lanes=with_lanes)
    except BaseException:
        database.close()
        raise


def _over(database: Database, settings: Settings, *, with_lanes: bool) -> Room:
    database.migrate()
    # In this order: keys are made before a log, so of commands that make a room together none sees a log alone.
    if database.has_log() and not settings.keys.exists():
        # A fresh key would sign a log that is another's; who mistyped a home or lost its keys must hear of it.
        raise Unavailable(f"the store has a log, and under {settings.home} are no keys: it is another room's")
    key = RoomKey.load_or_create(settings.keys)
    log = Log(key, origin=settings.origin)
    if with_lanes:
        with database.reading() as session:
            log.check_newest(session)
    parties, datasets, holds = Parties(log), Datasets(log), Holds(log)
    agreements, violations, withdrawals = Agreements(log, parties, datasets), Violations(log), Withdrawals(log)
    room = Room(
        settings=settings,
        database=database,
        key=key,
        vault=Vault(settings.keys),
        log=log,
        parties=parties,
        datasets=datasets,
        agreements=agreements,
        holds=holds,
        violations=violations,
        withdrawals=withdrawals,
        reports=Reports(log),
        orders=Orders(
            parties=parties,
            datasets=datasets,
            agreements=agreements,
            holds=holds,
            violations=violations,
            withdrawals=withdrawals,
        ),
        lanes=_lanes(settings) if with_lanes else None,
    )
    room.erase_withdrawn()
    return room


def _lanes(settings: Settings) -> "Lanes":
    # Imported here: lanes bring the engine and the kernels, which command lines do without.
    from enclave.lanes import Lanes

    return Lanes(settings.lanes, cache=settings.home / "cache")
