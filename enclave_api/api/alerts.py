"""Alerts of misuse detection (Art. 30), for those who supervise."""

from typing import Any

from apiflask import APIBlueprint

from enclave_api.api.description import OBJECTS, described
from enclave_api.auth import front, signed_in
from enclave_api.services import supervision
from enclave_api.services.accounts import Account

bp = APIBlueprint("alerts", __name__)


@bp.get("/alerts")
@described(answers=OBJECTS, problems=("unavailable",))
@signed_in("security-officer", "operator", "regulator")
def alerts(account: Account) -> Any:
    """The newest alerts, newest first, at most 1000; reading them is logged."""
    return supervision.alerts(front(), account)
