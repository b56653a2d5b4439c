"""What the room's processes do to themselves at start: no core dumps, no ptrace by peers, death with their parent.

Source: prctl(2), PR_SET_DUMPABLE: a process that is not dumpable can't be attached to by another of its uid, and its
/proc files belong to root. It does not stop root, who is the operator and our trust root (DESIGN 6).
"""

import ctypes
import os
import resource
import signal

_PR_SET_PDEATHSIG = 1
_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4


def harden() -> None:
    """Refuse core dumps and ptrace for this process. Raises OSError where the kernel refuses."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def is_hardened() -> bool:
    """Whether this process refuses core dumps and ptrace; shown in status."""
    return _prctl(_PR_GET_DUMPABLE, 0) == 0 and resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends; ends at once if it has ended already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, argument: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result: int = libc.prctl(option, argument, 0, 0, 0)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")
    return result
