"""The invocation log (Art. 26): checkpoint and proofs for everybody, entries for those who supervise."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response

from enclave_api.api import reading
from enclave_api.api.description import OBJECTS, described, whole
from enclave_api.auth import front, signed_in
from enclave_api.services import supervision
from enclave_api.services.accounts import Account

bp = APIBlueprint("log", __name__, url_prefix="/log")

MOST_ENTRIES = 1000
_PROBLEMS = ("request-rejected", "not-found", "unavailable")


@bp.get("/checkpoint")
@described(answers="text/plain", problems=("unavailable",))
def checkpoint() -> Any:
    """The newest checkpoint, a signed note (C2SP tlog-checkpoint)."""
    return Response(front().link.checkpoint(), mimetype="text/plain")


@bp.get("/inclusion")
@described(parameters=(whole("index"), whole("size")), problems=_PROBLEMS)
def inclusion() -> Any:
    """Proof that entry `index` is in the log of `size` entries (RFC 9162, 2.1.3)."""
    return front().link.inclusion(index=reading.whole("index"), size=reading.whole("size"))


@bp.get("/consistency")
@described(parameters=(whole("from"), whole("to")), problems=_PROBLEMS)
def consistency() -> Any:
    """Proof that the log of size `to` begins with the log of size `from` (RFC 9162, 2.1.4)."""
    return front().link.consistency(old=reading.whole("from"), new=reading.whole("to"))


@bp.get("/entries")
@described(answers=OBJECTS, parameters=(whole("start"), whole("count", required=False)), problems=_PROBLEMS)
@signed_in("security-officer", "regulator")
def entries(account: Account) -> Any:
    """Entries in plain text, from `start`, 100 unless `count` says otherwise; reading them is logged."""
    count = reading.whole("count", least=1, most=MOST_ENTRIES, default=100)
    return supervision.entries(front(), account, start=reading.whole("start"), count=count)
