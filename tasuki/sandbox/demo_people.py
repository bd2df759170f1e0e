"""The people of the demo: who wrote in during the last eighteen months."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Final

from tasuki.clock import TOKYO
from tasuki.sandbox.demo_firms import Firm
from tasuki.sandbox.demo_names import JOB_TITLES, NameBook, PersonName
from tasuki.sandbox.demo_spelling import (
    broken_address,
    faithful_company,
    other_spelling,
    typed_address,
    typed_company,
    typed_names,
    typed_phone,
    typed_prefecture,
)
from tasuki.sandbox.world import Person

FIRST_ID: Final = 40_001
FREE_MAIL: Final = (
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "yahoo.co.jp",
    "yahoo.co.jp",
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "i.softbank.jp",
    "icloud.com",
    "outlook.jp",
)
THRESHOLD: Final = 60
_SPAN: Final = timedelta(days=548)
_MOBILES: Final = ("090", "090", "090", "080", "080", "070")
_OLDEST_LINKED: Final = 200
_YOUNGEST_LINKED: Final = 70
_SATURDAY: Final = 5
_MOBILE_SHARE: Final = 0.35
_NOT_ON_WEEKENDS: Final = 0.8
_CUSTOMER_SHARE: Final = 0.25


class Kind(StrEnum):
    """Why a person is, or is not, handed over to sales."""

    QUALIFIED = "qualified"
    AGAIN = "again"  # a qualified person a second time, in another spelling
    BELOW = "below"
    FREE_MAIL = "free_mail"
    OPTED_OUT = "opted_out"
    NO_EMAIL = "no_email"
    BROKEN_EMAIL = "broken_email"


SHARES: Final[dict[Kind, float]] = {
    Kind.QUALIFIED: 0.58,
    Kind.AGAIN: 0.03,
    Kind.BELOW: 0.16,
    Kind.FREE_MAIL: 0.12,
    Kind.OPTED_OUT: 0.05,
    Kind.NO_EMAIL: 0.03,
    Kind.BROKEN_EMAIL: 0.03,
}
# Lifecycle, lowest and highest score, weight.
_WARM: Final = (
    ("marketingqualifiedlead", 20, 98, 58),
    ("salesqualifiedlead", 45, 98, 20),
    ("lead", THRESHOLD, 95, 17),
    ("subscriber", THRESHOLD, 80, 5),
)
_COLD: Final = (
    ("lead", 0, THRESHOLD - 1, 55),
    ("subscriber", 0, 40, 30),
    ("opportunity", 30, THRESHOLD - 1, 5),
    ("customer", 10, THRESHOLD - 1, 10),
)
_SOURCES: Final = (
    ("ORGANIC_SEARCH", 30),
    ("PAID_SEARCH", 20),
    ("OFFLINE", 18),
    ("DIRECT_TRAFFIC", 10),
    ("EMAIL_MARKETING", 7),
    ("REFERRALS", 6),
    ("SOCIAL_MEDIA", 5),
    ("PAID_SOCIAL", 3),
    ("OTHER_CAMPAIGNS", 1),
)


class Typist:
    """Types persons into the marketing tool, each with an address of its own."""

    def __init__(self, rng: Random, today: datetime, first_id: int = FIRST_ID) -> None:
        self._rng = rng
        self._today = today
        self._names = NameBook()
        self._taken: set[str] = set()
        self._next_id = first_id

    def kinds(self, count: int) -> list[Kind]:
        """Return the kinds of so many people, in the stated shares and any order."""
        kinds: list[Kind] = []
        for kind, share in SHARES.items():
            kinds += [kind] * round(count * share)
        kinds += [Kind.BELOW] * (count - len(kinds))
        kinds = kinds[:count]
        self._rng.shuffle(kinds)
        return kinds

    def everyone(
        self, count: int, customers: Sequence[Firm], others: Sequence[Firm]
    ) -> list[Person]:
        """Return people at companies that buy, and at companies that do not (yet)."""
        rng = self._rng
        people: list[Person] = []
        known: list[Person] = []
        kinds = self.kinds(count)
        for kind in kinds:
            if kind is Kind.AGAIN:
                continue
            buys = customers and (not others or rng.random() < _CUSTOMER_SHARE)
            people.append(self.person(kind, rng.choice(customers if buys else others)))
            if kind is Kind.QUALIFIED and people[-1].email[:1].isascii():
                known.append(people[-1])
        doubled = rng.sample(known, min(kinds.count(Kind.AGAIN), len(known)))
        return people + [self._second(one) for one in doubled]

    def person(self, kind: Kind, firm: Firm) -> Person:
        """Return a person of a company, in the mess of what people type."""
        rng = self._rng
        name = self._names.draw(rng)
        last, first = typed_names(rng, name)
        created, modified = self._times()
        lifecycle, score = self._interest(kind)
        return Person(
            id=self._id(),
            created=created,
            modified=modified,
            email=self._email(kind, name, firm),
            lastname=last,
            firstname=first,
            company=typed_company(rng, firm),
            phone=typed_phone(rng, self._number(firm)),
            state=typed_prefecture(rng, firm.place.prefecture),
            jobtitle=rng.choice(JOB_TITLES),
            lifecycle=lifecycle,
            score=score,
            source=rng.choices(
                [source for source, _ in _SOURCES], [rate for _, rate in _SOURCES]
            )[0],
            opted_out=kind is Kind.OPTED_OUT,
        )

    def customer_to_be(self, firm: Firm) -> Person:
        """Return a qualified person whose company buys before the demo begins."""
        days = self._rng.randint(_YOUNGEST_LINKED, _OLDEST_LINKED)
        person = self.person(Kind.QUALIFIED, firm)
        created = self._at_work(self._today - timedelta(days=days))
        return replace(
            person,
            created=created,
            modified=self._between(created, self._today),
            company=faithful_company(self._rng, firm),
            lastname=person.lastname or "担当",
        )

    def heroine(self, firm: Firm) -> Person:
        """Return the person of the demo's story: an advertisement brought her."""
        day = (self._today - timedelta(days=94)).astimezone(TOKYO)
        created = day.replace(hour=14, minute=32, second=7, microsecond=0)
        name = self._names.find("髙橋", "美咲")
        self._taken.add(f"misaki.takahashi@{firm.mail_domain}")
        return Person(
            id=self._id(),
            created=created.astimezone(UTC),
            modified=(self._today - timedelta(days=3)).astimezone(UTC),
            email=f"Misaki.Takahashi@{firm.mail_domain.upper()}",
            lastname=f"{name.family.written}　",
            firstname=name.given.written,
            company="（株）霧咲ﾃﾞｻﾞｲﾝ",
            phone=f"（03）{firm.office}ー{firm.line}",
            state="東京",
            jobtitle="総務部 部長",
            lifecycle="marketingqualifiedlead",
            score=86,
            source="PAID_SEARCH",
        )

    def _id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _second(self, person: Person) -> Person:
        rng = self._rng
        address = person.email.strip().lower().replace("＠", "@")
        created = self._at_work(self._between(person.created, self._today))
        created = max(created, person.created)
        return replace(
            person,
            id=self._id(),
            created=created,
            modified=self._between(created, self._today),
            email=other_spelling(rng, address, than=person.email),
            phone=rng.choice((person.phone, "")),
            jobtitle=rng.choice(JOB_TITLES),
            source="OFFLINE",
        )

    def _email(self, kind: Kind, name: PersonName, firm: Firm) -> str:
        if kind is Kind.NO_EMAIL:
            return ""
        address = self._address(kind, name, firm)
        if kind is Kind.BROKEN_EMAIL:
            return broken_address(self._rng, address)
        return typed_address(self._rng, address)

    def _address(self, kind: Kind, name: PersonName, firm: Firm) -> str:
        family, given = name.family.romaji, name.given.romaji
        domain = firm.mail_domain
        if kind is Kind.FREE_MAIL:
            # Says what it is; Gmail, for one, gives out no address with a hyphen.
            family, domain = f"sample-{family}", self._rng.choice(FREE_MAIL)
        local = self._rng.choice(
            (f"{given[0]}.{family}", f"{family}.{given}", f"{given}_{family}", family)
        )
        address, number = f"{local}@{domain}", 1
        while address in self._taken:
            number += 1
            address = f"{local}{number}@{domain}"
        self._taken.add(address)
        return address

    def _number(self, firm: Firm) -> str:
        rng = self._rng
        if rng.random() < _MOBILE_SHARE:
            return f"{rng.choice(_MOBILES)}-1234-{rng.randint(0, 9999):04d}"
        return firm.switchboard

    def _interest(self, kind: Kind) -> tuple[str, int]:
        warm = kind is Kind.QUALIFIED or (
            kind is not Kind.BELOW and self._rng.random() < SHARES[Kind.QUALIFIED]
        )
        ladder = _WARM if warm else _COLD
        weights = [weight for *_, weight in ladder]
        lifecycle, low, high, _ = self._rng.choices(ladder, weights)[0]
        return lifecycle, self._rng.randint(low, high)

    def _times(self) -> tuple[datetime, datetime]:
        # More people wrote in of late: the company grows.
        age = _SPAN * self._rng.triangular(0, 1, 0.1)
        created = self._at_work(self._today - age)
        return created, self._between(created, self._today)

    def _at_work(self, moment: datetime) -> datetime:
        """Return a moment of the same day or the Friday before, mostly by daylight."""
        rng = self._rng
        local = moment.astimezone(TOKYO)
        late = local.weekday() - _SATURDAY + 1
        if late > 0 and rng.random() < _NOT_ON_WEEKENDS:
            local -= timedelta(days=late)
        hour = rng.choices((9, 10, 11, 13, 14, 15, 16, 17, 20, 22), (*[12] * 8, 4, 2))[
            0
        ]
        typed = local.replace(
            hour=hour,
            minute=rng.randrange(60),
            second=rng.randrange(60),
            microsecond=rng.randrange(1000) * 1000,
        )
        return min(typed, self._today).astimezone(UTC)

    def _between(self, start: datetime, end: datetime) -> datetime:
        """Return a moment in between, to the millisecond, as HubSpot keeps it."""
        span = (end - start) // timedelta(milliseconds=1)
        return start + timedelta(milliseconds=self._rng.randint(0, span))
