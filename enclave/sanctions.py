"""Orders and withdrawals as the room does them: carried out and logged, or refused and logged."""

from typing import Any

from enclave.room import Room
from policies.errors import JaliError, NotFound, OrderRejected, Refused
from policies.orders import Order, read_order

LOGGED = (Refused, OrderRejected, NotFound)


def carry_out(room: Room, document: Any) -> dict[str, Any]:
    """Do what a signed order says (Art. 31, 32). Raises OrderRejected, Refused, NotFound, with their log position."""
    order = read_order(document)
    try:
        with room.database.writing() as session:
            done = room.orders.carry_out(session, document, log=room.pinned_log, now=room.clock())
    except LOGGED as refusal:
        raise _logged(room, order, refusal) from None
    room.erase_withdrawn()
    return done


def withdraw(room: Room, *, dataset: str, reason: str, by: str) -> int:
    """Withdraw a dataset by the operator's own hand; where the log has it. Raises NotFound."""
    with room.database.writing() as session:
        index = room.withdrawals.withdraw(session, dataset=dataset, reason=reason, by=by, now=room.clock())
    room.erase_withdrawn()
    return index


def _logged(room: Room, order: Order, refusal: JaliError) -> JaliError:
    leaf = {
        "kind": "refusal",
        "time": room.clock().isoformat(),
        "refused": refusal.kind,
        "codes": sorted({reason.code for reason in refusal.reasons}),
        "order": order.kind,
        "target": order.target,
        "said_by": order.by,  # whether they signed it is what may be wrong
        "request": order.digest,
    }
    with room.database.writing() as session:
        refusal.facts["log_index"] = room.log.append(session, leaf)
    return refusal
