"""How Alembic runs the ledger's migrations: on the connection it is given."""

from alembic import context

from tasuki.ledger.tables import Stored


def run() -> None:
    """Run them inside the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Stored.metadata,
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic runs this file
    run()
