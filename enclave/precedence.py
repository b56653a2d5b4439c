"""A worker goes before what else runs on the machine, so that its slot need not wait for others' processes.

A slot is fixed before the machine's next moments are known. Whoever can make other processes busy (with questions that
are free, too) could else make an answer late, and lateness is an answer about rows (ATTACKS 32).
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

NICENESS: Final = -15  # 28 times the share of a process that asks for nothing (sched(7))
# Where the kernel shares cores between sessions first and processes second (sched(7), autogroup), both need it.
_GROUP: Final = Path("/proc/self/autogroup")


def take_precedence() -> bool:
    """Whether this process and its threads to come go first. It may have been given that by who started it, as root."""
    if _has_it():
        return True
    with suppress(OSError):
        os.setsid()
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        if _GROUP.exists():
            _GROUP.write_text(str(NICENESS), encoding="utf-8")
    except OSError:
        return False
    return True


def stand_back() -> None:
    """This thread and those that it makes from now on go with all others; nobody needs a right for that."""
    if os.getpriority(os.PRIO_PROCESS, 0) < 0:
        os.setpriority(os.PRIO_PROCESS, 0, 0)


def _has_it() -> bool:
    try:
        of_group = int(_GROUP.read_text(encoding="utf-8").rpartition(" ")[2]) if _GROUP.exists() else NICENESS
    except (OSError, ValueError):
        return False
    return os.getpriority(os.PRIO_PROCESS, 0) <= NICENESS and of_group <= NICENESS
