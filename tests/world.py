"""A small room on a small made-up dataset, with parties, an agreement and a researcher: what stories are told in."""

import random
import shutil
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from enclave import invocations
from enclave.config import Settings
from enclave.loading import load_card
from enclave.requests import read_ask
from enclave.room import Room, open_room
from policies.agreements import Terms, agreement_document, all_columns, sign
from policies.authorization import Actor

CARD = Path(__file__).parent / "worlds" / "visits.yaml"
PROVIDER, UNIVERSITY = "health-bureau", "open-university"
RESEARCHER = Actor("li.wei", "researcher", UNIVERSITY, vouched_by="front")
PEOPLE = 400


def write_csv_files(folder: Path, *, people: int = PEOPLE, seed: int = 7) -> Path:
    """The world's CSV files and its card, in a folder; gives the card's path."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(seed)
    visits = ["person,clinic,day,cost,minutes"]
    for person in range(people):
        for _ in range(draw.randint(1, 12)):
            day = date(2026, 1, 1) + timedelta(days=draw.randint(0, 30))
            cost = "" if draw.random() < 0.05 else f"{draw.randint(0, 12000) / 100:.2f}"
            visits.append(
                f"p{person},{draw.choice(('east', 'north', 'south', 'west'))},{day},{cost},{draw.randint(-10, 240)}"
            )
    visits.append(",east,2026-01-05,3.00,10")  # nobody's: left out by rule
    (folder / "visits.csv").write_text("\n".join(visits) + "\n")
    regions = [f"p{person},{draw.choice(('plain', 'hill'))}" for person in range(people)]
    (folder / "people.csv").write_text("\n".join(["person,region", *regions]) + "\n")
    (folder / "clinics.csv").write_text("clinic,kind\neast,public\nnorth,public\nsouth,private\nwest,private\n")
    return Path(shutil.copy(CARD, folder))


@dataclass(frozen=True)
class World:
    """A room with the dataset loaded and one agreement in force."""

    room: Room
    provider_key: Ed25519PrivateKey
    university_key: Ed25519PrivateKey
    agreement: str

    def ask(
        self, sql: str | list[str], *, epsilon: str | None = "1", actor: Actor = RESEARCHER, **more: Any
    ) -> dict[str, Any]:
        """Submit a question as the researcher and give the answer's body."""
        body = {"agreement": self.agreement, "sql": sql, "epsilon": epsilon, **more}
        return invocations.submit(self.room, actor, read_ask(body))

    def explain(self, sql: str | list[str], *, epsilon: str | None = "1", **more: Any) -> dict[str, Any]:
        """Explain a question as the researcher."""
        return invocations.explain(
            self.room, RESEARCHER, read_ask({"agreement": self.agreement, "sql": sql, "epsilon": epsilon, **more})
        )

    def sign_agreement(self, name: str, **changes: Any) -> str:
        """Another agreement of the same parties, with some terms changed; gives its uid."""
        document = signed_document(self.room, self.provider_key, self.university_key, name, **changes)
        with self.room.database.writing() as session:
            agreement = self.room.agreements.register(
                session, document, log=self.room.pinned_log, now=self.room.clock()
            )
        return agreement.uid


def make_world(
    home: Path,
    source: Path,
    *,
    with_lanes: bool = True,
    clock: Callable[[], datetime] | None = None,
    store_url: str | None = None,
) -> World:
    """Open a room under `home`, load the world's card from `source`, and sign the first agreement."""
    settings = Settings.from_environment({"JALI_HOME": str(home), "JALI_LANES": "1", "JALI_STORE_URL": store_url or ""})
    room = open_room(settings, with_lanes=with_lanes)
    if clock is not None:
        object.__setattr__(room, "clock", clock)
    load_card(room, write_csv_files(source), by="operator:test")
    provider, university = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    trust(room, PROVIDER, "provider", provider)
    trust(room, UNIVERSITY, "organization", university)
    world = World(room, provider, university, "")
    return World(room, provider, university, world.sign_agreement("first"))


def trust(room: Room, party: str, role: str, key: Ed25519PrivateKey) -> None:
    """Enter a party's key as the operator does."""
    text = b64encode(key.public_key().public_bytes_raw()).decode()
    with room.database.writing() as session:
        room.parties.trust(session, name=party, role=role, key=text, by="operator:test", now=room.clock())


def signed_document(
    room: Room, provider: Ed25519PrivateKey, university: Ed25519PrivateKey, name: str, **changes: Any
) -> dict[str, Any]:
    """A document that both parties signed; `changes` replace terms, and `issued` when it was issued."""
    now = datetime.now(UTC).replace(microsecond=0)
    issued = changes.pop("issued", now)
    terms: dict[str, Any] = {
        "dataset": "visits",
        "columns": all_columns({"visits": "*", "people": "*", "clinics": "*"}),
        "aggregates": frozenset({"count", "count_distinct", "sum", "avg"}),
        "purposes": frozenset({"a study"}),
        "not_before": now - timedelta(days=1),
        "expires_at": now + timedelta(days=30),
        "epsilon_micro": 20_000_000,
        "delta": Fraction(1, 10**6),
        "epsilon_per_query_micro": 5_000_000,
        "queries_per_day": 10_000,
    }
    document = agreement_document(
        id=name,
        assigner=PROVIDER,
        assignee=UNIVERSITY,
        issued=issued,
        log=room.pinned_log,
        terms=Terms(**(terms | changes)),
    )
    return sign(sign(document, provider, PROVIDER), university, UNIVERSITY)
