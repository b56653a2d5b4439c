"""What was asked under an agreement: newest first, each with its outcome and price, and never a value."""

from enclave import history
from tests.world import World


def test_each_asking_is_a_line(world: World) -> None:
    asker = World(world.room, world.provider_key, world.university_key, world.sign_agreement("with-a-history"))
    first = asker.ask("SELECT COUNT(*) AS n FROM visits WHERE minutes > 61", epsilon="0.1")
    again = asker.ask("SELECT COUNT(*) AS m FROM visits WHERE minutes > 61", epsilon="0.1")
    with world.room.database.reading() as session:
        lines = history.invocations(session, asker.agreement)
        assert history.invocations(session, "nothing") == []
    assert [line["id"] for line in lines] == [again["id"], first["id"]]
    assert [line["charged"] for line in lines] == [False, True]
    assert [line["log_index"] for line in lines] == [again["receipt"]["index"], first["receipt"]["index"]]
    assert {line["plan"] for line in lines} == {first["plan"]["digest"]}
    assert {(line["account"], line["outcome"]) for line in lines} == {("li.wei", "answered")}
    assert lines[0]["loss"] is None
    assert lines[1]["loss"]["events"]
    [[count]] = first["rows"]
    assert str(count) not in str([line["loss"] for line in lines])
    assert set(lines[0]) == {"id", "account", "submitted_at", "sql", "plan", "outcome", "charged", "loss", "log_index"}
