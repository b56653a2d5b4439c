"""The platform in figures (Art. 38), and its datasets as a map (Art. 25)."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from enclave_api.api.description import described, text_parameter
from enclave_api.auth import front, signed_in
from enclave_api.services import operation as stories
from enclave_api.services.accounts import Account

bp = APIBlueprint("operation", __name__)

_PERIOD = (text_parameter("first", required=True), text_parameter("last", required=True), text_parameter("format"))


@bp.get("/operation-report")
@described(parameters=_PERIOD, problems=("request-rejected", "unavailable"))
@signed_in("operator", "regulator", "security-officer")
def report(account: Account) -> Any:
    """The operation report of some days: uptime, load, datasets, applications, invocations, budgets, violations."""
    figures = stories.report(front(), account, request.args.get("first", ""), request.args.get("last", ""))
    if request.args.get("format") == "csv":
        return Response(stories.as_table(figures), mimetype="text/csv")
    return figures


@bp.get("/resource-map")
@described()
def resource_map() -> Any:
    """The listed datasets and their relations, those that share one budget for life too. Open to everybody."""
    return stories.resource_map(front())
