from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tasuki.billing.errors import BillingError
from tasuki.billing.tax import tax_class
from tasuki.billing.terms import due_date
from tasuki.clock import TOKYO
from tasuki.japan.address import postcode, prefecture
from tasuki.japan.company import company_key, company_match
from tasuki.japan.corporate import corporate_number
from tasuki.japan.email import email as read_email
from tasuki.japan.email import email_address, email_key, valid_email
from tasuki.japan.mail_domain import FREE_MAIL_DOMAINS
from tasuki.japan.phone import phone
from tasuki.japan.text import clean, fold_variants
from tasuki.sandbox.demo_people import SHARES, Kind
from tasuki.sandbox.demo_spelling import NO_PHONE, NO_PREFECTURE
from tasuki.sandbox.demo_world import HERO, demo_world, many_people
from tasuki.sandbox.world import Person

WORLD = demo_world()
PEOPLE = {person.id: person for person in WORLD.people}
DEALS = [deal for company in WORLD.companies for deal in company.deals]
WON = [deal for deal in DEALS if deal.won]
LINKED = [company for company in WORLD.companies if company.person_id is not None]


def refusal(person: Person) -> str | None:
    """Return the reason of the shipped lead mapping, in its order."""
    address = read_email(person.email)
    if address is None:
        return "no_email"
    if person.opted_out:
        return "opted_out"
    if address.domain in FREE_MAIL_DOMAINS:
        return "free_mail"
    stages = ["marketingqualifiedlead", "salesqualifiedlead"]
    if person.lifecycle not in stages and person.score < 60:
        return "below_threshold"
    return None


def share(holds) -> float:
    return sum(bool(holds(person)) for person in WORLD.people) / len(WORLD.people)


def tax_of(line) -> str | None:
    if line.exempt:
        return "exempt"
    return tax_class(line.tax_rate, line.reduced)


def test_the_same_seed_gives_the_same_world():
    assert demo_world() == WORLD


def test_another_seed_gives_another_world_with_the_same_story():
    other = demo_world(seed=7)
    assert other.people[1:] != WORLD.people[1:]
    (company,) = [one for one in other.companies if one.person_id == HERO.person_id]
    assert (company.name, company.deals[0].name) == (HERO.company, HERO.deal)


def test_the_counts_are_those_asked_for():
    assert len(WORLD.people) == len(PEOPLE) == 1000
    assert len(WORLD.companies) == 110
    assert all(company.deals for company in WORLD.companies)
    assert (len(DEALS), len(WON)) == (120, 40)


@pytest.mark.parametrize(
    ("people", "deals", "won"),
    [(0, 0, 0), (1, 1, 1), (30, 0, 0), (0, 5, 3), (50, 7, 7), (3000, 1500, 200)],
)
def test_other_sizes_come_out_as_asked(people, deals, won):
    world = demo_world(people=people, deals=deals, won=won)
    found = [deal for company in world.companies for deal in company.deals]
    assert len(world.people) == people
    assert (len(found), sum(deal.won for deal in found)) == (deals, won)


def test_more_won_deals_than_deals_are_refused():
    with pytest.raises(ValueError, match="won: 3"):
        demo_world(deals=2, won=3)


def test_the_first_morning_is_the_one_given():
    morning = datetime(2027, 4, 1, 0, tzinfo=UTC)
    world = demo_world(today=morning)
    assert WORLD.today == datetime(2026, 11, 20, 10, tzinfo=TOKYO)
    assert world.today == morning
    assert max(person.modified for person in world.people) <= morning
    assert max(person.modified for person in world.people) > morning - timedelta(days=1)


def test_people_wrote_in_during_the_last_eighteen_months():
    oldest = WORLD.today - timedelta(days=552)
    for person in WORLD.people:
        assert oldest < person.created <= person.modified <= WORLD.today
        assert person.created.tzinfo is UTC
        assert person.modified.tzinfo is UTC


def test_three_in_five_qualify_and_every_reason_for_a_no_occurs():
    reasons = Counter(refusal(person) for person in WORLD.people)
    expected = SHARES[Kind.QUALIFIED] + SHARES[Kind.AGAIN]
    assert reasons[None] / 1000 == pytest.approx(expected, abs=0.02)
    assert reasons["free_mail"] == pytest.approx(120, abs=5)
    assert reasons["below_threshold"] == pytest.approx(160, abs=5)
    assert reasons["opted_out"] == pytest.approx(50, abs=5)
    assert reasons["no_email"] == pytest.approx(60, abs=5)


MESS = {
    "no last name": (lambda p: not p.lastname, 0.04, 0.12),
    "no first name": (lambda p: not p.firstname, 0.08, 0.17),
    "no company": (lambda p: not p.company, 0.03, 0.09),
    "no prefecture": (lambda p: not p.state, 0.06, 0.14),
    "no phone": (lambda p: not p.phone, 0.05, 0.13),
    "broken address": (lambda p: p.email and not valid_email(p.email), 0.02, 0.04),
    "capitals": (lambda p: p.email.isascii() and p.email.isupper(), 0.03, 0.09),
    "full-width at sign": (lambda p: "＠" in p.email, 0.04, 0.12),
    "both names in one field": (lambda p: " " in clean(p.lastname), 0.02, 0.08),
    "old character form": (
        lambda p: fold_variants(p.lastname) != p.lastname,
        0.04,
        0.12,
    ),
    "half-width kana in a name": (
        lambda p: any("ｦ" <= c <= "ﾟ" for c in p.lastname),
        0.02,
        0.07,
    ),
    "half-width kana in a company": (
        lambda p: any("ｦ" <= c <= "ﾟ" for c in p.company),
        0.02,
        0.15,
    ),
    "form as one sign": (
        lambda p: any(sign in p.company for sign in "㈱㈲"),
        0.03,
        0.15,
    ),
    "form in brackets": (lambda p: "（" in p.company or "(" in p.company, 0.08, 0.25),
    "form in front": (lambda p: p.company.startswith("株式会社"), 0.2, 0.5),
    "form behind": (lambda p: p.company.endswith("株式会社"), 0.08, 0.3),
    "extension": (lambda p: "内線" in p.phone, 0.03, 0.1),
    "international number": (lambda p: p.phone.startswith("+81"), 0.05, 0.16),
    "area code in brackets": (lambda p: p.phone.startswith("（"), 0.03, 0.12),
    "prefecture in letters": (lambda p: p.state.isascii() and p.state, 0.03, 0.15),
}


@pytest.mark.parametrize("mess", MESS)
def test_the_mess_is_there_at_its_rate(mess):
    holds, low, high = MESS[mess]
    assert low <= share(holds) <= high


def test_addresses_are_unique_as_lower_cased_text():
    typed = [person.email.strip().lower() for person in WORLD.people if person.email]
    assert len(set(typed)) == len(typed)


def test_doubles_collide_once_normalised():
    found = Counter(
        email_key(person.email) for person in WORLD.people if valid_email(person.email)
    )
    doubles = [key for key, times in found.items() if times == 2]
    assert len(doubles) == 30
    assert max(found.values()) == 2


def test_no_person_of_the_linked_companies_is_there_twice():
    found = Counter(email_address(person.email) for person in WORLD.people)
    for company in LINKED:
        assert found[email_address(PEOPLE[company.person_id].email)] == 1


def test_mail_goes_to_example_domains_or_says_that_it_is_a_sample():
    senders = [person.email for person in (*WORLD.people, *many_people(500))]
    senders += [company.email for company in WORLD.companies]
    for address in map(read_email, senders):
        if address is None:
            continue
        if address.free_mail:
            assert "sample" in address.canonical
        else:
            assert address.domain.endswith((".example.jp", ".example.co.jp"))


def test_phones_can_be_read_and_belong_to_nobody():
    numbers = [person.phone for person in WORLD.people]
    numbers += [company.phone for company in WORLD.companies]
    for number in numbers:
        if not number or number in NO_PHONE:
            assert phone(number) is None
            continue
        read = phone(number)
        assert read is not None
        _, office, _ = read.national.split("-")
        assert office.startswith("1"), number


def test_prefectures_can_be_read_but_for_those_that_are_none():
    for person in WORLD.people:
        none = not person.state or person.state in NO_PREFECTURE
        assert (prefecture(person.state) is None) == none, person.state


def test_companies_have_numbers_of_their_own_that_no_office_gave():
    numbers = [company.corporate_number for company in WORLD.companies]
    assert [corporate_number(number) for number in numbers] == numbers
    assert len(set(numbers)) == len(numbers)
    assert all(number[1:5] == "9999" for number in numbers)


def test_companies_have_names_and_addresses_that_can_be_read():
    assert len({company_key(c.name) for c in WORLD.companies}) == len(WORLD.companies)
    for company in WORLD.companies:
        assert postcode(company.postcode)
        assert prefecture(company.state)
        assert company.street
        assert valid_email(company.email)


def test_one_town_has_one_postcode_and_prefecture():
    towns = {}
    for company in WORLD.companies:
        town = clean(company.street).rstrip("0123456789-見本ビルF ")
        place = postcode(company.postcode), prefecture(company.state)
        assert towns.setdefault(town, place) == place
    assert len(towns) > 25


def test_payment_terms_are_understood_in_many_phrasings():
    phrases = Counter(company.payment_terms for company in WORLD.companies)
    assert phrases.pop("") == 5
    assert len(phrases) >= 10
    for phrase in phrases:
        for deal in WON:
            assert due_date(deal.close_date, phrase) >= deal.close_date


def test_won_deals_were_closed_on_weekdays_of_the_last_two_months():
    today = WORLD.today.date()
    for deal in WON:
        assert today - timedelta(days=61) <= deal.close_date < today
        assert deal.close_date.weekday() < 5
        assert deal.stage == "Closed Won"


def test_the_other_deals_are_open_or_lost():
    others = [deal for deal in DEALS if not deal.won]
    today = WORLD.today.date()
    stages = Counter(deal.stage for deal in others)
    assert len(stages) == 6
    assert 10 <= stages["Closed Lost"] <= 40
    for deal in others:
        assert (deal.close_date < today) == (deal.stage == "Closed Lost")
        assert not deal.hold


def test_lines_are_whole_yen():
    for deal in DEALS:
        assert len(deal.lines) <= 6
        for line in deal.lines:
            amount = line.quantity * line.unit_price
            assert amount == amount.to_integral_value()
            assert line.unit_price == line.unit_price.to_integral_value()
            assert all(isinstance(n, Decimal) for n in (amount, line.tax_rate))


def test_won_deals_are_taxed_in_all_three_ways_and_some_by_halves():
    lines = [line for deal in WON for line in deal.lines]
    rates = Counter((line.tax_rate, line.reduced, line.exempt) for line in lines)
    assert rates[Decimal(10), False, False] >= 40
    assert rates[Decimal(8), True, False] >= 15
    assert rates[Decimal(0), False, True] >= 2
    assert sum(line.quantity % 1 != 0 for line in lines) >= 3
    assert {len(deal.lines) for deal in WON} >= {1, 2, 3, 4, 5}


def test_six_won_deals_need_a_person_before_they_are_billed():
    held = [deal for deal in WON if deal.hold]
    bare = [deal for deal in WON if not deal.lines]
    free = [
        deal
        for deal in WON
        if deal.lines and not sum(ln.quantity * ln.unit_price for ln in deal.lines)
    ]
    assert (len(held), len(bare), len(free)) == (2, 1, 1)
    wrong = []
    for deal in WON:
        try:
            classes = {tax_of(line) for line in deal.lines}
        except BillingError:
            wrong.append("contradictory")
            continue
        wrong += ["legacy8"] * ("legacy8" in classes)
    assert sorted(wrong) == ["contradictory", "legacy8"]


def test_linked_companies_were_leads_first():
    assert len(LINKED) >= 12
    assert len({company.person_id for company in LINKED}) == len(LINKED)
    for company in LINKED:
        person = PEOPLE[company.person_id]
        assert refusal(person) is None
        assert person.company != company.name
        assert company_match(person.company, company.name) == "same_name"
        first = company.deals[0]
        assert first.won
        assert not first.hold
        assert person.created.date() < first.close_date
        assert person.lastname
        domain = email_address(person.email).partition("@")[2]
        assert company.email.endswith(f"@{domain}")


def test_the_hero_buys_services_and_food_on_one_invoice():
    (company,) = [one for one in LINKED if one.person_id == HERO.person_id]
    (deal,) = [one for one in company.deals if one.name == HERO.deal]
    person = PEOPLE[HERO.person_id]
    assert company.name == HERO.company
    assert fold_variants(clean(person.lastname)) == "高橋"
    assert [tax_of(line) for line in deal.lines] == [
        "standard",
        "standard",
        "reduced",
        "reduced",
        "reduced",
    ]
    assert sum(ln.quantity * ln.unit_price for ln in deal.lines) == 1_772_640
    assert company.payment_terms == "月末締め翌月末払い"


def test_many_people_are_the_same_for_a_seed_and_have_addresses_of_their_own():
    people = list(many_people(3000))
    assert people == list(many_people(3000))
    assert people != list(many_people(3000, seed=1))
    assert len({person.email for person in people}) == 3000
    assert [person.id for person in people] == list(range(1_000_001, 1_003_001))
    assert all(refusal(person) is None for person in people)


def test_many_people_come_in_order_of_change():
    moments = [person.modified for person in many_people(500)]
    assert moments == sorted(moments)
    assert moments[0].tzinfo is UTC
    assert moments[-1] < WORLD.today


@pytest.mark.parametrize("qualifying", [0.0, 0.25, 0.6, 1.0])
def test_the_given_share_of_many_people_qualifies(qualifying):
    reasons = Counter(refusal(p) for p in many_people(2000, qualifying=qualifying))
    assert reasons[None] == round(2000 * qualifying)
    others = [times for reason, times in reasons.items() if reason]
    assert len(others) == (0 if qualifying == 1 else 4)
    assert not others or max(others) - min(others) <= 1


def test_many_people_are_made_one_at_a_time():
    endless = many_people(10**12)
    assert next(endless).id == 1_000_001
