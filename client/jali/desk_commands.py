"""Commands of `jali` for matters: what awaits you, applying, acting, signing, reporting; for every role."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from jali import tables
from jali.arguments import json_in, pairs, print_json
from jali.desk import Application, Desk, Matter, desk
from jali.errors import RequestRejected
from jali.profiles import read_settings

Run = Callable[[argparse.Namespace], None]
Add = Callable[[str, Run, str], argparse.ArgumentParser]
_LISTS = ("applications", "work-orders", "reports", "cases", "petitions")
_LIST_OF = {
    **{name: name for name in _LISTS},
    **{"application": "applications", "work-order": "work-orders", "report": "reports", "case": "cases"},
    **dict.fromkeys(("objection", "dataset-request", "misuse-report", "spot-check"), "petitions"),
}
"""A list's name, or the word by which `jali tasks` names a matter in it."""
_HINTS = {
    "complete": "hand it in again: jali apply FILE --complete ID",
    "sign": "sign it: jali sign ID --key FILE",
    "file": "file it: jali report NUMBER FILE --agreement UID",
}


def add(command: Add) -> None:
    """Add the commands."""
    command("tasks", _tasks, "what awaits you, the most urgent first")
    matters = command("matters", _matters, "the matters that you may see, newest first")
    matters.add_argument("which", choices=_LIST_OF, metavar="KIND", help=f"one of {', '.join(_LISTS)}")
    apply = command("apply", _apply, "apply for a dataset; what is missing is told at once")
    apply.add_argument("file", type=Path, metavar="FILE", help="the application as JSON, see docs/api.md")
    apply.add_argument("--material", action="append", default=[], metavar="NAME=FILE", help="as often as needed")
    apply.add_argument("--complete", metavar="ID", help="hand in again an application that was returned")
    act = command("act", _act, "take a matter a step on: return, accept, approve, refuse, withdraw ...")
    act.add_argument("which", choices=_LIST_OF, metavar="KIND", help=f"one of {', '.join(_LISTS)}")
    act.add_argument("id", metavar="ID")
    act.add_argument("act", metavar="ACT")
    act.add_argument("--reason", default="")
    act.add_argument("--with", dest="more", type=Path, metavar="FILE", help="what else the act brings, as JSON")
    sign = command("sign", _sign, "sign the agreement that an application led to, with your organization's key")
    sign.add_argument("id", metavar="ID")
    sign.add_argument("--key", required=True, type=Path, metavar="FILE", help="the private key, PEM; it stays here")
    sign.add_argument("--out", type=Path, metavar="FILE", help="where the agreement is written, once both have signed")
    agreement = command("agreement", _agreement, "the signed document of an agreement, as jali.connect takes it")
    agreement.add_argument("uid", metavar="UID")
    agreement.add_argument("--out", type=Path, metavar="FILE", help="where it is written; else it is printed")
    report = command("report", _report, "the reports that an agreement asks for; with a file, file one")
    report.add_argument("number", nargs="?", type=int, help="the period")
    report.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the narrative half as JSON")


def _tasks(options: argparse.Namespace) -> None:
    with _desk(options) as at:
        found = at.tasks()
    if options.json:
        return print_json(found)
    if not found:
        return print("nothing awaits you")
    names = ("matter", "id", "dataset", "state", "acts", "deadline")
    return _print(
        [{**each, "acts": ", ".join(each["acts"]), "deadline": _day(each["deadline"])} for each in found], names
    )


def _matters(options: argparse.Namespace) -> None:
    with _desk(options) as at:
        found = [matter.document for matter in at.matters(_LIST_OF[options.which])]
    if options.json:
        return print_json(found)
    lines = [{**each, "since": each["history"][-1]["done_at"][:16], "said": _said(each)} for each in found]
    return _print(lines, ("id", "matter", "dataset", "state", "since", "said"))


def _said(matter: dict[str, Any]) -> str:
    """What was said with the last step, where somebody said something."""
    last = matter["history"][-1]
    return f"{last['act']}: {last['reason']}" if last.get("reason") else ""


def _apply(options: argparse.Namespace) -> None:
    stated = _read(options.file)
    dataset, materials = stated.pop("dataset", ""), {**stated.pop("materials", {}), **pairs(options.material)}
    with _desk(options) as at:
        if options.complete is None:
            done = at.apply(dataset, materials=materials, **stated)
        else:
            done = at.complete(at.application(options.complete), materials=materials, **stated)
    _told(options, done)


def _act(options: argparse.Namespace) -> None:
    more = {} if options.more is None else _read(options.more)
    if twice := {"act", "reason"} & set(more):
        raise RequestRejected(f"{' and '.join(sorted(twice))} come from the command line, and not from --with")
    if options.act in _HINTS:
        raise RequestRejected(f"{options.act} goes by a command of its own; {_HINTS[options.act]}")
    which = _LIST_OF[options.which]
    with _desk(options) as at:
        found = next((each for each in at.matters(which) if each.id == options.id), None)
        if found is None:
            raise RequestRejected(f"you see no {options.id} among the {which}")
        _told(options, found.act(options.act, options.reason, **more))


def _sign(options: argparse.Namespace) -> None:
    if options.out is not None and not options.out.parent.is_dir():
        raise RequestRejected(f"there is no folder {options.out.parent}")
    with _desk(options) as at:
        signed: Application = at.application(options.id).sign(options.key)
        if options.out is not None and signed.agreement is not None:
            _write(options.out, at.agreement(signed.agreement))
        _told(options, signed)
    if options.out is not None and signed.agreement is None:
        uid = signed.document["document"]["uid"]
        print(f"the other side has not signed yet; then: jali agreement {uid} --out {options.out}", file=sys.stderr)


def _agreement(options: argparse.Namespace) -> None:
    with _desk(options) as at:
        document = at.agreement(options.uid)
    if options.out is None:
        return print_json(document)
    return _write(options.out, document)


def _write(file: Path, document: dict[str, Any]) -> None:
    try:
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as fault:
        raise RequestRejected(f"{file} can't be written: {fault.strerror}") from None


def _report(options: argparse.Namespace) -> None:
    uid = _uid(options)
    with _desk(options) as at:
        if options.number is None:
            found = at.reports(uid)
            if options.json:
                return print_json(found)
            return _print(found, ("number", "begins", "due_at", "overdue_at", "standing"))
        if options.file is None:
            return print_json(at.usage(uid, options.number))
        return _told(options, at.file_report(uid, options.number, _read(options.file)))


def _uid(options: argparse.Namespace) -> str:
    """The agreement's uid: given, or from JALI_AGREEMENT or the profile; of a file the uid that it states."""
    named = read_settings(options.profile, agreement=options.agreement).agreement
    if named is None:
        raise RequestRejected("name the agreement: --agreement UID or FILE, JALI_AGREEMENT, or a profile")
    return str(_read(Path(named)).get("uid")) if Path(named).is_file() else named


def _desk(options: argparse.Namespace) -> Desk:
    return desk(options.url, profile=options.profile)


def _told(options: argparse.Namespace, matter: Matter) -> None:
    print_json(matter.document) if options.json else print(repr(matter)[1:-1])


def _day(deadline: dict[str, Any] | None) -> str:
    if deadline is None:
        return ""
    return f"{deadline['day']}{', overdue' if deadline['is_overdue'] else ''}"


def _read(path: Path) -> dict[str, Any]:
    document = json_in(path)
    if not isinstance(document, dict):
        raise RequestRejected(f"{path} can't be read as a JSON object")
    return document


def _print(found: list[dict[str, Any]], names: tuple[str, ...]) -> None:
    rows = [[_plain(str(each.get(name) or "")) for name in names] for each in found]
    if not sys.stdout.isatty():  # for a program, or a file: nothing is broken over lines
        return print("\n".join("\t".join(row) for row in [list(names), *rows]))
    return Console().print(tables.as_rich(tables.Sheet(names, rows)))


def _plain(text: str) -> str:
    """Somebody else's text in one line, without escape codes."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
