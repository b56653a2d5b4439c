"""Applications for conditionally open data (Art. 18, 19): handed in, checked, reviewed; every act with its reason.

The rules are `policies.applications`. What a program can check is checked when an application comes in, and nothing
that lacks something is accepted; what only people can see, the operator returns. What an approval leads to is in
`drafts`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enclave_api.bodies import ApplicationActBody, ApplicationBody
from enclave_api.front import Front
from enclave_api.services import calendars, entries, files, matters, registered
from enclave_api.services.accounts import Account
from enclave_api.services.acts import deliver
from enclave_api.store.catalogue_models import FileRow, UploadRow
from enclave_api.store.matter_models import ApplicationRow
from policies.applications import MACHINE, Application, Standing, Wanted, is_large_scale, missing
from policies.canonical import digest
from policies.catalogue import Dataset
from policies.errors import ApplicationIncomplete, NotFound, Reason, RequestRejected
from policies.terms import MICRO, read_columns, read_decimal

Json = dict[str, Any]
MOST_PENDING: Final = 100
MOST_A_DAY: Final = 50
"""Applications of one organization: those that are not decided yet, and those of the last 24 hours."""
ACTS: Final = ("return", "accept", "ask-experts", "note-opinion", "refuse", "withdraw")
_NEED_REASON: Final = ("return", "ask-experts", "note-opinion", "refuse")
_FOR_REVIEWERS: Final = ("ask-experts", "note-opinion")
_DECIDED: Final = ("approved", "half-signed", "signed", "refused", "withdrawn")


def submit(front: Front, account: Account, body: ApplicationBody) -> Json:
    """Hand in an application. Raises ApplicationIncomplete with every reason; then nothing is kept."""
    application = read(body, account.organization)
    violated_at = last_violation(front, account.organization)
    with front.store.writing() as session:
        card, version = listed(session, application.dataset)
        _check_room(session, account.organization, front.now())
        check(front, session, application, card, violated_at)
        row = ApplicationRow(
            id=matters.new_id(ApplicationRow),
            dataset=application.dataset,
            provider=card.provider,
            applicant=account.organization,
            state=MACHINE.initial,
            opened_at=front.now(),
            version=version,
        )
        session.add(row)
        session.flush()
        matters.add(front, session, row, account.actor(), "submit", **_facts(body, card))
        told = _told(session, front, row, account)
    deliver(front)
    return told


def complete(front: Front, account: Account, identifier: str, body: ApplicationBody) -> Json:
    """Hand in again what was returned. Raises NotFound, WrongState, ApplicationIncomplete."""
    application = read(body, account.organization)
    violated_at = last_violation(front, account.organization)
    with front.store.writing() as session:
        row = matters.find(session, ApplicationRow, account, identifier)
        MACHINE.step(row.state, "complete", account.role)
        if application.dataset != row.dataset:
            reason = Reason("another-dataset", f"this is an application for {row.dataset}", "dataset")
            raise ApplicationIncomplete("the application is not complete", (reason,))
        card, row.version = listed(session, row.dataset)
        check(front, session, application, card, violated_at)
        row.accepted_at = None
        matters.take(front, session, row, account, "complete", **_facts(body, card))
        told = _told(session, front, row, account)
    deliver(front)
    return told


def act(front: Front, account: Account, identifier: str, body: ApplicationActBody) -> Json:
    """Take an application a step on. Raises NotFound, Refused, WrongState, RequestRejected."""
    with front.store.writing() as session:
        row = matters.find(session, ApplicationRow, account, identifier)
        MACHINE.step(row.state, body.act, account.role)
        _check_act(session, account, body)
        if body.act == "accept":
            row.accepted_at = front.now()
        if body.act == "return":
            row.accepted_at = None  # the provider's time begins anew once it is accepted again
        if body.act in ("refuse", "withdraw"):
            row.decided_at = row.decided_at or front.now()
        if body.act == "withdraw" and row.document is not None:
            registered.check_not_in_force(front, row.document)
        content = {"document": body.document} if body.document else {}
        matters.take(front, session, row, account, body.act, reason=body.reason, content=content, detail=content)
        told = _told(session, front, row, account)
    deliver(front)
    return told


def visible(front: Front, account: Account) -> list[Json]:
    """The applications that the account may see, newest first: both sides' own, all for those who supervise."""
    with front.store.reading() as session:
        return [_told(session, front, row, account) for row in matters.visible(session, ApplicationRow, account)]


def one(front: Front, account: Account, identifier: str) -> Json:
    """One application with its history. Raises NotFound."""
    with front.store.reading() as session:
        return _told(session, front, matters.find(session, ApplicationRow, account, identifier), account)


def asked(row: ApplicationRow) -> Application:
    """What was handed in last."""
    step = row.last("submit", "complete")
    assert step is not None
    assert row.applicant is not None
    return read(ApplicationBody.model_validate(step.content["application"]), row.applicant)


def listed(session: Session, dataset: str) -> tuple[Dataset, int]:
    """The listed card of a conditionally open dataset, and its version. Raises NotFound, RequestRejected."""
    entry = entries.current(session, dataset)
    if entry is None:
        raise NotFound(f"no dataset {dataset!r} is listed")
    if not isinstance(entry, Dataset):
        reason = Reason("openness", f"the dataset is {entry.openness}: nothing is applied for", "dataset")
        raise RequestRejected("there is nothing to apply for", (reason,))
    return entry, entries.version(session, dataset)


def check(
    front: Front, session: Session, application: Application, card: Dataset, violated_at: datetime | None
) -> None:
    """Raise ApplicationIncomplete with everything that is missing now."""
    standing = Standing(_uploads(session, application), violated_at)
    reasons = missing(application, card, standing, now=front.now())
    if reasons:
        raise ApplicationIncomplete("the application is not complete", reasons)


def held_micro(session: Session, row: ApplicationRow) -> int:
    """What the organization's other applications for the dataset ask for.

    Not those that were refused or withdrawn, nor those of the agreement that this one amends.
    """
    amends = asked(row).amends
    others = select(ApplicationRow).where(
        ApplicationRow.applicant == row.applicant,
        ApplicationRow.dataset == row.dataset,
        ApplicationRow.id != row.id,
        ApplicationRow.state.not_in(("refused", "withdrawn")),
    )
    return sum(
        asked(other).wanted.epsilon_micro
        for other in session.scalars(others)
        if amends is None or amends not in (other.agreement, asked(other).amends)
    )


def last_violation(front: Front, organization: str) -> datetime | None:
    """When the organization's newest violation was recorded (Art. 32)."""
    found = [each for each in front.link.violations(published_only=False) if each["organization"] == organization]
    return max((datetime.fromisoformat(each["recorded_at"]) for each in found), default=None)


def deadline(session: Session, front: Front, row: ApplicationRow) -> Json | None:
    """Until when the provider has to decide; None before the application was accepted. By the calendar of now."""
    if row.accepted_at is None:
        return None
    found = calendars.calendar(session).deadline(row.accepted_at)
    return {
        "day": found.day.isoformat(),
        "is_provisional": found.is_provisional,
        "is_overdue": found.is_over(row.decided_at or front.now()),
    }


def read(body: ApplicationBody, organization: str) -> Application:
    """The application that a body states, for an organization."""
    said = body.wanted
    return Application(
        dataset=body.dataset,
        organization=organization,
        purposes=frozenset(body.purposes),
        scenario=body.scenario,
        wanted=Wanted(
            doors=frozenset(said.doors),
            columns=read_columns(said.columns),
            aggregates=frozenset(said.aggregates),
            algorithms=None if said.algorithms is None else frozenset(said.algorithms),
            people=None if said.people is None else frozenset(said.people),
            epsilon_micro=_micro(said.epsilon),
            delta=read_decimal(said.delta),
            epsilon_per_query_micro=_micro(said.epsilon_per_query),
            epsilon_per_person_micro=None if said.epsilon_per_person is None else _micro(said.epsilon_per_person),
            queries_per_day=said.queries_per_day,
            months=said.months,
        ),
        measures=body.measures,
        declarations=frozenset(body.declarations),
        materials=body.materials,
        priority=body.priority,
        priority_reason=body.priority_reason,
        amends=body.amends,
    )


def _micro(text: str) -> int:
    return int(read_decimal(text) * MICRO)  # the body's form has six decimals at most


def _check_act(session: Session, account: Account, body: ApplicationActBody) -> None:
    reasons = list(files.check_own(session, account, body.document))
    if body.act not in ACTS:
        wanted = ", ".join(ACTS)
        reasons.append(Reason("wrong-value", f"one of {wanted}", "act"))
    if body.act in _NEED_REASON and not body.reason:
        reasons.append(Reason("missing", f"{body.act} has its reason", "reason"))
    if body.terms is not None:
        reasons.append(Reason("unknown-field", "only an approval has terms", "terms"))
    if reasons:
        raise RequestRejected("the act has faults", tuple(reasons))


def _check_room(session: Session, organization: str, now: datetime) -> None:
    theirs = select(func.count()).where(ApplicationRow.applicant == organization)
    pending = session.scalar(theirs.where(ApplicationRow.state.not_in(_DECIDED))) or 0
    lately = session.scalar(theirs.where(ApplicationRow.opened_at > now - timedelta(days=1))) or 0
    if pending >= MOST_PENDING or lately >= MOST_A_DAY:
        message = f"an organization has {MOST_PENDING} applications undecided at most, and brings {MOST_A_DAY} a day"
        raise RequestRejected("no further application is taken now", (Reason("too-many", message),))


def _uploads(session: Session, application: Application) -> Mapping[str, str]:
    named = set(application.materials.values())
    rows = select(FileRow.digest, FileRow.kind).join(UploadRow, UploadRow.digest == FileRow.digest)
    mine = rows.where(UploadRow.organization == application.organization, FileRow.digest.in_(named))
    return {row.digest: row.kind for row in session.execute(mine)}


def _facts(body: ApplicationBody, card: Dataset) -> dict[str, Any]:
    """What a submission keeps, and what of it goes into the log."""
    said = body.model_dump(mode="json")
    detail = {"application": digest(said), "card": card.digest(), "materials": sorted(body.materials.values())}
    return {"content": {"application": said}, "detail": detail}


def _told(session: Session, front: Front, row: ApplicationRow, account: Account) -> Json:
    application = asked(row)
    entry = entries.current(session, row.dataset)
    told = matters.told(row, account)
    if account.role == "researcher":
        told["history"] = [_covered(step) for step in told["history"]]
    return {
        **told,
        "version": row.version,
        "priority": application.priority,
        "is_large_scale": isinstance(entry, Dataset)
        and is_large_scale(application, entry, held_micro=held_micro(session, row)),
        "deadline": deadline(session, front, row),
        "document": row.document,
        "agreement": row.agreement,
    }


def _covered(step: Json) -> Json:
    """A step as the applicant sees it: what experts said is for those who decide, so that they can say it freely."""
    if step["act"] not in _FOR_REVIEWERS:
        return step
    return {name: step[name] for name in ("act", "role", "done_at")}
