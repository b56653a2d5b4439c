"""Unconditionally open data (Art. 17): files and rows for anybody, without an account."""

from typing import Any

from apiflask import APIBlueprint
from flask import request, send_file

from enclave_api.api import reading
from enclave_api.api.description import described, text_parameter, whole
from enclave_api.auth import front
from enclave_api.services import downloads as stories

bp = APIBlueprint("downloads", __name__, url_prefix="/catalogue")

_ROWS = (text_parameter("columns"), whole("offset", required=False), whole("limit", required=False))


@bp.get("/<name>/download")
@described(problems=("not-found", "refused", "unavailable"))
def files(name: str) -> Any:
    """The files of an unconditionally open dataset, with their digests and the figures of their load."""
    return stories.facts(front(), name)


@bp.get("/<name>/download/<file>")
@described(answers="application/octet-stream", problems=("not-found", "refused", "unavailable"))
def file(name: str, file: str) -> Any:
    """A table as a file, {table}.csv or {table}.parquet; ranges and conditional requests are understood."""
    found = stories.file(front(), name, file)
    return send_file(
        found.path,
        mimetype=found.media,
        as_attachment=True,
        download_name=f"{name}-{found.version}-{file}",
        etag=found.digest,
    )


@bp.get("/<name>/tables/<table>/rows")
@described(parameters=_ROWS, problems=("request-rejected", "not-found", "refused", "unavailable"))
def rows(name: str, table: str) -> Any:
    """Rows of a table, a page at a time, in the file's order."""
    columns = [column for column in request.args.get("columns", "").split(",") if column]
    offset, limit = reading.whole("offset", default=0), reading.whole("limit", default=100)
    return stories.rows(front(), name, table, columns=columns, offset=offset, limit=limit)
