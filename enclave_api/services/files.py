"""Uploaded files (Art. 11, 18): sniffed, limited, stored under their digest, never shown inline.

What a file is, its first bytes say, not its name; the name is text that is told again and never a path. Nothing here
opens, renders or unpacks a file.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enclave_api.front import Front
from enclave_api.services.accounts import Account
from enclave_api.services.acts import note, record
from enclave_api.store.catalogue_models import FileRow, UploadRow
from enclave_api.store.matter_models import ApplicationRow
from policies.errors import NotFound, Reason, RequestRejected

MOST_FILE_BYTES: Final = 20 * 1024 * 1024
MOST_ORGANIZATION_BYTES: Final = 1024 * 1024 * 1024
READERS: Final = ("operator", "regulator", "security-officer")
ENDINGS: Final = {"pdf": "pdf", "png": "png", "jpeg": "jpg", "text": "txt"}
MEDIA: Final = {"pdf": "application/pdf", "png": "image/png", "jpeg": "image/jpeg", "text": "text/plain; charset=utf-8"}


@dataclass(frozen=True)
class Upload:
    """An uploaded file: the digest by which everything names it, its kind, its size in bytes, its name as text."""

    digest: str
    kind: str
    size: int
    name: str


def _is_text(raw: bytes) -> bool:
    if raw.startswith(b"%PDF-"):
        return False  # cut off: its owner should hear that now, not from the operator
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(sign.isprintable() or sign in "\n\r\t" for sign in text)


_KINDS: Final[dict[str, Callable[[bytes], bool]]] = {
    "pdf": lambda raw: raw.startswith(b"%PDF-") and b"%%EOF" in raw[-2048:],
    "png": lambda raw: raw.startswith(b"\x89PNG\r\n\x1a\n") and raw[12:16] == b"IHDR",
    "jpeg": lambda raw: raw.startswith(b"\xff\xd8\xff") and raw.rstrip(b"\0").endswith(b"\xff\xd9"),
    "text": _is_text,
}


def kind_of(raw: bytes) -> str:
    """What the bytes are. Raises RequestRejected for anything that is not taken."""
    for kind, is_so in _KINDS.items():
        if raw and is_so(raw):
            return kind
    raise _rejected("kind", f"a file is one of {', '.join(_KINDS)}; this one is none of them, or broken")


def upload(front: Front, account: Account, *, name: str, raw: bytes) -> Upload:
    """Keep a file for the account's organization; the same bytes twice are one file. Raises RequestRejected."""
    if not 1 <= len(name) <= 200 or not name.isprintable():
        raise _rejected("name", "a name is a line of 1 to 200 characters")
    if len(raw) > MOST_FILE_BYTES:
        raise _rejected("size", f"a file has at most {MOST_FILE_BYTES} bytes")
    kept = Upload(sha256(raw).hexdigest(), kind_of(raw), len(raw), name)
    with front.store.writing() as session:
        if session.get(UploadRow, (kept.digest, account.organization)) is not None:
            return kept
        if _held(session, account.organization) + kept.size > MOST_ORGANIZATION_BYTES:
            raise _rejected("size", f"an organization keeps at most {MOST_ORGANIZATION_BYTES} bytes")
        # On the disk before the row: a row without its bytes would be a promise that can't be kept.
        _write(_path(front, kept.digest), raw)
        _own(front.files, kept.digest)
        if session.get(FileRow, kept.digest) is None:
            session.add(FileRow(digest=kept.digest, kind=kept.kind, size=kept.size))
            session.flush()
        session.add(
            UploadRow(
                digest=kept.digest,
                organization=account.organization,
                name=name,
                account=account.name,
                uploaded_at=front.now(),
            )
        )
        detail = {"digest": kept.digest, "kind": kept.kind, "size": kept.size}
        note(session, actor=account.actor(), act="file-uploaded", detail=detail, now=front.now())
    return kept


def fetch(front: Front, account: Account, digest: str) -> tuple[str, bytes]:
    """A file's kind and bytes. Raises NotFound, in the same words, if there is none or it is not for this account.

    For the organization that uploaded it; for those who check and supervise, and the provider to whom it was handed in
    with an application, whose reading leaves a trace.
    """
    with front.store.reading() as session:
        row = session.get(FileRow, digest)
        is_own = session.get(UploadRow, (digest, account.organization)) is not None
        is_material = account.role == "data-provider" and _is_material(session, account, digest)
    if row is None or not (is_own or is_material or account.role in READERS):
        raise NotFound("there is no such file, or not for you")
    if not is_own:
        record(front, actor=account.actor(), act="file-read", detail={"digest": digest})
    return row.kind, _path(front, digest).read_bytes()


def _is_material(session: Session, account: Account, digest: str) -> bool:
    """Whether a file was handed in with an application for one of the provider's datasets."""
    rows = session.scalars(select(ApplicationRow).where(ApplicationRow.provider == account.organization))
    steps = (step for row in rows for step in row.steps)
    return any(digest in (step.content.get("application") or {}).get("materials", {}).values() for step in steps)


def check_own(session: Session, account: Account, digest: str | None) -> tuple[Reason, ...]:
    """A reason where a named file was not uploaded by the account's organization."""
    if digest is None or session.get(UploadRow, (digest, account.organization)) is not None:
        return ()
    return (Reason("unknown-file", "your organization uploaded no such file", "document"),)


def _held(session: Session, organization: str) -> int:
    sizes = select(func.coalesce(func.sum(FileRow.size), 0)).join(UploadRow, UploadRow.digest == FileRow.digest)
    return session.scalar(sizes.where(UploadRow.organization == organization)) or 0


def _path(front: Front, digest: str) -> Path:
    return front.files / digest[:2] / digest


def _write(path: Path, raw: bytes) -> None:
    """Whole or not at all, and still there after the power failed."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _own(folder: Path, digest: str) -> None:
    """Leave to the front's own uid what an operator's command wrote as root."""
    if os.geteuid() == 0:
        owner = folder.parent.stat()
        for written in (folder, folder / digest[:2], folder / digest[:2] / digest):
            os.chown(written, owner.st_uid, owner.st_gid)


def _rejected(where: str, message: str) -> RequestRejected:
    return RequestRejected("the file can't be kept", (Reason("wrong-file", message, where),))
