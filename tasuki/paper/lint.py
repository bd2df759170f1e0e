"""What a paper misses that the law wants on it, in words."""

from dataclasses import replace
from typing import Final, NamedTuple

from tasuki.billing.qualified import (
    RULES,
    QualifiedInvoice,
    qualified_invoice_check,
    unregistered_invoice_check,
)
from tasuki.billing.terms import is_paid_in_time
from tasuki.paper.reading import UNKNOWN_NAME
from tasuki.paper.values import REDUCED_LEGEND, Paper, PaperKind

_LATE: Final = (
    "お支払期限 {due} は {day} の引き渡しから60日（2か月）を超えます。"
    "取適法の対象となる取引なら条件を見直してください / more than 60 days after {day}"
)


class Miss(NamedTuple):
    """A required item that is not there; `code` is one of `RULES`."""

    code: str
    words: str
    japanese: str


def paper_problems(paper: Paper) -> list[Miss]:
    """Return the items of a qualified invoice that the paper misses.

    The day of registration is looked at where issuer.yaml says it. A credit note is
    judged by the same items, but for those that only an invoice needs.
    """
    issuer, who = paper.issuer, paper.recipient
    known_since = issuer.registered_from or paper.first_day
    shown = QualifiedInvoice(
        document=paper.document,
        stated=paper.sums.breakdown,
        issuer_name=issuer.name,
        registration_number=issuer.registration_number,
        recipient="" if who.name == UNKNOWN_NAME else who.name,
        supplied_from=paper.first_day,
        supplied_until=paper.supplied_until,
        registered_from=known_since,
        registered_until=issuer.registered_until,
        legend=REDUCED_LEGEND if paper.has_reduced else "",
    )
    if not issuer.registration_number:
        codes = unregistered_invoice_check(shown)
        kept = set(qualified_invoice_check(_marked(shown))) - {"R2", "R9"}
        codes += [code for code in RULES if code in kept]
    else:
        codes = qualified_invoice_check(_marked(shown))
    if paper.kind is PaperKind.CREDIT_NOTE:
        codes = [code for code in codes if code != "R8"]
    return [Miss(code, f"{code} {RULES[code][0]}", RULES[code][1]) for code in codes]


def paper_notices(paper: Paper) -> list[str]:
    """Return what a person should know and the law does not ask of a paper."""
    due = paper.due_on
    if due is None or paper.kind is PaperKind.CREDIT_NOTE:
        return []
    day = paper.last_day
    return [] if is_paid_in_time(day, due) else [_LATE.format(due=due, day=day)]


def _marked(shown: QualifiedInvoice) -> QualifiedInvoice:
    """Return the paper as it is set: every line at the reduced rate has its mark."""
    document = shown.document
    deliveries = tuple(
        replace(
            one, lines=tuple(replace(line, reduced_mark=True) for line in one.lines)
        )
        for one in document.deliveries
    )
    return replace(shown, document=replace(document, deliveries=deliveries))
