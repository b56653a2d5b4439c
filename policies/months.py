"""Calendar months in Shanghai, where the rules count them: steps forward, and how many have passed."""

from calendar import monthrange
from datetime import datetime

from policies.working_days import SHANGHAI


def months_later(start: datetime, months: int) -> datetime:
    """The same day and time some months on; where a month is too short, its last day serves.

    >>> from datetime import UTC
    >>> months_later(datetime(2026, 1, 31, tzinfo=UTC), 1)
    datetime.datetime(2026, 2, 28, 0, 0, tzinfo=datetime.timezone.utc)
    """
    local = start.astimezone(SHANGHAI)
    years, month = divmod(local.month - 1 + months, 12)
    _, last_day = monthrange(local.year + years, month + 1)
    moved = local.replace(year=local.year + years, month=month + 1, day=min(local.day, last_day))
    return moved.astimezone(start.tzinfo)


def months_between(earlier: datetime, later: datetime) -> int:
    """How many whole months have passed.

    >>> from datetime import UTC
    >>> months_between(datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))
    1
    """
    whole = (later.year - earlier.year) * 12 + later.month - earlier.month
    while months_later(earlier, whole) > later:
        whole -= 1
    return whole
