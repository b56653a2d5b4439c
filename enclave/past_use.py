"""What was usual until now, for misuse detection (Art. 30): who was silent how long, which columns a purpose reads."""

from collections import Counter, OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import Final

from enclave.observations import Observation

_DAY: Final = 86_400
SILENT_SECONDS: Final = 30 * _DAY
"""Who was not heard of for so long was silent: longer than a holiday."""
WAKING_SECONDS: Final = _DAY
STEADY_PLANS: Final = 20
"""An agreement with so many charged queries under a purpose tells what the purpose reads."""
STEADY_AGREEMENTS: Final = 3
"""What is usual is not to be said while fewer others than these have worked under the purpose."""
USUAL_PLANS: Final = 3
"""Another agreement that read a column in so many queries makes it usual: one look is curiosity."""
MOST_ACCOUNTS: Final = 20_000
MOST_PURPOSES: Final = 2_000


@dataclass
class _Purpose:
    """Charged queries under one purpose of one dataset, by agreement, and those that read a graded column."""

    plans: Counter[str] = field(default_factory=Counter)
    steady: set[str] = field(default_factory=set)
    reads: Counter[tuple[str, str]] = field(default_factory=Counter)  # (column, agreement)
    readers: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def note(self, seen: Observation) -> None:
        """Count a charged query; who asked often enough is steady, or a reader of a column."""
        self.plans[seen.agreement] += 1
        if self.plans[seen.agreement] == STEADY_PLANS:
            self.steady.add(seen.agreement)
        for column in seen.sensitive:
            self.reads[column, seen.agreement] += 1
            if self.reads[column, seen.agreement] == USUAL_PLANS:
                self.readers[column].add(seen.agreement)


@dataclass
class PastUse:
    """What is remembered of accounts and purposes; those that were met longest ago are forgotten first."""

    _met: OrderedDict[str, tuple[int, int]] = field(default_factory=OrderedDict)  # account -> last seen, woken
    _purposes: OrderedDict[tuple[str, str], _Purpose] = field(default_factory=OrderedDict)
    _now: int = 0

    def meet(self, seen: Observation, seconds: int) -> None:
        """Note that an account is there, and whether it was silent before."""
        self._now = seconds
        last, woken = self._met.pop(seen.account, (seconds, -WAKING_SECONDS))
        self._met[seen.account] = (seconds, seconds if seconds - last >= SILENT_SECONDS else woken)
        if len(self._met) > MOST_ACCOUNTS:
            self._met.popitem(last=False)

    @property
    def hour(self) -> int:
        """The hour of the newest observation, counted from 1970."""
        return self._now // 3600

    def has_just_woken(self, seen: Observation) -> bool:
        """Whether the account came back from a silence within the last day."""
        return self._now - self._met[seen.account][1] < WAKING_SECONDS

    def is_unusual(self, seen: Observation, column: str) -> bool:
        """Whether others work under this purpose, and none of them reads the column."""
        purpose = self._purposes.get((seen.dataset, seen.purpose))
        if purpose is None or len(purpose.steady - {seen.agreement}) < STEADY_AGREEMENTS:
            return False
        return not purpose.readers.get(column, set()) - {seen.agreement}

    def learn(self, seen: Observation) -> None:
        """Count a charged query to what its purpose reads."""
        if seen.kind != "charged":
            return
        key = (seen.dataset, seen.purpose)
        purpose = self._purposes.setdefault(key, _Purpose())
        self._purposes.move_to_end(key)
        purpose.note(seen)
        if len(self._purposes) > MOST_PURPOSES:
            self._purposes.popitem(last=False)
