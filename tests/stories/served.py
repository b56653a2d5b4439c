"""A served house on a made-up dataset, set up by the operator's own commands: for stories that need real processes."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

import jali
from tests.world import PROVIDER, UNIVERSITY, write_csv_files

ROOT = Path(__file__).resolve().parents[2]
TERMS = {
    "columns": ["visits.*", "people.*", "clinics.*"],
    "aggregates": ["count", "count_distinct", "sum", "avg"],
    "purposes": ["a study"],
    "epsilon": "20",
    "delta": "0.000001",
    "epsilon_per_query": "5",
    "queries_per_day": 100000,
}


class House:
    """`serve.py` over a home of its own. `start` and `stop` as often as you like; commands run with its environment."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "JALI_HOME": str(home / "var"),
            "PORT": str(self.port),
            "JALI_STATE": str(home / "state"),
            "JALI_SEPARATE": "0",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *command: str) -> Any:
        """One operator's command; the facts that it prints."""
        done = subprocess.run(
            [sys.executable, "-m", *command, "--json"], cwd=ROOT, env=self.environment, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout.decode()} {done.stderr.decode()}"
        return json.loads(done.stdout)

    def start(self) -> None:
        """Start serving and wait until both processes answer."""
        with open(self.home / "serve.log", "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "serve.py"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 120
        while not self.is_up():
            assert self.process.poll() is None, (self.home / "serve.log").read_text()
            assert time.monotonic() < deadline, "the house did not start"
            time.sleep(0.1)

    def is_up(self) -> bool:
        """Whether front and room answer."""
        try:
            return httpx.get(f"{self.url}/health", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Start, and stop in the end unless somebody did."""
        self.start()
        try:
            yield
        finally:
            if self.process is not None and self.process.poll() is None:
                self.stop()

    def stop(self) -> int:
        """SIGTERM to the supervisor; its exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=60)

    def furnish(self) -> "Researcher":
        """Load the dataset, trust the parties, make account, token and agreement. Needs the house started."""
        card = write_csv_files(self.home / "source")
        self.run("enclave", "load", str(card))
        keys = {}
        for party, role in ((PROVIDER, "provider"), (UNIVERSITY, "organization")):
            keys[party] = self.run("enclave_api", "keygen", str(self.home / f"{party}.pem"))["public_key"]
            self.run("enclave", "trust", party, "--role", role, "--key", keys[party])
        self.run("enclave_api", "account", "create", "li.wei", "--role", "researcher", "--organization", UNIVERSITY)
        token = self.run("enclave_api", "account", "token", "li.wei")["token"]
        return Researcher(self, token, self.grant("first"), keys)

    def grant(self, name: str, **changes: Any) -> Path:
        """An agreement signed by both parties; the file that it lies in."""
        now = datetime.now(UTC)
        times = {"not_before": now - timedelta(days=1), "expires_at": now + timedelta(days=30)}
        terms = TERMS | {key: time.strftime("%Y-%m-%dT%H:%M:%SZ") for key, time in times.items()} | changes
        (self.home / "terms.json").write_text(json.dumps(terms))
        (self.home / "scenario.txt").write_text("Whether every story is told as it should be.\n")
        out = self.home / f"{name}.json"
        self.run(
            "enclave_api", "grant", "--dataset", "visits", "--researcher-organization", UNIVERSITY, "--id", name,
            "--provider-key", str(self.home / f"{PROVIDER}.pem"), "--researcher-key",
            str(self.home / f"{UNIVERSITY}.pem"), "--terms", str(self.home / "terms.json"), "--out", str(out),
            "--material", f"scenario={self.home / 'scenario.txt'}", "--opinion", "made-up visits: so much may be spent",
        )  # fmt: skip
        return out


class Researcher:
    """What a researcher has in hand: an address, a token, a signed agreement, the parties' keys."""

    def __init__(self, house: House, token: str, agreement: Path, parties: dict[str, str]) -> None:
        self.house = house
        self.token = token
        self.agreement = agreement
        self.parties = parties

    def moved_to(self, home: Path) -> "Researcher":
        """The same in a copy of the house, which must be stopped; the copy serves at an address of its own."""
        shutil.copytree(self.house.home, home, dirs_exist_ok=True)
        return Researcher(House(home), self.token, home / self.agreement.name, self.parties)

    def connect(self) -> jali.Room:
        """A room through the client, everything checked."""
        return jali.connect(self.house.url, self.token, str(self.agreement), parties=self.parties)
