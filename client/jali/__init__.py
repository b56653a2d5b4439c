"""Jali's Python client: ask conditionally open data, and check every receipt yourself.

Imports nothing of the server. `room = jali.connect(url, token=..., agreement=...)`, then `room.sql(...)`.
"""

from jali.agreement import Pin, PinnedAgreement
from jali.amounts import PrivacyLoss
from jali.answers import Answer, Receipt
from jali.connection import Dataset, Room, connect
from jali.desk import Application, Desk, Matter, desk
from jali.errors import (
    AgreementRejected,
    ApplicationIncomplete,
    BudgetExceeded,
    Conflict,
    Flaw,
    JaliError,
    NotAuthenticated,
    NotFound,
    QueryRejected,
    Reason,
    Refused,
    RequestRejected,
    Unavailable,
    VerificationError,
    Withheld,
    WrongState,
)
from jali.verify import Verified
from jali.views import Budget, PlanView, Schema
from jali.workloads import Answers, PlanViews

__all__ = [
    "AgreementRejected",
    "Answer",
    "Answers",
    "Application",
    "ApplicationIncomplete",
    "Budget",
    "BudgetExceeded",
    "Conflict",
    "Dataset",
    "Desk",
    "Flaw",
    "JaliError",
    "Matter",
    "NotAuthenticated",
    "NotFound",
    "Pin",
    "PinnedAgreement",
    "PlanView",
    "PlanViews",
    "PrivacyLoss",
    "QueryRejected",
    "Reason",
    "Receipt",
    "Refused",
    "RequestRejected",
    "Room",
    "Schema",
    "Unavailable",
    "VerificationError",
    "Verified",
    "Withheld",
    "WrongState",
    "connect",
    "desk",
]
