"""Who asks, in which role: bearer tokens (RFC 6750) and the roles that a view is open to."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app, request

from enclave_api.front import Front
from enclave_api.services import accounts
from enclave_api.services.accounts import Account
from policies.errors import Reason, Refused

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE | re.ASCII)

View = Callable[..., Any]


def front() -> Front:
    """The front that this application was wired with."""
    wired = current_app.extensions["jali"]
    assert isinstance(wired, Front)
    return wired


def current_account() -> Account:
    """Whose token came with this request. Raises NotAuthenticated."""
    match = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    return accounts.recognize(front(), match[1] if match else "")


def signed_in(*roles: str) -> Callable[[View], View]:
    """The view gets the account as its first argument, and is open to these roles only (to all when none is named)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**parts: Any) -> Any:
            account = current_account()
            if roles and account.role not in roles:
                wanted = " or ".join(roles)
                raise Refused("this is not open to your role", (Reason("role", f"only for: {wanted}", "role"),))
            return view(account, **parts)

        guarded.__dict__["is_guarded"] = True
        return guarded

    return decorate
