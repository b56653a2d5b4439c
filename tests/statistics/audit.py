"""A lower bound on what releases really cost, from their answers on two neighbouring databases.

Whatever an answer shows is looked at: which rows there are, their values, their intervals, how many notes. One half of
the answers picks, for each statement that a charge makes, the event that contradicts it most; the other half says by
Clopper and Pearson how probable that event is at least with the unit, and at most without it (or the other way round).

Sources: Clopper, Pearson, "The Use of Confidence or Fiducial Limits", Biometrika 1934; Jagielski, Ullman, Oprea,
"Auditing Differentially Private Machine Learning", NeurIPS 2020; Nasr et al., "Tight Auditing of Differentially Private
Machine Learning", USENIX Security 2023 (auditing by the trade-off curve of Gaussian noise).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from scipy import stats

from dp_queries.answers.answer import Answer
from dp_queries.plan import Plan
from privacy.loss import PureEvent, SelectionEvent
from tests.statistics.shops import QUERY_DELTA

# Of each bound. The suite computes fewer than a thousand of them, so it raises a false alarm once in 10^9 runs at most.
ERROR = 1e-12
_PLACES = 40  # thresholds that are tried of each feature
_DEEPEST = 3  # half-spaces in an event
_KEPT = 6  # events that are narrowed further


Told = Mapping[str, float]


@dataclass(frozen=True)
class Statement:
    """What a charge says of every event: `cost(low, high) <= claimed`, where the event's probability is at least `low`
    on one database and at most `high` on its neighbour.

    pure: low <= exp(claimed) * high + delta. gaussian: the odds of noise with the shift `claimed`, but for delta (Dong,
    Roth, Su, "Gaussian Differential Privacy", JRSS B 2022).
    """

    kind: str
    claimed: float
    delta: float

    def cost(self, low: Any, high: Any) -> Any:
        """The least cost with which the event is as probable as that; negative where it says nothing."""
        left = np.maximum(np.asarray(low, float) - self.delta, 0)
        with np.errstate(divide="ignore"):
            if self.kind == "gaussian":
                return stats.norm.ppf(left) - stats.norm.ppf(np.minimum(np.asarray(high, float) / (1 - self.delta), 1))
            return np.log(left) - np.log(high)


def statements(plan: Plan) -> tuple[Statement, ...]:
    """What the plan's charge says, in the ledger's words and in the sharper ones of the mechanism behind it."""
    said = [Statement("pure", plan.epsilon_micro / 1e6, float(QUERY_DELTA))]
    costs = [event.cost if isinstance(event, SelectionEvent) else event for event in plan.loss.events]
    pure = [cost.epsilon_micro for cost in costs if isinstance(cost, PureEvent)]
    rho = sum(cost.rho_nano for cost in costs if not isinstance(cost, PureEvent)) / 1e9
    selecting = float(plan.loss.selection_delta)
    if not rho:
        said.append(Statement("pure", sum(pure) / 1e6, selecting))
    # An exponential choice has another law than the Gaussian of equal rho; of it only the conversion holds.
    elif pure or any(part.quantiles for part in plan.aggregations):
        said += [_converted(plan, delta) for delta in (Fraction(1, 100), Fraction(1, 20))]
    else:
        said.append(Statement("gaussian", math.sqrt(2 * rho), selecting))
    return tuple(said)


def _converted(plan: Plan, delta: Fraction) -> Statement:
    return Statement("pure", plan.loss.epsilon_micro(delta) / 1e6, float(delta))


@dataclass(frozen=True)
class Finding:
    """What was found of a statement: `cost`, at least, of `claimed`; and by which event."""

    statement: Statement
    cost: float
    event: str

    @property
    def contradicts(self) -> bool:
        """Whether more was lost than is charged, but for an error of ERROR."""
        return self.cost > self.statement.claimed


def audited(plan: Plan, mine: Sequence[Told], theirs: Sequence[Told]) -> list[Finding]:
    """What was told on two neighbouring databases says about the statements of the plan's charge."""
    names, (left, right) = _tables(mine, theirs)
    half = [len(left) // 2, len(right) // 2]
    train, test = (left[: half[0]], right[: half[1]]), (left[half[0] :], right[half[1] :])
    combined = _combined(*train)
    train, test = ((combined(parts[0]), combined(parts[1])) for parts in (train, test))
    return [_finding(statement, [*names, "linear"], train, test) for statement in statements(plan)]


def bounds(count: Any, runs: int, error: float = ERROR) -> tuple[Any, Any]:
    """Clopper and Pearson's lower and upper bound on a probability, each wrong with probability `error` at most."""
    count = np.asarray(count)
    low = np.where(count > 0, stats.beta.ppf(error, np.maximum(count, 1), runs - count + 1), 0.0)
    high = np.where(count < runs, stats.beta.isf(error, count + 1, np.maximum(runs - count, 1)), 1.0)
    return low, high


def told(answer: Answer) -> Told:
    """All that an answer shows, as numbers by name; a row is named by its keys."""
    shown = {"rows": float(len(answer.rows)), "notes": float(len(answer.notes))}
    for key, row in rows_told(answer).items():
        shown |= {f"{key}:{name}": value for name, value in row.items()}
    return shown


def rows_told(answer: Answer) -> dict[str, Told]:
    """What each row of an answer shows, by its keys."""
    keys = [at for at, column in enumerate(answer.columns) if not column.is_noisy]
    noisy = [at for at, column in enumerate(answer.columns) if column.is_noisy]
    rows = {}
    for place, row in enumerate(answer.rows):
        shown = {"shown": 1.0}
        for at in noisy:
            name, cell = answer.columns[at].name, row[at]
            low, high = answer.intervals["0.95"].get(name, [[None, None]] * len(answer.rows))[place]
            shown |= {name: 0.0, f"{name} is null": 1.0} if cell is None else {name: float(cell)}  # type: ignore[arg-type]  # a number
            shown[f"{name}'s width"] = -1.0 if low is None or high is None else high - low
        rows["/".join(str(row[at]) for at in keys)] = shown
    return rows


def _tables(mine: Sequence[Told], theirs: Sequence[Told]) -> tuple[list[str], list[Any]]:
    """The features that are not always the same, and their values on each side; 0 where a row isn't shown."""
    names = sorted({name for one in (*mine, *theirs) for name in one})
    tables = [np.array([[one.get(name, 0.0) for name in names] for one in side]) for side in (mine, theirs)]
    both = np.vstack(tables)
    varied = np.flatnonzero(np.ptp(both, axis=0) > 1e-9 * (1 + np.abs(both).max(axis=0)))
    return [names[at] for at in varied], [table[:, varied] for table in tables]


def _combined(left: Any, right: Any) -> Callable[[Any], Any]:
    """Adds one feature: where answers lie along the direction in which two clouds of them are furthest apart.

    Source: Fisher, "The Use of Multiple Measurements in Taxonomic Problems", Annals of Eugenics 1936.
    """
    both = np.vstack([left - left.mean(axis=0), right - right.mean(axis=0)])
    # What never varied in this half has no say.
    scale = np.where(both.std(axis=0) > 1e-12 * (1 + np.abs(left).max(axis=0)), both.std(axis=0), np.inf)
    spread = (both / scale).T @ (both / scale) / len(both) + 1e-3 * np.eye(both.shape[1])
    weights = np.linalg.solve(spread, (left.mean(axis=0) - right.mean(axis=0)) / scale) / scale
    return lambda table: np.column_stack([table, table @ weights])


def _finding(statement: Statement, names: Sequence[str], train: Any, test: Any) -> Finding:
    """The best event of the training half, and what the other half says of it."""
    order, conditions = max(
        (_searched(statement, train[order], train[1 - order], order) for order in (0, 1)), key=lambda found: found[0]
    )[1:]
    inside = [_inside(side, conditions) for side in (test[order], test[1 - order])]
    low, high = (
        bounds(inside[0].sum(), len(inside[0]))[0],
        bounds(inside[1].sum(), len(inside[1]))[1],
    )
    event = " and ".join(f"{names[at]} {'>' if sign > 0 else '<'} {sign * least:.6g}" for at, sign, least in conditions)
    return Finding(statement, float(statement.cost(low, high)), ("without: " if order else "with: ") + event)


Condition = tuple[int, int, float]
Found = tuple[float, int, tuple[Condition, ...]]


def _searched(statement: Statement, mine: Any, theirs: Any, order: int) -> Found:
    """The conjunction of a few half-spaces with the greatest cost, narrowed step by step."""
    everything: Found = (-math.inf, order, ())
    best, beam = everything, [everything]
    for _ in range(_DEEPEST):
        found = [narrower for event in beam for narrower in _narrowed(statement, mine, theirs, event)]
        beam = sorted(found, key=lambda event: -event[0])[:_KEPT]
        if not beam or beam[0][0] <= best[0]:
            break
        best = beam[0]
    return best


def _narrowed(statement: Statement, mine: Any, theirs: Any, event: Found) -> Iterable[Found]:
    """The event cut by each feature, at the place where the cost is greatest."""
    held = [_inside(side, event[2]) for side in (mine, theirs)]
    runs = len(mine), len(theirs)
    for at, sign in product(range(mine.shape[1]), (1, -1)):
        values = [np.sort(sign * side[inside, at]) for side, inside in zip((mine, theirs), held, strict=True)]
        both = np.concatenate(values)
        if not both.size:
            continue
        places = np.unique(np.quantile(both, np.linspace(0, 1, _PLACES), method="lower"))
        above = [part.size - np.searchsorted(part, places, side="right") for part in values]
        cost = statement.cost(bounds(above[0], runs[0])[0], bounds(above[1], runs[1])[1])
        top = int(np.argmax(cost))
        if np.isfinite(cost[top]):
            yield float(cost[top]), event[1], (*event[2], (at, sign, float(places[top])))


def _inside(table: Any, conditions: Sequence[Condition]) -> Any:
    inside = np.ones(len(table), np.bool_)
    for at, sign, least in conditions:
        inside &= sign * table[:, at] > least
    return inside
