"""People by the hundred thousand, for measuring: cheap, lazy, each with an address."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from tasuki.clock import TOKYO
from tasuki.sandbox.demo_firms import Register
from tasuki.sandbox.demo_names import JOB_TITLES, NameBook
from tasuki.sandbox.demo_people import FREE_MAIL
from tasuki.sandbox.demo_spelling import (
    typed_company,
    typed_names,
    typed_phone,
    typed_prefecture,
)
from tasuki.sandbox.world import Person

_TODAY: Final = datetime(2026, 11, 20, 10, tzinfo=TOKYO)
_SPAN: Final = timedelta(days=548)
_SPAN_MS: Final = _SPAN // timedelta(milliseconds=1)
_FIRMS: Final = 400
_POOL: Final = 1_999
_REASONS: Final = 4
_NO_EMAIL, _FREE, _OPTED_OUT = range(3)


def many_people(
    count: int,
    seed: int = 2026,
    *,
    qualifying: float = 1.0,
    today: datetime | None = None,
    first_id: int = 1_000_001,
) -> Iterator[Person]:
    """Yield people in order of change, typed as messily as those of the demo.

    Args:
        count: How many.
        seed: Equal seeds give equal people.
        qualifying: The share that the shipped lead mapping lets through; the others
            fail evenly for want of an address, a company's address, consent or score.
        today: When the last of them was changed, at the latest.
        first_id: The first id; they rise by one.

    Example:
        >>> [person.email for person in many_people(2)]
        ['load0000000@sample-000.example.jp', 'load0000001@sample-001.example.jp']
    """
    rng = Random(seed)  # noqa: S311 - sample values
    pool = _typed(rng)
    moment = (today or _TODAY).astimezone(UTC) - _SPAN
    missed = 0
    for index in range(count):
        person = pool[rng.randrange(_POOL)]
        address = f"load{index:07d}@sample-{index % 1000:03d}.example.jp"
        score, reason, opted_out = 60 + index % 40, -1, False
        if int((index + 1) * qualifying) == int(index * qualifying):
            score, reason = index % 60, missed % _REASONS
            missed += 1
            opted_out = reason == _OPTED_OUT
            if reason == _NO_EMAIL:
                address = ""
            elif reason == _FREE:
                address = f"sample-load{index:07d}@{FREE_MAIL[index % len(FREE_MAIL)]}"
        last, first, company, phone, state, jobtitle = person
        changed = moment + timedelta(milliseconds=_SPAN_MS * index // count)
        yield Person(
            id=first_id + index,
            created=changed,
            modified=changed,
            email=address,
            lastname=last,
            firstname=first,
            company=company,
            phone=phone,
            state=state,
            jobtitle=jobtitle,
            lifecycle="lead" if reason >= 0 else "marketingqualifiedlead",
            score=score,
            opted_out=opted_out,
        )


def _typed(rng: Random) -> list[tuple[str, str, str, str, str, str]]:
    """Return spellings to repeat: drawing each anew would cost more than reading it."""
    names, firms = NameBook(), Register().draw(rng, _FIRMS)
    pool = []
    for _ in range(_POOL):
        firm = rng.choice(firms)
        pool.append(
            (
                *typed_names(rng, names.draw(rng)),
                typed_company(rng, firm),
                typed_phone(rng, firm.switchboard),
                typed_prefecture(rng, firm.place.prefecture),
                rng.choice(JOB_TITLES),
            )
        )
    return pool
