"""Alembic's entry: runs over the connection that `Store.migrate` hands in."""

from alembic import context

import enclave_api.store.catalogue_models
import enclave_api.store.matter_models  # noqa: F401  # its tables are part of the schema
from enclave_api.store.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
