"""The body of an answer as it leaves the room: what was released, what it cost, how to cite and describe it.

What is stored holds every statement's answer under the statement's digest, so that it serves a question that asks for
the same in another order, or under other names. Where one text was asked, its answer is the body itself; where a list
was, they lie in `answers`.
"""

from typing import Any

from dp_queries.answers.answer import Answers
from dp_queries.answers.methods import methods_text
from dp_queries.answers.wording import clipping_note, too_noisy_note
from dp_queries.plan import Above, Plan
from enclave.ledger import decimal_text
from policies.canonical import digest
from policies.catalogue import LoadedDataset
from policies.errors import Conflict

RELEASED = ("columns", "rows", "intervals")


def digest_of(body: dict[str, Any]) -> str:
    """What a receipt binds: SHA-256 over the canonical JSON of columns, rows and intervals, of each answer."""
    if "answers" in body:
        return digest({"answers": [_released(answer) for answer in body["answers"]]})
    return digest(_released(body))


def _released(answer: dict[str, Any]) -> dict[str, Any]:
    return {part: answer[part] for part in RELEASED}


def asked_for(kept: dict[str, Any], plan: Plan, *, is_list: bool, as_stored: bool = False) -> dict[str, Any]:
    """What was stored as this asking wants it: its statements in its order, under its names for their columns.

    `as_stored`: it is the asking for which it was computed. Raises Conflict where the data changed since, so that
    it can't be told any more which answer belongs to which of several statements.
    """
    found = _in_order(kept, plan, as_stored=as_stored)
    answers = [_relabelled(answer, above) for answer, above in zip(found, plan.statements, strict=True)]
    common = {name: value for name, value in kept.items() if name != "answers"}
    if is_list:
        return common | {"answers": answers}
    (answer,) = answers
    return common | answer | {"notes": [*answer["notes"], *kept["notes"]]}


def _in_order(kept: dict[str, Any], plan: Plan, *, as_stored: bool) -> list[dict[str, Any]]:
    stored = kept["answers"]
    if kept["plan"]["digest"] == plan.digest:
        by_statement = {answer["statement"]: answer for answer in stored}
        return [by_statement[above.digest] for above in plan.statements]
    # With another card the same texts are other statements, and one of them may be what another was: a condition that
    # always holds is dropped, and aggregations are numbered anew.
    if as_stored or len(plan.statements) == 1:
        found: list[dict[str, Any]] = stored[: len(plan.statements)]
        widths = [[len(part["columns"]) for part in found], [len(above.columns) for above in plan.statements]]
        if widths[0] == widths[1]:
            return found
    raise Conflict("the data changed since this was asked; ask again with a new key")


def _relabelled(answer: dict[str, Any], above: Above) -> dict[str, Any]:
    """A stored answer under the column names of this asking: names are no part of a plan's digest."""
    names = {old["name"]: new.name for old, new in zip(answer["columns"], above.columns, strict=True)}
    columns = [column | {"name": names[column["name"]]} for column in answer["columns"]]
    intervals = {
        level: {names[name]: bounds for name, bounds in by_column.items()}
        for level, by_column in answer["intervals"].items()
    }
    notes = {too_noisy_note(old): too_noisy_note(new) for old, new in names.items()}
    told = {name: value for name, value in answer.items() if name != "statement"}
    return told | {
        "columns": columns,
        "intervals": intervals,
        "notes": [notes.get(note, note) for note in answer["notes"]],
    }


def told(body: dict[str, Any], *, is_charged: bool, statement: dict[str, str]) -> dict[str, Any]:
    """The body as it leaves now: what was kept, what this asking cost, and what is left."""
    price = body["price"]
    return {name: value for name, value in body.items() if name != "price"} | {
        "spent": {**price, "epsilon": price["epsilon"] if is_charged else "0", "charged": is_charged},
        "remaining": {"epsilon": statement["remaining"], "delta": statement["delta"], "of": statement["epsilon"]},
    }


def kept(answers: Answers, plan: Plan, dataset: LoadedDataset) -> dict[str, Any]:
    """What is stored of an answer: values, price, citation (Art. 29), methods, plan.

    All of it, because by the time it is asked for again the data may have another version.
    """
    card = dataset.card
    pairs = zip(plan.statements, answers.statements, strict=True)
    source = f"{card.citation.rstrip('.')}. Version {plan.version}."
    return {
        "answers": [answer.to_json() | {"statement": above.digest} for above, answer in pairs],
        "notes": [clipping_note(answers.clipping, card.unit.noun)],
        "clipping": [part.to_json() for part in answers.clipping],
        "dataset": card.name,
        "version": plan.version,
        "price": {"epsilon": decimal_text(plan.epsilon_micro), "delta": f"{float(card.budget.query_delta):g}"},
        "citation": f"{source} Answered by Jali under differential privacy.",
        "methods": methods_text(plan, dataset, answers.clipping),
        "plan": {"digest": plan.digest, "mechanism": plan.mechanism, "groups": plan.groups},
    }
