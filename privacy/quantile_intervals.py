"""Where the ends of a drawn quantile's interval are drawn, and what they say at other levels than their own.

**The law.** Let rows be spread evenly over the bins, as far as the draws reach. A value drawn by the exponential
mechanism at a rank then lies at a distance in rank with the Laplace law of the draw's scale: each bin is drawn with
probability proportional to exp(-distance / scale) (McSherry, Talwar, "Mechanism Design via Differential Privacy", FOCS
2007), and evenly spread bins are evenly spread ranks. Permute-and-flip is report-noisy-max with exponential noise
(Ding, Kifer et al., "The Permute-and-Flip Mechanism Is Identical to Report-Noisy-Max with Exponential Noise", 2021);
over many bins of like score its greatest noise is Gumbel's, and so it draws by the same law.

Let the value err by r > 0 ranks (the other side is the mirror image), r exponential with the value's scale. The lower
end is drawn among the bins up to the value, at the rank k below the one asked, with a scale c of its own: its distance
Y >= 0 from the value has a density proportional to exp(-|Y - k - r| / c). The interval misses where Y < r. All lengths
here are in units of c; `ratio` is c over the value's scale. Nothing here depends on rows, and nothing protects.

Where rows are not spread evenly the law is another one: `docs/known-limitations.md` says when.
"""

from functools import cache
from typing import Any, Final

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]

_POINTS: Final = 1024  # of the midpoint rule over the value's error
_HALVINGS: Final = 50
_MOST_SHIFT: Final = 30.0
_STRETCHES: Final = 400


@cache
def end_shift(ratio: float, level: float) -> float:
    """k of the module's head: how far from the rank that is asked the ends are drawn, so that `level` of the intervals
    hold; 0 where more of them hold anyway.

    >>> round(end_shift(2**0.5, 0.95), 2), round(end_shift(2.0, 0.95), 2)
    (1.47, 1.28)
    """
    low, high = 0.0, _MOST_SHIFT
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _missed(middle, ratio, 1.0) > 1 - level else (low, middle)
    return high


@cache
def stretches(ratio: float, level: float) -> tuple[Floats, Floats]:
    """Levels, ascending, and by how much an interval made for `level` is stretched about its value to hold so often.

    On each side the value's distance to the truth, divided by its distance to the end, has this law.
    """
    shift = end_shift(ratio, level)
    stretch = np.geomspace(1e-4, 1e3, _STRETCHES)
    return np.array([1 - _missed(shift, ratio, one) for one in stretch]), stretch


def _missed(shift: float, ratio: float, stretch: float) -> float:
    """How often an interval whose ends are `stretch` times as far from the value as they were drawn misses: Y < r / s,
    over all r.
    """
    error = -np.log((np.arange(_POINTS) + 0.5) / _POINTS) / ratio
    reach, middle = error / stretch, shift + error
    nearer = np.exp(np.minimum(reach, middle) - middle) - np.exp(-middle)
    farther = -np.expm1(-np.maximum(reach - middle, 0.0))
    return float(np.mean((nearer + farther) / (2 - np.exp(-middle))))
