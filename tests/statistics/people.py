"""Who shops, and the one person more who makes a neighbouring database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.statistics.shops import CELLS, Rows, Shop, bought, shop

NAN, INFINITY = float("nan"), float("inf")

# The rest of the shop: 60 people with 1 to 4 purchases, none of them in shop c.
OTHERS: Rows = [
    bought(
        f"p{person:02}",
        shop="ab"[(person + number) % 2],
        town="york" if person % 2 else "lund",
        price=(person * 7 + number * 3) % 50,
        items=3 + (person + number) % 5,
        serial=person * 10 + number,
    )
    for person in range(60)
    for number in range(1 + person % 4)
]
OTHERS_AGES: Rows = [{"person": f"p{person:02}", "age": 20 + person} for person in range(0, 60, 2)]


def _many(count: int, **what: object) -> Rows:
    return [bought("?", **what) for _ in range(count)]


# The one person's purchases. Their name is put in later: the first of all, in the middle, or the last.
ONE: dict[str, Rows] = {
    "ordinary": _many(1),
    "whole of a group": _many(4, shop="c", price=90, items=10),
    "nothing but NULL": _many(4, shop=None, town=None, price=None, items=None, serial=None, free=None),
    "NaN": _many(4, price=NAN, free=NAN),
    "infinite": [*_many(2, price=INFINITY, free=INFINITY), *_many(2, price=-INFINITY, free=-INFINITY)],
    "2^62": _many(4, price=1e300, items=2**62, serial=2**62, free=2.0**62),
    "-2^62": _many(4, price=-1e300, items=-(2**62), serial=-(2**62), free=-(2.0**62)),
    "very long": [
        bought("?", shop="abc"[at % 3], cell=at % CELLS, town="york", price=90, items=10, serial=10_000 + at, free=1e9)
        for at in range(1_500)
    ],
    "long and low": _many(700, price=-10, items=0, serial=-1, free=-1e9),
    "long in one": _many(700, shop="c", price=90, items=10, free=1e9),
}
# All of it in one group of `cell`.
IN_ONE_CELL: dict[str, Rows] = {
    "high": _many(12, price=90, items=10, serial=99),
    "low": _many(12, price=-10, items=0, serial=-99),
    "nothing but NULL": ONE["nothing but NULL"],
    "NaN": ONE["NaN"],
    "infinite": ONE["infinite"],
    "2^62": ONE["2^62"],
    "-2^62": ONE["-2^62"],
    "long and high": _many(64, price=90, items=10),
    "long and low": _many(64, price=-10, items=0),
    "many different": [bought("?", price=90, items=10, serial=1_000 + at) for at in range(12)],
}
ALONE_IN_TOWN = "alone in towns"
NAMES = ("a", "p30x", "zz")


def cell_rows(kinds: Sequence[str], *, key: str = "cell", each: int = 10) -> Rows:
    """Groups that are all alike but for one person more in every other of them, of the kinds in turn.

    Each group is a pair of neighbouring databases of its own: nobody is in two groups, and noise is drawn for each.
    """
    places = [{"cell": cell, "town": f"t{cell:03}"} for cell in range(CELLS)]
    rows = [
        bought(f"{cell}-{person}", **places[cell], price=20 + 3 * number, items=3 + number, serial=person)
        for cell in range(CELLS)
        for person in range(each)
        for number in range(2)
    ]
    for turn, cell in enumerate(range(0, CELLS, 2)):
        mine = IN_ONE_CELL[kinds[turn % len(kinds)]]
        rows += [{**row, "person": f"{cell}-x", key: places[cell][key]} for row in mine]
    return rows


def has_one_more(cell: str) -> bool:
    """Whether a group of `cell_rows`, by its key, has the one person more."""
    return int(cell.removeprefix("t")) % 2 == 0


@dataclass
class Street:
    """The databases of these tests, each loaded when it is first asked for."""

    folder: Path
    loaded: dict[tuple[str, ...], Shop] = field(default_factory=dict)

    @property
    def without(self) -> Shop:
        """Nobody but the others."""
        return self.of(("without",), purchases=OTHERS, people=OTHERS_AGES)

    def with_one(self, kind: str, name: str = "zz") -> Shop:
        """The others and one person of a kind of `ONE` (or alone in towns), in both private tables."""
        alone = [bought("?", town=f"xanadu{at}", price=90) for at in range(4)]
        mine = [{**row, "person": name} for row in (alone if kind == ALONE_IN_TOWN else ONE[kind])]
        ages = [*OTHERS_AGES, {"person": name, "age": 120}]
        return self.of((kind, name), purchases=[*OTHERS, *mine], people=ages)

    def cells(self, *kinds: str, key: str = "cell", each: int = 10, table: str = "visits") -> Shop:
        """The groups of `cell_rows`, in a table."""
        return self.of(("cells", *kinds, key, str(each), table), **{table: cell_rows(kinds, key=key, each=each)})

    def of(self, name: tuple[str, ...], **tables: Rows) -> Shop:
        """The database of a name, loaded once."""
        if name not in self.loaded:
            self.loaded[name] = shop(self.folder / str(len(self.loaded)), **tables)
        return self.loaded[name]
