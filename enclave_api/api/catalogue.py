"""The catalogue (Art. 9): open to everybody, without an account."""

from typing import Any

from apiflask import APIBlueprint

from enclave_api.api.description import OBJECTS, described
from enclave_api.auth import front

bp = APIBlueprint("catalogue", __name__)


@bp.get("/datasets")
@described(answers=OBJECTS, problems=("unavailable",))
def datasets() -> Any:
    """Every dataset: its card, its version, its public facts."""
    return front().link.datasets()


@bp.get("/datasets/<name>")
@described(problems=("not-found", "unavailable"))
def dataset(name: str) -> Any:
    """One dataset: its card, its version, its public facts."""
    return front().link.dataset(name)
