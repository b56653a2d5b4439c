"""The documents against the code: links lead somewhere, named files and commands exist, examples run."""

import ast
import doctest
import importlib
import re
from itertools import chain, count
from pathlib import Path

import pytest

from dp_queries.algebra.expressions import OPERATORS

ROOT = Path(__file__).parent.parent
HEAD_PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PAGES = [*(ROOT / name for name in HEAD_PAGES), *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
FLOORS = ("privacy", "policies", "dp_queries", "sandbox", "federated", "enclave", "enclave_api", "client/jali")
MODULES = sorted(
    path
    for floor in FLOORS
    for path in (ROOT / floor).rglob("*.py")
    if path.name != "__init__.py" and "migrations" not in path.parts
)

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
SOURCE = re.compile(r"(?:[\w.-]+/)+[\w.-]+\.(?:py|md|yaml|toml|svg|txt|ini|in)")

WORDS_ON_TWO_PAGES = 1000


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    return FENCE.sub("", text(path))


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, spelled as forges do; a heading that returns is numbered."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        numbered = chain([anchor], (f"{anchor}-{number}" for number in count(1)))
        found.add(next(name for name in numbered if name not in found))
    return found


def broken_links(page: Path) -> list[str]:
    broken = []
    for target in LINK.findall(prose(page)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    assert broken_links(page) == []


def test_a_broken_link_is_seen(tmp_path):
    page = tmp_path / "a.md"
    page.write_text(
        "# A heading\n[good](a.md#a-heading) [twice](#a-heading-1) [gone](b.md) [no such part](#other)\n## A heading"
    )
    assert broken_links(page) == ["b.md", "#other"]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_file_that_is_named_exists(page):
    if page.name == "CHANGELOG.md":
        return  # it tells of files that were
    places = [ROOT, page.parent, *(ROOT / floor for floor in FLOORS)]
    spans = [span for span in CODE.findall(prose(page)) if SOURCE.fullmatch(span)]
    assert [span for span in spans if not any((place / span).exists() for place in places)] == []


def test_every_page_is_linked_from_another():
    linked = {
        (page.parent / target.partition("#")[0]).resolve() for page in PAGES for target in LINK.findall(prose(page))
    }
    assert [named(page) for page in PAGES if page.resolve() not in linked and page.name != "README.md"] == []


def test_the_map_names_every_module_and_no_other():
    architecture = text(ROOT / "docs" / "architecture.md")
    drawn = {
        f"{floor}/{file}"
        for floor, rows in re.findall(r"^### ([\w/]+):.*\n((?:(?!#).*\n)*)", architecture, re.MULTILINE)
        for file in re.findall(r"^\| `([\w/]+\.py)` \|", rows, re.MULTILINE)
    }
    assert drawn == {named(path) for path in MODULES}, "docs/architecture.md has one line for each file"


def test_every_setting_is_told_to_operators():
    sources = [*MODULES, *ROOT.glob("*.py"), *(ROOT / "examples").glob("*.py")]
    settings = {name for path in sources for name in re.findall(r"JALI_[A-Z_]*[A-Z]", text(path))}
    assert {name for name in settings if f"`{name}`" not in text(ROOT / "docs" / "operating.md")} == set()


FIRST_CHANGE = text(ROOT / "docs" / "first-change.md")
ADDED = set(re.findall(r'^"(\w+)": \("', FIRST_CHANGE, re.MULTILINE))


def test_the_first_change_is_still_to_be_made():
    assert len(ADDED) == 1
    assert set(OPERATORS) & ADDED == set(), "this change is made: walk newcomers through another one"


def test_the_first_change_names_what_its_files_hold():
    """Names in code style stand in one of the files that the page names."""
    spans = CODE.findall(FENCE.sub("", FIRST_CHANGE))
    files = [path for span in spans if span.endswith(".py") and (path := ROOT / span).exists()]
    names = {name for span in spans if (name := span.strip('"')).isidentifier()} - ADDED
    assert names >= {"OPERATORS", "_PARTS", "hour"}
    assert names - {word for path in files for word in re.findall(r"\w+", text(path))} == set()


def test_diagrams_of_states_are_drawn_from_their_tables():
    drawn = [code.strip() for page in PAGES for info, code in FENCE.findall(text(page)) if info == "mermaid"]
    machines = [importlib.import_module(f"policies.{name}").MACHINE for name in ("cases", "work_orders")]
    assert {machine.diagram() for machine in machines} <= set(drawn)


def commands() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", text(ROOT / "Makefile"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_make_command_that_is_named_exists(page):
    spans = [*CODE.findall(prose(page)), *(line for _, code in FENCE.findall(text(page)) for line in code.splitlines())]
    used = {match.group(1) for span in spans if (match := re.match(r"\s*(?:\$ )?make ([a-z][a-z-]*)", span))}
    assert used <= commands()


def test_every_make_command_is_told_to_contributors():
    assert {name for name in commands() - {"help"} if f"`make {name}" not in text(ROOT / "CONTRIBUTING.md")} == set()


def test_contributing_fits_on_two_pages():
    assert len(text(ROOT / "CONTRIBUTING.md").split()) <= WORDS_ON_TWO_PAGES


def test_decisions_are_numbered_without_a_gap():
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("record", DECISIONS, ids=named)
def test_a_decision_record_has_its_parts(record):
    parts = re.findall(r"^## (.*)$", text(record), re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences"]
    assert re.search(r"^Status: (accepted|superseded by \d{4})", text(record), re.MULTILINE)


FENCES = [
    pytest.param(info, code, id=f"{named(page)}-{number}")
    for page in PAGES
    for number, (info, code) in enumerate(FENCE.findall(text(page)))
    if info.split()[:1] == ["python"]
]


@pytest.mark.parametrize(("info", "code"), FENCES)
def test_python_in_the_documents_is_true(info, code):
    """It parses; what it takes from the client exists; and where the fence says `run`, it runs."""
    jali = importlib.import_module("jali")
    homes = {"jali": jali, "room": jali.Room}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in homes:
            assert hasattr(homes[node.value.id], node.attr), f"{node.value.id}.{node.attr}"
    if "run" in info.split():
        exec(compile(code, "<document>", "exec"), {})  # noqa: S102  # our own documents


@pytest.mark.parametrize("path", [path for path in MODULES if ">>> " in text(path)], ids=named)
def test_worked_examples_in_docstrings_hold(path):
    module = importlib.import_module(named(path).removeprefix("client/").removesuffix(".py").replace("/", "."))
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0
