"""The benchmark of decisions measures decisions: of agreements that differ, each of which allows the act."""

from benchmarks import decisions


def test_each_agreement_has_policies_of_its_own_and_allows_the_act() -> None:
    loaded = decisions.agreements()[:3]
    assert len({agreement.policies.text for agreement in loaded}) == 3
    value, n = decisions.milliseconds(loaded)
    assert n == 3 * decisions.TURNS
    assert value > 0
