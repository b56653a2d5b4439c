import json

import pytest

import jali
from tests.client import fake_front as fake


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    """No test reads or writes what the developer's own client remembers."""
    for name in ("JALI_URL", "JALI_TOKEN", "JALI_AGREEMENT", "JALI_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JALI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("jali.transport.PAUSES_SECONDS", (0.01, 0.01, 0.01))


@pytest.fixture
def log():
    log = fake.FakeLog()
    for number in range(4):
        log.append(kind="act", act=f"entry {number}", by="operator")
    return log


@pytest.fixture
def front(log):
    with fake.FakeFront(log) as front:
        yield front


@pytest.fixture
def agreement_file(tmp_path, front):
    path = tmp_path / "agreement.json"
    path.write_text(json.dumps(front.agreement))
    return path


@pytest.fixture
def room(front, agreement_file):
    with jali.connect(front.url, fake.TOKEN, str(agreement_file), parties=fake.PARTY_KEYS) as room:
        yield room
