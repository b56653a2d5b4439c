"""A front that speaks the wire format, over a log made by the definitions of RFC 9162 and not by any code of ours."""

import hashlib
import json
import threading
from base64 import b64encode
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "jali.test/room"
UID = "urn:jali:agreement:visits-2026"
PLAN = "ab" * 32
TOKEN = "token-of-li-wei"


def private_key(seed):
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def plain_json(value):
    """Canonical for what the tests put into it: ASCII names, no exotic numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def b64(raw):
    return b64encode(raw).decode()


def tree_hash(leaves):
    """MTH of RFC 9162, 2.1.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = _split(len(leaves))
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


def path(index, leaves):
    """PATH(m, D[n]) of 2.1.3.1."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*path(index, leaves[:split]), tree_hash(leaves[split:])]
    return [*path(index - split, leaves[split:]), tree_hash(leaves[:split])]


def subproof(old, leaves, is_whole=True):
    """PROOF(m, D[n]) and SUBPROOF of 2.1.4.1."""
    if old == len(leaves):
        return [] if is_whole else [tree_hash(leaves)]
    split = _split(len(leaves))
    if old <= split:
        return [*subproof(old, leaves[:split], is_whole), tree_hash(leaves[split:])]
    return [*subproof(old - split, leaves[split:], False), tree_hash(leaves[:split])]


def _split(size):
    return 1 << (size - 1).bit_length() - 1


class FakeLog:
    """Leaves, and a key that signs checkpoints over them."""

    def __init__(self, key=None, origin=ORIGIN):
        self.key, self.origin, self.leaves = key or private_key(1), origin, []

    @property
    def raw_key(self):
        return self.key.public_key().public_bytes_raw()

    def append(self, **leaf):
        self.leaves.append(plain_json({"format": "jali-leaf/1", "time": "2026-05-04T08:00:00Z", **leaf}))
        return len(self.leaves) - 1

    def note(self, size=None, key=None):
        size = len(self.leaves) if size is None else size
        text = f"{self.origin}\n{size}\n{b64(tree_hash(self.leaves[:size]))}\n"
        return f"{text}\n{self.signature(text, key or self.key)}"

    def signature(self, text, key):
        raw = key.public_key().public_bytes_raw()
        key_hash = hashlib.sha256(self.origin.encode() + b"\n\x01" + raw).digest()[:4]
        return f"\u2014 {self.origin} {b64(key_hash + key.sign(text.encode()))}\n"

    def receipt(self, index):
        return {
            "format": "jali-receipt/1", "leaf": b64(self.leaves[index]), "index": index,
            "proof": [b64(step) for step in path(index, self.leaves)], "checkpoint": self.note(),
        }  # fmt: skip


def agreement_document(log, uid=UID, signers=(), version=1):
    """An agreement as both parties sign it; `signers` are (party, private key)."""
    document = {
        "@type": "Agreement", "uid": uid, "version": version, "issued": "2026-05-01T00:00:00Z",
        "assigner": {"@type": "Party", "uid": "urn:jali:party:health-bureau"},
        "assignee": {"@type": "Party", "uid": "urn:jali:party:open-university"},
        "log": {"origin": log.origin, "key": b64(log.raw_key)},
        "permission": [],
    }  # fmt: skip
    proofs = [
        {"type": "jali:Ed25519", "party": f"urn:jali:party:{party}", "value": b64(key.sign(plain_json(document)))}
        for party, key in signers
    ]
    return {**document, "proof": proofs}


BOTH = (("health-bureau", private_key(11)), ("open-university", private_key(12)))
PARTY_KEYS = {party: b64(key.public_key().public_bytes_raw()) for party, key in BOTH}


def released(first=120):
    """What the mechanism let out: the part of an answer that a receipt covers."""
    return {
        "columns": [
            {"name": "clinic", "type": "text", "noisy": False},
            {"name": "n", "type": "integer", "noisy": True},
            {"name": "cost", "type": "number", "noisy": True},
        ],
        "rows": [["east", first, 17.25], ["north <b>", -3, None]],
        "intervals": {
            "0.5": {"n": [[first - 2, first + 2], [-5, -1]], "cost": [[16.5, 18], None]},
            "0.95": {"n": [[first - 5, first + 5], [-8, 2]], "cost": [[14.25, 18.5], None]},
        },
    }


def answer_document(log, agreement=UID, several=0, **changes):
    """A whole answer, its leaf appended to the log; with `several`, so many answers under one receipt."""
    first = changes.pop("first", 120)
    body = {"answers": [released(first + n) for n in range(several)]} if several else released(first)
    leaf = {
        "kind": "outcome", "agreement": agreement, "dataset": "visits", "version": "1", "plan": PLAN, "intent": 0,
        "outcome": "answered", "answer": hashlib.sha256(plain_json(body)).hexdigest(), **changes,
    }  # fmt: skip
    return {
        "id": "inv-1", "dataset": "visits", "version": "1", **body, "notes": ["1 in 20 visits is nobody's"],
        "spent": {"epsilon": "0.5", "delta": "1e-09", "charged": True},
        "remaining": {"epsilon": "7.5", "delta": "1e-06", "of": "8"},
        "citation": "Health bureau: Visits. Version 1.", "methods": "Noise was added.",
        "plan": {"digest": PLAN, "mechanism": "laplace", "groups": 2}, "receipt": log.receipt(log.append(**leaf)),
    }  # fmt: skip


def asked_digest(question):
    """The question as the room logs it."""
    micro = question["epsilon"] and int(Fraction(question["epsilon"]) * 1_000_000)
    widths = question["accuracy"] and [[n, str(Fraction(w))] for n, w in sorted(question["accuracy"].items())]
    norms = question["clipping"] and [[n, str(Fraction(w))] for n, w in sorted(question["clipping"].items())]
    told = {"agreement": question["agreement"], "sql": question["sql"], "epsilon_micro": micro, "accuracy": widths}
    told["clipping"] = norms
    return hashlib.sha256(plain_json({**told, "purpose": question["purpose"]})).hexdigest()


CARD = {
    "name": "visits", "title": "Visits to clinics",
    "tables": [
        {"name": "visits", "unit_column": "person", "columns": [
            {"name": "person", "type": "text", "description": "who"},
            {"name": "cost", "type": "number", "description": "price", "unit": "CNY", "bounds": ["0", "120"]},
        ]},
        {"name": "clinics", "unit_column": None, "columns": [
            {"name": "kind", "type": "text", "description": "owner", "domain": ["public", "private"]}]},
    ],
}  # fmt: skip
WIDTHS = {"n": 5, "ratio": None, "mean": {"sum": 812.5, "count": 4}}
TOGETHER = {
    "cost": {"epsilon": "0.5", "delta": "1e-09"}, "plan": {"digest": PLAN}, "notes": ["two share it"],
    "statements": [
        {"expected_error": WIDTHS, "expected_error_alone": {"n": 8}},
        {"expected_error": {"n": 5}, "expected_error_alone": {"n": 7.5}},
    ],
}  # fmt: skip
EXPLAINED = {
    "cost": {"epsilon": "0.5", "delta": "1e-09"}, "expected_error": WIDTHS, "plan": {"digest": PLAN},
}  # fmt: skip


class FakeFront:
    """Serves one log. `trouble` holds responses that come before the good ones; "drop" breaks the connection."""

    def __init__(self, log):
        self.log, self.agreement = log, agreement_document(log, signers=BOTH)
        self.trouble, self.charged, self.submits = [], {}, []
        self.first = 120  # the first row's count
        self.notes = []  # served in place of the newest checkpoint

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def reply(self, method, target, body, key):
        """(status, JSON or text) of one request."""
        url = urlsplit(target)
        route, asked = unquote(url.path).removeprefix("/api/v1/"), parse_qs(url.query)
        if (method, route) == ("POST", "sql"):
            self.submits.append((key, body))
            self.charged.setdefault(key, None)
            if self.charged[key] is None:
                several = len(body["sql"]) if isinstance(body["sql"], list) else 0
                more = {"request": asked_digest(body), "first": self.first, "several": several}
                self.charged[key] = answer_document(self.log, **more)
            return 200, self.charged[key]
        if route == "explain" and isinstance(body["sql"], list):
            return 200, TOGETHER
        if route == "log/consistency":
            old, new = int(asked["from"][0]), int(asked["to"][0])
            if new > len(self.log.leaves):
                return 400, {"kind": "request-rejected", "detail": "beyond the log"}
            return 200, {"proof": [b64(step) for step in subproof(old, self.log.leaves[:new])]}
        return self._stored(route)

    def _stored(self, route):
        routes = {
            "datasets": [{"card": CARD, "version": "1"}],
            "datasets/visits": {"card": CARD, "version": "1"},
            f"agreements/{UID}": self.agreement,
            "explain": EXPLAINED,
            "log/checkpoint": self.notes.pop(0) if self.notes else self.log.note(),
            "budget": {"epsilon": "8", "delta": "1e-06", "spent": "0.5", "remaining": "7.5", "charges": "1"},
            "invocations": [{"id": "inv-1", "log_index": 3, "outcome": "answered", "charged": True, "sql": "SELECT 1"}],
        }
        if route in routes:
            return 200, routes[route]
        return 404, {"kind": "not-found", "title": "No such thing", "detail": "there is no such thing"}


def _handler(front):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self._serve(None)

        def do_POST(self):
            self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _serve(self, body):
            if self.headers.get("Authorization") not in (None, f"Bearer {TOKEN}"):
                return self._send(401, {"kind": "not-authenticated", "detail": "no valid token"})
            trouble = front.trouble.pop(0) if front.trouble else None
            if trouble is not None and trouble != "drop":
                return self._send(*trouble)
            reply = front.reply(self.command, self.path, body, self.headers.get("Idempotency-Key"))
            if trouble == "drop":  # the room has done its work; the answer gets lost
                self.close_connection = True
                return None
            return self._send(*reply)

        def _send(self, status, content):
            raw = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            """Tests print little."""

    return Handler
