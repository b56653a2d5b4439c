"""Alembic's entry for the room's store; the connection is handed in by `Database.migrate`."""

from alembic import context

import enclave.store.log_models
import enclave.store.models
import enclave.store.sanction_models  # noqa: F401  # they fill the metadata
from enclave.store.base import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
