"""How long what is no evidence of money is kept."""

from typing import NamedTuple

USUAL_DAYS = 400
INBOX_DAYS = 30
"""No vendor delivers an event again after so long."""


class Retention(NamedTuple):
    """Days after which tidying may take something; None for never.

    Attributes:
        decisions: Decisions about a record that has a newer one.
        runs: Runs that ended, and were followed by one that read to the end.
        dead_letters: Dead letters whose record has arrived since.
        payloads: What was sent in a confirmed write; the write itself stays.
        inbox: Hints that are done, or that nobody reads.
    """

    decisions: int | None = USUAL_DAYS
    runs: int | None = USUAL_DAYS
    dead_letters: int | None = USUAL_DAYS
    payloads: int | None = USUAL_DAYS
    inbox: int | None = INBOX_DAYS
