"""The operator's command line on the room's machine: migrate, load, trust, hold, withdraw, check-log, alerts ...

Changes go through the store's own transactions, so they are safe beside a running room. Exit status 0 on success only.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DatabaseError

from enclave.config import Settings
from enclave.room import Room, open_room
from enclave.sanction_commands import add_commands, operator
from policies.errors import JaliError, NotFound

ROLES = ("provider", "organization", "security-officer", "regulator")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; faults go to stderr, one a line, and the exit status says so."""
    options = _parser().parse_args(arguments)
    os.umask(0o077)
    try:
        settings = Settings.from_environment()
        if options.run not in MAKES_A_ROOM and not settings.is_made:
            raise NotFound(f"there is no room under {settings.home}; set JALI_HOME, or load a dataset first")
        _become_owner(settings.home)
        with closing(open_room(settings, with_lanes=False)) as room:
            facts = options.run(room, options)
    except JaliError as error:
        _complain(error)
        return 1
    except OSError as error:
        print(f"error: {error.filename or 'the room'}: {error.strerror}", file=sys.stderr)
        return 1
    except DatabaseError as error:
        print(f"error: the room's store can't be used ({type(error.orig).__name__})", file=sys.stderr)
        return 1
    if facts is not None:
        print(json.dumps(facts, indent=None if options.json else 2, default=str))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m enclave", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print facts as one line of JSON")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[Room, Any], Any], help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        added.set_defaults(run=run)
        return added

    command("migrate", _migrate, "bring the room's store to the newest schema")
    load = command("load", _load, "load a dataset from its card; a bad load leaves the last good version in place")
    load.add_argument("card", type=Path, metavar="CARD.yaml")
    trust = command("trust", _trust, "enter the public key of a provider, organization, security officer or regulator")
    trust.add_argument("party")
    trust.add_argument("--role", choices=ROLES, required=True)
    trust.add_argument("--key", required=True, help="Ed25519 public key, base64 of 32 bytes, or a file that holds it")
    add_commands(command)
    check = command("check-log", _check_log, "rebuild the log's root from its leaves and compare")
    remembered = "a checkpoint that was kept elsewhere: finds a log that was rolled back"
    check.add_argument("--remembered", type=Path, metavar="FILE", help=remembered)
    command("alerts", _alerts, "what misuse detection found, newest first, with the log entries that show it")
    command("status", _status, "what the room holds, in numbers")
    return parser


def _migrate(room: Room, _options: Any) -> dict[str, Any]:
    return {"store": "is at the newest schema"}


def _load(room: Room, options: Any) -> dict[str, Any]:
    # Imported here: the loader brings DuckDB, which the other commands do without.
    from enclave.loading import load_card

    return load_card(room, options.card, by=operator())


def _trust(room: Room, options: Any) -> dict[str, Any]:
    key = _key_text(options.key)
    with room.database.writing() as session:
        index = room.parties.trust(
            session, name=options.party, role=options.role, key=key, by=operator(), now=room.clock()
        )
    return {"trusted": options.party, "role": options.role, "log_index": index}


def _key_text(given: str) -> str:
    with suppress(OSError):  # a text that no file can be named
        if Path(given).is_file():
            return Path(given).read_text(encoding="utf-8", errors="replace").strip()
    return given


def _check_log(room: Room, options: Any) -> dict[str, Any]:
    # Whoever can put back an old store can put back its checkpoints, too: only one kept elsewhere finds that.
    remembered = options.remembered and options.remembered.read_text(encoding="utf-8", errors="replace")
    with room.database.reading() as session:
        return room.log.check(session, remembered)


def _alerts(room: Room, _options: Any) -> list[dict[str, Any]]:
    from enclave.watch import alerts_told

    with room.database.reading() as session:
        return alerts_told(session)


def _status(room: Room, _options: Any) -> dict[str, Any]:
    from enclave.overview import overview

    with room.database.reading() as session:
        return overview(room, session)


def _become_owner(home: Path) -> None:
    # What root writes into a room that has a uid of its own, the room couldn't read.
    if os.geteuid() == 0 and home.exists() and (owner := home.stat()).st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


# Other commands find a room or say so: a mistyped JALI_HOME must not make a new, empty one.
MAKES_A_ROOM = (_migrate, _load, _trust)


def _complain(error: JaliError) -> None:
    print(f"error: {error.message}", file=sys.stderr)
    for reason in error.reasons:
        where = f"{reason.where}: " if reason.where else ""
        print(f"  - {where}{reason.message} [{reason.code}]", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
