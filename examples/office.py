"""The demo's way from the open list to an agreement (Art. 9-20), each step by whoever takes it, and a report."""

import json
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

import jali

PROVIDER, UNIVERSITY = "transport-bureau", "open-university"
CARD = Path(__file__).parent / "cards" / "flights.yaml"
SCENARIO = "How delays spread from airport to airport over a day, and which airlines recover from them."
MEASURES = {
    "answers are kept on machines of the organization": "On the institute's own server, in Shanghai.",
    "each person signs in with an account of their own": "Accounts come from the university's directory.",
}
MATERIALS = {
    "scenario": "We ask for departures by airport, airline and month, for a paper and a course.",
    "measures": "Answers stay on the institute's server. Two people have accounts.",
}
WANTED = {
    "doors": ["sql"],
    "columns": [
        *(f"flights.{name}" for name in ("origin", "dest", "carrier", "month", "dep_delay", "distance", "tailnum")),
        *("planes.tailnum", "planes.manufacturer", "airlines.*", "airports.*"),
    ],
    "aggregates": ["count", "count_distinct", "sum", "avg"],
    "epsilon": "25",
    "delta": "0.000001",
    "epsilon_per_query": "8",
    "queries_per_day": 500,
    "months": 12,
}
NARRATIVE: dict[str, Any] = {
    "scenario": "Departures and delays by airport and airline, for a course on statistics.",
    "served": "Students of the open university.",
    "business_model": "None: teaching.",
    "benefits": "Real figures in class, at no cost.",
}


def walk(url: str, tokens: dict[str, str], folder: Path, console: Console) -> Path:
    """Publish, apply, be returned, complete, be approved, sign: the signed agreement's file."""
    desks = {role: jali.desk(url, token) for role, token in tokens.items()}
    try:
        _publish(desks, console)
        application = _apply(desks, folder, console)
        _decide(desks, application, console)
        return _sign(desks, application, folder, console)
    finally:
        for desk in desks.values():
            desk.close()


def report(url: str, token: str, agreement: str, console: Console) -> None:
    """File the report on the first period, unless it was filed before; show what the log fills in."""
    with jali.desk(url, token) as desk:
        first = desk.reports(agreement)[0]
        if first["report"] is None:
            console.rule("[bold]The use is over: the researcher reports (Art. 29)", align="left")
            measures = dict.fromkeys(first["measures"], "As the agreement says.")
            sheet = {"title": "Exercises on delays", "kind": "other", "citation": first["source"]}
            desk.file_report(agreement, first["number"], **NARRATIVE, measures=measures, results=[sheet])
            first = desk.reports(agreement)[0]
        facts = desk.usage(agreement, first["number"])
        told = {name: count for name, count in facts["invocations"].items() if count}
        console.print(f"  the report due on {first['due_at'][:10]} is {first['standing']}; the log fills in: {told},")
        console.print(f"  columns {', '.join(name for name, _ in facts['columns'][:4])}; {facts['people']} person")


def _publish(desks: dict[str, jali.Desk], console: Console) -> None:
    console.rule("[bold]The provider lists the dataset (Art. 9-15)", align="left")
    card = json.loads(json.dumps(yaml.safe_load(CARD.read_text(encoding="utf-8")), default=str))
    order = desks["data-provider"].order("list", "flights", "Asked for by two universities.", card=card)
    (waiting,) = desks["operator"].tasks()
    console.print(f"  the operator finds a task: {waiting['matter']} {waiting['id']}, {' or '.join(waiting['acts'])}")
    for accepted in desks["operator"].matters("work-orders"):
        accepted.act("accept")
    (listed,) = desks["operator"].catalogue("flights")
    console.print(f"  {order.id} is accepted: [bold]{listed['title']}[/] is listed as {listed['openness']}")


def _apply(desks: dict[str, jali.Desk], folder: Path, console: Console) -> jali.Application:
    console.rule("[bold]A university applies (Art. 18, 19)", align="left")
    files = {name: folder / f"{name}.txt" for name in MATERIALS} | {"credit": folder / "credit.pdf"}
    for name, text in MATERIALS.items():
        files[name].write_text(text + "\n")
    files["credit"].write_bytes(b"%PDF-1.4\n% a declaration with a signature\n%%EOF\n")
    desk = desks["researcher"]
    stated: dict[str, Any] = {"purposes": ["research on air traffic"], "scenario": SCENARIO, "wanted": WANTED}
    try:
        desk.apply("flights", **stated, measures=MEASURES, materials={"scenario": files["scenario"]})
    except jali.ApplicationIncomplete as incomplete:
        console.print(incomplete)
    else:
        raise SystemExit("an application was taken that lacks its materials")
    stated |= {"measures": MEASURES, "declarations": ["not-seriously-illegal"], "materials": files}
    application = desk.apply("flights", **stated)
    console.print(f"  complete now: {application}")
    checked = desks["operator"].application(application.id)
    checked.act("return", "The scenario does not say who will use the data.")
    console.print(f"  the operator returns it: {checked.history[-1]['reason']}")
    stated["wanted"] = WANTED | {"people": ["li.wei"]}
    application = desk.complete(application, **stated)
    checked = desks["operator"].application(application.id)
    checked.act("accept")
    deadline = checked.deadline
    assert deadline is not None
    about = ", provisional" if deadline["is_provisional"] else ""
    console.print(f"  completed and accepted; the provider decides by {deadline['day']}{about} (10 working days)")
    return application


def _decide(desks: dict[str, jali.Desk], application: jali.Application, console: Console) -> None:
    console.rule("[bold]The provider decides (Art. 19)", align="left")
    review = desks["data-provider"].application(application.id)
    found = [finding["message"] for finding in review.risk()]
    console.print(
        f"  what could the university join it with? {'; '.join(found) or 'nothing: it holds no agreement yet'}"
    )
    console.print("  a quarter of the population's budget or more is large: experts are heard first")
    review.act("ask-experts", "Professor Wu, statistics")
    review.act("note-opinion", "Professor Wu: aircraft are no persons, and the budget is enforced. No objection.")
    review.act("approve", "It serves research, and the conditions are met.")
    console.print(f"  approved: {review.state}")


def _sign(desks: dict[str, jali.Desk], application: jali.Application, folder: Path, console: Console) -> Path:
    for role, party in (("researcher", UNIVERSITY), ("data-provider", PROVIDER)):
        signed = desks[role].application(application.id).sign(folder / f"{party}.pem")
    if signed.agreement is None:
        raise SystemExit("two signatures, and no agreement")
    out = folder / "agreement.json"
    out.write_text(json.dumps(desks["researcher"].agreement(signed.agreement), indent=2, ensure_ascii=False) + "\n")
    console.print(f"provider and university signed [bold]{out.name}[/]; the operator entered both keys")
    return out
