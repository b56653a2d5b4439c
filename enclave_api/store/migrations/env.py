"""Alembic's entry: runs over the connection that `Store.migrate` hands in."""

from alembic import context

from enclave_api.store.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
