"""How a view describes itself in OpenAPI 3.1: body, query parameters, answer, and the kinds of problem it may tell."""

from collections.abc import Callable, Mapping
from typing import Any

from enclave_api.bodies import Body
from enclave_api.errors import PROBLEM_JSON, PROBLEMS, TYPE_PREFIX
from enclave_api.questions import MOST_STATEMENTS

Schema = dict[str, Any]
View = Callable[..., Any]

OBJECT: Schema = {"type": "object"}
OBJECTS: Schema = {"type": "array", "items": OBJECT}
BYTES = "application/octet-stream"
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"oneOf": [{"type": "string"}, {"type": "number"}]}
_ALWAYS = ("error", "wrong-method")

QUESTION: Schema = {
    "type": "object",
    "description": "Exactly one of `epsilon` and `accuracy` is given.",
    "required": ["agreement", "sql"],
    "additionalProperties": False,
    "properties": {
        "agreement": {"type": "string", "description": "uid of the agreement under which is asked"},
        "sql": {
            "oneOf": [
                {"type": "string", "description": "one SELECT statement"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MOST_STATEMENTS},
            ],
            "description": "one SELECT statement, or a list of them that are answered together, as `answers`",
        },
        "epsilon": {**_NUMBER, "description": "privacy loss, 0.000001 to 100; as text it stays exact"},
        "accuracy": {
            "type": "object",
            "additionalProperties": _NUMBER,
            "description": "wanted half-width of the 95 % interval by column",
        },
        "clipping": {
            "type": "object",
            "additionalProperties": _NUMBER,
            "description": "clipping norm of one unit by column, instead of the card's or a chosen one",
        },
        "purpose": {"type": "string", "description": "one of the agreed purposes"},
    },
}
_REASON: Schema = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "where": {"type": "string"},
        "line": _WHOLE,
        "column": _WHOLE,
    },
}
PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457 problem",
    "required": ["type", "title", "status", "instance", "kind", "reasons", "facts"],
    "properties": {
        "type": {"type": "string", "enum": [TYPE_PREFIX + kind for kind in PROBLEMS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "names this request in our log"},
        "kind": {"type": "string", "enum": list(PROBLEMS)},
        "reasons": {"type": "array", "items": _REASON},
        "log_index": {**_WHOLE, "description": "where the invocation log holds this refusal"},
        "facts": {**OBJECT, "description": "public facts, such as `needed` and `remaining`"},
    },
}
IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "a submit sent again with its key is answered from what is stored, and not charged twice",
}
AGREEMENT: Schema = {"name": "agreement", "in": "query", "required": True, "schema": {"type": "string"}}


def whole(name: str, *, required: bool = True) -> Schema:
    """A query parameter that is a whole number."""
    return {"name": name, "in": "query", "required": required, "schema": _WHOLE}


def text_parameter(name: str, *, required: bool = False) -> Schema:
    """A query parameter that is text."""
    return {"name": name, "in": "query", "required": required, "schema": {"type": "string"}}


def schema_of(body: type[Body]) -> Schema:
    """A body's own schema, without references."""
    return {"description": body.__doc__, **body.model_json_schema()}


def described(
    *,
    answers: Schema | str = OBJECT,
    asks: Schema | str | None = None,
    parameters: tuple[Schema, ...] = (),
    problems: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Note a view's description on it. `answers` and `asks` are JSON schemas, or media types for what is no JSON."""

    def decorate(view: View) -> View:
        content = _content(answers)
        guarded = "is_guarded" in view.__dict__
        kinds = (*problems, *(("not-authenticated", "refused") if guarded else ()), *_ALWAYS)
        view.__dict__["described"] = {
            "responses": {"200": {"description": "the answer", "content": content}, **_told(kinds)},
            **({"parameters": list(parameters)} if parameters else {}),
            **({"requestBody": {"required": True, "content": _content(asks)}} if asks else {}),
            **({"security": [{"token": []}]} if guarded else {}),
        }
        return view

    return decorate


def describe(spec: dict[str, Any], views: Mapping[tuple[str, str], View]) -> dict[str, Any]:
    """The OpenAPI document with every view's own description; `views` by (path, method)."""
    for (path, method), view in views.items():
        operation = spec["paths"][path][method]
        told = dict(view.__dict__["described"])
        in_path = [each for each in operation.get("parameters", []) if each["in"] == "path"]
        operation.update(told, parameters=in_path + told.get("parameters", []))
    spec.setdefault("components", {})["schemas"] = {"Problem": PROBLEM}
    spec["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return spec


def _content(form: Schema | str) -> dict[str, Any]:
    return {form: {"schema": {"type": "string"}}} if isinstance(form, str) else {"application/json": {"schema": form}}


def _told(kinds: tuple[str, ...]) -> dict[str, Any]:
    by_status: dict[str, list[str]] = {}
    for kind in kinds:
        by_status.setdefault(str(PROBLEMS[kind].status), []).append(kind)
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": ", ".join(sorted(set(told))), "content": content}
        for status, told in sorted(by_status.items())
    }
