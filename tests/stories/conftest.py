"""What the stories with real processes share: a house that was furnished once, to be copied."""

import pytest

from tests.stories.served import House, Researcher


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Researcher:
    """A researcher of a furnished house, which is stopped. Furnishing takes a dozen processes; copying does not."""
    house = House(tmp_path_factory.mktemp("furnished"))
    with house.serving():
        return house.furnish()
