"""Orders to the room, holds and violations: the front carries and lists them, the room believes signatures."""

from enclave.link import Json
from enclave_api.bodies import OrderBody
from enclave_api.front import Front
from enclave_api.services.accounts import Account
from enclave_api.services.acts import record
from policies.orders import read_order


def order(front: Front, account: Account, body: OrderBody) -> Json:
    """Carry a signed order to the room; where its log has it. What the room refuses, it logs as well."""
    read_order(body.document)
    done = front.link.order(body.document)
    record(front, actor=account.actor(), act="order-carried", detail={"order": done["order"], "at": done["log_index"]})
    return done


def violations(front: Front, account: Account) -> list[Json]:
    """The whole record of violations, also what is not published; reading it is an act."""
    record(front, actor=account.actor(), act="violations-read", detail={})
    return front.link.violations(published_only=False)
