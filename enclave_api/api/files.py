"""Uploads (Art. 11, 18): documents that matters are supported by. They come and go as bytes, never as a page."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from enclave_api.api.description import BYTES, described, text_parameter
from enclave_api.auth import front, signed_in
from enclave_api.services import files as stories
from enclave_api.services.accounts import Account

bp = APIBlueprint("files", __name__, url_prefix="/files")


@bp.post("")
@described(asks=BYTES, parameters=(text_parameter("name", required=True),), problems=("request-rejected", "too-large"))
@signed_in("researcher", "data-provider", "operator", "regulator", "security-officer")
def upload(account: Account) -> Any:
    """Keep a file (PDF, PNG, JPEG or text) of your organization; the answer holds the digest that names it."""
    request.max_content_length = stories.MOST_FILE_BYTES
    raw = request.get_data(cache=False)
    return vars(stories.upload(front(), account, name=request.args.get("name", ""), raw=raw))


@bp.get("/<digest>")
@described(answers="application/octet-stream", problems=("not-found",))
@signed_in()
def fetch(account: Account, digest: str) -> Any:
    """A file, as an attachment: your organization's own; all for those who check and supervise, which is logged."""
    kind, raw = stories.fetch(front(), account, digest)
    # Never inline: what somebody uploaded must not run as a page of ours (OWASP ASVS 5.0, 5.4).
    disposition = f'attachment; filename="{digest[:16]}.{stories.ENDINGS[kind]}"'
    return Response(raw, content_type=stories.MEDIA[kind], headers={"Content-Disposition": disposition})
