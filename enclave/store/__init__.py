"""The room's own database: models, migrations, and how a transaction is opened."""
