"""Work orders on the open list: a reason for every change, a document for every narrowing, a history (Art. 10, 11).

Pure: what is listed now is an argument. An order that can't stand is returned with every reason at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from policies.catalogue import read_entry
from policies.classification import CLASSES
from policies.entries import Entry
from policies.errors import CardRejected, Reason, WorkOrderReturned
from policies.states import OPERATOR, PROVIDER, Machine, Transition

Kind = Literal["list", "revise", "make-static"]
LEAST_REASON: Final = 4  # whether it is reasonable is for the operator to say; Chinese says much in few characters
MOST_REASON: Final = 4000

MACHINE: Final = Machine(
    matter="work order",
    initial="submitted",
    transitions=(
        Transition("accept", ("submitted",), "accepted", OPERATOR),
        Transition("return", ("submitted",), "returned", OPERATOR),
        Transition("resubmit", ("returned",), "submitted", PROVIDER),
        Transition("withdraw", ("submitted", "returned"), "withdrawn", PROVIDER),
    ),
)


@dataclass(frozen=True)
class WorkOrder:
    """What a provider asks to be changed in the open list, and why.

    `card` is the proposed card of the dataset (none for `make-static`), `document` the digest of an uploaded
    supporting document.
    """

    kind: Kind
    dataset: str
    provider: str
    reason: str
    card: Mapping[str, Any] | None = None
    document: str | None = None


def examine(order: WorkOrder, listed: Entry | None) -> Entry:
    """The entry as it will be listed. Raises WorkOrderReturned with every reason; `listed` is the one of now.

    Source: Art. 11 (returned: without reasonable reason, incomplete, not by the classification rules, other).
    """
    entry, faults = _proposed(order, listed)
    reasons = (*faults, *_faults_of_form(order, listed), *(_faults_of_change(order, listed, entry) if entry else ()))
    if reasons or entry is None:
        raise WorkOrderReturned("the work order is returned", tuple(reasons))
    return entry


def _proposed(order: WorkOrder, listed: Entry | None) -> tuple[Entry | None, tuple[Reason, ...]]:
    if order.kind == "make-static":
        return (listed.as_static() if listed else None), ()
    try:
        return read_entry(order.card), ()
    except CardRejected as rejected:
        return None, rejected.reasons


def _faults_of_form(order: WorkOrder, listed: Entry | None) -> Iterator[Reason]:
    said = order.reason.strip()
    if not LEAST_REASON <= len(said) <= MOST_REASON:
        yield Reason("reason", f"say why, in {LEAST_REASON} to {MOST_REASON} characters", "reason")
    if order.kind == "list" and listed is not None:
        yield Reason("already-listed", "a dataset of this name is listed; revise it instead", "dataset")
    if order.kind != "list" and listed is None:
        yield Reason("not-listed", "no dataset of this name is listed", "dataset")
    if order.kind == "make-static" and order.card is not None:
        yield Reason("card", "a conversion to static data takes the entry as it is", "card")


def _faults_of_change(order: WorkOrder, listed: Entry | None, entry: Entry) -> Iterator[Reason]:
    if entry.name != order.dataset:
        yield Reason("another-dataset", "the card is of another dataset", "card.name")
    # Whose name another organization took, it could list, narrow and close.
    if entry.provider != order.provider or (listed is not None and listed.provider != order.provider):
        yield Reason("another-provider", "only the dataset's provider can list or change it", "card.provider")
    if listed is None:
        return
    if entry == listed:
        yield Reason("nothing-changed", "this is how it is listed already", "card")
    if CLASSES.index(entry.openness) > CLASSES.index(listed.openness) and order.document is None:
        message = f"from {listed.openness} to {entry.openness}: a supporting document is needed"
        yield Reason("narrowing-without-document", message, "document")
