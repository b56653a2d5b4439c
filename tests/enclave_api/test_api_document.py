"""`docs/api.md` against the application: every route, every kind of problem, every setting, and nothing else."""

import json
import re
from pathlib import Path

import serve
from enclave_api.app import MOST_BODY_BYTES, described_views
from enclave_api.errors import PROBLEMS
from enclave_api.services.accounts import ROLES
from policies.stated_terms import read_terms
from tests.enclave_api.conftest import House

DOCUMENT = (serve.CHECKOUT / "docs" / "api.md").read_text()


def test_every_route_has_its_heading(house: House) -> None:
    routes = {f"{method.upper()} {path}" for path, method in described_views(house.client.application)}
    assert set(re.findall(r"^### `(.*)`$", DOCUMENT, re.MULTILINE)) == routes


def test_every_kind_of_problem_has_its_row_and_status() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", DOCUMENT, re.MULTILINE)
    assert [(kind, int(status)) for kind, status in rows] == [(kind, told.status) for kind, told in PROBLEMS.items()]


def test_roles_limits_and_terms_are_as_stated() -> None:
    table = DOCUMENT[DOCUMENT.index("| role |") : DOCUMENT.index("## Routes")]
    named = {role for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE) for role in re.findall(r"`(.*?)`", row)}
    assert named == set(ROLES)
    assert set(re.findall(r"(\d{6}) bytes", DOCUMENT)) == {str(MOST_BODY_BYTES)}
    [terms] = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    assert read_terms("flights", json.loads(terms)).epsilon_micro == 8_000_000


def test_every_setting_has_its_row() -> None:
    sources = [serve.CHECKOUT / "serve.py", *Path(serve.CHECKOUT / "enclave_api").rglob("*.py")]
    read = {name for file in sources for name in re.findall(r'\.get\("([A-Z_]+)"\)', file.read_text())}
    settings = DOCUMENT[DOCUMENT.index("## Settings") :]
    assert set(re.findall(r"`(JALI_[A-Z_]+|PORT)`(?=[, ])", settings)) == read
