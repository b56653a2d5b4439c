"""The room's end of the socket: a few routes, each a few lines. What they say to whom was decided before.

Errors cross as JSON with their kind; the front alone turns them into status codes. Anything unforeseen becomes one
fixed text, because an exception's text may hold values of rows.
"""

import gc
import os
from base64 import b64encode
from collections.abc import Callable, Iterable
from threading import Event, Thread
from typing import Any

from flask import Flask, Response, jsonify, request

from enclave import history, invocations, ledger, operation, reporting, sanctions, uptime, utilization, watch
from enclave.config import Settings
from enclave.entrance import Entrance
from enclave.hardening import harden, is_hardened
from enclave.peers import PeerCheck
from enclave.precedence import stand_back
from enclave.requests import read_actor, read_ask
from enclave.room import Room, open_room
from enclave.warming import warm
from policies.errors import JaliError, Reason, RequestRejected

MOST_BODY_BYTES = 1 << 20


def create_app() -> Callable[..., Iterable[bytes]]:
    """The application that gunicorn serves: hardened, with its lanes running, behind the check of peers."""
    harden()
    os.umask(0o077)
    settings = Settings.from_environment()
    os.environ.pop("JALI_STORE_URL", None)  # it may hold a password, and workers get our environment
    room = open_room(settings, with_lanes=True)
    stand_back()  # the lanes go first, and have what they need for that
    Thread(target=_warmed, args=(room,), daemon=True).start()
    Thread(target=watch.keep_watch, args=(room, Event()), daemon=True).start()
    Thread(target=uptime.keep_count, args=(room, Event()), daemon=True).start()
    return PeerCheck(make_app(room), settings.allowed_uids)


def _warmed(room: Room) -> None:
    warm(room)
    # What is there now stays: the collector need not walk it while somebody waits.
    gc.collect()
    gc.freeze()


def make_app(room: Room) -> Flask:
    """The routes over a room."""
    app = Flask("enclave")
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.register_error_handler(JaliError, _told)
    app.register_error_handler(Exception, lambda error: _unforeseen(room, error))
    _add_questions(app, room)
    _add_registry(app, room)
    _add_sanctions(app, room)
    _add_reports(app, room)
    _add_log(app, room)
    return app


def _add_questions(app: Flask, room: Room) -> None:
    entrance = Entrance()

    @app.post("/explain")
    def explain() -> Response:
        actor = read_actor(_body())
        with entrance.admit(actor.account):
            return jsonify(invocations.explain(room, actor, read_ask(_body())))

    @app.post("/invocations")
    def submit() -> Response:
        actor = read_actor(_body())
        with entrance.admit(actor.account):
            return jsonify(invocations.submit(room, actor, read_ask(_body())))

    @app.get("/invocations")
    def past() -> Response:
        with room.database.reading() as session:
            return jsonify(history.invocations(session, _uid(room, session)))

    @app.get("/budget")
    def budget() -> Response:
        with room.database.reading() as session:
            return jsonify(ledger.statement(session, _uid(room, session)))


def _add_registry(app: Flask, room: Room) -> None:
    @app.get("/status")
    def status() -> Response:
        return jsonify(
            separation=room.settings.separation,
            hardened=is_hardened(),
            pace=room.pace.to_json(),
            doors=["sql"],
            log={"origin": room.pinned_log.origin, "key": b64encode(room.pinned_log.key).decode()},
        )

    @app.get("/datasets")
    def datasets() -> Response:
        with room.database.reading() as session:
            return jsonify([loaded.model_dump(mode="json") for loaded in room.datasets.all(session)])

    @app.get("/datasets/<name>")
    def dataset(name: str) -> Response:
        with room.database.reading() as session:
            return jsonify(room.datasets.get(session, name).model_dump(mode="json"))

    @app.get("/parties")
    def parties() -> Response:
        with room.database.reading() as session:
            return jsonify(dict(room.parties.texts(session)))

    @app.post("/agreements")
    def register() -> Response:
        with room.database.writing() as session:
            agreement = room.agreements.register(
                session, _body().get("document"), log=room.pinned_log, now=room.clock()
            )
        return jsonify(uid=agreement.uid)

    @app.get("/agreements")
    def agreements() -> Response:
        with room.database.reading() as session:
            return jsonify(room.agreements.documents(session, request.args.get("organization")))

    @app.get("/agreements/<path:uid>/versions")
    def agreement_versions(uid: str) -> Response:
        with room.database.reading() as session:
            return jsonify(room.agreements.versions(session, uid))

    @app.get("/agreements/<path:uid>")
    def agreement(uid: str) -> Response:
        with room.database.reading() as session:
            return jsonify(room.agreements.document(session, uid))


def _add_sanctions(app: Flask, room: Room) -> None:
    @app.post("/orders")
    def order() -> Response:
        return jsonify(sanctions.carry_out(room, _body().get("document")))

    @app.get("/holds")
    def holds() -> Response:
        with room.database.reading() as session:
            return jsonify(room.holds.all(session))

    @app.get("/violations")
    def violations() -> Response:
        with room.database.reading() as session:
            return jsonify(room.violations.all(session, published_only="all" not in request.args))


def _add_reports(app: Flask, room: Room) -> None:
    @app.get("/reports")
    def reports() -> Response:
        if "agreement" in request.args:
            return jsonify(utilization.calendar(room, request.args["agreement"]))
        return jsonify(utilization.awaited(room, request.args.get("organization")))

    @app.get("/nearly-spent")
    def nearly_spent() -> Response:
        return jsonify(utilization.nearly_spent(room, request.args.get("organization")))

    @app.get("/usage")
    def usage() -> Response:
        return jsonify(utilization.usage(room, request.args.get("agreement", ""), number=_number("number")))

    @app.get("/operation")
    def operated() -> Response:
        return jsonify(operation.facts(room, request.args.get("begins", ""), request.args.get("ends", "")))

    @app.post("/reports")
    def take() -> Response:
        return jsonify(utilization.take(room, read_actor(_body()), _body()))


def _add_log(app: Flask, room: Room) -> None:
    @app.get("/log/checkpoint")
    def checkpoint() -> Response:
        with room.database.writing() as session:
            return Response(room.log.checkpoint(session), mimetype="text/plain")

    @app.get("/log/entries")
    def entries() -> Response:
        with room.database.reading() as session:
            return jsonify(room.log.entries(session, start=_number("start"), count=min(_number("count"), 1000)))

    @app.get("/log/inclusion")
    def inclusion() -> Response:
        with room.database.reading() as session:
            return jsonify(proof=room.log.inclusion(session, _number("index"), _number("size")))

    @app.get("/log/consistency")
    def consistency() -> Response:
        with room.database.reading() as session:
            return jsonify(proof=room.log.consistency(session, _number("from"), _number("to")))

    @app.get("/alerts")
    def alerts() -> Response:
        with room.database.reading() as session:
            return jsonify(watch.alerts_told(session))

    @app.post("/acts")
    def act() -> Response:
        actor, body = read_actor(_body()), _body()
        leaf = {
            "kind": "act",
            "act": f"front:{body.get('act')}",
            "by": actor.account,
            "vouched_by": actor.vouched_by,
            "time": room.clock().isoformat(),
            "detail": body.get("detail"),
        }
        with room.database.writing() as session:
            return jsonify(log_index=room.log.append(session, leaf))


def _body() -> dict[str, Any]:
    try:
        body = request.get_json(force=True, silent=True)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        raise RequestRejected("the body must be a JSON object", (Reason("body", "not a JSON object"),))
    return body


def _uid(room: Room, session: Any) -> str:
    return room.agreements.get(session, request.args.get("agreement", "")).uid


def _number(name: str) -> int:
    text = request.args.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise RequestRejected(f"{name} must be a whole number", (Reason("number", "not a whole number", name),))
    return int(text)


def _told(error: JaliError) -> tuple[Response, int]:
    return jsonify(error.to_json()), 400


def _unforeseen(room: Room, error: Exception) -> tuple[Response, int]:
    room.tell_operator("unforeseen", error=type(error).__name__, route=request.endpoint, places=reporting.places(error))
    return jsonify(kind="unavailable", message="the room could not answer", reasons=[]), 500
