"""People of a marketing tool and the leads they become, small enough to read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tasuki.engine.run import run_sync
from tasuki.engine.sync import Sync
from tasuki.ledger import Ledger
from tasuki.testing import (
    FakeStream,
    FakeSystem,
    ManualClock,
    fake_sync,
    mapping_of,
    temporary_ledger,
)

TEXT = """
version: 1
source: crm/people
destination: sfa/Lead
qualify: {not_ready: score >= 50}
match:
  - Person_Id: id
  - Email: email
  - {object: Contact, Email: email, then: attach}
fields:
  Person_Id: id
  Email: {from: email, pii: true}
  Name: {from: name, required: true, pii: false}
write_back: {lead_id: = receipt.id}
pii: [email]
"""


@dataclass
class Small:
    """Two fakes, a ledger, one mapping."""

    ledger: Ledger
    clock: ManualClock
    text: str = TEXT
    crm: FakeSystem = field(init=False)
    sfa: FakeSystem = field(init=False)

    def __post_init__(self) -> None:
        self.crm = FakeSystem(self.clock, FakeStream("people"), name="crm")
        streams = FakeStream("Lead"), FakeStream("Contact")
        self.sfa = FakeSystem(self.clock, *streams, name="sfa")

    def person(self, record_id: str, **fields: object) -> None:
        usual = {"email": f"{record_id}@x.jp", "name": record_id.upper(), "score": 80}
        self.crm.put("people", record_id, **(usual | fields))

    def sync(self) -> Sync:
        return fake_sync(
            mapping_of(self.text, "leads"), self.crm, self.sfa, self.ledger
        )

    def run(self) -> object:
        return run_sync(self.sync())

    def dump(self) -> list[str]:
        """Return everything in the ledger, as SQL."""
        with self.ledger._database.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            return list(raw.iterdump())


@contextmanager
def small(text: str = TEXT) -> Iterator[Small]:
    clock = ManualClock()
    with temporary_ledger(clock) as ledger:
        yield Small(ledger, clock, text)
