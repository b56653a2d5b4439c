"""The human-readable text of an agreement (Art. 20), made from the same table as the JSON that both parties sign."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Final

from policies.agreements import Agreement
from policies.profile import PROFILE, CheckedBy
from policies.terms import write_time

_HEADINGS: Final = {
    CheckedBy.DECISION: ("What is allowed", "The room checks each of these at every invocation, and refuses others."),
    CheckedBy.LEDGER: (
        "What it may cost",
        "The room charges every answer before it reads a row, and gives nothing back.",
    ),
    CheckedBy.REPORTS: (
        "What is reported",
        "The room keeps the calendar, and holds the agreement when a report is late.",
    ),
    CheckedBy.PARTIES: ("What the parties promise", "People see to these; the provider may check them on the spot."),
}


def agreement_text(agreement: Agreement) -> str:
    """The agreement in words, as Markdown: the same text for the same agreement, with every term in it."""
    return "\n".join([*_head(agreement), *_sections(agreement), *_foot(agreement)]) + "\n"


def _head(agreement: Agreement) -> Iterator[str]:
    yield f"# Data utilization agreement {agreement.id}, version {agreement.version}"
    yield ""
    yield f"Between {agreement.assigner}, the data provider, and {agreement.assignee}, the researcher's organization;"
    yield f"issued {write_time(agreement.issued)}."
    if agreement.replaces is not None:
        yield f"It replaces version {agreement.version - 1}, whose digest is {agreement.replaces}."


def _sections(agreement: Agreement) -> Iterator[str]:
    for checked_by, (heading, explained) in _HEADINGS.items():
        yield from ("", f"## {heading}", "", explained, "")
        for term in PROFILE:
            value = getattr(agreement.terms, term.name)
            if term.checked_by is checked_by:
                yield f"- {term.leaves_open if value is None else term.says(value)}"


def _foot(agreement: Agreement) -> Iterator[str]:
    key = b64encode(agreement.log.key).decode()
    yield from ("", "## How it is proved", "")
    yield f"- Every invocation is an entry of the log {agreement.log.origin}, whose Ed25519 key is {key}."
    yield f"- Both parties sign the JSON document {agreement.uid}, whose SHA-256 digest is {agreement.digest}."
    yield "- This text is made from that document. Where they differ, the document holds."
