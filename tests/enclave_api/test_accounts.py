import re

import pytest

from enclave_api.services import accounts
from enclave_api.services.accounts import Account
from policies.errors import Conflict, NotAuthenticated, NotFound, RequestRejected
from tests.both import BOTH
from tests.enclave_api.conftest import OPERATOR, House

STORES = BOTH

LI = Account("li.wei", "researcher", "open-university")


@pytest.fixture
def known(house: House) -> House:
    accounts.create(house.front, LI, by=OPERATOR)
    return house


def test_a_token_is_known_by_its_owner_until_it_expires(known: House) -> None:
    token = accounts.make_token(known.front, LI.name, days=2, by=OPERATOR)
    assert re.fullmatch(r"jali_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", token)
    known.clock.advance(days=2, seconds=-1)
    assert accounts.recognize(known.front, token) == LI
    known.clock.advance(seconds=1)
    with pytest.raises(NotAuthenticated):
        accounts.recognize(known.front, token)


def test_the_store_holds_no_secret(known: House, store_url: str | None, request: pytest.FixtureRequest) -> None:
    token = accounts.make_token(known.front, LI.name, days=2, by=OPERATOR)
    _, prefix, secret = token.split("_", 2)
    home = known.settings.home
    files = home.iterdir() if store_url is None else request.getfixturevalue("postgres").files(store_url)
    written = b"".join(file.read_bytes() for file in files)
    assert prefix.encode() in written
    assert secret.encode() not in written
    assert token.encode() not in written


def test_a_revoked_token_ends_at_once_and_others_go_on(known: House) -> None:
    first, second = (accounts.make_token(known.front, LI.name, days=2, by=OPERATOR) for _ in range(2))
    accounts.revoke(known.front, first.split("_")[1], by=OPERATOR)
    with pytest.raises(NotAuthenticated):
        accounts.recognize(known.front, first)
    assert accounts.recognize(known.front, second) == LI
    [(_, states)] = accounts.everyone(known.front)
    assert sorted(state.revoked_at is None for state in states) == [False, True]


def test_revoking_twice_is_once(known: House) -> None:
    prefix = accounts.make_token(known.front, LI.name, days=2, by=OPERATOR).split("_")[1]
    accounts.revoke(known.front, prefix, by=OPERATOR)
    known.clock.advance(hours=1)
    accounts.revoke(known.front, prefix, by=OPERATOR)
    [(_, [state])] = accounts.everyone(known.front)
    assert state.revoked_at is not None
    assert state.revoked_at < known.clock.now


@pytest.mark.parametrize(
    "account",
    [("", "researcher", "o"), ("Li", "researcher", "o"), ("a\nb", "researcher", "o"), ("<b>", "researcher", "o"),
     ("a", "root", "o"), ("a", "Researcher", "o"), ("a", "researcher", ""), ("a", "researcher", "o/p"),
     ("a" * 65, "researcher", "o"), ("a", "researcher", "o" * 64)],
)  # fmt: skip
def test_an_account_is_valid_by_construction(account: tuple[str, str, str]) -> None:
    with pytest.raises(RequestRejected) as told:
        Account(*account)
    assert len(told.value.reasons) == 1


def test_a_name_is_taken_once(known: House) -> None:
    with pytest.raises(Conflict):
        accounts.create(known.front, Account(LI.name, "operator", "x"), by=OPERATOR)
    assert [account for account, _ in accounts.everyone(known.front)] == [LI]


def test_nobody_unknown_gets_a_token_and_nothing_unknown_is_revoked(known: House) -> None:
    with pytest.raises(NotFound):
        accounts.make_token(known.front, "nobody", days=1, by=OPERATOR)
    with pytest.raises(NotFound):
        accounts.revoke(known.front, "zzzzzzzz", by=OPERATOR)
    for days in (0, -1, 3651):
        with pytest.raises(RequestRejected):
            accounts.make_token(known.front, LI.name, days=days, by=OPERATOR)
