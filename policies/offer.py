"""A dataset's opening conditions as an ODRL Offer (Art. 15): what an agreement on it will ask, for any reader of ODRL.

It speaks the words of our own profile (`docs/agreements.md`), so that offer and agreement can be held side by side.
Source: W3C ODRL Information Model 2.2, section 2.1.2 (Offer), and Vocabulary 2.2, 2018.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies import profile
from policies.catalogue import Dataset
from policies.conditions import Credit, Feedback, Scenario, Security
from policies.dcat import CONTEXT as _DCAT
from policies.duties import condition
from policies.publication import Publication
from policies.terms import write_time

CONTEXT: Final[Mapping[str, str]] = {
    "odrl": "http://www.w3.org/ns/odrl/2/",
    **{name: _DCAT[name] for name in ("dct", "rdfs", "xsd", "jali")},
}
"""All of it inline, as in the other published documents."""


def offer(publication: Publication) -> dict[str, Any]:
    """The offer of a conditionally open dataset. Raises ValueError for another class, which offers nothing."""
    card = publication.entry
    if not isinstance(card, Dataset):
        raise ValueError(f"{card.openness} data are not offered under conditions")
    return {
        "@context": dict(CONTEXT),
        "@id": f"urn:jali:offer:{card.name}:{publication.version}",
        "@type": "odrl:Offer",
        "odrl:profile": {"@id": profile.NAME},
        "dct:issued": {"@type": "xsd:dateTime", "@value": write_time(publication.modified)},
        "odrl:assigner": {"@id": f"urn:jali:party:{card.provider}", "@type": "odrl:Party"},
        "odrl:permission": [_permission(publication, card)],
        "odrl:prohibition": list(_prohibitions(publication, card)),
        "jali:condition": [{"jali:kind": each.kind, "rdfs:comment": each.text} for each in card.conditions],
        "jali:material": [
            {"rdfs:label": each.title, "rdfs:comment": each.text, "jali:isRequired": each.is_required}
            for each in card.materials
        ],
    }


def _permission(publication: Publication, card: Dataset) -> dict[str, Any]:
    scenario = condition(card, Scenario)
    purposes = [_constraint("odrl:purpose", "isAnyOf", sorted(scenario.purposes))] if scenario else []
    return {
        "odrl:target": {"@id": publication.uid},
        "odrl:action": _actions(card),
        "odrl:constraint": purposes,
        "odrl:duty": list(_duties(card)),
    }


def _prohibitions(publication: Publication, card: Dataset) -> Iterator[dict[str, Any]]:
    scenario = condition(card, Scenario)
    if scenario is not None and scenario.excluded:
        yield {
            "odrl:target": {"@id": publication.uid},
            "odrl:action": _actions(card),
            "odrl:constraint": [_constraint("odrl:purpose", "isAnyOf", sorted(scenario.excluded))],
        }


def _duties(card: Dataset) -> Iterator[dict[str, Any]]:
    feedback, security, credit = condition(card, Feedback), condition(card, Security), condition(card, Credit)
    if feedback is not None:
        rhythm = _constraint("jali:everyMonths", "lteq", feedback.report_months)
        yield _duty("jali:report", rhythm, _constraint("jali:graceDays", "lteq", feedback.grace_days))
    if security is not None:
        yield _duty("jali:protect", _constraint("jali:measure", "isAllOf", sorted(security.measures)))
    if credit is not None and credit.declarations:
        yield _duty("jali:declare", _constraint("jali:declaration", "isAllOf", sorted(credit.declarations)))


def _actions(card: Dataset) -> list[dict[str, str]]:
    return [{"@id": profile.ACTIONS[door]} for door in card.classification().doors]


def _duty(action: str, *constraints: dict[str, Any]) -> dict[str, Any]:
    return {"odrl:action": {"@id": action}, "odrl:constraint": list(constraints)}


def _constraint(left: str, operator: str, right: Any) -> dict[str, Any]:
    return {
        "odrl:leftOperand": {"@id": left},
        "odrl:operator": {"@id": f"odrl:{operator}"},
        "odrl:rightOperand": right,
    }
