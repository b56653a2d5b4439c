"""`jali.desk`: the matters that people work on, for every role: apply, decide, sign, report, and see what waits.

    desk = jali.desk(url, token)
    application = desk.apply("flights", purposes=["research on air traffic"], ..., materials={"scenario": "why.pdf"})
    application.sign("university.pem")

What is sent here changes something, so nothing is sent twice: a connection that breaks raises Unavailable, and
`desk.tasks()` shows what took effect.
"""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from jali.canonical import canonical_bytes
from jali.errors import RequestRejected
from jali.profiles import read_settings
from jali.transport import Transport

Json = dict[str, Any]
_DECISIONS = {
    "work-order": "work-orders/{}/decision",
    "application": "applications/{}/acts",
    "report": "reports/{}/decision",
    "case": "cases/{}/acts",
}
_OTHERS = "petitions/{}/acts"
_ELSEWHERE = {
    ("report", "file"): "desk.file_report",
    ("work-order", "resubmit"): "desk.resubmit",
    ("application", "complete"): "desk.complete",
    ("application", "sign"): "application.sign",
}


def desk(url: str | None = None, token: str | None = None, *, profile: str | None = None) -> "Desk":
    """A desk at a front, as whoever the token is of; what is left out comes from JALI_URL, JALI_TOKEN, the profile."""
    found = read_settings(profile, url=url, token=token)
    if found.url is None:
        raise RequestRejected("no address: give url=, set JALI_URL, or write a profile")
    return Desk(Transport(found.url, found.token))


class Matter:
    """A work order, an application, a report, a case or a petition: its document, and the acts that are open to you."""

    def __init__(self, transport: Transport, document: Json) -> None:
        self._transport = transport
        self.document = document

    @property
    def id(self) -> str:
        """Its name everywhere."""
        return str(self.document["id"])

    @property
    def state(self) -> str:
        """Where it stands."""
        return str(self.document["state"])

    @property
    def open_acts(self) -> list[str]:
        """What you can do with it now."""
        return list(self.document["open_acts"])

    @property
    def history(self) -> list[Json]:
        """Every step: who did what, when, and why."""
        return list(self.document["history"])

    def act(self, act: str, reason: str = "", **more: Any) -> Self:
        """Take it a step on. Raises what the server refuses, with every reason; then nothing has changed."""
        if (elsewhere := _ELSEWHERE.get((str(self.document["matter"]), act))) is not None:
            raise RequestRejected(f"{act} goes by {elsewhere}")
        path = _DECISIONS.get(str(self.document["matter"]), _OTHERS).format(quote(self.id))
        self.document = self._transport.send(path, {"act": act, "reason": reason, **more})
        return self

    def __repr__(self) -> str:
        acts = f"; you can: {', '.join(self.open_acts)}" if self.open_acts else ""
        return (
            f"<{self.document['matter']} {self.id} on {self.document['dataset'] or 'nothing yet'}: {self.state}{acts}>"
        )


class Application(Matter):
    """An application for a dataset, on its way to an agreement."""

    @property
    def agreement(self) -> str | None:
        """The uid of the agreement that it led to, once both parties have signed."""
        uid = self.document["agreement"]
        return None if uid is None else str(uid)

    @property
    def deadline(self) -> Json | None:
        """Until when the provider decides: day, is_provisional, is_overdue."""
        found: Json | None = self.document["deadline"]
        return found

    def text(self) -> str:
        """The drafted agreement in words."""
        return self._transport.text(f"applications/{quote(self.id)}/agreement")

    def risk(self) -> list[Json]:
        """For reviewers: what the organization could join the data with."""
        found: list[Json] = self._transport.get(f"applications/{quote(self.id)}/risk")
        return found

    def sign(self, key: Ed25519PrivateKey | str | Path) -> Self:
        """Sign the drafted agreement with your organization's key (or its PEM file), which stays on this machine.

        What is signed is `document["document"]`; `text()` tells it in the server's words.
        """
        draft = self.document["document"]
        if draft is None:
            raise RequestRejected("no agreement is drafted yet")
        stated = {name: part for name, part in draft.items() if name != "proof"}
        value = b64encode(_key(key).sign(canonical_bytes(stated))).decode()
        self.document = self._transport.send(f"applications/{quote(self.id)}/signature", {"value": value})
        return self


class Desk:
    """What awaits you, and everything that you can bring forward. Use it in a `with`, or close it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def tasks(self) -> list[Json]:
        """What awaits you, the most urgent first."""
        return self._list("tasks")

    def catalogue(self, words: str = "", **filters: str) -> list[Json]:
        """The open list, narrowed by words and by openness, provider, update_frequency, keyword, format."""
        found: list[Json] = self._transport.get("catalogue", q=words, **filters)
        return found

    def upload(self, file: str | Path) -> str:
        """Keep a PDF, PNG, JPEG or text file of your organization; the digest that names it."""
        path = Path(file)
        return str(self._transport.upload("files", _bytes(path), name=path.name)["digest"])

    def order(
        self, kind: str, dataset: str, reason: str, *, card: Json | None = None, document: str | Path | None = None
    ) -> Matter:
        """For providers: ask for a change of the open list; `document` is a supporting file."""
        digest = None if document is None else self._kept(document)
        body = {"kind": kind, "dataset": dataset, "reason": reason, "card": card, "document": digest}
        return self._matter(self._transport.send("work-orders", body))

    def resubmit(
        self, order: Matter, reason: str, *, card: Json | None = None, document: str | Path | None = None
    ) -> Matter:
        """For providers: hand in a returned work order again, mended."""
        digest = None if document is None else self._kept(document)
        path = f"work-orders/{quote(order.id)}/submission"
        return self._matter(self._transport.send(path, {"reason": reason, "card": card, "document": digest}))

    def apply(self, dataset: str, *, materials: Mapping[str, str | Path] | None = None, **stated: Any) -> Application:
        """Apply for a dataset; `stated` is what docs/api.md lists. Materials are files, or digests of uploaded ones."""
        return Application(
            self._transport, self._transport.send("applications", self._asked(dataset, materials, stated))
        )

    def complete(
        self, application: Matter, *, materials: Mapping[str, str | Path] | None = None, **stated: Any
    ) -> Application:
        """Hand in again an application that was returned, whole."""
        body = self._asked(str(application.document["dataset"]), materials, stated)
        path = f"applications/{quote(application.id)}/submission"
        return Application(self._transport, self._transport.send(path, body))

    def application(self, identifier: str) -> Application:
        """One application."""
        return Application(self._transport, self._transport.get(f"applications/{quote(identifier)}"))

    def applications(self) -> list[Application]:
        """The applications that you may see, newest first."""
        return [Application(self._transport, each) for each in self._list("applications")]

    def matters(self, which: str) -> list[Matter]:
        """The matters of a kind that you may see: work-orders, reports, cases, petitions."""
        return [self._matter(each) for each in self._list(which)]

    def agreement(self, uid: str) -> Json:
        """The signed document of an agreement; written to a file it is what `jali.connect` takes."""
        found: Json = self._transport.get(f"agreements/{quote(uid, safe=':')}")
        return found

    def reports(self, agreement: str) -> list[Json]:
        """The reports that an agreement asks for, period by period, and where each stands."""
        return self._list(f"agreements/{quote(agreement, safe=':')}/reports")

    def usage(self, agreement: str, number: int) -> Json:
        """What the log says of a period."""
        found: Json = self._transport.get(f"agreements/{quote(agreement, safe=':')}/reports/{number}/usage")
        return found

    def file_report(
        self, agreement: str, number: int, narrative: Mapping[str, Any] | None = None, **more: Any
    ) -> Matter:
        """File the report on a period, at its end or when the use is over."""
        path = f"agreements/{quote(agreement, safe=':')}/reports/{number}"
        return self._matter(self._transport.send(path, {"narrative": {**(narrative or {}), **more}}))

    def bring(self, kind: str, statement: str, *, dataset: str | None = None, **more: str) -> str:
        """Object, ask for a dataset or report misuse, also without a token; the code to read the feedback by."""
        body = {"kind": kind, "dataset": dataset, "statement": statement, **more}
        return str(self._transport.send("petitions", body)["code"])

    def feedback(self, code: str) -> Json:
        """What became of something that was brought forward."""
        found: Json = self._transport.send("feedback", {"code": code})
        return found

    def _asked(self, dataset: str, materials: Mapping[str, str | Path] | None, stated: Mapping[str, Any]) -> Json:
        kept = {name: self._kept(file) for name, file in (materials or {}).items()}
        return {"dataset": dataset, "materials": kept, **stated}

    def _kept(self, file: str | Path) -> str:
        is_digest = isinstance(file, str) and len(file) == 64 and not set(file) - set("0123456789abcdef")
        return str(file) if is_digest else self.upload(file)

    def _matter(self, document: Json) -> Matter:
        return Matter(self._transport, document)

    def _list(self, path: str) -> list[Json]:
        found: list[Json] = self._transport.get(path)
        return found


def _key(key: Ed25519PrivateKey | str | Path) -> Ed25519PrivateKey:
    if isinstance(key, Ed25519PrivateKey):
        return key
    try:
        loaded = load_pem_private_key(_bytes(Path(key)), password=None)
    except (ValueError, TypeError):
        loaded = None
    if not isinstance(loaded, Ed25519PrivateKey):
        raise RequestRejected(f"{key} is not the PEM file of an Ed25519 private key")
    return loaded


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise RequestRejected(f"{path} can't be read: {fault.strerror}") from None
