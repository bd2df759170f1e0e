"""The board: what a sweep knows, in the fewest tables that the rules can be asked of.

SQLite's own temporary database: it has no name, and the operating system takes it back
when the process ends, however it ends. It holds ids, states, days and amounts; what
could name a person is there as a keyed hash only.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tasuki.insight.leak.rule import Rule

_SET_UP: Final = (
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;"
)
SCHEMA: Final = """
CREATE TABLE person(id TEXT PRIMARY KEY, email_key TEXT, company_id TEXT, lifecycle TEXT, consent INT DEFAULT 1, created_at TEXT, merged_into TEXT, deleted INT DEFAULT 0);
CREATE TABLE company(id TEXT PRIMARY KEY, core_key TEXT, corporate_number TEXT, registration_number TEXT, domain TEXT, billing_contact TEXT, merged_into TEXT, deleted INT DEFAULT 0);
CREATE TABLE xref(kind TEXT, local_id TEXT, system TEXT, remote_id TEXT, remote_deleted INT DEFAULT 0, last_seen_at TEXT, PRIMARY KEY(kind,system,remote_id));
CREATE TABLE handoff(id INTEGER PRIMARY KEY, subject_id TEXT, rule TEXT, opened_at TEXT, due_at TEXT, closed_at TEXT, cancelled_at TEXT);
CREATE TABLE sfa_lead(id TEXT PRIMARY KEY, person_id TEXT, status TEXT, owner_id TEXT, owner_active INT DEFAULT 1, created_at TEXT, first_activity_at TEXT, last_activity_at TEXT, is_converted INT DEFAULT 0, converted_deal_id TEXT);
CREATE TABLE deal(id TEXT PRIMARY KEY, company_id TEXT, stage TEXT, is_closed INT DEFAULT 0, is_won INT DEFAULT 0, amount_excl INT, currency TEXT DEFAULT 'JPY', owner_id TEXT, owner_active INT DEFAULT 1, won_at TEXT, close_date TEXT, stage_entered_at TEXT, last_activity_at TEXT, next_step_on TEXT, billing_mode TEXT DEFAULT 'one_time', needs_onboarding INT DEFAULT 1);
CREATE TABLE invoice_plan(id TEXT PRIMARY KEY, deal_id TEXT, seq INT, bill_on TEXT, amount_excl INT, cancelled INT DEFAULT 0);
CREATE TABLE invoice(id TEXT PRIMARY KEY, plan_id TEXT, deal_id TEXT, company_id TEXT, system TEXT, remote_id TEXT, number TEXT, doc_type TEXT DEFAULT 'invoice', issue_date TEXT, due_date TEXT, amount_excl INT, tax INT, amount_incl INT, remote_amount_incl INT, status TEXT, sent_at TEXT, qualified INT DEFAULT 1, content_sha TEXT);
CREATE TABLE payment(id TEXT PRIMARY KEY, invoice_id TEXT, amount INT, paid_on TEXT);
CREATE TABLE onboarding(id TEXT PRIMARY KEY, deal_id TEXT, created_at TEXT, due_on TEXT, done_at TEXT);
CREATE TABLE subscription(id TEXT PRIMARY KEY, deal_id TEXT, company_id TEXT, status TEXT, start_on TEXT, end_on TEXT, auto_renew INT DEFAULT 1, notice_on TEXT, renewal_task_at TEXT, mrr INT, billed_through TEXT);
CREATE TABLE archive(seq INTEGER PRIMARY KEY, invoice_id TEXT, content_sha TEXT);
CREATE TABLE outbox(id INTEGER PRIMARY KEY, op TEXT, subject_id TEXT, state TEXT, created_at TEXT, attempts INT DEFAULT 0);
CREATE TABLE sync_cursor(system TEXT, object TEXT, last_success_at TEXT, max_lag_minutes INT);
"""  # noqa: E501 - one table a line
_OWN: Final = """
CREATE TABLE covered(plan_id TEXT, invoice_id TEXT, PRIMARY KEY(plan_id, invoice_id)) WITHOUT ROWID;
CREATE TABLE origin(board TEXT, id TEXT, ref TEXT, subject TEXT, department TEXT, PRIMARY KEY(id, board)) WITHOUT ROWID;
CREATE TABLE due(due_id TEXT, plan_id TEXT, PRIMARY KEY(due_id, plan_id)) WITHOUT ROWID;
CREATE TABLE marked(stream TEXT, remote_id TEXT, mark TEXT, PRIMARY KEY(mark, remote_id)) WITHOUT ROWID;
CREATE TABLE seen(id TEXT, stream TEXT, PRIMARY KEY(id, stream)) WITHOUT ROWID;
CREATE INDEX xref_local ON xref(local_id, kind, system);
CREATE INDEX plan_deal ON invoice_plan(deal_id);
CREATE INDEX invoice_of_plan ON invoice(plan_id);
CREATE INDEX invoice_of_deal ON invoice(deal_id);
CREATE INDEX invoice_remote ON invoice(remote_id);
CREATE INDEX invoice_series ON invoice(
  substr(number,1,length(number)-4), CAST(substr(number,-4) AS INT));
CREATE INDEX payment_of ON payment(invoice_id);
CREATE INDEX onboarding_of ON onboarding(deal_id);
CREATE INDEX archive_of ON archive(invoice_id);
CREATE INDEX deal_of ON deal(company_id);
"""  # noqa: E501
"""Beside the tables of the rules: which instalments a due or an issued invoice bills,
where a row came from, and which records of a system a sweep has met."""

_ASKED: Final = (
    "SELECT COALESCE(o.subject, f.subject), f.yen, COALESCE(o.ref, ''),"
    " COALESCE(o.department, '')"
    " FROM (RULE) f LEFT JOIN origin o ON o.board = :about AND o.id = f.record"
)
Value = str | int | float | None


def _columns(schema: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of each table that a schema declares."""
    found: dict[str, tuple[str, ...]] = {}
    for name, body in re.findall(r"CREATE TABLE (\w+)\((.*)\);", schema):
        plain = re.sub(r", PRIMARY KEY\(.*?\)", "", body)
        found[name] = tuple(one.split()[0] for one in plain.split(", "))
    return found


BOARD: Final[Mapping[str, tuple[str, ...]]] = _columns(SCHEMA)
"""The tables that a project may fill, with their columns."""


class Row(NamedTuple):
    """One answer of a rule.

    Attributes:
        subject: What tells it from the rule's other findings.
        ref: The record it is about, as `connection/stream/id`; "" where none is known.
        yen: What is at risk; None where nobody can say.
        department: Whose turn this one is, "" where it is as the rule says.
    """

    subject: str
    ref: str
    yen: int | None
    department: str = ""


class Board:
    """The tables of one sweep."""

    def __init__(self) -> None:
        # One thread at a time: pages are read by one and laid down by another.
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._db.executescript(_SET_UP + SCHEMA + _OWN)

    def close(self) -> None:
        """Give the disk space back."""
        self._db.close()

    def put(self, table: str, rows: Sequence[Mapping[str, Value]]) -> None:
        """Lay rows down; all have the same columns, a later one of a key counts."""
        if not rows:
            return
        names = list(rows[0])
        marks = ", ".join("?" for _ in names)
        # The names are the board's own columns, checked where a project says them.
        listed = ", ".join(names)
        text = f"INSERT OR REPLACE INTO {table} ({listed}) VALUES ({marks})"  # noqa: S608
        self.fill(text, ([row[name] for name in names] for row in rows))

    def fill(self, text: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one of our statements for many rows."""
        self._db.execute("BEGIN")
        self._db.executemany(text, rows)
        self._db.execute("COMMIT")

    def run(self, text: str, values: Sequence[Value] = ()) -> None:
        """Run one of our statements."""
        self._db.execute(text, values)

    def note_origin(
        self, table: str, rows: Iterable[tuple[str, str, str | None]]
    ) -> None:
        """Note where rows came from: id, `connection/stream/id`, and a lasting name.

        The name is what a finding is known by where the row's own id does not last.
        """
        self.fill(
            "INSERT OR REPLACE INTO origin (board, id, ref, subject) "
            "VALUES (?, ?, ?, ?)",
            ((table, *row) for row in rows),
        )

    def note_departments(self, table: str, rows: Iterable[tuple[str, str]]) -> None:
        """Note whose turn noted rows are: id, department."""
        self.fill(
            "UPDATE origin SET department = ? WHERE board = ? AND id = ?",
            ((department, table, one) for one, department in rows),
        )

    def saw(self, stream: str, ids: Iterable[str]) -> None:
        """Note records that a stream holds."""
        text = "INSERT OR IGNORE INTO seen (id, stream) VALUES (?, ?)"
        self.fill(text, ((one, stream) for one in ids))

    def rows(
        self, text: str, values: Sequence[Value] = ()
    ) -> Iterator[tuple[Value, ...]]:
        """Yield the answers of one of our queries."""
        yield from self._db.execute(text, values)

    def ask(self, rule: Rule, terms: Mapping[str, Value]) -> list[Row]:
        """Return what a rule finds, each subject once."""
        # The rules' own queries; what varies is bound.
        text = _ASKED.replace("RULE", rule.find)
        found: dict[str, Row] = {}
        answers = self._db.execute(text, {**terms, "about": rule.about})
        for subject, yen, ref, department in answers:
            row = Row(str(subject), str(ref), _whole(yen), str(department))
            found.setdefault(row.subject, row)
        return list(found.values())


def _whole(yen: float | None) -> int | None:
    return None if yen is None else round(yen)
