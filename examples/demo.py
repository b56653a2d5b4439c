"""`make demo`: a whole small world on real flights, from an empty folder to verified answers, in one command.

It plays every role by its own tools: the operator loads the dataset, enters the parties' keys and makes accounts; the
provider lists the dataset, a university applies for it, and both sign an agreement (`office.py`); the researcher asks
through the client, and reports. With a terminal it then keeps serving; without one (or with DEMO_ONCE=1) it stops what
it started.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import office
from rich.console import Console

import jali

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("JALI_HOME", ROOT / "var")).absolute() / "demo"
DESK = HOME / "desk"
DONE = DESK / "researcher.json"
PORT = os.environ.get("PORT", "8000")
PROVIDER, UNIVERSITY, RESEARCHER = office.PROVIDER, office.UNIVERSITY, "li.wei"
ACCOUNTS = {
    "zhao.min": ("data-provider", PROVIDER),
    "operator": ("operator", "operator"),
    RESEARCHER: ("researcher", UNIVERSITY),
}
console = Console(width=110, highlight=False)


def main() -> int:
    """Set the stage, ask, stop. Exit status 0 only if every scene went as told."""
    environment = os.environ | {"JALI_HOME": str(HOME), "PORT": PORT}
    console.rule("[bold]Jali: conditionally open data, answered and never handed over")
    if not DONE.exists():
        shutil.rmtree(HOME, ignore_errors=True)  # a demo that broke off on its way is begun anew
    _load(environment)
    server = subprocess.Popen([sys.executable, "serve.py"], cwd=ROOT, env=environment)
    try:
        _wait_until_ready(server)
        researcher = _register(environment)
        _ask(researcher)
        if sys.stdin.isatty() and not os.environ.get("DEMO_ONCE"):
            _keep_serving(server, researcher)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
    return 0


def _run(*command: str, environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", *command, "--json"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stdout.decode()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _load(environment: dict[str, str]) -> None:
    if DONE.exists():
        console.print("the demo ran here before: its dataset is loaded, and repeated questions cost nothing")
        return
    console.print("the operator loads [bold]flights[/]: 336,776 real flights of 2013, protected aircraft by aircraft")
    report = _run("enclave", "load", "examples/cards/flights.yaml", environment=environment)
    console.print(f"  version {report['version']}, log entry {report['log_index']}")


def _wait_until_ready(server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{PORT}/health", timeout=5).raise_for_status()
            return
        except httpx.HTTPError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the server did not start") from None
            time.sleep(0.2)


def _register(environment: dict[str, str]) -> dict[str, Any]:
    """Keys, accounts, and the way from the open list to a signed agreement: gone once, then read from the folder."""
    if DONE.exists():
        stored: dict[str, Any] = json.loads(DONE.read_text())
        return stored
    DESK.mkdir(exist_ok=True)
    parties, tokens = {}, {}
    for party, role in ((PROVIDER, "provider"), (UNIVERSITY, "organization")):
        key = parties[party] = _run("enclave_api", "keygen", str(DESK / f"{party}.pem"), environment=environment)[
            "public_key"
        ]
        _run("enclave", "trust", party, "--role", role, "--key", key, environment=environment)
    for name, (role, organization) in ACCOUNTS.items():
        account = ("account", "create", name, "--role", role, "--organization", organization)
        _run("enclave_api", *account, environment=environment)
        tokens[role] = _run("enclave_api", "account", "token", name, "--days", "30", environment=environment)["token"]
    agreement = office.walk(f"http://127.0.0.1:{PORT}", tokens, DESK, console)
    researcher = {"token": tokens["researcher"], "agreement": str(agreement), "parties": parties}
    draft = DESK / f".researcher.{secrets.token_hex(4)}"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(researcher))
    draft.replace(DONE)
    return researcher


def _ask(researcher: dict[str, Any]) -> None:
    room = jali.connect(
        f"http://127.0.0.1:{PORT}", researcher["token"], researcher["agreement"], parties=researcher["parties"]
    )
    for title, sql, epsilon, remark in SCENES:
        _scene(room, title, sql, epsilon, remark)
    _dry_run(room)
    _again(room)
    _refused(room)
    _forbidden(room)
    office.report(f"http://127.0.0.1:{PORT}", researcher["token"], room.agreement.uid, console)
    console.rule("[bold]the end")
    console.print(f"left of the agreement's budget: {room.budget().remaining}")


SCENES = (
    ("How many flights left New York in 2013?", "SELECT COUNT(*) AS flights FROM flights", "1", None),
    (
        "Flights per origin and month",
        "SELECT origin, month, COUNT(*) AS flights FROM flights GROUP BY origin, month ORDER BY origin, month",
        "4",
        None,
    ),
    (
        "Mean departure delay per airline, with the public table of airlines",
        "SELECT name, AVG(dep_delay) AS delay FROM flights JOIN airlines USING (carrier) GROUP BY name ORDER BY delay",
        "6",
        "airlines with few aircraft: their mean may lie anywhere between the column's bounds, as the interval says",
    ),
    (
        "Aircraft per manufacturer, through planes (joined on the privacy unit)",
        "SELECT manufacturer, COUNT(DISTINCT tailnum) AS aircraft FROM flights JOIN planes USING (tailnum)"
        " GROUP BY manufacturer ORDER BY aircraft DESC LIMIT 6",
        "2",
        None,
    ),
    (
        "Mean departure delay per destination, far too cheaply",
        "SELECT dest, AVG(dep_delay) AS delay FROM flights WHERE origin = 'LGA' GROUP BY dest ORDER BY dest LIMIT 8",
        "0.05",
        "too noisy to use: 105 destinations share very little epsilon, so noise is larger than any delay",
    ),
)


def _scene(room: Any, title: str, sql: str, epsilon: str, remark: str | None) -> None:
    console.rule(f"[bold]{title}", align="left")
    console.print(f"[dim]{sql}[/]")
    answer = room.sql(sql, epsilon=epsilon)
    _receipt(answer)
    if remark:
        console.print(f"  {remark}")


def _receipt(answer: Any) -> None:
    answer.receipt.verify()
    console.print(answer)


def _dry_run(room: Any) -> None:
    console.rule("[bold]A dry run: what would it cost, how exact would it be?", align="left")
    plan = room.explain("SELECT carrier, COUNT(*) AS n FROM flights GROUP BY carrier", epsilon="1")
    console.print(plan)
    console.print(f"  cost now: nothing; left: {room.budget().remaining}")


def _again(room: Any) -> None:
    console.rule("[bold]The first question again: the stored answer, free", align="left")
    _, sql, epsilon, _ = SCENES[0]
    answer = room.sql(sql.lower().replace(" as flights", " as n"), epsilon=epsilon)
    if answer.spent.is_charged:
        raise SystemExit("a repeated question was charged")
    _receipt(answer)


def _refused(room: Any) -> None:
    console.rule("[bold]A question that can't be answered", align="left")
    try:
        room.sql("SELECT tailnum, dep_delay FROM flights LIMIT 10", epsilon="1")
    except jali.QueryRejected as refusal:
        console.print(refusal)
    else:
        raise SystemExit("rows were handed out")


def _forbidden(room: Any) -> None:
    console.rule("[bold]A question that the agreement forbids", align="left")
    try:
        room.sql("SELECT AVG(air_time) AS air_time FROM flights", epsilon="1")
    except jali.Refused as refusal:
        console.print(refusal)
    else:
        raise SystemExit("a forbidden column was used")


def _keep_serving(server: "subprocess.Popen[bytes]", researcher: dict[str, Any]) -> None:
    console.print(f"\nserving http://127.0.0.1:{PORT} until Ctrl-C; as {RESEARCHER}:")
    console.print(f"  export JALI_URL=http://127.0.0.1:{PORT} JALI_TOKEN={researcher['token']}", soft_wrap=True)
    console.print(f"  export JALI_AGREEMENT={researcher['agreement']}", soft_wrap=True)
    console.print('  .venv/bin/jali sql --epsilon 1 "SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin"')
    try:
        server.wait()
    except KeyboardInterrupt:
        console.print("stopping")


if __name__ == "__main__":
    sys.exit(main())
