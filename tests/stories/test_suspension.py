"""Art. 31 as the people in it live it, through real processes: a query runs while a case is reported and suspended.

The front carries the officer's signed order; the room stops the query; the log alone shows that the hold was kept.
"""

import json
import time
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import jali
from enclave.audit.promises import Promises
from policies.agreements import PinnedLog
from policies.orders import Order, sign_order
from tests.attacks.test_holds import slow
from tests.stories.served import House, Researcher

REPORT = {
    "dataset": "visits",
    "right": "personal-privacy",
    "statement": "my visits can be found",
    "evidence": "an answer that I was shown",
}


class Officer:
    """Has an account, and a key that the operator entered."""

    def __init__(self, house: House) -> None:
        self.house = house
        key = house.home / "chen.pem"
        text = house.run("enclave_api", "keygen", str(key))["public_key"]
        house.run("enclave", "trust", "chen", "--role", "security-officer", "--key", text)
        house.run("enclave_api", "account", "create", "chen", "--role", "security-officer", "--organization", "office")
        self.token = house.run("enclave_api", "account", "token", "chen")["token"]
        self._key: Any = load_pem_private_key(key.read_bytes(), None)

    def order(self, kind: str, nonce: int, **detail: Any) -> dict[str, Any]:
        log = httpx.get(f"{self.house.url}/api/v1/log/checkpoint").text.splitlines()[0]
        pinned = json.loads((self.house.home / "first.json").read_text())["log"]
        assert pinned["origin"] == log
        now = datetime.now(UTC).replace(microsecond=0)
        pin = PinnedLog(log, b64decode(pinned["key"]))
        return sign_order(Order(kind, "visits", "a case", "chen", pin, now, f"{nonce:032x}", detail), self._key)

    def post(self, path: str, body: Any, token: str | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        answer = httpx.post(f"{self.house.url}/api/v1{path}", json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def leaves(self) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.get(f"{self.house.url}/api/v1/log/entries?start=0&count=1000", headers=headers)
        return [json.loads(b64decode(entry["leaf"])) for entry in answer.json()]


@pytest.mark.long
@pytest.mark.alone
def test_a_case_stops_what_runs_within_two_seconds(furnished: Researcher, tmp_path: Path) -> None:
    researcher = furnished.moved_to(tmp_path)
    house = researcher.house
    with house.serving(), ThreadPoolExecutor(1) as threads, researcher.connect() as room:
        officer = Officer(house)
        house.run("enclave_api", "account", "create", "ops", "--role", "operator", "--organization", "centre")
        operator = house.run("enclave_api", "account", "token", "ops")["token"]
        case = officer.post("/cases", REPORT)
        running = threads.submit(lambda: room.sql(slow(0), epsilon=1))
        while not any(leaf["kind"] == "intent" for leaf in officer.leaves()):
            time.sleep(0.05)
        time.sleep(0.5)

        suspend = {"act": "suspend", "reason": "at once", "order": officer.order("hold", 1)}
        begun = time.monotonic()
        held = officer.post(f"/cases/{case['id']}/acts", suspend)["hold"]
        with pytest.raises(jali.Refused) as caught:
            running.result(timeout=60)
        assert time.monotonic() - begun < 2.0
        assert [reason.code for reason in caught.value.reasons] == ["held"]

        with pytest.raises(jali.Refused):
            room.sql("SELECT COUNT(*) AS n FROM visits", epsilon=0.1)
        leaves = officer.leaves()
        [stopped] = [leaf for leaf in leaves if leaf.get("outcome") == "stopped"]
        assert (stopped["holds"], stopped["begun"]) == ([held], True)
        assert leaves.index(stopped) > held
        promises = Promises()
        assert [found for index, leaf in enumerate(leaves) for found in promises.see(index, leaf)] == []

        officer.post(f"/cases/{case['id']}/acts", {"act": "verify", "reason": "we look"}, operator)
        assert officer.post("/feedback", {"code": case["code"]})["state"] == "verifying-suspended"
        officer.post("/orders", {"document": officer.order("lift", 2, holds=[held])})
        assert room.sql("SELECT COUNT(*) AS n FROM visits", epsilon=0.1).rows
        assert house.run("enclave", "check-log")["entries"] >= len(leaves)
