from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from privacy.ladder import MOST_L2_STEPS, Ladder
from privacy.units import ContributionNorm


@pytest.mark.parametrize(
    ("norms", "declared"),
    [([(2, 1), (2, 1)], 0), ([(4, 1), (2, 1)], 0), ([(2, 1), (4, 2)], 0), ([(2, 1)], 1), ([(2, 1)], -1), ([], 0)],
)
def test_a_ladder_ascends_on_one_grid_and_holds_its_declared_norm(norms, declared):
    with pytest.raises(ValueError, match="norm"):
        Ladder(tuple(ContributionNorm(*norm) for norm in norms), declared)


@given(
    declared=st.builds(ContributionNorm, st.integers(1, 2**30), st.integers(1, 2**20)),
    below=st.integers(0, 6),
    above=st.integers(0, 12),
    most_steps=st.integers(1, 2**40),
)
def test_a_ladder_around_a_norm_doubles_up_to_the_longest_vector(declared, below, above, most_steps):
    found = Ladder.around(declared, below=below, above=above, most_steps=most_steps)
    steps = [norm.l2_steps for norm in found.norms]
    assert all(high in (2 * low, 2 * low + 1) for low, high in pairwise(steps))
    assert steps[-1] <= MOST_L2_STEPS
    assert len(steps) <= below + 1 + above
    assert all(rung < most_steps * found.norms[0].grid for rung in steps[:-1])


def test_a_ladder_coarsens_its_grid_to_hold_the_highest_rung():
    found = Ladder.around(ContributionNorm(2**29, 1024), below=1, above=7, most_steps=2**60)
    assert [norm.l2_steps for norm in found.norms] == [2**rung for rung in range(22, 31)]
    assert {norm.grid for norm in found.norms} == {16}
    assert found.norms[found.declared] == ContributionNorm(2**23, 16)


def test_a_declared_norm_above_the_longest_vector_comes_down_to_it():
    found = Ladder.around(ContributionNorm(64, 1), below=4, above=2, most_steps=10)
    assert [norm.l2_steps for norm in found.norms] == [4, 8, 16]
    assert found.declared == 2
