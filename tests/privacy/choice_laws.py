"""The exact laws of the two choices by score, by their definitions."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.special import logsumexp, roots_legendre

_roots = cache(roots_legendre)


def exponential(scores: Sequence[int], scale: float) -> np.ndarray:
    """log P(i) of the exponential mechanism."""
    weights = np.array(scores, float) / scale
    return weights - logsumexp(weights)


def permute_and_flip(scores: Sequence[int], scale: float) -> np.ndarray:
    """log P(i) of permute-and-flip: i is drawn if its score plus exponential noise is the greatest.

    P(i) = w_i * integral over s in [0, 1] of the product of (1 - s w_j) over all others, w = exp((u - max u) / scale);
    the integrand is a polynomial, which Gauss-Legendre nodes, half as many as its degree, integrate exactly.
    """
    weights = np.exp((np.array(scores, float) - max(scores)) / scale)
    nodes, shares = _roots(len(scores) // 2 + 1)
    factors = 1 - (nodes[:, None] + 1) / 2 * weights
    before, after = np.ones_like(factors), np.ones_like(factors)
    before[:, 1:] = np.cumprod(factors[:, :-1], axis=1)
    after[:, :-1] = np.cumprod(factors[:, :0:-1], axis=1)[:, ::-1]
    others = (before * after).T
    with np.errstate(divide="ignore"):
        return (np.array(scores, float) - max(scores)) / scale + np.log(others @ shares / 2)


LAWS = {"exponential": exponential, "permute_and_flip": permute_and_flip}


class BestChoice:
    """The exact twin of a `Choice`: the first place of the greatest score, whatever the scale."""

    def permute_and_flip(self, scores, scale):
        return [int(np.argmax(each)) for each in scores]

    exponential = permute_and_flip
