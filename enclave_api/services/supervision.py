"""What officers, operators and regulators read of the log (Art. 26, 29, 30); each reading is an act of its own."""

from enclave.link import Json
from enclave_api.front import Front
from enclave_api.services.accounts import Account
from enclave_api.services.acts import record


def entries(front: Front, account: Account, *, start: int, count: int) -> list[Json]:
    """Leaves of the log in plain text. The reading is noted before, so that none goes without its trace."""
    record(front, actor=account.actor(), act="log-read", detail={"start": start, "count": count})
    return front.link.entries(start=start, count=count)


def alerts(front: Front, account: Account) -> list[Json]:
    """The newest alerts of misuse detection (Art. 30). The reading is noted before, as that of the log is."""
    record(front, actor=account.actor(), act="alerts-read", detail={})
    return front.link.alerts()
