"""What the stories with real processes share: a house that was furnished once, to be copied, and a town to live in."""

from collections.abc import Iterator

import pytest

from tests.stories.served import House, Researcher
from tests.stories.town import Town


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Researcher:
    """A researcher of a furnished house, which is stopped. Furnishing takes a dozen processes; copying does not."""
    house = House(tmp_path_factory.mktemp("furnished"))
    with house.serving():
        return house.furnish()


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Everybody in one served house, for stories that speak of matters of their own."""
    house = House(tmp_path_factory.mktemp("town"))
    with house.serving():
        town = Town(house)
        yield town
        town.close()
