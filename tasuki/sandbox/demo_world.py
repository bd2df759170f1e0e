"""The invented customers of a Japanese company, with the mess of what people type."""

from datetime import datetime
from random import Random
from typing import Final, NamedTuple

from tasuki.clock import TOKYO
from tasuki.sandbox.demo_deals import USUAL_TERMS, Salesroom, trouble
from tasuki.sandbox.demo_firms import Firm, Register
from tasuki.sandbox.demo_load import many_people
from tasuki.sandbox.demo_people import FIRST_ID, Typist
from tasuki.sandbox.world import Company, Deal, Person, World

__all__ = ["HERO", "Hero", "demo_world", "many_people"]

_TODAY: Final = datetime(2026, 11, 20, 10, tzinfo=TOKYO)
_LINKED: Final = 14
_DEALS_PER_COMPANY: Final = 12 / 11
_OTHERS_PER_PERSON: Final = 0.3


class Hero(NamedTuple):
    """The customer whose way from the first form to the payment the demo shows.

    Attributes:
        person_id: The contact in the marketing tool.
        company: The company's name as sales has it.
        deal: The name of the won deal.
    """

    person_id: int
    company: str
    deal: str


HERO: Final = Hero(FIRST_ID, "株式会社霧咲デザイン", "霧咲デザイン 新オフィス移転一式")
"""An advertisement brought 髙橋美咲, head of general affairs at a design office about
to move. Sales won the move, two coffee machines, and beans, water and a newspaper by
subscription: services at 10 % and food and newspaper at 8 % on one invoice."""


def demo_world(
    seed: int = 2026,
    people: int = 1000,
    deals: int = 120,
    won: int = 40,
    today: datetime | None = None,
) -> World:
    """Return the demo's customers, the same for the same arguments.

    Some 61 in 100 people pass the shipped lead mapping, 3 of them twice over. Where a
    dozen deals or more are won, six of them need a person first (`trouble` says why).
    A dozen companies were leads first: their `person_id` is a qualifying person who
    spells the company's name otherwise than sales does.

    Args:
        seed: Equal seeds give equal worlds.
        people: Contacts of the marketing tool, doubles included.
        deals: Deals of sales, won ones included.
        won: How many of them were won in the last two months.
        today: The first morning; 20 November 2026 at 10 in Tokyo.

    Raises:
        ValueError: There are more won deals than deals.
    """
    if not 0 <= won <= deals:
        message = f"won: {won} is not within 0 and {deals}, the number of deals"
        raise ValueError(message)
    today = today or _TODAY
    rng = Random(seed)  # noqa: S311 - sample values
    customers = min(deals, max(1, round(deals / _DEALS_PER_COMPANY))) if deals else 0
    firms = Register().draw(rng, customers + max(1, int(people * _OTHERS_PER_PERSON)))
    buyers, others = firms[:customers], firms[customers:]
    companies = _companies(Salesroom(rng, today), rng, buyers, deals, won)
    linked = _linked(Typist(rng, today), buyers, others, people, min(won, customers))
    for company, person_id in zip(companies, linked.ids, strict=False):
        company.person_id = person_id
    rng.shuffle(companies)
    return World(today, linked.people, companies)


class _Linked(NamedTuple):
    people: list[Person]
    ids: list[int]


def _linked(
    typist: Typist, buyers: list[Firm], others: list[Firm], people: int, won: int
) -> _Linked:
    """Return everyone, and the ids of those who became the first companies."""
    count = min(_LINKED, won, people)
    first = [typist.heroine(firm) for firm in buyers[: min(count, 1)]]
    first += [typist.customer_to_be(firm) for firm in buyers[1:count]]
    rest = typist.everyone(people - len(first), buyers, others)
    return _Linked(first + rest, [person.id for person in first])


def _companies(
    room: Salesroom, rng: Random, buyers: list[Firm], deals: int, won: int
) -> list[Company]:
    """Return the buyers with their deals: the first have the won ones."""
    companies = [room.company(firm, at) for at, firm in enumerate(buyers, start=1)]
    room.forget_some_terms(companies[1:])
    for story in companies[:1]:
        story.payment_terms = USUAL_TERMS
    closed: list[Deal] = []
    for at in range(deals):
        which = at if at < len(buyers) else rng.randrange(1, len(buyers))
        if at < won:
            deal = room.won(buyers[which]) if at else room.heroine(buyers[0])
            closed.append(deal)
        else:
            deal = room.other(buyers[which])
        companies[which].deals.append(deal)
    trouble(closed)
    return companies
