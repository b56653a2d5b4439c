"""The catalogue (Art. 9, 13, 25): the open list in every form, open to everybody, without an account."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, request

from enclave_api.api.description import OBJECTS, described, text_parameter
from enclave_api.auth import front
from enclave_api.services import entries as stories
from policies import croissant as croissants, dcat, offer as offers
from policies.classification import GUIDE
from policies.errors import NotFound
from policies.table_schema import table_schema

bp = APIBlueprint("catalogue", __name__)
open_list = APIBlueprint("open_list", __name__)

LD_JSON = "application/ld+json"
TITLE = "Open public data"
_FILTERS = tuple(text_parameter(name) for name in ("q", *stories.FILTERS))


@bp.get("/datasets")
@described(answers=OBJECTS, problems=("unavailable",))
def datasets() -> Any:
    """Every dataset that can be asked: its card, its version, its public facts."""
    return front().link.datasets()


@bp.get("/datasets/<name>")
@described(problems=("not-found", "unavailable"))
def dataset(name: str) -> Any:
    """One dataset that can be asked: its card, its version, its public facts."""
    return front().link.dataset(name)


@bp.get("/catalogue")
@described(answers=OBJECTS, parameters=_FILTERS)
def catalogue() -> Any:
    """The open list: every dataset of every class, narrowed by words and filters."""
    filters = {name: request.args[name] for name in stories.FILTERS if name in request.args}
    found = stories.search(stories.listed(front()), request.args.get("q", ""), filters)
    return [stories.summary(publication) for publication in found]


@bp.get("/catalogue/<name>")
@described(problems=("not-found",))
def entry(name: str) -> Any:
    """One listed dataset: its whole entry, why it has its class, which doors it can have."""
    return stories.whole(stories.one(front(), name))


@bp.get("/catalogue/<name>/versions")
@described(answers=OBJECTS, problems=("not-found",))
def versions(name: str) -> Any:
    """The history of an entry, newest first, with the work order of each change (Art. 10)."""
    return stories.versions(front(), name)


@bp.get("/catalogue/<name>/dcat.jsonld")
@described(answers=LD_JSON, problems=("not-found",))
def entry_dcat(name: str) -> Any:
    """The entry as DCAT 3 JSON-LD."""
    return _linked(dcat.dataset(stories.one(front(), name)))


@bp.get("/catalogue/<name>/croissant.jsonld")
@described(answers=LD_JSON, problems=("not-found",))
def entry_croissant(name: str) -> Any:
    """The entry in the Croissant format."""
    return _linked(croissants.croissant(stories.one(front(), name)))


@bp.get("/catalogue/<name>/offer.jsonld")
@described(answers=LD_JSON, problems=("not-found",))
def entry_offer(name: str) -> Any:
    """The opening conditions as an ODRL Offer (Art. 15)."""
    publication = stories.one(front(), name)
    if publication.entry.openness != "conditional":
        raise NotFound(f"the dataset {name!r} is {publication.entry.openness}: it is not offered under conditions")
    return _linked(offers.offer(publication))


@bp.get("/catalogue/<name>/tables/<table>/schema.json")
@described(problems=("not-found",))
def schema(name: str, table: str) -> Any:
    """A table of the entry as a Frictionless table schema."""
    for each in stories.one(front(), name).entry.tables:
        if each.name == table:
            return table_schema(each)
    raise NotFound(f"the dataset {name!r} has no table {table!r}")


@bp.get("/classification-guide")
@described()
def guide() -> Any:
    """The guide by which levels of fields become the class of a dataset (Art. 13)."""
    return GUIDE.to_json()


@open_list.get("/catalogue.jsonld")
@described(answers=LD_JSON)
def catalogue_dcat() -> Any:
    """The whole open list as a DCAT 3 catalogue in JSON-LD, for other catalogues to harvest."""
    return _linked(dcat.catalogue(stories.listed(front()), title=TITLE, base=front().base))


def _linked(document: dict[str, Any]) -> Response:
    return Response(current_app.json.dumps(document), mimetype=LD_JSON)
