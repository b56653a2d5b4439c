"""The body of an answer as it leaves the room: what was released, what it cost, how to cite and describe it."""

from typing import Any

from dp_queries.answer import Answer
from dp_queries.methods import methods_text
from dp_queries.plan import Plan
from dp_queries.wording import clipping_note
from enclave.ledger import decimal_text
from policies.canonical import digest
from policies.catalogue import LoadedDataset

RELEASED = ("columns", "rows", "intervals")


def digest_of(answer: dict[str, Any]) -> str:
    """What a receipt binds: SHA-256 over the canonical JSON of columns, rows and intervals."""
    return digest({part: answer[part] for part in RELEASED})


def relabelled(answer: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """A stored answer under the column names of this asking: names are no part of a plan's digest."""
    names = {old["name"]: new.name for old, new in zip(answer["columns"], plan.above.columns, strict=True)}
    columns = [column | {"name": names[column["name"]]} for column in answer["columns"]]
    intervals = {
        level: {names[name]: bounds for name, bounds in by_column.items()}
        for level, by_column in answer["intervals"].items()
    }
    return answer | {"columns": columns, "intervals": intervals}


def told(answer: dict[str, Any], *, is_charged: bool, statement: dict[str, str]) -> dict[str, Any]:
    """The body as it leaves now: what was kept, what this asking cost, and what is left."""
    price = answer["price"]
    return {name: value for name, value in answer.items() if name != "price"} | {
        "spent": {**price, "epsilon": price["epsilon"] if is_charged else "0", "charged": is_charged},
        "remaining": {"epsilon": statement["remaining"], "delta": statement["delta"], "of": statement["epsilon"]},
    }


def kept(answer: Answer, plan: Plan, dataset: LoadedDataset) -> dict[str, Any]:
    """What is stored of an answer: values, price, citation (Art. 29), methods, plan.

    All of it, because by the time it is asked for again the data may have another version.
    """
    card = dataset.card
    released = answer.to_json()
    source = f"{card.citation.rstrip('.')}. Version {plan.version}."
    return released | {
        "notes": [*released["notes"], clipping_note(answer.clipping, card.unit.noun)],
        "dataset": card.name,
        "version": plan.version,
        "price": {"epsilon": decimal_text(plan.epsilon_micro), "delta": f"{float(card.budget.query_delta):g}"},
        "citation": f"{source} Answered by Jali under differential privacy.",
        "methods": methods_text(plan, dataset, answer.clipping),
        "plan": {"digest": plan.digest, "mechanism": plan.mechanism, "groups": plan.groups},
    }
