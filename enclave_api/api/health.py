"""Whether the service answers, for monitors and for `make serve`; nothing here depends on rows."""

from typing import Any

from apiflask import APIBlueprint

from enclave_api.api.description import described
from enclave_api.auth import front

bp = APIBlueprint("health", __name__)


@bp.get("/health")
@described(problems=("unavailable",))
def health() -> Any:
    """200 when front and room answer; says whether the two have uids of their own."""
    return {"status": "ok", "separation": front().link.status().get("separation")}
