"""The operator's commands about holds and sanctions: hold, lift, withdraw, violation, end-violation, order.

The operator is the trust root and needs no signature. Everybody else's word comes as a signed order: through the front,
or, where a front would drop it, as a file that `order` carries out.
"""

import argparse
import json
import os
import pwd
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from enclave.room import Room
from enclave.sanctions import carry_out, withdraw
from policies.errors import NotFound, OrderRejected, Reason
from policies.terms import DOORS, MICRO, read_decimal
from policies.violations import KINDS, MEASURES, Violation

Add = Callable[[str, Callable[[Room, Any], Any], str], argparse.ArgumentParser]


def add_commands(command: Add) -> None:
    """Add the commands to the operator's parser."""
    hold = command("hold", _hold, "stop an agreement, a dataset, an organization or an account, also what runs")
    hold.add_argument("target")
    hold.add_argument("--reason", required=True)
    command("lift", _lift, "lift every hold on a target").add_argument("target")
    gone = command("withdraw", _withdraw, "destroy a dataset's keys, in all its versions, for good (Art. 31)")
    gone.add_argument("dataset")
    gone.add_argument("--reason", required=True)
    gone.add_argument("--yes", action="store_true", help="needed: there is no way back")
    broken = command("violation", _violation, "record an organization's violation and its measure (Art. 32)")
    broken.add_argument("organization")
    broken.add_argument("--kind", choices=tuple(KINDS), required=True)
    broken.add_argument("--measure", choices=MEASURES, required=True)
    broken.add_argument("--most-epsilon", help="to restrict: the most that a query may cost")
    broken.add_argument("--doors", nargs="*", choices=sorted(DOORS), help="to restrict: the doors that stay open")
    broken.add_argument("--publish", action="store_true")
    broken.add_argument("--reason", required=True)
    ended = command("end-violation", _end_violation, "end the measure of a violation; its record stays")
    ended.add_argument("organization")
    ended.add_argument("log_index", type=int)
    ended.add_argument("--reason", required=True)
    order = command("order", _order, "carry out an order that an officer, provider or regulator signed")
    order.add_argument("file", type=Path, metavar="FILE")


def operator() -> str:
    """Who types, as the log names them."""
    try:
        return f"operator:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"operator:{os.getuid()}"


def _hold(room: Room, options: Any) -> dict[str, Any]:
    with room.database.writing() as session:
        index = room.holds.place(session, target=options.target, reason=options.reason, by=operator(), now=room.clock())
        stopped = _stopped(room, session, options.target)
    if not stopped:
        print(
            f"note: {options.target} names no agreement, dataset, provider or organization; this stops an account only",
            file=sys.stderr,
        )
    return {"held": options.target, "stops": stopped, "log_index": index}


def _stopped(room: Room, session: Session, target: str) -> list[str]:
    """What a hold on this name stops, but for an account of this name, which the front alone knows."""
    stops = {
        # Asked without its signatures: a hold is needed most where one no longer holds.
        "agreement": room.agreements.assigner(session, target) is not None,
        "dataset": room.datasets.provider(session, target) is not None,
        "party": _signs(room, session, target),
    }
    return [kind for kind, is_stopped in stops.items() if is_stopped]


def _signs(room: Room, session: Session, name: str) -> bool:
    with suppress(NotFound):
        return room.parties.role(session, name) in ("provider", "organization")
    return False


def _lift(room: Room, options: Any) -> dict[str, Any]:
    with room.database.writing() as session:
        index = room.holds.lift(session, target=options.target, by=operator(), now=room.clock())
    return {"lifted": options.target, "log_index": index}


def _withdraw(room: Room, options: Any) -> dict[str, Any]:
    if not options.yes:
        message = "the data can't be opened again by anybody; say --yes if that is meant"
        raise OrderRejected("nothing was withdrawn", (Reason("not-confirmed", message),))
    index = withdraw(room, dataset=options.dataset, reason=options.reason, by=operator())
    return {"withdrawn": options.dataset, "log_index": index}


def _violation(room: Room, options: Any) -> dict[str, Any]:
    most = options.most_epsilon
    try:
        violation = Violation(
            organization=options.organization,
            kind=options.kind,
            measure=options.measure,
            is_published=options.publish,
            most_epsilon_micro=None if most is None else int(read_decimal(most) * MICRO),
            doors=None if options.doors is None else frozenset(options.doors),
        )
    except ValueError as fault:
        raise OrderRejected("nothing was recorded", (Reason("wrong-detail", str(fault)),)) from None
    with room.database.writing() as session:
        if room.parties.role(session, options.organization) != "organization":
            raise NotFound(f"no organization {options.organization!r}")
        index = room.violations.record(session, violation, reason=options.reason, by=operator(), now=room.clock())
    return {"violation_of": options.organization, "measure": options.measure, "log_index": index}


def _end_violation(room: Room, options: Any) -> dict[str, Any]:
    with room.database.writing() as session:
        index = room.violations.end(
            session,
            organization=options.organization,
            recorded_at=options.log_index,
            reason=options.reason,
            by=operator(),
            now=room.clock(),
        )
    return {"ended": options.log_index, "log_index": index}


def _order(room: Room, options: Any) -> dict[str, Any]:
    try:
        document = json.loads(options.file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise OrderRejected("the file holds no JSON", (Reason("wrong-shape", "an order is a JSON object"),)) from None
    return carry_out(room, document)
