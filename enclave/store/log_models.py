"""The log's tables: leaves, stored nodes of the Merkle tree, and every checkpoint that was signed.

Rows are inserted and never changed or deleted; `enclave.audit.log` alone writes them.
"""

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from enclave.store.base import Base


class Leaf(Base):
    """One entry: its canonical JSON and its leaf hash. `kind` repeats what the body says, to search by."""

    __tablename__ = "log_leaf"
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Node(Base):
    """The hash of a complete subtree: leaves [index * 2^level, (index + 1) * 2^level), level 1 and up."""

    __tablename__ = "log_node"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  # SQLAlchemy's spelling
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Checkpoint(Base):
    """A signed checkpoint of the log at `size` leaves, as the C2SP note that was given out."""

    __tablename__ = "log_checkpoint"
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str]
