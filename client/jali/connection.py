"""`jali.connect` and the room as a researcher meets it: datasets, dry runs, questions, budget, log."""

import base64
from collections.abc import Mapping
from typing import Any, Self, TypedDict, Unpack, overload
from urllib.parse import quote
from uuid import uuid4

import pyarrow as pa  # type: ignore[import-untyped]  # ships no types

from jali import trust
from jali.agreement import PinnedAgreement
from jali.amounts import decimal_text
from jali.answers import Answer, Receipt, table_of
from jali.checkpoint import Checkpoint
from jali.errors import JaliError, NotFound, Reason, RequestRejected
from jali.log import Growth, LogWatch
from jali.memory import Memory
from jali.profiles import read_settings
from jali.relative import Asking, ask_relative, percents
from jali.transport import Transport
from jali.verify import Verified, verify_answer
from jali.views import Budget, PlanView, Schema
from jali.workloads import Answers, PlanViews


def connect(
    url: str | None = None,
    token: str | None = None,
    agreement: str | None = None,
    *,
    profile: str | None = None,
    parties: Mapping[str, str] | None = None,
) -> "Room":
    """A room to ask. What is left out comes from JALI_URL, JALI_TOKEN, JALI_AGREEMENT, or the profile.

    `agreement` is the signed agreement's file (best: it pins the log's key) or its id (then pinned on first use).
    `parties` are public keys by party name, to check the file's signatures with. Without agreement the catalogue
    alone can be read.
    """
    found = read_settings(profile, url=url, token=token, agreement=agreement)
    if found.url is None:
        raise RequestRejected("no address: give url=, set JALI_URL, or write a profile")
    transport = Transport(found.url, found.token)
    memory = Memory()
    try:
        pinned = found.agreement and trust.pin_agreement(
            found.agreement,
            parties={**(found.parties or {}), **(parties or {})},
            memory=memory,
            fetch=lambda uid: transport.get(f"agreements/{quote(uid, safe=':')}"),
        )
    except JaliError:
        transport.close()
        raise
    return Room(transport, pinned or None, memory)


class Dataset:
    """One entry of the catalogue."""

    def __init__(self, document: Mapping[str, Any], transport: Transport) -> None:
        self.document = document
        self.card: Mapping[str, Any] = document.get("card", document)
        self.schema = Schema(self.card)
        self._transport = transport

    @property
    def name(self) -> str:
        """The dataset's name."""
        return str(self.card["name"])

    @property
    def title(self) -> str:
        """The dataset's title."""
        return str(self.card.get("title", self.name))

    @property
    def version(self) -> str | None:
        """The version that is asked now."""
        version = self.document.get("version")
        return None if version is None else str(version)

    def sample(self) -> pa.Table | None:
        """Published synthetic rows; None until some are published."""
        try:
            return table_of(self._transport.get(f"datasets/{quote(self.name, safe='')}/sample"))
        except NotFound:
            return None

    def __repr__(self) -> str:
        return f"<jali dataset {self.name}: {self.title}; tables {', '.join(self.schema.tables)}>"


class _Proofs:
    """The front's log routes, as the watch asks them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def checkpoint(self) -> str:
        return self._transport.text("log/checkpoint")

    def consistency(self, first: int, second: int) -> list[bytes]:
        body = self._transport.get("log/consistency", **{"from": first, "to": second})
        try:
            return [base64.b64decode(step, validate=True) for step in body["proof"]]
        except (KeyError, TypeError, ValueError):
            raise RequestRejected("the log's consistency proof can't be read") from None


class _Wishes(TypedDict, total=False):
    accuracy: Mapping[str, Any] | None
    clipping: Mapping[str, Any] | None
    purpose: str | None


class Room:
    """A connection under one agreement; a context manager, or `close()` it, after which it answers nothing more."""

    def __init__(self, transport: Transport, agreement: PinnedAgreement | None, memory: Memory) -> None:
        self._transport = transport
        self._memory = memory
        self._agreement = agreement

    @property
    def agreement(self) -> PinnedAgreement:
        """The pinned agreement. Raises RequestRejected if the connection has none."""
        if self._agreement is None:
            raise RequestRejected("no agreement: give agreement= (file or id), or set JALI_AGREEMENT")
        return self._agreement

    def datasets(self) -> list[Dataset]:
        """The catalogue."""
        return [Dataset(entry, self._transport) for entry in self._transport.get("datasets")]

    def dataset(self, name: str) -> Dataset:
        """One entry of the catalogue."""
        return Dataset(self._transport.get(f"datasets/{quote(name, safe='')}"), self._transport)

    @overload
    def explain(self, sql: str, epsilon: Any = None, **wishes: Unpack[_Wishes]) -> PlanView: ...

    @overload
    def explain(
        self, sql: list[str] | tuple[str, ...], epsilon: Any = None, **wishes: Unpack[_Wishes]
    ) -> PlanViews: ...

    def explain(
        self,
        sql: Asking,
        epsilon: Any = None,
        *,
        accuracy: Mapping[str, Any] | None = None,
        clipping: Mapping[str, Any] | None = None,
        purpose: str | None = None,
    ) -> PlanView | PlanViews:
        """Price and expected error of a query, or of several together, free and without touching a row.

        What a relative accuracy costs depends on rows, so it can't be told.
        """
        if percents(accuracy):
            raise RequestRejected("what a relative accuracy costs depends on the rows; ask, or name a half-width")
        told = self._ask("explain", self._question(sql, epsilon, accuracy, clipping, purpose))
        return PlanView(told) if isinstance(sql, str) else PlanViews(told)

    @overload
    def sql(self, sql: str, epsilon: Any = None, **wishes: Unpack[_Wishes]) -> Answer: ...

    @overload
    def sql(self, sql: list[str] | tuple[str, ...], epsilon: Any = None, **wishes: Unpack[_Wishes]) -> Answers: ...

    def sql(
        self,
        sql: Asking,
        epsilon: Any = None,
        *,
        accuracy: Mapping[str, Any] | None = None,
        clipping: Mapping[str, Any] | None = None,
        purpose: str | None = None,
    ) -> Answer | Answers:
        """Ask. Give `epsilon`, or `accuracy={"n": 200}` for +-200 at 95 %. Charged once, also if the line breaks.

        `accuracy={"n": "5%"}` with `epsilon` as the most that may be spent asks twice: a pilot for a tenth, which tells
        how large the column is, and then as exactly as that needs (see `jali.relative`). `answer.pilot` is the first.
        `clipping={"total": 500}`: of one unit no more counts in that column (L2 norm over all groups, in the column's
        unit); without it the query chooses.
        A list of statements is answered together, for one charge and with one receipt: a sequence of answers. What two
        of them ask of the same rows is released once. A column's name then means that column wherever it occurs, and
        a clipping norm holds for all columns, whatever their names, that show the same aggregate of the same rows.
        """
        if shares := percents(accuracy):
            return ask_relative(self, sql, shares, epsilon, clipping=clipping, purpose=purpose)
        question = self._question(sql, epsilon, accuracy, clipping, purpose)
        document = {**self._ask("sql", question), "asked": question}
        receipt = Receipt(document, self.verify)
        return Answer(document, receipt) if isinstance(sql, str) else Answers(document, receipt)

    def verify(self, document: Mapping[str, Any]) -> Verified:
        """Check an answer document's receipt under this connection's agreement. Raises VerificationError."""
        return verify_answer(document, self.agreement, self._watch())

    def budget(self) -> Budget:
        """What the agreement allows, what is spent, what is left."""
        return Budget.from_json(self._transport.get("budget", agreement=self.agreement.uid))

    def invocations(self) -> list[dict[str, Any]]:
        """What was asked under the agreement, newest first, with positions in the log."""
        found: list[dict[str, Any]] = self._transport.get("invocations", agreement=self.agreement.uid)
        return found

    def checkpoint(self) -> tuple[Checkpoint, Growth]:
        """The log's newest checkpoint, checked against the pinned key and the newest one seen before."""
        return self._watch().newest(_Proofs(self._transport))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<jali room at {self._transport.url}, {self._agreement or 'no agreement'}>"

    def _watch(self) -> LogWatch:
        return LogWatch(self.agreement.log, self._memory, _Proofs(self._transport))

    def _ask(self, path: str, question: Mapping[str, Any]) -> Any:
        # One key per call: every try of this call is the same asking, and is charged once.
        return self._transport.post(path, question, idempotency_key=str(uuid4()))

    def _question(
        self,
        sql: Asking,
        epsilon: Any,
        accuracy: Mapping[str, Any] | None,
        clipping: Mapping[str, Any] | None,
        purpose: str | None,
    ) -> dict[str, Any]:
        if (epsilon is None) == (accuracy is None):
            raise RequestRejected("give exactly one of epsilon= and accuracy=")
        return {
            "agreement": self.agreement.uid,
            "sql": _statements(sql),
            "epsilon": None if epsilon is None else decimal_text(epsilon, "epsilon"),
            "accuracy": _by_column("accuracy", accuracy),
            "clipping": _by_column("clipping", clipping),
            "purpose": purpose,
        }


def _statements(sql: Any) -> str | list[str]:
    """One text, or several in order. Raises RequestRejected for anything else, such as a set, which has no order."""
    texts = list(sql) if isinstance(sql, list | tuple) else [sql]
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str) or any("\ud800" <= letter <= "\udfff" for letter in text):
            where = "sql" if texts == [sql] else f"statement {number}"
            raise RequestRejected("sql is a text, or a list of texts", (Reason("sql", "this is no text", where),))
    return sql if isinstance(sql, str) else texts


def _by_column(name: str, amounts: Mapping[str, Any] | None) -> dict[str, str] | None:
    if amounts is None:
        return None
    if not isinstance(amounts, Mapping):
        raise RequestRejected(f'{name}= is like {{"n": 200}}: an amount by column')
    return {column: decimal_text(amount, f"{name}.{column}") for column, amount in amounts.items()}
