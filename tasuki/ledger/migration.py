"""Bringing a ledger to this version's schema, once, whoever opens it first."""

from pathlib import Path

from sqlalchemy import Connection, inspect

from tasuki.ledger.database import Database
from tasuki.model.errors import LedgerError

HEAD = "0024"
"""The revision this version works with; a test compares it with the files."""

SCRIPTS = Path(__file__).with_name("migrations")
# One number for all ledgers: openers of one database wait for each other.
_ADVISORY_LOCK = 7_274_735


def bring_up_to_date(database: Database) -> None:
    """Create or upgrade the tables where the stored revision is not ours."""
    with database.reading() as connection:
        stored = revision(connection)
    if stored == HEAD:
        return
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql(
                f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"
            )
        stored = revision(connection)
        if stored is not None and stored > HEAD:
            what = f"it has schema {stored}, this tasuki knows only {HEAD}"
            remedy = "Install the newer tasuki that made it, or restore a backup."
            raise LedgerError(database.where, what, remedy)
        if stored != HEAD:
            _upgrade(connection)


def revision(connection: Connection) -> str | None:
    """Return the stored revision; None for an empty database."""
    # Asked for first: a failing SELECT would end the transaction, and with it the lock.
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return row[0] if row else None


def _upgrade(connection: Connection) -> None:
    # Imported here: it takes 0.3 s, and an up-to-date ledger does not need it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
