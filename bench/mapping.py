"""`python -m bench.mapping`: one record of 20 fields, mapped by the engine and by hand.

Both sides make the same values (checked). The last column is the share that spelling
Japanese companies, telephone numbers, prefectures and addresses in one way takes: both
sides call the same functions for it.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.mapped import lead
from bench.stands import more, world
from tasuki.japan.address import prefecture
from tasuki.japan.company import company_name
from tasuki.japan.email import domain, valid_email
from tasuki.japan.phone import phone_jp
from tasuki.mapping import Payload, fingerprint
from tasuki.model.record import Record
from tasuki.project import Project

_RECORDS = 5_000
_ROUNDS = 5


def records(count: int) -> list[Record]:
    """Return contacts as the connector reads them."""
    found = []
    for person in world(count).people:
        fields: dict[str, object] = {
            "hs_object_id": str(person.id),
            "email": person.email,
            "lastname": person.lastname,
            "firstname": person.firstname,
            "company": person.company,
            "phone": person.phone,
            "state": person.state,
            "jobtitle": person.jobtitle,
            "hubspotscore": str(person.score),
            "hs_analytics_source": person.source,
            "hs_email_optout": "false",
            **more(person.id),
        }
        found.append(Record(str(person.id), "1", fields))
    return found


def best(step: Callable[[Record], object], given: Sequence[Record]) -> float:
    """Return microseconds of CPU for one record, in the best of several rounds."""
    rounds = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        for record in given:
            step(record)
        rounds.append(time.process_time() - begun)
    return min(rounds) / len(given) * 1e6


def main() -> None:
    """Measure and print."""
    mapping = Project(Path(__file__).parent / "project").mappings["bench.lead"]
    given = records(_RECORDS)
    for record in given:
        made = mapping.evaluate(record)
        assert isinstance(made, Payload)
        assert made.fields == lead(record.fields), record.id

    def spelled(record: Record) -> None:
        get = record.fields.get
        for call, name in (
            (valid_email, "email"),
            (company_name, "company"),
            (domain, "email"),
            (phone_jp, "phone"),
            (phone_jp, "mobilephone"),
            (prefecture, "state"),
        ):
            call(get(name))

    ours, hand = best(mapping.evaluate, given), best(lambda r: lead(r.fields), given)
    shared = best(spelled, given)
    payloads = {r.id: mapping.evaluate(r).fields for r in given}
    digest = best(lambda r: fingerprint(payloads[r.id]), given)
    print("us CPU for one record of 20 fields")
    print(f"  by hand        {hand:6.1f}")
    print(f"  mapping        {ours:6.1f}   {ours / hand:.2f} x")
    print(f"  of it, shared  {shared:6.1f}   Japanese spelling, the same on both sides")
    print(f"  mapping alone  {ours - shared:6.1f}")
    print(f"  fingerprint    {digest:6.1f}")


if __name__ == "__main__":
    main()
