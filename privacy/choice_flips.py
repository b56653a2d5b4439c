"""How many coins a private choice among bins flips, at most: what its time follows from, and must not tell.

OpenDP draws from scores by visiting bins at random and flipping, for each, a coin that shows heads with probability
exp((score - best) / scale). How many flips that takes follows from the scores, and so from rows: if one bin is far
above all others, it must be hit. Who cuts time must therefore know the most.

- Permute-and-flip visits no bin twice (McKenna, Sheldon, NeurIPS 2020, Algorithm 1): n flips among n bins at most.
- The exponential mechanism is the same with replacement (ibid., Proposition 5), without end: the number of flips is
  geometric, with a mean of at most n, since the best bin's coin always shows heads. A geometric number of mean n is at
  most 1 plus an exponential one of mean n, so k of them are at most k plus a Gamma, which exceeds
  n (k + sqrt(2 k x) + x) with probability e^-x at most (Laurent, Massart, "Adaptive Estimation of a Quadratic
  Functional by Model Selection", Annals of Statistics 2000, Lemma 1).

The two ends of an interval are drawn from the bins on either side of the value, which is in both: together their means
are no more than n + 1, and two exponentials' sum exceeds anything less likely than one with both their means does.
"""

import math
from typing import Final

from privacy.quantiles import Mechanism

_DOUBT: Final = 22.0  # x of the module's head: a bound is exceeded once in 3 billion releases


def most_flips(mechanism: Mechanism, bins: int, groups: int, *, has_interval: bool) -> int:
    """Flips for a value in each of so many groups, and where `has_interval` for both its ends.

    >>> most_flips("permute_and_flip", 1000, 1, has_interval=True)
    2002
    >>> most_flips("exponential", 1000, 10, has_interval=True)
    71757
    """
    draws = groups * (1 + has_interval)
    if mechanism == "permute_and_flip":
        return draws * (bins + 1)
    return draws + math.ceil((bins + 1) * (draws + math.sqrt(2 * draws * _DOUBT) + _DOUBT))
