"""The application factory: wires the parts, and does nothing else."""

import re
from typing import Any

from apiflask import APIFlask
from flask import Flask, Response

from enclave_api import errors
from enclave_api.api import (
    agreements,
    alerts,
    applications,
    cases,
    catalogue,
    downloads,
    files,
    health,
    log,
    operation,
    petitions,
    queries,
    reports,
    sanctions,
    tasks,
    work_orders,
)
from enclave_api.api.description import View, describe
from enclave_api.config import Settings
from enclave_api.front import Front
from enclave_api.services.acts import deliver

API = "/api/v1"
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
MOST_BODY_BYTES = 256 * 1024

# Nothing we serve is a page, may be framed, cached or guessed to be of another type (OWASP ASVS 5.0, chapter 3).
# There is no CORS header: pages of other origins can't read answers.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "interest-cohort=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


_BLUEPRINTS = (
    *(catalogue, downloads, agreements, applications, reports, queries, log, alerts, files),
    *(work_orders, cases, petitions, operation, sanctions, tasks),
)


def create_app(settings: Settings) -> APIFlask:
    """The front as a WSGI application. Migrations run here, and acts that wait for the room's log are sent."""
    app = APIFlask(
        "enclave_api", title="Jali", version="1", spec_path=f"{API}/openapi.json", docs_path=None, json_errors=False,
    )  # fmt: skip
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.config["AUTO_SERVERS"] = False  # the address comes from the Host header, which the caller writes
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.extensions["jali"] = Front.open(settings)
    errors.register(app)
    for module in _BLUEPRINTS:
        app.register_blueprint(module.bp, url_prefix=API + (module.bp.url_prefix or ""))
    app.register_blueprint(health.bp)
    app.register_blueprint(catalogue.open_list)
    app.after_request(_headers)
    app.spec_processor(lambda spec: describe(spec, described_views(app)) if isinstance(spec, dict) else spec)
    deliver(app.extensions["jali"])
    return app


def described_views(app: Flask) -> dict[tuple[str, str], View]:
    """Every described view by its OpenAPI path and its method."""
    found: dict[tuple[str, str], Any] = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if "described" in view.__dict__:
            method = next(method for method in rule.methods or () if method in ("GET", "POST"))
            found[_CONVERTER.sub(r"{\1}", rule.rule), method.lower()] = view
    return found


def _headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response
