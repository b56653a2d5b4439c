"""What a room does right after its start, so that the first researcher of the day waits no longer than the tenth."""

from fractions import Fraction

from enclave.room import Room
from policies.errors import NotFound
from privacy.loss import rho_nano_for

ONE_EPSILON_MICRO = 1_000_000


def warm(room: Room) -> None:
    """Load what pricing needs, and have every lane open the current datasets."""
    requests = []
    with room.database.reading() as session:
        for loaded in room.datasets.all(session):
            rho_nano_for(ONE_EPSILON_MICRO, Fraction(loaded.card.budget.query_delta))
            try:
                requests.append(room.open_request(session, loaded.card.name, loaded.version))
            except NotFound:
                continue  # withdrawn: there is nothing to open
    if room.lanes is not None:
        room.lanes.warm(requests)
