"""A served house with everybody in it: each role has an account and a token, each party and office a trusted key.

For the stories of the rules' articles. They are told through HTTP and the client alone, but for what operators do at
their own machines; the files' stories share one town, so each speaks of matters of its own.
"""

import io
import json
from base64 import b64decode
from collections.abc import Mapping
from contextlib import redirect_stdout
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import jali
from enclave.__main__ import main as enclave_main
from enclave_api.__main__ import main as front_main
from policies.agreements import PinnedLog
from policies.orders import Order, sign_order
from tests.stories.served import House
from tests.world import PROVIDER, UNIVERSITY, write_csv_files

Json = dict[str, Any]
PEOPLE = {
    "provider": ("data-provider", PROVIDER),
    "parks": ("data-provider", "parks-bureau"),
    "operator": ("operator", "centre"),
    "regulator": ("regulator", "commission"),
    "officer": ("security-officer", "office"),
    "researcher": ("researcher", UNIVERSITY),
    "rival": ("researcher", "elsewhere"),
}
KEYS = {
    PROVIDER: "provider",
    UNIVERSITY: "organization",
    "elsewhere": "organization",
    "chen": "security-officer",
    "zhou": "regulator",
}
MEASURE = "Accounts, tokens and keys are personal and are not passed on."
_NONCES = count(1)


class Town:
    """Everybody, and the house that they share. `desk` is a client's desk; nobody's is one without an account."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._open: list[jali.Desk | jali.Room] = []
        self.card_file = write_csv_files(house.home / "source")
        # So much that no story's application is a large one together with those of the others.
        self.card_file.write_text(self.card_file.read_text().replace("epsilon: 50,", "epsilon: 1000,"))
        house.run("enclave", "load", str(self.card_file))
        self.keys = {name: self.run("enclave_api", "keygen", str(self.pem(name)))["public_key"] for name in KEYS}
        for name, role in KEYS.items():
            self.run("enclave", "trust", name, "--role", role, "--key", self.keys[name])
        self.tokens = {}
        for who, (role, organization) in PEOPLE.items():
            self.run("enclave_api", "account", "create", who, "--role", role, "--organization", organization)
            self.tokens[who] = self.run("enclave_api", "account", "token", who)["token"]
        self.scenario = house.home / "scenario.txt"
        self.scenario.write_text("Where clinics are missing, and for whom.\n")
        self.have_listed(self.card)

    def run(self, program: str, *command: str) -> Any:
        """One operator's command, as `House.run`, but in this process: starting one takes two seconds."""
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as environment, redirect_stdout(said):
            for name, value in self.house.environment.items():
                environment.setenv(name, value)
            status = {"enclave": enclave_main, "enclave_api": front_main}[program]([*command, "--json"])
        assert status == 0, f"{command}: {said.getvalue()}"
        return json.loads(said.getvalue())

    def close(self) -> None:
        """Close every connection that was not closed."""
        for each in self._open:
            each.close()

    @property
    def card(self) -> Json:
        """The card of the visits, as the room has loaded it."""
        card: Json = json.loads(json.dumps(yaml.safe_load(self.card_file.read_text()), default=str))
        return card

    def pem(self, name: str) -> Path:
        """Where a party keeps its private key."""
        return self.house.home / f"{name}.pem"

    def desk(self, who: str | None = None) -> jali.Desk:
        """Somebody's desk."""
        made = jali.desk(self.house.url, who and self.tokens[who])
        self._open.append(made)
        return made

    def get(self, path: str, who: str | None = None, **params: Any) -> httpx.Response:
        """What somebody gets of the API."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return httpx.get(f"{self.house.url}/api/v1/{path}", headers=headers, params=params, timeout=60)

    def post(self, path: str, body: Any, who: str | None = None) -> httpx.Response:
        """What the API answers to something that somebody sends."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return httpx.post(f"{self.house.url}/api/v1/{path}", json=body, headers=headers, timeout=60)

    def have_listed(self, card: Json, kind: str = "list", who: str = "provider", document: Path | None = None) -> None:
        """Have a card listed, by its provider and the operator."""
        with self.desk(who) as provider, self.desk("operator") as operator:
            order = provider.order(kind, card["name"], "asked for by many", card=card, document=document)
            next(each for each in operator.matters("work-orders") if each.id == order.id).act("accept")

    def stated(self, **changes: Any) -> Json:
        """A complete application for the visits; `changes` of what is wanted go by `wanted`."""
        wanted = {
            "doors": ["sql"],
            "columns": ["visits.*", "clinics.*"],
            "aggregates": ["count", "avg"],
            "epsilon": "2",
            "delta": "0.0000001",
            "epsilon_per_query": "1",
            "queries_per_day": 100,
            "months": 12,
        } | changes.pop("wanted", {})
        said = {"purposes": ["a study"], "scenario": "Where clinics are missing, and for whom.", "wanted": wanted}
        return {
            **said,
            "measures": {MEASURE: "Each person has one."},
            "materials": {"scenario": self.scenario},
            **changes,
        }

    def agreed(self, **changes: Any) -> str:
        """The uid of an agreement that went the whole way."""
        with (
            self.desk("researcher") as researcher,
            self.desk("operator") as operator,
            self.desk("provider") as provider,
        ):
            applied = researcher.apply("visits", **self.stated(**changes))
            operator.application(applied.id).act("accept")
            provider.application(applied.id).act("approve")
            researcher.application(applied.id).sign(self.pem(UNIVERSITY))
            uid = provider.application(applied.id).sign(self.pem(PROVIDER)).agreement
        assert uid is not None
        return uid

    def room(self, uid: str, who: str = "researcher") -> jali.Room:
        """Somebody's connection to the room under an agreement, everything checked."""
        file = self.house.home / f"{uid.rpartition(':')[2]}.json"
        with self.desk(who) as desk:
            file.write_text(json.dumps(desk.agreement(uid)))
        return jali.connect(self.house.url, self.tokens[who], str(file), parties=self.keys)

    def order(self, kind: str, target: str, by: str, detail: Mapping[str, Any] | None = None) -> Json:
        """A signed order of an officer, a regulator or a provider."""
        key: Any = load_pem_private_key(self.pem(by).read_bytes(), None)
        log = self.run("enclave", "status")["log"]
        pinned = PinnedLog(log["origin"], b64decode(log["key"]))
        now = datetime.now(UTC).replace(microsecond=0)
        return sign_order(
            Order(kind, target, "a story", by, pinned, now, f"{next(_NONCES):032x}", dict(detail or {})), key
        )

    def leaves(self) -> list[Json]:
        """The log, as an officer reads it."""
        found: list[Json] = []
        while len(found) % 1000 == 0:  # the reading is an entry itself: there would always be one more
            page = self.get("log/entries", "officer", start=len(found), count=1000).json()
            found += [json.loads(b64decode(entry["leaf"])) for entry in page]
        return found


def codes(error: Any) -> list[str]:
    """The codes of the reasons that an error, or a problem document, tells."""
    if isinstance(error, httpx.Response):
        return [reason["code"] for reason in error.json()["reasons"]]
    return [reason.code for reason in error.value.reasons]
