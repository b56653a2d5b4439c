"""Carrying out signed orders (Art. 31, 32): who signed is who orders, whoever brings it; each takes effect once."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from enclave.audit.keys import public_key_from_text
from enclave.registry.agreements import Agreements
from enclave.registry.datasets import Datasets
from enclave.registry.holds import Holds
from enclave.registry.parties import Parties
from enclave.registry.violations import Violations
from enclave.registry.withdrawals import Withdrawals
from enclave.store.models import Party
from enclave.store.sanction_models import OrderRow
from policies.agreements import PinnedLog
from policies.errors import NotFound, OrderRejected, Reason
from policies.orders import ROLE_OF_PARTY, Order, check_may, read_order, verify_order
from policies.violations import read_violation


class Orders:
    """What officers, providers and regulators order of the room, under keys that the operator entered."""

    def __init__(
        self,
        *,
        parties: Parties,
        datasets: Datasets,
        agreements: Agreements,
        holds: Holds,
        violations: Violations,
        withdrawals: Withdrawals,
    ) -> None:
        self._parties, self._datasets, self._agreements = parties, datasets, agreements
        self._holds, self._violations, self._withdrawals = holds, violations, withdrawals
        self._verbs: Mapping[str, Callable[..., int]] = {
            "hold": self._hold,
            "lift": self._lift,
            "withdraw": self._withdraw,
            "violation": self._violation,
            "end-violation": self._end_violation,
        }

    def carry_out(self, session: Session, document: Any, *, log: PinnedLog, now: datetime) -> dict[str, Any]:
        """Do what a signed order says, in the caller's transaction; where the log has it.

        The same order again changes nothing and is told the same. Raises OrderRejected, Refused, NotFound.
        """
        stated = read_order(document)
        signer = session.get(Party, stated.by)
        if signer is None or signer.role not in ROLE_OF_PARTY:
            raise OrderRejected(
                "the order can't be accepted", (Reason("unknown-party", f"{stated.by} orders nothing"),)
            )
        known = session.get(OrderRow, stated.digest)
        # An order that was carried out is told again at any time, but only to who holds what its signer signed.
        at = stated.issued if known else now
        order = verify_order(document, public_key_from_text(signer.key), log=log, now=at)
        if known is None:
            role = ROLE_OF_PARTY[signer.role]
            check_may(order.kind, role, is_own=self._is_own(session, order))
            by = f"{role}:{order.by}"
            index = self._verbs[order.kind](session, order, by=by, now=now)
            known = OrderRow(digest=order.digest, document=dict(document), carried_out_at=now, log_index=index)
            session.add(known)
        return {"order": known.digest, "kind": order.kind, "target": order.target, "log_index": known.log_index}

    def _is_own(self, session: Session, order: Order) -> bool:
        """Whether all that bears the target's name is the signer's: a hold stops everything of its name."""
        owners = {self._agreements.assigner(session, order.target), self._datasets.provider(session, order.target)}
        is_partys = session.get(Party, order.target) is not None
        return owners - {None} == {order.by} and not is_partys

    def _hold(self, session: Session, order: Order, *, by: str, now: datetime) -> int:
        _no_detail(order)
        facts = {"target": order.target, "reason": order.reason, "order": order.digest}
        return self._holds.place(session, by=by, now=now, **facts)

    def _lift(self, session: Session, order: Order, *, by: str, now: datetime) -> int:
        # It names the holds, so that it can't lift one that was placed while it was on its way.
        holds = order.detail.get("holds")
        if (
            set(order.detail) != {"holds"}
            or not isinstance(holds, list)
            or not all(type(hold) is int for hold in holds)
        ):
            raise _wrong_detail('a lift names the holds by their places in the log: {"holds": [17]}')
        facts = {"target": order.target, "reason": order.reason, "order": order.digest}
        return self._holds.lift(session, by=by, now=now, holds=holds, **facts)

    def _withdraw(self, session: Session, order: Order, *, by: str, now: datetime) -> int:
        _no_detail(order)
        facts = {"dataset": order.target, "reason": order.reason, "order": order.digest}
        return self._withdrawals.withdraw(session, by=by, now=now, **facts)

    def _violation(self, session: Session, order: Order, *, by: str, now: datetime) -> int:
        violation = read_violation(order.target, order.detail)
        self._check_organization(session, order.target)
        return self._violations.record(session, violation, reason=order.reason, by=by, now=now, order=order.digest)

    def _end_violation(self, session: Session, order: Order, *, by: str, now: datetime) -> int:
        recorded_at = order.detail.get("violation")
        if set(order.detail) != {"violation"} or type(recorded_at) is not int:
            raise _wrong_detail('it names the violation by its place in the log: {"violation": 17}')
        facts = {"organization": order.target, "reason": order.reason, "order": order.digest}
        return self._violations.end(session, recorded_at=recorded_at, by=by, now=now, **facts)

    def _check_organization(self, session: Session, name: str) -> None:
        if self._parties.role(session, name) != "organization":
            raise NotFound(f"no organization {name!r}")


def _no_detail(order: Order) -> None:
    if order.detail:
        raise _wrong_detail("this order has no detail: {}")


def _wrong_detail(message: str) -> OrderRejected:
    return OrderRejected("the order can't be accepted", (Reason("wrong-detail", message, "detail"),))
