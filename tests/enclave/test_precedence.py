"""Precedence: a worker's share of a busy machine, and what is said where there is none."""

import os
import subprocess
import sys

import pytest

from enclave.child import CHECKOUT

IMPORTS = "import os, resource; from enclave.precedence import stand_back, take_precedence"
TAKING = "print(take_precedence(), os.getpriority(os.PRIO_PROCESS, 0), os.getsid(0) == os.getpid())"


def taken(*before: str) -> list[str]:
    script = "; ".join([IMPORTS, *before, TAKING])
    done = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.skipif(os.geteuid() != 0, reason="who goes first is root's to say")
def test_a_process_goes_first_in_a_session_of_its_own() -> None:
    assert taken() == ["True", "-15", "True"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a uid to give up")
def test_who_may_not_go_first_says_so() -> None:
    assert taken("os.setsid()", "os.setuid(65534)")[:2] == ["False", "0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="who goes first is root's to say")
def test_who_was_given_precedence_keeps_it_without_rights_of_its_own() -> None:
    given = ["os.setsid()", "take_precedence()", "os.setuid(65534)"]
    assert taken(*given) == ["True", "-15", "True"]
    assert taken(*given, "stand_back()")[1] != "-15"
