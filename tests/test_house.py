"""The house's rules, read from the code: arrows point down, no circles, each library has one home, files stay small.

Imports are read from the syntax tree, wherever they stand: in functions, under TYPE_CHECKING, or by name through
importlib. The second half hands in small houses with a fault each, so that every rule is seen to fail.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

# Floor -> what of ours it may import. A dotted name allows that one module.
ARROWS: dict[str, set[str]] = {
    "privacy": set(),
    "policies": {"privacy"},
    "dp_queries": {"policies", "privacy"},
    "sandbox": {"policies", "privacy"},
    "federated": {"policies", "privacy"},
    "enclave": {"dp_queries", "sandbox", "federated", "policies", "privacy"},
    "enclave_api": {"policies", "enclave.link", "enclave.postgresql"},
    "wsgi": {"enclave_api"},
    "serve": {"enclave.link"},
    "jali": set(),
}

# Modules that reach across a border, so they carry nothing of their own floor with them.
IMPORT_NOTHING = {"enclave", "enclave.link", "enclave.postgresql"}

# Library -> the files (or folders) where it may be imported.
HOMES: dict[str, tuple[str, ...]] = {
    "sqlglot": ("dp_queries/syntax/parse.py", "dp_queries/syntax/validate.py", "dp_queries/layers/"),
    "duckdb": ("dp_queries/",),
    "opendp": ("privacy/mechanisms.py",),
    "dp_accounting": ("privacy/loss.py",),
    "numba": (
        *("privacy/bounding.py", "privacy/columns.py", "privacy/distinct.py", "privacy/group_codes.py"),
        *("privacy/histograms.py", "privacy/ladder_sums.py", "privacy/met_sums.py", "privacy/unit_sets.py"),
    ),
    "cedarpy": ("policies/cedar.py",),
    "rfc8785": ("policies/canonical.py",),
    "chinese_calendar": ("policies/working_days.py",),
    "torch": ("federated/", "client/jali/training.py"),
    "opacus": ("federated/dp_sgd.py",),
    "syft": ("federated/seal.py",),
    "flwr": ("federated/flower.py",),
    "flask": ("enclave/", "enclave_api/", "wsgi.py"),
    "apiflask": ("enclave_api/",),
    "werkzeug": ("enclave/", "enclave_api/"),
    "sqlalchemy": ("enclave/", "enclave_api/"),
    "psycopg": ("enclave/postgresql.py",),
    "alembic": ("enclave/", "enclave_api/"),
    "gunicorn": ("enclave/", "enclave_api/"),
}

# Floor -> everything foreign that it may import; the standard library too where it does no I/O and reads no clock.
PURE_STANDARD = {
    "abc", "base64", "bisect", "binascii", "calendar", "collections", "contextlib", "copy", "dataclasses", "datetime",
    "decimal", "enum", "fractions", "functools", "hashlib", "hmac", "itertools", "json", "math", "operator", "re",
    "statistics", "string", "types", "typing", "unicodedata", "uuid",
}  # fmt: skip
FOREIGN: dict[str, set[str]] = {
    "privacy": PURE_STANDARD | {"concurrent", "numpy", "opendp", "dp_accounting", "numba"},
    "policies": PURE_STANDARD | {"pydantic", "cryptography", "rfc8785", "cedarpy", "chinese_calendar"},
}

# What may be called in few places only. A ticket that is made elsewhere is forged, and rows are read under a charge:
# a rehearsal makes a plan of its own and throws what it counts away.
CALLED_IN: dict[str, set[str]] = {
    "Permit": {"policies/authorization.py"},
    "Plan": {"dp_queries/planner.py", "dp_queries/rehearsal.py"},
    "Charge": {"privacy/budget.py"},
    "issue_charge": {"enclave/ledger.py"},
    "bounded_sums": {"dp_queries/release.py", "dp_queries/rehearsal.py"},
    "sums_together": {"dp_queries/release.py"},
    "found_groups": {"dp_queries/release.py"},
}

READS_THE_WORLD = {"open", "print", "input", "now", "today", "utcnow", "read_text", "read_bytes", "urandom"}
LINES_AT_MOST = 400
MACHINE_PATH = re.compile(r"(?<![\w.*~-])/" + r"(root|work|Users)/|" + re.escape(f"{ROOT}/"))
SKIPPED = {
    ".git",
    ".venv",
    "var",
    "build",
    "dist",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
}


class Module(NamedTuple):
    """One of our files: where it is, its dotted name, and its syntax tree."""

    path: str
    name: str
    tree: ast.Module

    @property
    def floor(self) -> str:
        return self.name.split(".", 1)[0]


def files(root: Path, *suffixes: str) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.endswith(".egg-info"))
        yield from (Path(folder, name) for name in sorted(names) if not suffixes or Path(name).suffix in suffixes)


def modules(root: Path) -> dict[str, Module]:
    """Our modules by dotted name; the client's package is named as its users import it."""
    found = {}
    for path in files(root, ".py"):
        relative = path.relative_to(root).as_posix()
        dotted = relative.removeprefix("client/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if dotted.split(".")[0] in ARROWS:
            found[dotted] = Module(relative, dotted, parsed(path.read_text(encoding="utf-8"), relative))
    return found


@cache
def parsed(text: str, name: str) -> ast.Module:
    """The syntax tree; all rules read the same one."""
    return ast.parse(text, name)


def imports(module: Module, known: dict[str, Module]) -> Iterator[tuple[str, int]]:
    """Every dotted name that the module imports, with its line; `from a import b` is a.b where that is a module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            for alias in node.names:
                deeper = f"{base}.{alias.name}"
                yield (deeper if deeper in known else base), node.lineno
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__") and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, node.lineno


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    is_package = module.path.endswith("/__init__.py")
    parts = module.name.split(".")
    base = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*base, *([node.module] if node.module else [])])


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def wrong_arrows(root: Path) -> Iterator[str]:
    known = modules(root)
    for module in known.values():
        for target, line in imports(module, known):
            floor = target.split(".", 1)[0]
            if floor not in ARROWS:
                continue
            allowed = ARROWS[module.floor] | {module.floor}
            inside = floor in allowed or any(target == name or target.startswith(f"{name}.") for name in allowed)
            if not inside or module.name in IMPORT_NOTHING:
                yield f"{module.path}:{line} imports {target}"


def circles(root: Path) -> Iterator[str]:
    known = modules(root)
    arrows = {
        name: sorted({target for target, _ in imports(module, known)} & known.keys()) for name, module in known.items()
    }
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> Iterator[str]:
        if name in path:
            yield "a circle: " + " -> ".join((*path[path.index(name) :], name))
        elif name not in done:
            for target in arrows[name]:
                yield from walk(target, (*path, name))
            done.add(name)

    for name in sorted(known):
        yield from walk(name, ())


def strayed_libraries(root: Path) -> Iterator[str]:
    known = modules(root)
    for module in known.values():
        for target, line in imports(module, known):
            library = target.split(".", 1)[0]
            home = next(
                (home for name, home in HOMES.items() if library == name or library.startswith(f"{name}_")), None
            )
            if home is not None and not module.path.startswith(home):
                yield f"{module.path}:{line} imports {library}, whose home is {', '.join(home)}"


def impure_ground(root: Path) -> Iterator[str]:
    """`privacy/` and `policies/` do no I/O and read no clock: what they need of the world is an argument."""
    known = modules(root)
    for module in known.values():
        if module.floor not in FOREIGN:
            continue
        for target, line in imports(module, known):
            library = target.split(".", 1)[0]
            if library not in FOREIGN[module.floor] | ARROWS.keys():
                yield f"{module.path}:{line} imports {library}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and _called(node) in READS_THE_WORLD:
                yield f"{module.path}:{node.lineno} calls {_called(node)}"


def forged_tickets(root: Path) -> Iterator[str]:
    for module in modules(root).values():
        for node in ast.walk(module.tree):
            places = CALLED_IN.get(_called(node)) if isinstance(node, ast.Call) else None
            if places and module.path not in places:
                yield f"{module.path}:{node.lineno} calls {_called(node)}, which only {', '.join(sorted(places))} may"


def long_files(root: Path) -> Iterator[str]:
    for path in files(root, ".py"):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > LINES_AT_MOST:
            yield f"{path.relative_to(root)} has {lines} lines: a second noun has moved in"


def machine_paths(root: Path) -> Iterator[str]:
    for path in files(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if MACHINE_PATH.search(line):
                yield f"{path.relative_to(root)}:{number} names a path of one machine"


RULES = [wrong_arrows, circles, strayed_libraries, impure_ground, forged_tickets, long_files, machine_paths]


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_its_rules(rule):
    assert list(rule(ROOT)) == []


def test_the_reader_finds_the_floors():
    assert {module.floor for module in modules(ROOT).values()} >= {
        "privacy",
        "policies",
        "dp_queries",
        "enclave",
        "jali",
    }


FAULTS = [
    (wrong_arrows, "privacy/a.py", "import policies.errors"),
    (wrong_arrows, "privacy/a.py", "def f():\n    from policies import errors"),
    (wrong_arrows, "privacy/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import policies.errors"),
    (wrong_arrows, "privacy/a.py", "import importlib\nimportlib.import_module('policies.errors')"),
    (wrong_arrows, "privacy/a.py", "__import__('policies.errors')"),
    (wrong_arrows, "policies/a.py", "from dp_queries import plan"),
    (wrong_arrows, "dp_queries/a.py", "import sandbox.errors"),
    (wrong_arrows, "dp_queries/backends/a.py", "from enclave import link"),
    (wrong_arrows, "enclave/a.py", "import enclave_api.app"),
    (wrong_arrows, "enclave/postgresql.py", "from policies.errors import JaliError"),
    (strayed_libraries, "enclave/a.py", "from psycopg import sql"),
    (wrong_arrows, "enclave/link.py", "from policies.errors import JaliError"),
    (wrong_arrows, "enclave_api/a.py", "from enclave import ledger"),
    (wrong_arrows, "enclave_api/a.py", "import enclave.ledger"),
    (wrong_arrows, "enclave_api/a.py", "import privacy.loss"),
    (wrong_arrows, "wsgi.py", "import enclave.link"),
    (wrong_arrows, "client/jali/a.py", "from policies.canonical import digest"),
    (circles, "policies/a.py", "import policies.a"),
    (circles, "policies/b.py", "def f():\n    from . import c"),
    (strayed_libraries, "dp_queries/a.py", "import sqlglot.expressions"),
    (strayed_libraries, "dp_queries/a.py", "from flask import Flask"),
    (strayed_libraries, "dp_queries/a.py", "import sqlalchemy"),
    (strayed_libraries, "privacy/a.py", "def f():\n    import numba"),
    (strayed_libraries, "enclave/a.py", "import duckdb"),
    (strayed_libraries, "enclave/a.py", "import torch.nn"),
    (strayed_libraries, "federated/a.py", "import syft_crypto"),
    (strayed_libraries, "policies/a.py", "import dp_accounting.rdp"),
    (strayed_libraries, "enclave/a.py", "import chinese_calendar"),
    (impure_ground, "privacy/a.py", "import os"),
    (impure_ground, "privacy/a.py", "def f(path):\n    return open(path)"),
    (impure_ground, "policies/a.py", "from datetime import UTC, datetime\nwhen = datetime.now(UTC)"),
    (forged_tickets, "enclave/a.py", "from privacy import budget\nbudget.issue_charge()"),
    (forged_tickets, "enclave/a.py", "permit = Permit()"),
    (forged_tickets, "dp_queries/a.py", "def f(backend, plan):\n    return backend.bounded_sums(plan)"),
    (forged_tickets, "dp_queries/a.py", "def f(backend, plan):\n    return backend.sums_together([plan])"),
    (long_files, "privacy/a.py", "x = 1\n" * 401),
    (machine_paths, "docs/a.md", "see /" + "root/notes"),
]


@pytest.mark.parametrize(("rule", "path", "text"), FAULTS)
def test_a_fault_is_seen(tmp_path, rule, path, text):
    for floor, name in [("policies", "errors"), ("privacy", "loss"), ("enclave", "link"), ("enclave", "ledger")]:
        (tmp_path / floor).mkdir(exist_ok=True)
        (tmp_path / floor / f"{name}.py").touch()
    (tmp_path / "policies" / "c.py").write_text("from policies import b")
    assert list(rule(tmp_path)) == []
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert len(list(rule(tmp_path))) == 1


@pytest.mark.parametrize("module", ["dp_queries.planner", "enclave.room"])
def test_who_only_plans_loads_no_compiler(module):
    """numba and the kernels take a second and more to load, which every command line would wait for."""
    asked = f"import sys, {module}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=False).returncode == 0


def test_the_front_may_import_the_link(tmp_path):
    for path, text in [
        ("enclave/link.py", ""),
        ("enclave_api/a.py", "from enclave.link import Link\nfrom enclave import link"),
    ]:
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text)
    assert list(wrong_arrows(tmp_path)) == []
