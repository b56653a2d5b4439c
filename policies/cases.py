"""Infringement cases (Art. 31) as a table of states, and what a hold touches."""

from policies.agreements import Agreement


def names_touched(agreement: Agreement, account: str) -> frozenset[str]:
    """The names under which a hold stops an account's acts under an agreement (Art. 31, 32).

    By name only, whatever the name is of: where two things share a name a hold stops both, which fails closed. An
    agreement's short id is such a name: what an officer types in haste must bite.
    """
    parties = {agreement.assigner, agreement.assignee}
    return frozenset({agreement.uid, agreement.id, agreement.terms.dataset, *parties, account})
