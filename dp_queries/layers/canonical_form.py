"""The aggregations of a query in canonical form: respelled twins are one plan, charged once (ATTACKS 2).

Keys, measures, quantiles and aggregates are sorted; those that turn out equal are one, and so are aggregations over the
same rows by the same keys. What is done to rows says `canonical_rows`. An aggregation's sums do not depend on the order
of its keys or measures: only their numbering does, and the statement above is written with the new numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from dp_queries.algebra.expressions import Expression
from dp_queries.algebra.relations import Below
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.canonical_joins import Moved
from dp_queries.layers.canonical_rows import CanonicalRows
from dp_queries.layers.keys import groups_at_most, groups_per_unit
from dp_queries.layers.middle import Middle
from dp_queries.layers.normal_form import order, presence
from dp_queries.plan import Aggregate, Key
from dp_queries.query import AggregationDraft, Draft, QuantileDraft
from policies.canonical import canonical_bytes

_KINDS: Final = ("rows", "units", "sum", "present", "distinct")


@dataclass(frozen=True)
class Place:
    """Where the parts of a `Middle` are: in which aggregation, and the places of its keys and of its aggregates."""

    aggregation: int
    keys: tuple[int, ...]
    aggregates: tuple[int, ...]


@dataclass(frozen=True)
class _Moved:
    """A `Middle` over canonical rows: its parts as they were numbered."""

    below: Below
    keys: tuple[Key, ...]
    drafts: tuple[Draft, ...]
    quantiles: tuple[QuantileDraft, ...]
    aggregates: tuple[Aggregate, ...]

    @property
    def name(self) -> bytes:
        """What rows are aggregated by which groups."""
        return canonical_bytes([self.below.to_json(), [key.to_json() for key in sorted(self.keys, key=_key_order)]])


def canonical_form(
    middles: Sequence[Middle], facts: RelationFacts
) -> tuple[tuple[AggregationDraft, ...], tuple[Place, ...]]:
    """The aggregations, and where the parts of each `Middle` are in them."""
    rows = CanonicalRows(facts)
    moved = [_moved(middle, rows, facts) for middle in middles]
    named = dict[bytes, list[int]]()
    for index, found in enumerate(moved):
        named.setdefault(found.name, []).append(index)
    drafts, places = [], dict[int, Place]()
    for number, name in enumerate(sorted(named)):
        alike = named[name]
        draft, found_places = _together([moved[index] for index in alike], number, facts)
        drafts.append(draft)
        places.update(zip(alike, found_places, strict=True))
    return tuple(drafts), tuple(places[index] for index in range(len(middles)))


def _moved(middle: Middle, rows: CanonicalRows, facts: RelationFacts) -> _Moved:
    terms = [("key", key.expression) for key in middle.keys]
    terms += [(_tag(draft), draft.value) for draft in middle.drafts if draft.value is not None]
    terms += [(repr((draft.rank, draft.bounds)), draft.value) for draft in middle.quantiles]
    moved = rows.rows(middle.below, terms)
    return _Moved(
        below=moved.below,
        keys=tuple(replace(key, expression=moved(key.expression)) for key in middle.keys),
        drafts=tuple(_draft(draft, moved, facts) for draft in middle.drafts),
        quantiles=tuple(replace(draft, value=moved(draft.value)) for draft in middle.quantiles),
        aggregates=tuple(middle.aggregates),
    )


def _tag(draft: Draft) -> str:
    return repr(replace(draft, value=None))


def _draft(draft: Draft, moved: Moved, facts: RelationFacts) -> Draft:
    """The measure over the moved rows. What counts rows or units asks whether a value is there, and not for it."""
    if draft.value is None:
        return draft
    value = moved(draft.value)

    def is_nullable(part: Expression) -> bool:
        return facts.of(moved.below, part).is_nullable

    return replace(draft, value=presence(value, is_nullable) if draft.kind in ("present", "units") else value)


def _together(alike: Sequence[_Moved], number: int, facts: RelationFacts) -> tuple[AggregationDraft, list[Place]]:
    """One aggregation of all that is asked of the same rows by the same keys."""
    below, keys = alike[0].below, tuple(sorted(alike[0].keys, key=_key_order))
    drafts = tuple(sorted({draft for found in alike for draft in found.drafts}, key=_draft_order))
    quantiles = tuple(sorted({draft for found in alike for draft in found.quantiles}, key=_quantile_order))
    numbered = [_numbered(found, drafts, quantiles) for found in alike]
    aggregates = tuple(sorted({part for found in numbered for part in found}, key=repr))
    draft = AggregationDraft(
        below=below,
        keys=keys,
        drafts=drafts,
        quantiles=quantiles,
        aggregates=aggregates,
        groups_at_most=groups_at_most(below, keys, facts),
        groups_per_unit=groups_per_unit(below, keys, facts),
    )
    places = [
        Place(number, _places(found.keys, keys), tuple(map(aggregates.index, mine)))
        for found, mine in zip(alike, numbered, strict=True)
    ]
    return draft, places


def _numbered(found: _Moved, drafts: Sequence[Draft], quantiles: Sequence[QuantileDraft]) -> tuple[Aggregate, ...]:
    """The aggregates by the new numbers of their measures."""
    measures = [drafts.index(draft) for draft in found.drafts]
    ranks = [quantiles.index(draft) for draft in found.quantiles]
    return tuple(
        replace(part, measures=tuple((ranks if part.kind == "quantile" else measures)[old] for old in part.measures))
        for part in found.aggregates
    )


def _places(mine: Sequence[Key], keys: Sequence[Key]) -> tuple[int, ...]:
    """The place of each key; each place once, also of keys that are equal."""
    free = list(enumerate(keys))
    found = []
    for key in mine:
        place = next(held for held in free if held[1] == key)
        free.remove(place)
        found.append(place[0])
    return tuple(found)


def _key_order(key: Key) -> tuple[bytes, str]:
    return order(key.expression), repr(key.domain)


def _draft_order(draft: Draft) -> tuple[int, bytes, str]:
    value = b"" if draft.value is None else order(draft.value)
    return _KINDS.index(draft.kind), value, _tag(draft)


def _quantile_order(draft: QuantileDraft) -> tuple[bytes, str]:
    return order(draft.value), repr((draft.rank, draft.bounds, draft.norm))
