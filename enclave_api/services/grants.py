"""Granting an agreement for parties whose key files are at hand: for tests, automation and small installations.

It walks the whole way, through the same functions as the API and past the same checks: the dataset is listed, an
application with its materials is handed in, accepted, put before experts where it is large, approved, and signed by
both parties with their own keys; the room accepts it only if it trusts both keys (`python -m enclave trust`).
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from enclave.link import Json, RoomSaid
from enclave_api.bodies import ApplicationActBody, ApplicationBody, DecisionBody, SignatureBody, WorkOrderBody
from enclave_api.front import Front
from enclave_api.services import applications, drafts, entries, files, work_orders
from enclave_api.services.accounts import Account
from policies.agreements import read_agreement
from policies.applications import Wanted
from policies.canonical import canonical_bytes
from policies.catalogue import Dataset, read_card
from policies.conditions import Declaration, Security
from policies.duties import condition
from policies.errors import JaliError, Reason, RequestRejected
from policies.stated_terms import read_terms
from policies.terms import MICRO, Terms, write_columns, write_decimal


@dataclass(frozen=True)
class Request:
    """What is to be granted, and what is handed in for it.

    `terms` are stated as in `docs/api.md`; `materials` hold each material's name and bytes, `declarations` what the
    organization declares, `opinion` what experts said of a large request; `amends` the agreement to amend.
    """

    dataset: str
    organization: str
    terms: Mapping[str, Any]
    scenario: str
    materials: Mapping[str, tuple[str, bytes]]
    declarations: tuple[str, ...] = ()
    opinion: str | None = None
    amends: str | None = None
    name: str | None = None


def grant(front: Front, request: Request, *, keys: Mapping[str, Ed25519PrivateKey], by: str) -> Json:
    """The signed and registered agreement. Raises what each step raises; the application is withdrawn then.

    `keys` are the private keys of the dataset's provider and of the organization, by party; `by` is who acts for all.
    """
    agreed = read_terms(request.dataset, request.terms)
    card = read_card(front.link.dataset(request.dataset)["card"])
    operator = Account(by, "operator", "operator")
    provider, researcher = Account(by, "data-provider", card.provider), Account(by, "researcher", request.organization)
    _list(front, card, provider, operator)
    body = _application(front, request, agreed, card, researcher)
    application = applications.submit(front, researcher, body)["id"]
    try:
        return _walked(front, application, request, keys, (operator, provider, researcher))
    except (JaliError, RoomSaid):
        # Nobody waits for it, so it must not wait on anybody's desk.
        _act(front, researcher, application, "withdraw", "the grant failed")
        raise


def _walked(
    front: Front,
    application: str,
    request: Request,
    keys: Mapping[str, Ed25519PrivateKey],
    people: tuple[Account, Account, Account],
) -> Json:
    """Take an application the whole way; the signed document."""
    operator, provider, researcher = people
    _act(front, operator, application, "accept")
    if request.opinion is not None:
        _act(front, provider, application, "ask-experts", "asked on the command line")
        _act(front, provider, application, "note-opinion", request.opinion)
    approval = ApplicationActBody(act="approve", terms=dict(request.terms))
    drafts.approve(front, provider, application, approval, name=request.name)
    for account in (provider, researcher):
        told = _signed(front, account, application, keys[account.organization])
    document: Json = told["document"]
    return document


def provider_of(front: Front, dataset: str) -> str:
    """The party that provides a dataset, as its card names it."""
    return str(front.link.dataset(dataset)["card"]["provider"])


def _list(front: Front, card: Dataset, provider: Account, operator: Account) -> None:
    """List the dataset as the room holds it, unless it is listed so."""
    with front.store.reading() as session:
        listed = entries.current(session, card.name)
    if listed == card:
        return
    order = WorkOrderBody(
        kind="revise" if listed else "list",
        dataset=card.name,
        reason="the room has loaded it so",
        card=card.model_dump(mode="json"),
    )
    submitted = work_orders.submit(front, provider, order)
    work_orders.decide(front, operator, submitted["id"], DecisionBody(act="accept"))


def _application(front: Front, request: Request, agreed: Terms, card: Dataset, researcher: Account) -> ApplicationBody:
    _check_declared(request)
    security = condition(card, Security)
    kept = {
        name: files.upload(front, researcher, name=file, raw=raw) for name, (file, raw) in request.materials.items()
    }
    return ApplicationBody.model_validate(
        {
            "dataset": request.dataset,
            "purposes": sorted(agreed.purposes),
            "scenario": request.scenario,
            "wanted": _stated(Wanted.of(agreed)),
            "measures": dict.fromkeys(_promised(agreed, security), "as the agreement says"),
            "declarations": list(request.declarations),
            "materials": {name: upload.digest for name, upload in kept.items()},
            "amends": request.amends,
        }
    )


def _check_declared(request: Request) -> None:
    known = get_args(Declaration)
    if unknown := sorted(set(request.declarations) - set(known)):
        message = f"there is no such declaration: {', '.join(unknown)}; known are {', '.join(known)}"
        raise RequestRejected("the grant has faults", (Reason("declaration", message, "declarations"),))


def _promised(agreed: Terms, security: Security | None) -> Iterator[str]:
    """The measures that the conditions ask for and the terms promise."""
    yield from (measure for measure in (security.measures if security else ()) if measure in agreed.measures)


def _stated(wanted: Wanted) -> dict[str, Any]:
    """What is wanted, as an application's body says it."""
    each = wanted.epsilon_per_person_micro
    return {
        "doors": sorted(wanted.doors),
        "columns": write_columns(wanted.columns),
        "aggregates": sorted(wanted.aggregates),
        "algorithms": None if wanted.algorithms is None else sorted(wanted.algorithms),
        "people": None if wanted.people is None else sorted(wanted.people),
        "epsilon": _amount(wanted.epsilon_micro),
        "delta": write_decimal(wanted.delta),
        "epsilon_per_query": _amount(wanted.epsilon_per_query_micro),
        "epsilon_per_person": None if each is None else _amount(each),
        "queries_per_day": wanted.queries_per_day,
        "months": wanted.months,
    }


def _amount(micro: int) -> str:
    return write_decimal(Fraction(micro, MICRO))


def _act(front: Front, account: Account, application: str, act: str, reason: str = "") -> None:
    applications.act(front, account, application, ApplicationActBody(act=act, reason=reason))


def _signed(front: Front, account: Account, application: str, key: Ed25519PrivateKey) -> Json:
    draft = applications.one(front, account, application)["document"]
    signature = key.sign(canonical_bytes(read_agreement(draft).to_json()))
    return drafts.sign(front, account, application, SignatureBody(value=b64encode(signature).decode()))
