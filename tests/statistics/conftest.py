"""The databases that audits compare, loaded once a session."""

import pytest

from tests.statistics.people import Street


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Street:
    return Street(tmp_path_factory.mktemp("street"))
