"""What is measured of a unit's rows: bounded integer vectors over the groups, and values drawn at a rank.

A measure's clipping norm is fixed by the plan, or the plan fixes how it will be chosen: among which norms, from a
histogram of how much noise, and what noise each of them gets (`privacy.norm_choice` says why that is private).
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final, Literal as OneOf

from dp_queries.algebra.expressions import Expression, to_json
from dp_queries.spreads import ALONE, Spread
from privacy.ladder import Ladder
from privacy.quantiles import Drawing
from privacy.units import ContributionNorm

MOST_LADDER_CELLS: Final = 2**22  # totals that the ladders of an aggregation hold at once

MeasureKind = OneOf["rows", "present", "units", "sum", "distinct"]


@dataclass(frozen=True)
class NormChoice:
    """How a clipping norm will be chosen, fixed before a row is read.

    `histogram_scale` is the noise of the histogram of units' norms; `noise_scales` that of the totals, by rung of the
    ladder, in grid steps: for every rung the totals cost the same.
    """

    ladder: Ladder
    histogram_scale: Fraction
    noise_scales: tuple[Fraction, ...]

    def to_json(self) -> Any:
        """The choice for the plan's digest."""
        norms = [norm.l2_steps for norm in self.ladder.norms]
        return [norms, self.ladder.declared, str(self.histogram_scale), [str(scale) for scale in self.noise_scales]]


@dataclass(frozen=True)
class Measure:
    """One bounded integer vector over the groups.

    rows: how many rows; present: rows whose `value` is not NULL; units: 1 if the unit has a row in the group (with a
    `value`: a row where it is not NULL); sum: the sum of quantized values minus `offset_steps`, NULLs left out;
    distinct: how many values the units claim, each at most so many that its norm holds.
    `value` is clamped to [lower_steps, upper_steps] and quantized to `granularity` (steps are integers) before the
    offset is taken away. `noise_scale` is in grid steps: Laplace scale or Gaussian standard deviation. With a `choice`,
    norm and scale are those of the declared rung until `settled`; `loss_steps` is then the choice's estimate of what
    clipping takes from the totals, in grid steps (L2 over groups), None where no released histogram tells it. `spread`:
    what is left of its noise where it is made consistent with others (`families`, which follow from the plan).
    """

    kind: MeasureKind
    value: Expression | None
    lower_steps: int
    upper_steps: int
    granularity: Fraction
    offset_steps: int
    norm: ContributionNorm
    mechanism: OneOf["laplace", "gaussian"]
    noise_scale: Fraction
    choice: NormChoice | None = None
    loss_steps: float | None = None
    spread: Spread = ALONE

    @property
    def norms(self) -> tuple[ContributionNorm, ...]:
        """The norms under which totals are wanted: one, or all rungs of the ladder."""
        return (self.norm,) if self.choice is None else self.choice.ladder.norms

    def settled(self, rung: int, loss_steps: float | None = None) -> "Measure":
        """The measure at the rung that was chosen."""
        if self.choice is None:
            return self
        norm, scale = self.choice.ladder.norms[rung], self.choice.noise_scales[rung]
        return replace(self, norm=norm, noise_scale=scale, choice=None, loss_steps=loss_steps)

    def to_json(self) -> Any:
        """The measure for the plan's digest."""
        return {
            "kind": self.kind,
            "value": self.value and to_json(self.value),
            "bounds": [str(self.lower_steps), str(self.upper_steps), str(self.offset_steps)],
            "granularity": str(self.granularity),
            "norm": [self.norm.l2_steps, self.norm.grid],
            "noise": [self.mechanism, str(self.noise_scale)],
            "choice": self.choice and self.choice.to_json(),
        }


@dataclass(frozen=True)
class QuantileMeasure:
    """A value per group at a rank of its rows, drawn from a histogram in which a unit's rows weigh what `norm` allows.

    Steps of `drawing.bins` count `granularity`.
    """

    value: Expression
    granularity: Fraction
    norm: ContributionNorm
    drawing: Drawing

    def to_json(self) -> Any:
        """The measure for the plan's digest."""
        drawing, bins = self.drawing, self.drawing.bins
        return {
            "kind": "quantile",
            "value": to_json(self.value),
            "fraction": str(drawing.rank.fraction),
            "bins": [str(bins.lower_steps), str(bins.upper_steps), str(bins.width)],
            "granularity": str(self.granularity),
            "norm": [self.norm.l2_steps, self.norm.grid],
            "noise": [
                drawing.mechanism,
                str(drawing.value_scale),
                drawing.interval_scale and str(drawing.interval_scale),
            ],
        }
