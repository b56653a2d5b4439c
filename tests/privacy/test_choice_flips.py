import numpy as np
import pytest

from privacy.choice_flips import most_flips

RELEASES = 20_000


@pytest.mark.parametrize("groups", [1, 7, 60])
def test_flips_among_bins_of_which_one_is_far_above_are_bounded(groups):
    bins, random = 400, np.random.default_rng(7)
    values = random.integers(0, bins, (RELEASES, groups))  # as rows had it
    flips = random.geometric(1 / bins, (RELEASES, groups))
    flips += random.geometric(1 / (values + 1)) + random.geometric(1 / (bins - values))
    most = flips.sum(axis=1).max()
    assert most <= most_flips("exponential", bins, groups, has_interval=True)
    # The bound of the other mechanism does not hold for this one: one of them would tell.
    assert most > most_flips("permute_and_flip", bins, groups, has_interval=True)


def test_no_bin_is_visited_twice_without_replacement():
    assert most_flips("permute_and_flip", 10, 3, has_interval=False) == 33
    assert most_flips("permute_and_flip", 10, 3, has_interval=True) == 66
