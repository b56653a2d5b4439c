"""The entry of a conditionally open dataset that the tests' cards share: all that Art. 9 asks for, in few words."""

from typing import Any

CONDITIONS = [
    {"kind": "scenario", "text": "Tests only.", "purposes": ["tests", "a study", "study"]},
    {
        "kind": "security",
        "text": "Keep it here.",
        "measures": ["Accounts, tokens and keys are personal and are not passed on."],
    },
    {"kind": "feedback", "text": "Say what came of it.", "report_months": 12},
]
MATERIALS = [{"name": "scenario", "title": "Scenario", "text": "What it is for.", "answers": "scenario"}]


def entry(name: str, key_field: str, **changes: Any) -> dict[str, Any]:
    """The dataset's half of a card, without its unit, budget and tables."""
    return {
        **dict.fromkeys(("title", "description", "licence", "citation", "geographic_range"), f"The tests' {name}."),
        "name": name,
        "provider": "nobody",
        "key_fields": [key_field],
        "time_range": {"start": "2013-01-01", "end": "2013-12-31"},
        "formats": ["csv"],
        "update_frequency": "static",
        "relations": [],
        "openness": "conditional",
        "conditions": CONDITIONS,
        "materials": MATERIALS,
        **changes,
    }


def graded(table: dict[str, Any], level: int = 3) -> dict[str, Any]:
    """A table whose columns all have the level, and a source in the public data directory."""
    return {"level": level, "directory": "the tests", **table}
