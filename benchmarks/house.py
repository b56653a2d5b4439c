"""A served house over the trips: room and front as `make serve` starts them, set up by the operator's own commands.

Everything it writes lies in the folder that it is given; nothing of a demo or an installation is touched.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml

import jali
from benchmarks.trips import CARD, ROOT, Trips
from policies.terms import AGGREGATES

PROVIDER = "jali-authors"
ORGANIZATION = "open-university"
START_SECONDS = 120
STOP_SECONDS = 60
_HEAVIEST = 0.4  # the generator's own law: the heaviest of n users has a share of n^-0.4 of all trips
TERMS = {
    "columns": ["trips.*", "zones.*"],
    "aggregates": sorted(AGGREGATES),
    "purposes": ["benchmark"],
    "measures": ["answers stay on the machine that measures"],
    "epsilon": "1000",
    "delta": "0.00001",
    "epsilon_per_query": "1",
    "queries_per_day": 100000,
}


@dataclass(frozen=True)
class Address:
    """What a researcher has in hand: where the house is, a token, the signed agreement's file, the parties' keys."""

    url: str
    token: str
    agreement: Path
    keys: dict[str, str]

    @property
    def uid(self) -> str:
        """The agreement's uid."""
        return str(json.loads(self.agreement.read_text(encoding="utf-8"))["uid"])


@contextmanager
def served(trips: Trips, home: Path) -> Iterator[jali.Room]:
    """A researcher's connection to a house that serves these trips, with an agreement over all of its budget."""
    with furnished(trips, home) as to, jali.connect(to.url, to.token, str(to.agreement), parties=to.keys) as room:
        yield room


@contextmanager
def furnished(trips: Trips, home: Path) -> Iterator[Address]:
    """A house that serves these trips, as a researcher with an agreement over all of its budget finds it.

    The client remembers what it saw under `home`, too.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    state = {"JALI_HOME": str(home / "var"), "PORT": str(port), "JALI_STATE": str(home / "state")}
    os.environ.update(state)
    with _serving(home, port):
        keys, token, agreement = _furnish(trips, home)
        yield Address(f"http://127.0.0.1:{port}", token, agreement, keys)


@contextmanager
def _serving(home: Path, port: int) -> Iterator[None]:
    # Under one uid: the folder is private to us, and uids of their own make no difference to time.
    environment = os.environ | {"JALI_SEPARATE": "0"}
    with (home / "serve.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "serve.py"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + START_SECONDS
        while not _is_up(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the house did not start: {(home / 'serve.log').read_text(encoding='utf-8')}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _is_up(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _furnish(trips: Trips, home: Path) -> tuple[dict[str, str], str, Path]:
    """Load the card, trust the parties, make account, token and agreement: the keys, the token, the agreement."""
    _run("enclave", "load", str(_card(trips)))
    keys = {}
    for party, role in ((PROVIDER, "provider"), (ORGANIZATION, "organization")):
        keys[party] = _run("enclave_api", "keygen", str(home / f"{party}.pem"))["public_key"]
        _run("enclave", "trust", party, "--role", role, "--key", keys[party])
    _run("enclave_api", "account", "create", "bench", "--role", "researcher", "--organization", ORGANIZATION)
    token = _run("enclave_api", "account", "token", "bench")["token"]
    return keys, token, _granted(home)


def _card(trips: Trips) -> Path:
    """The card for this size: release slots follow from the rows that it declares at most."""
    document = yaml.safe_load(CARD.read_text(encoding="utf-8"))
    document["unit"]["at_most"] = trips.size.users
    document["tables"][0]["rows_at_most"] = trips.size.rows
    document["tables"][0]["rows_per_unit_at_most"] = int(2 * trips.size.rows * trips.size.users**-_HEAVIEST)
    card = trips.folder / "served.yaml"  # beside the Parquet files that it names
    card.write_text(yaml.safe_dump(document), encoding="utf-8")
    return card


def _granted(home: Path) -> Path:
    now = datetime.now(UTC)
    times = {"not_before": now - timedelta(days=1), "expires_at": now + timedelta(days=1)}
    terms, out, scenario = home / "terms.json", home / "agreement.json", home / "scenario.txt"
    scenario.write_text("The figures of docs/benchmarks.md, to see whether they hold.\n")
    terms.write_text(json.dumps(TERMS | {key: time.strftime("%Y-%m-%dT%H:%M:%SZ") for key, time in times.items()}))
    _run(
        "enclave_api", "grant", "--dataset", "trips", "--researcher-organization", ORGANIZATION, "--id", "bench",
        "--provider-key", str(home / f"{PROVIDER}.pem"), "--researcher-key", str(home / f"{ORGANIZATION}.pem"),
        "--terms", str(terms), "--out", str(out), "--material", f"scenario={scenario}",
        "--opinion", "made-up trips: all of their budget may be spent",
    )  # fmt: skip
    return out


def _run(*command: str) -> Any:
    """One operator's command; the facts that it prints."""
    done = subprocess.run([sys.executable, "-m", *command, "--json"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command} failed: {done.stdout.decode()} {done.stderr.decode()}")
    return json.loads(done.stdout)
