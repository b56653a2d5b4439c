"""Hardening, seen from outside: real processes that refuse core dumps and ptrace, and don't outlive their parent."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from enclave.child import CHECKOUT
from enclave.hardening import _prctl, is_hardened

HARDENED = (
    "from enclave.hardening import harden, is_hardened; before = is_hardened(); harden(); print(before, is_hardened())"
)
UNHARDENED = "print('False False')"
WAIT = "; import sys, time; sys.stdout.flush(); time.sleep(60)"
# Imported before the uid changes: the other uid may be unable to read the checkout.
AS_NOBODY = "import ctypes, os; from enclave.hardening import harden, is_hardened; os.setgid({0}); os.setuid({0}); "
ATTACH = """
import ctypes, os, sys
os.setgid({0}); os.setuid({0})
sys.exit(ctypes.CDLL(None, use_errno=True).ptrace(16, int(sys.argv[1]), 0, 0) == 0)
"""
STRANGER = 64109


def started(code: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process


def ended(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_this_process_is_not_hardened_and_says_so() -> None:
    assert not is_hardened()


def test_core_dumps_are_refused_for_good() -> None:
    process = started(HARDENED + WAIT)
    assert process.stdout is not None
    assert process.stdout.readline() == "False True\n"
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    assert next(line for line in limits.splitlines() if "core file" in line).split()[4:6] == ["0", "0"]
    ended(process)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes under a third uid")
def test_a_process_of_the_same_uid_can_neither_attach_nor_read_the_environment() -> None:
    code = AS_NOBODY.format(STRANGER) + HARDENED.partition("; ")[2]
    hardened = started(code + WAIT)
    open_one = started(AS_NOBODY.format(STRANGER) + "ctypes.CDLL(None).prctl(4, 1, 0, 0, 0); print('open')" + WAIT)
    for process, is_open in ((hardened, False), (open_one, True)):
        assert process.stdout is not None
        assert process.stdout.readline()
        attach = [sys.executable, "-c", ATTACH.format(STRANGER), str(process.pid)]
        attached = subprocess.run(attach, check=False).returncode == 1
        if is_open and not attached:
            continue  # a kernel that forbids it to everybody (Yama): then the other proves nothing, and harms nothing
        assert attached == is_open
        assert (Path(f"/proc/{process.pid}/environ").stat().st_uid == STRANGER) == is_open
    ended(hardened)
    ended(open_one)


def test_a_child_does_not_outlive_its_parent() -> None:
    child = (
        "import os; from enclave.hardening import die_with_parent; die_with_parent(os.getppid()); print(os.getpid())"
    )
    parent = started(
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child + WAIT!r}]); print('not reached')"
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    ended(parent)
    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline, "the child outlives its parent"
        time.sleep(0.02)


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    code = "from enclave.hardening import die_with_parent; die_with_parent(1 << 30); print('not reached')"
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")


def test_what_the_kernel_refuses_is_an_error() -> None:
    with pytest.raises(OSError, match="prctl"):
        _prctl(-1, 0)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False
