"""Which agreement a connection stands on, and how sure we are of it: a file, or an id that is pinned on first use.

A pin is what makes a hacked front harmless to proofs: it can show us another log, but not under the key we hold.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jali.agreement import Pin, PinnedAgreement, full_uid, open_file, public_key, read_agreement
from jali.errors import Flaw, RequestRejected, VerificationError
from jali.memory import Memory


def pin_agreement(
    named: str, *, parties: Mapping[str, str], memory: Memory, fetch: Callable[[str], Any]
) -> PinnedAgreement:
    """The agreement in the file `named`, or the one with that id as `fetch` gives it, held against the memory."""
    if is_file(named):
        agreement = pin_file(named, parties=parties)
    else:
        agreement = read_agreement(fetch(full_uid(named)), Pin.FIRST_USE)
        _check_fetched(agreement, full_uid(named), memory)
    # A file wins over the memory: it is the way to accept a new log key that both parties signed.
    memory.remember_agreement(agreement.uid, json.dumps(agreement.document))
    return agreement


def pin_file(named: str, *, parties: Mapping[str, str]) -> PinnedAgreement:
    """The agreement in a file, its signatures checked with the keys of `parties`."""
    return open_file(Path(named), {name: public_key(key) for name, key in parties.items()})


def remembered(uid: str, memory: Memory) -> PinnedAgreement:
    """The agreement as it was pinned before, for checking offline."""
    document = memory.agreement(full_uid(uid))
    if document is None:
        raise RequestRejected(f"no pin of {uid} is remembered here: give the signed agreement file")
    return read_agreement(json.loads(document), Pin.FIRST_USE)


def is_file(named: str) -> bool:
    """Whether `agreement=` names a file. What looks like one but isn't there is a mistake, not an id."""
    path = Path(named)
    if path.is_file():
        return True
    if path.suffix == ".json" or "/" in named or "\\" in named:
        raise RequestRejected(f"there is no agreement file {named}")
    return False


def _check_fetched(agreement: PinnedAgreement, uid: str, memory: Memory) -> None:
    if agreement.uid != uid:
        raise VerificationError(Flaw.OTHER_AGREEMENT, f"asked for {uid}, the server sent {agreement.uid}")
    document = memory.agreement(uid)
    if document is None:
        return
    before = read_agreement(json.loads(document), Pin.FIRST_USE)
    if before.log != agreement.log or (before.assigner, before.assignee) != (agreement.assigner, agreement.assignee):
        raise VerificationError(
            Flaw.AGREEMENT_CHANGED,
            f"THE SERVER NOW SHOWS {uid} WITH ANOTHER LOG KEY OR OTHER PARTIES than when it was first pinned. "
            "Somebody may be showing you a false log. Ask the parties; if they confirm it, connect with the "
            "signed agreement file that they give you",
        )
    if agreement.version < before.version:
        raise VerificationError(
            Flaw.AGREEMENT_CHANGED,
            f"the server shows version {agreement.version} of {uid}, and version {before.version} was seen before: an "
            "amendment that both parties signed can't be taken back",
        )
