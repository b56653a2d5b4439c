"""A tiny room that we wrote: speaks the socket's HTTP, remembers what it was asked, decides nothing.

It lets the front's tests run without data, ledger and log. That the real room speaks the same way is told by the
stories, which run both. `FakeRoom` listens in a thread; `app` is for `serve.py`'s tests, under gunicorn.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from policies.catalogue import read_card

VIOLATION = {"organization": "elsewhere", "recorded_at": "2026-01-01T00:00:00+00:00", "log_index": 8}
USAGE = {"number": 1, "invocations": {"charged": 3}, "epsilon_micro": 500_000, "first": 2, "last": 7}
LOG = {"origin": "jali.test/room", "key": "A" * 43 + "="}
WORLD = Path(__file__).parents[1] / "worlds" / "visits.yaml"
CARD = read_card(yaml.safe_load(WORLD.read_text(encoding="utf-8"))).model_dump(mode="json")
ANSWER = {"id": "i1", "columns": [{"name": "n", "type": "integer", "noisy": True}], "rows": [[42]]}
CHECKPOINT = "jali.test/room\n3\nAAAA\n\n— jali.test/room AAAA\n"


def agreement(name: str, *, assigner: str = "health-bureau", assignee: str = "open-university") -> dict[str, Any]:
    return {
        "uid": f"urn:jali:agreement:{name}",
        "assigner": {"uid": f"urn:jali:party:{assigner}"},
        "assignee": {"uid": f"urn:jali:party:{assignee}"},
    }


class FakeRoom:
    """A WSGI application; `says` maps a path to what it answers with status 400."""

    def __init__(self) -> None:
        self.agreements = {
            document["uid"]: document for document in (agreement("a1"), agreement("b1", assignee="other"))
        }
        self.keys: dict[str, str] = {}
        self.cards: dict[str, dict[str, Any]] = {}
        self.reports: list[dict[str, Any]] = []
        self.operation: dict[str, Any] = {}
        self.nearly_spent: list[dict[str, Any]] = []
        self.holds: list[dict[str, Any]] = [{"target": "visits", "log_index": 7}]
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.says: dict[str, dict[str, Any]] = {}
        self.breaks: set[str] = set()
        self.separation = "not separated: fake"

    @property
    def acts(self) -> list[dict[str, Any]]:
        return [body for method, path, body in self.asked if (method, path) == ("POST", "/acts")]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        body = json.loads(request.get_data() or b"{}")
        self.asked.append((request.method, request.path, body or request.args.to_dict()))
        return self._answer(request, body)(environ, start_response)

    def _answer(self, request: Request, body: dict[str, Any]) -> Response:
        if request.path in self.breaks:
            return Response("<h1>row 17 holds Li Wei</h1>", 500)
        if request.path in self.says:
            return _json(self.says[request.path], 400)
        if request.path == "/log/checkpoint":
            return Response(CHECKPOINT, mimetype="text/plain")
        found = self._found(request.method, request.path, request.args.get("organization"), body)
        if found is None:
            return _json({"kind": "not-found", "message": f"no {request.path}", "reasons": []}, 400)
        return _json(found)

    def _found(self, method: str, path: str, organization: str | None, body: dict[str, Any]) -> Any:
        if method == "POST" and path == "/agreements":
            self.agreements[body["document"]["uid"]] = body["document"]
            return {"uid": body["document"]["uid"]}
        if method == "POST" and path == "/orders":
            document = body["document"]
            return {"order": "d" * 64, "kind": document["order"], "target": document["target"], "log_index": 7}
        if path in ("/explain", "/invocations") and "actor" in body and not self._is_askers(body):
            return None
        if path.startswith("/agreements/"):
            uid, _, rest = path.removeprefix("/agreements/").partition("/")
            if rest == "versions" and uid in self.agreements:
                return [self.agreements[uid]]
            return self.agreements.get(path.removeprefix("/agreements/"))
        if path.removeprefix("/datasets/") in self.cards:
            return {"card": self.cards[path.removeprefix("/datasets/")], "version": "1"}
        wanted = f"urn:jali:party:{organization}"
        return {
            "/status": {"separation": self.separation, "doors": ["sql"], "log": LOG},
            "/datasets": [{"card": CARD, "version": "1"}],
            "/datasets/visits": {"card": CARD, "version": "1"},
            "/agreements": [
                a for a in self.agreements.values() if organization is None or a["assignee"]["uid"] == wanted
            ],
            "/explain": {"cost": {"epsilon": "0.5"}},
            "/invocations": ANSWER if method == "POST" else [{"id": "i1", "outcome": "answered"}],
            "/parties": self.keys,
            "/reports": {"log_index": 9, "standing": "filed"} if method == "POST" else self.reports,
            "/usage": USAGE,
            "/operation": self.operation,
            "/nearly-spent": self.nearly_spent,
            "/budget": {"epsilon": "8", "spent": "0.5", "remaining": "7.5"},
            "/log/entries": [{"kind": "act"}],
            "/alerts": [{"rule": "burst", "log_index": 7}],
            "/log/inclusion": {"proof": ["AAAA"]},
            "/log/consistency": {"proof": []},
            "/holds": self.holds,
            "/violations": [VIOLATION],
            "/acts": {"log_index": len(self.acts) - 1},
        }.get(path)

    def _is_askers(self, body: dict[str, Any]) -> bool:
        document = self.agreements.get(body["agreement"])
        return document is not None and document["assignee"]["uid"] == f"urn:jali:party:{body['actor']['organization']}"

    @contextmanager
    def listening(self, path: Path) -> Iterator[None]:
        server = make_server(f"unix://{path}", 0, self, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            path.unlink(missing_ok=True)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


def app() -> FakeRoom:
    import os

    room = FakeRoom()
    room.separation = os.environ["JALI_SEPARATION"]
    return room
