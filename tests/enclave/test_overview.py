"""The operator's overview: counts and budgets of what the room holds, and nothing of its rows."""

from base64 import b64encode

from enclave.overview import overview
from tests.world import World


def test_the_room_in_numbers(world: World) -> None:
    asker = World(world.room, world.provider_key, world.university_key, world.sign_agreement("for-the-overview"))
    asker.ask("SELECT COUNT(*) AS n FROM visits WHERE minutes > 62", epsilon="0.1")
    with world.room.database.reading() as session:
        shown = overview(world.room, session)
        size = world.room.log.size(session)
    assert shown["datasets"] == {"visits": "version 1"}
    assert shown["budgets"][asker.agreement]["charges"] == "1"
    assert shown["budgets"]["people"]["epsilon"] == "50"
    assert shown["agreements"] >= 2
    assert shown["jobs"]["answered"] >= 1
    key = b64encode(world.room.log.public_key).decode()
    assert shown["log"] == {"origin": "jali.local/room", "key": key, "entries": size}
