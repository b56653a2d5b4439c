"""The operator's command line of the front: python -m enclave_api migrate | account | calendar | grant | keygen.

Exit status 0 only on success. What a command changes goes into the room's log; while the room does not answer it waits
in the front's store, and the command says so.
"""

import argparse
import json
import os
import pwd
import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from enclave.link import RoomSaid, RoomUnreachable
from enclave_api.config import Settings
from enclave_api.front import Front
from enclave_api.services import accounts, acts, calendars, grants
from policies.errors import JaliError, RequestRejected

Facts = dict[str, Any] | list[dict[str, Any]]
_SCENARIO = "granted on the operator's command line, for parties whose keys are at hand"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    asked = _parser().parse_args(arguments)
    try:
        facts, lines = asked.run(asked)
    except (JaliError, RoomSaid) as error:
        return _failed(error.to_json() if isinstance(error, JaliError) else error.body, as_json=asked.json)
    except (RoomUnreachable, OSError, ValueError) as error:
        return _failed({"kind": "error", "message": str(error)}, as_json=asked.json)
    print(json.dumps(facts, ensure_ascii=False) if asked.json else "\n".join(lines))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m enclave_api", description="Operate the front.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _command(commands, "migrate", "bring the front's database to the newest schema", _on_front(_migrate))
    _add_account(commands)
    _add_calendar(commands)
    _add_grant(commands)
    keygen = _command(commands, "keygen", "write a new Ed25519 private key (PEM, 0600), print its public key", _keygen)
    keygen.add_argument("file", type=Path, metavar="FILE", help="must not exist yet")
    return parser


def _add_account(commands: Any) -> None:
    account = commands.add_parser("account", help="accounts and their tokens", description="Accounts and their tokens.")
    acts_on = account.add_subparsers(required=True, metavar="COMMAND")
    create = _command(acts_on, "create", "make an account", _on_front(_create))
    create.add_argument("name", metavar="NAME")
    create.add_argument("--role", required=True, choices=accounts.ROLES)
    create.add_argument("--organization", required=True, help="as agreements name it")
    _command(acts_on, "list", "every account with its tokens", _on_front(_list))
    token = _command(acts_on, "token", "make a token and print it, this once", _on_front(_token))
    token.add_argument("name", metavar="NAME")
    token.add_argument("--days", type=int, default=90, help="how long it holds (default 90)")
    revoke = _command(acts_on, "revoke", "end a token, effective on its next use", _on_front(_revoke))
    revoke.add_argument("prefix", metavar="PREFIX", help="the 8 characters after jali_")


def _add_calendar(commands: Any) -> None:
    calendar = commands.add_parser("calendar", help="working calendars", description="Published working calendars.")
    acts_on = calendar.add_subparsers(required=True, metavar="COMMAND")
    load = _command(acts_on, "load", "take a year's published calendar; deadlines follow at once", _on_front(_calendar))
    load.add_argument("file", type=Path, metavar="FILE", help="JSON, see docs/working-days.md")
    _command(acts_on, "list", "every calendar that was loaded", _on_front(_calendars))


def _add_grant(commands: Any) -> None:
    told = "walk the whole way from an application to a signed agreement, for parties whose keys are at hand"
    grant = _command(commands, "grant", told, _on_front(_grant))
    grant.add_argument("--dataset", required=True)
    grant.add_argument("--researcher-organization", required=True)
    grant.add_argument("--provider-key", required=True, type=Path, metavar="FILE")
    grant.add_argument("--researcher-key", required=True, type=Path, metavar="FILE")
    grant.add_argument("--terms", required=True, type=Path, metavar="FILE", help="JSON, see docs/api.md")
    grant.add_argument("--out", required=True, type=Path, metavar="FILE", help="where the signed agreement is written")
    grant.add_argument("--scenario", default=_SCENARIO, help="what is asked of the data, and why")
    grant.add_argument(
        "--material",
        action="append",
        default=[],
        type=_named_file,
        metavar="NAME=FILE",
        help="a material that the dataset lists; as often as needed",
    )
    grant.add_argument("--declare", action="append", default=[], metavar="DECLARATION", help="as often as needed")
    grant.add_argument("--opinion", help="what experts said, for a large request")
    which = grant.add_mutually_exclusive_group()
    which.add_argument("--id", help="the agreement's name (default: made up)")
    which.add_argument("--amend", metavar="UID", help="make the next version of this agreement instead of a new one")


def _named_file(text: str) -> tuple[str, Path]:
    name, separator, path = text.partition("=")
    if not (name and separator and path):
        raise argparse.ArgumentTypeError("must be NAME=FILE")
    return name, Path(path)


def _command(
    commands: Any, name: str, help: str, run: Callable[[argparse.Namespace], tuple[Facts, list[str]]]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
    parser.add_argument("--json", action="store_true", help="print facts as JSON")
    parser.set_defaults(run=run)
    return parser


def _on_front(
    run: Callable[[Front, argparse.Namespace], tuple[Facts, list[str]]],
) -> Callable[[argparse.Namespace], tuple[Facts, list[str]]]:
    """Run a command over the opened front, and send what waits for the room's log."""

    def opened(asked: argparse.Namespace) -> tuple[Facts, list[str]]:
        with closing(Front.open(Settings.from_environment())) as front:
            done = run(front, asked)
            if waiting := acts.deliver(front):
                print(
                    f"the room does not log now: {waiting} act(s) wait and are sent at the next chance", file=sys.stderr
                )
            return done

    return opened


def _migrate(front: Front, asked: argparse.Namespace) -> tuple[Facts, list[str]]:
    return {"database": str(front.store.place)}, [f"{front.store.place} has the newest schema"]


def _create(front: Front, asked: argparse.Namespace) -> tuple[Facts, list[str]]:
    account = accounts.Account(asked.name, asked.role, asked.organization)
    accounts.create(front, account, by=_operator())
    return vars(account), [f"{account.name} is a {account.role} of {account.organization}"]


def _list(front: Front, asked: argparse.Namespace) -> tuple[Facts, list[str]]:
    facts: list[dict[str, Any]] = []
    for account, tokens in accounts.everyone(front):
        states = [{name: value and str(value) for name, value in vars(token).items()} for token in tokens]
        facts.append({**vars(account), "tokens": states})
    return facts, [_line(account) for account in facts] or ["no accounts yet"]


def _line(account: dict[str, Any]) -> str:
    ends = ("revoked" if token["revoked_at"] else f"until {token['expires_at'][:10]}" for token in account["tokens"])
    tokens = ", ".join(f"{token['prefix']} {end}" for token, end in zip(account["tokens"], ends, strict=True))
    return f"{account['name']}\t{account['role']}\t{account['organization']}\t{tokens or 'no token'}"


def _token(front: Front, asked: argparse.Namespace) -> tuple[Facts, list[str]]:
    token = accounts.make_token(front, asked.name, days=asked.days, by=_operator())
    return {"token": token}, [token]


def _revoke(front: Front, asked: argparse.Namespace) -> tuple[Facts, list[str]]:
    accounts.revoke(front, asked.prefix, by=_operator())
    return {"revoked": asked.prefix}, [f"{asked.prefix} is revoked"]


def _grant(front: Front, asked: argparse.Namespace) -> tuple[Facts, list[str]]:
    request = grants.Request(
        dataset=asked.dataset,
        organization=asked.researcher_organization,
        terms=json.loads(asked.terms.read_text()),
        scenario=asked.scenario,
        materials={name: (file.name, file.read_bytes()) for name, file in asked.material},
        declarations=tuple(asked.declare),
        opinion=asked.opinion,
        amends=asked.amend,
        name=asked.id,
    )
    keys = {
        grants.provider_of(front, asked.dataset): _read_key(asked.provider_key),
        asked.researcher_organization: _read_key(asked.researcher_key),
    }
    document = grants.grant(front, request, keys=keys, by=_operator()["account"])
    asked.out.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return {"agreement": document["uid"], "file": str(asked.out)}, [document["uid"]]


def _calendar(front: Front, asked: argparse.Namespace) -> tuple[Facts, list[str]]:
    told = calendars.load(front, json.loads(asked.file.read_text(encoding="utf-8")), by=_operator())
    return told, [_calendar_line(told)]


def _calendars(front: Front, asked: argparse.Namespace) -> tuple[Facts, list[str]]:
    facts = calendars.listed(front)
    return facts, [_calendar_line(told) for told in facts] or ["no calendar was loaded"]


def _calendar_line(told: dict[str, Any]) -> str:
    return f"{told['year']}\t{told['days_off']} days off, {told['workdays']} make-up workdays\t{told['source']}"


def _keygen(asked: argparse.Namespace) -> tuple[Facts, list[str]]:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with open(os.open(asked.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    public = b64encode(key.public_key().public_bytes_raw()).decode()
    return {"file": str(asked.file), "public_key": public}, [public]


def _read_key(file: Path) -> Ed25519PrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise RequestRejected(f"{file} holds no Ed25519 private key")
    return key


def _operator() -> dict[str, str]:
    """Who runs the command: the operator, by the name of the system's account."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid-{os.getuid()}"
    return {"account": name, "role": "operator", "organization": "operator", "vouched_by": "front"}


def _failed(body: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(body, ensure_ascii=False))
    else:
        print(body.get("message"), file=sys.stderr)
        for reason in body.get("reasons", ()):
            print(f"  - {reason.get('where', '')}: {reason['message']} [{reason['code']}]", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
