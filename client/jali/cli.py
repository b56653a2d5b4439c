"""The command `jali`: the same as the library, from a shell. Exit status 0 only when everything asked for succeeded.

The token comes from JALI_TOKEN or a profile and is no option: what stands on a command line, every process can read.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from jali import desk_commands, tables, trust
from jali.arguments import json_in, pairs, print_json
from jali.connection import Room, connect
from jali.errors import Flaw, JaliError, RequestRejected, VerificationError
from jali.log import LogWatch
from jali.memory import Memory
from jali.profiles import read_settings
from jali.verify import read_json, read_leaf, verify_answer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], None] = options.run
        run(options)
    except JaliError as error:
        # The error goes where the answer would go with --json, so that a program reads one stream.
        if options.json:
            print(json.dumps(error.to_json(), ensure_ascii=False))
        print(f"{error.kind}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jali", description="Ask conditionally open data, and check the receipts.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _command(commands, "datasets", _datasets, "list the catalogue")
    for name, run, summary in (
        ("explain", _explain, "price and expected error of a query; free"),
        ("sql", _sql, "ask, check the receipt, print the answer"),
    ):
        _add_question(_command(commands, name, run, summary))
    _command(commands, "budget", _budget, "what the agreement allows, has spent and has left")
    _command(commands, "log", _log, "check the log's newest checkpoint; list what was asked")
    verify = _command(commands, "verify", _verify, "check a saved answer offline")
    verify.add_argument("file", metavar="FILE", type=Path, help="an answer saved by `jali sql --json` or answer.save()")
    desk_commands.add(lambda name, run, summary: _command(commands, name, run, summary))
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], summary: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--url", help="the front's address (else JALI_URL, else the profile)")
    parser.add_argument("--agreement", help="signed agreement file, or id (else JALI_AGREEMENT, else the profile)")
    parser.add_argument("--profile", help="a profile in ~/.config/jali/profiles.toml")
    parser.add_argument(
        "--party", action="append", default=[], metavar="NAME=KEY", help="a party's public key or key file"
    )
    return parser


def _add_question(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sql", nargs="*", help="a SELECT, or several to be answered together; - or none: standard input"
    )
    parser.add_argument("-f", "--file", action="append", default=[], type=Path, help="read a SELECT from a file")
    parser.add_argument("--epsilon", help="the most to spend")
    parser.add_argument("--accuracy", action="append", metavar="COLUMN=WIDTH", help="wanted half-width at 95 %%")
    parser.add_argument("--clipping", action="append", metavar="COLUMN=NORM", help="most that one unit adds")
    parser.add_argument("--purpose", help="one of the agreement's purposes")


def _datasets(options: argparse.Namespace) -> None:
    with _room(options) as room:
        found = room.datasets()
    if options.json:
        return print_json([dataset.document for dataset in found])
    rows = [[dataset.name, dataset.title, dataset.version or "", ", ".join(dataset.schema.tables)] for dataset in found]
    return _print(tables.Sheet(["name", "title", "version", "tables"], rows))


def _explain(options: argparse.Namespace) -> None:
    with _room(options) as room:
        plan = room.explain(_read_sql(options), options.epsilon, **_wishes(options))
    if options.json:
        return print_json(plan.document)
    return Console().print(plan)


def _sql(options: argparse.Namespace) -> None:
    """Print the answer also if its receipt fails: it was paid for. The error and the exit status tell."""
    with _room(options) as room:
        answer = room.sql(_read_sql(options), options.epsilon, **_wishes(options))
        try:
            answer.receipt.verify()
        finally:
            print_json(answer.document) if options.json else Console().print(answer)


def _budget(options: argparse.Namespace) -> None:
    with _room(options) as room:
        budget = room.budget()
    facts = {name: str(getattr(budget, name).epsilon) for name in ("total", "spent", "remaining")}
    if options.json:
        return print_json({**facts, "delta": budget.total.delta, "charges": budget.charges})
    return print(budget)


def _log(options: argparse.Namespace) -> None:
    with _room(options) as room:
        checkpoint, growth = room.checkpoint()
        past = room.invocations()
        facts = {
            "log": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "history": str(growth),
        }
        facts |= {"agreement": room.agreement.uid, "pin": str(room.agreement.pin)}
    if options.json:
        return print_json({**facts, "invocations": past})
    names = ("log_index", "submitted_at", "outcome", "charged", "sql")
    rows = [[" ".join(str(entry.get(name, "")).split()) for name in names] for entry in past]
    return _print(tables.Sheet(names, rows, footer=[f"{name}: {value}" for name, value in facts.items()]))


def _verify(options: argparse.Namespace) -> None:
    """Offline: nothing is fetched. The agreement comes from its file, or from what was pinned before."""
    document = _read_answer(options.file)
    settings = read_settings(options.profile, agreement=options.agreement)
    memory = Memory()
    named = settings.agreement or str(read_json(read_leaf(document.get("receipt"))).get("agreement"))
    if trust.is_file(named):
        agreement = trust.pin_file(named, parties={**(settings.parties or {}), **_parties(options)})
    else:
        agreement = trust.remembered(named, memory)
    verified = verify_answer(document, agreement, LogWatch(agreement.log, memory, None))
    if options.json:
        return print_json(verified.to_json())
    return print(verified)


def _room(options: argparse.Namespace) -> Room:
    return connect(options.url, agreement=options.agreement, profile=options.profile, parties=_parties(options))


def _read_sql(options: argparse.Namespace) -> str | list[str]:
    """One statement, or a list of several."""
    named = options.sql or ([] if options.file else ["-"])
    texts = [sys.stdin.read() if text == "-" else str(text) for text in named] + list(map(_read_file, options.file))
    return texts[0] if len(texts) == 1 else texts


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise RequestRejected(f"{path} can't be read") from None


def _read_answer(path: Path) -> dict[str, Any]:
    document = json_in(path)
    if not isinstance(document, dict):
        raise VerificationError(Flaw.RECEIPT_MALFORMED, f"{path} isn't a saved answer")
    return document


def _wishes(options: argparse.Namespace) -> dict[str, Any]:
    accuracy, clipping = (pairs(texts) if texts else None for texts in (options.accuracy, options.clipping))
    return {"accuracy": accuracy, "clipping": clipping, "purpose": options.purpose}


def _parties(options: argparse.Namespace) -> dict[str, str]:
    return pairs(options.party)


def _print(sheet: tables.Sheet) -> None:
    Console().print(tables.as_rich(sheet))


if __name__ == "__main__":
    sys.exit(main())
