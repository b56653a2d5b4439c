"""The SQL guide against the SQL door: what it shows as answered is answered, what it shows as refused is refused so."""

import ast
import re
from pathlib import Path

import duckdb
import pytest
import yaml

from dp_queries import planner
from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.errors import QueryRejected
from dp_queries.loading.load import load
from dp_queries.loading.sources import open_source
from dp_queries.planner import analyse
from policies.catalogue import LoadedDataset, read_card
from tests.dp_queries.flights import NOW, permit, released

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
CARD = yaml.safe_load((ROOT / "examples" / "cards" / "flights.yaml").read_text(encoding="utf-8"))
KEY = bytes(range(32))
FENCE = re.compile(r"^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)
STATEMENT = re.compile(r"([^;]+);[ ]*(?:-- (.*))?")
EPSILON_MICRO = 50_000_000

STATEMENTS = [(sql.strip(), said.strip()) for block in FENCE.findall(GUIDE) for sql, said in STATEMENT.findall(block)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo's dataset with a tenth of its aircraft."""
    folder = tmp_path_factory.mktemp("demo")
    card = read_card({**CARD, "tables": [_thinned(table, folder) for table in CARD["tables"]]})
    result = load(card, folder, folder / "demo.duckdb", KEY)
    dataset = LoadedDataset(card=card, version="1", loaded_at=NOW, domains=result.domains)
    with DuckDBBackend(folder / "demo.duckdb", KEY, dataset) as backend:
        yield dataset, backend


def _thinned(table, folder):
    """A table of the card with its source as a CSV file, private ones with aircraft whose tail number ends in 1."""
    described = next(part for part in read_card(CARD).tables if part.name == table["name"])
    some = "WHERE tailnum LIKE '%1_'" if described.is_private else ""
    with duckdb.connect(":memory:") as connection:
        view = open_source(connection, described, folder).view
        connection.execute(f"COPY (SELECT * FROM {view} {some}) TO '{folder / table['name']}.csv' (NULLSTR 'NA')")
    return {**table, "source": {"csv": f"{table['name']}.csv", "nulls": ["", "NA"]}}


@pytest.mark.parametrize(("sql", "said"), STATEMENTS, ids=[str(number) for number in range(len(STATEMENTS))])
def test_the_guide_says_what_is_so(sql, said, demo):
    dataset, backend = demo
    if said.startswith("refused: "):
        with pytest.raises(QueryRejected) as refusal:
            analyse(sql, dataset)
        assert refusal.value.reasons[0].code == said.removeprefix("refused: ")
        return
    query = analyse(sql, dataset)
    allowed = permit(query.needs, epsilon_micro=EPSILON_MICRO, card=dataset.card)
    answer = released(planner.plan(query, dataset, allowed, epsilon_micro=EPSILON_MICRO), backend)
    many = re.fullmatch(r"(\d+) rows?", said)
    assert answer.rows
    assert said == "" or len(answer.rows) == int(many[1])


def test_the_guide_is_read():
    assert len(STATEMENTS) > 50
    assert {said for _, said in STATEMENTS} >= {"", "1 row", "refused: no-aggregate"}


def test_the_guide_holds_every_refusal():
    folders = {path.name for path in (ROOT / "tests" / "vectors" / "sql" / "refused").iterdir()}
    assert len(folders) > 120
    assert {code for code in folders if f"`{code}`" not in GUIDE and f"refused: {code}\n" not in GUIDE} == set()


def test_every_code_of_the_guide_is_one_of_ours():
    codes = {
        code
        for row in re.findall(r"^\| (`[a-z][^|]*`) \|", GUIDE, re.MULTILINE)
        for code in re.findall(r"`(.*?)`", row)
    }
    told = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "dp_queries").rglob("*.py"))
    assert codes >= {"no-aggregate", "too-heavy"}
    assert {code for code in codes if f'"{code}"' not in told} == set()


CALLS = [
    call for block in re.findall(r"^```python\n(.*?)^```", GUIDE, re.M | re.S) for call in ast.walk(ast.parse(block))
]
LISTS = [ast.literal_eval(node) for node in CALLS if isinstance(node, ast.List)]


@pytest.mark.parametrize("texts", LISTS, ids=[str(number) for number in range(len(LISTS))])
def test_lists_of_statements_are_answered_together(texts, demo):
    dataset, _ = demo
    origins, most, carriers = analyse(texts, dataset).layers.statements
    assert origins.reads == most.reads != carriers.reads
