"""Opening conditions that were revised (Art. 15): who applied under the earlier ones is told, in their application.

Signed agreements stay as they are; an application that is not decided yet is held against the conditions of now.
"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from enclave_api.front import Front
from enclave_api.services import matters
from enclave_api.store.matter_models import ApplicationRow
from policies.applications import MACHINE
from policies.entries import Entry

_OPERATOR: Final = {"account": "open-list", "role": "operator", "organization": "operator", "vouched_by": "front"}
_DONE: Final = ("signed", "refused", "withdrawn")


def tell(front: Front, session: Session, earlier: Entry, entry: Entry, version: int) -> None:
    """Note in every pending application on the dataset that its conditions or materials are others now."""
    if (earlier.conditions, earlier.materials) == (entry.conditions, entry.materials):
        return
    pending = [state for state in MACHINE.states if state not in _DONE]
    rows = select(ApplicationRow).where(ApplicationRow.dataset == entry.name, ApplicationRow.state.in_(pending))
    for row in session.scalars(rows):
        facts = {"version": version}
        matters.add(front, session, row, _OPERATOR, "conditions-revised", content=facts, detail=facts)
