"""The PDF: what stands on it, page by page, and that it is always the same bytes."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256

import pypdfium2
import pytest

from tasuki.billing.credit import credit_note
from tasuki.billing.tax import TaxClass
from tasuki.billing.values import (
    Delivery,
    Discount,
    InvoiceDocument,
    PriceMode,
    Withholding,
)
from tasuki.paper import typeface
from tasuki.paper.lint import paper_problems
from tasuki.paper.pdf import missing_characters, pdf_of
from tasuki.paper.values import Earlier, Mark, PaperKind, Recipient
from tests.unit.paper.papers import ISSUER, line, paper

GOODS = (line(3300, what="保守"), line(2160, TaxClass.REDUCED, what="緑茶"))


def pages(one) -> list[str]:
    document = pypdfium2.PdfDocument(pdf_of(one))
    found = [page.get_textpage().get_text_range() for page in document]
    return [re.sub(r"[\s\u3000]", "", words) for words in found]


def test_every_item_of_a_qualified_invoice_stands_on_it():
    days = {"supplied_from": date(2026, 4, 1), "supplied_until": date(2026, 4, 30)}
    (words,) = pages(paper(*GOODS, discount=Discount(Decimal(1000)), **days))
    for wanted in (
        "請求書", "株式会社たすき商会", "登録番号T7000012050002", "株式会社北日本製作所御中",
        "2026年4月1日〜2026年4月30日", "発行日2026年5月20日", "INV-1",
        "保守", "緑茶※", "※は軽減税率対象です。",
        "10%対象2,696269", "8%（軽減）対象※1,764141", "値引△1,000",
        "合計（税込）￥4,870", "お支払期限2026年6月30日",
        "みずうみ銀行芝支店普通1234567", "カ）タスキ",
    ):  # fmt: skip
        assert wanted in words, wanted
    assert paper_problems(paper(*GOODS, **days)) == []


def test_a_draft_says_that_it_is_none_and_a_copy_that_it_is_one():
    (draft,) = pages(paper(mark=Mark.DRAFT, number=""))
    assert "下書き" in draft
    assert "請求書として発行したものではありません" in draft
    assert "未採番" in draft
    (copy,) = pages(paper(mark=Mark.COPY))
    assert "控" in copy
    (plain,) = pages(paper())
    assert "下書き" not in plain
    assert "控" not in plain


def test_a_long_invoice_has_its_lines_in_order_and_its_sums_once():
    lines = [
        line(100 + n, what=f"明細{n:03d}。" + "長い説明" * (n % 9)) for n in range(90)
    ]
    found = pages(paper(*lines, mark=Mark.COPY))
    assert len(found) > 2
    whole = "".join(found)
    assert re.findall(r"明細(\d{3})。", whole) == [f"{n:03d}" for n in range(90)]
    assert whole.count("税率別内訳") == 1
    assert whole.count("品目・内容") == len(found)  # the head of the table on each page
    for number, words in enumerate(found, 1):
        assert f"{number}/{len(found)}" in words
    assert [("INV-1" in words, "控" in words) for words in found] == [
        (True, True)
    ] * len(found)


@pytest.mark.parametrize("count", [1, 12, *range(16, 26), 39])
def test_nothing_is_set_below_the_page_and_the_sums_never_stand_alone(count):
    document = pypdfium2.PdfDocument(pdf_of(paper(*[line(1)] * count)))
    for page in document:
        text = page.get_textpage()
        places = range(text.count_chars())
        shown = [i for i in places if text.get_text_range(i, 1).strip()]
        assert min(text.get_charbox(i)[1] for i in shown) > 20
        words = re.sub(r"\s", "", text.get_text_range())
        # The head of the table has the word, and so has each line.
        assert "税率別内訳" not in words or words.count("品目") > 1


def test_the_same_paper_is_the_same_bytes_in_another_process_too():
    one = paper(*GOODS, mark=Mark.COPY)
    told = subprocess.run(
        [sys.executable, "-c", (
            "from hashlib import sha256\n"
            "from tasuki.paper.pdf import pdf_of\n"
            "from tasuki.paper.values import Mark\n"
            "from tests.unit.paper.test_invoice_pdf import GOODS, paper\n"
            "pdf_of(paper())\n"
            "print(sha256(pdf_of(paper(*GOODS, mark=Mark.COPY))).hexdigest())"
        )], check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert told.stdout.strip() == sha256(pdf_of(one)).hexdigest()
    assert pdf_of(one) != pdf_of(replace(one, number="INV-2"))


def test_the_typeface_has_names_as_people_write_them_and_geta_for_the_rest():
    names = "髙﨑德彅①㈱№〒※ヱ゛齋藤邊邉"
    assert typeface.missing(names) == ""
    one = paper(line(1, what="𠮷野家😀と髙﨑か\u3099葛\U000e0100"))
    assert missing_characters(one) == "𠮷😀"
    (words,) = pages(one)
    assert "〓野家〓と髙﨑が葛" in words
    assert (typeface.width("1", 10), typeface.width("8", 10)) == pytest.approx(
        (7.6, 7.6), abs=0.1
    )


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("あいうえお", 30, ["あいう", "えお"]),
        ("あいう。え", 30, ["あい", "う。え"]),  # no full stop begins a line
        ("あい（う）", 30, ["あい", "（う）"]),  # no bracket ends one
        ("品番 AB-1234 箱", 60, ["品番", "AB-1234", "箱"]),
        ("一行\n二行", 90, ["一行", "二行"]),
        ("ABCDEFGHIJ", 30, ["ABCD", "EFGH", "IJ"]),  # a word longer than a line
    ],
)  # fmt: skip
def test_lines_break_by_the_rules_of_japanese(text, room, lines):
    found = typeface.wrap(text, 10, room)
    assert "".join(found).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert all(typeface.width(one, 10) <= room for one in found)
    if "。" in text or "（" in text or "\n" in text or "-" in text:
        assert [one for one in found if one] == lines


def test_a_credit_note_an_issuer_without_number_and_withholding():
    whole = InvoiceDocument((Delivery((line(1000),)),))
    earlier = Earlier("INV-0", date(2026, 4, 30))
    credit = paper(
        document=credit_note(whole), kind=PaperKind.CREDIT_NOTE, earlier=earlier
    )
    (words,) = pages(credit)
    assert "適格返還請求書" in words
    assert "INV-0（2026年4月30日）" in words
    assert "返還金額△￥1,100" in words
    assert "みずうみ銀行" not in words
    (words,) = pages(paper(issuer=replace(ISSUER, registration_number="")))
    assert "登録番号" not in words
    assert "区分記載請求書" in words
    (words,) = pages(paper(line(100_000), withholding=Withholding()))
    assert "源泉徴収税額△￥10,210" in words
    assert "ご請求金額￥99,790" in words


def test_prices_with_tax_a_foreign_currency_and_a_person():
    (words,) = pages(paper(*GOODS, price_mode=PriceMode.INCLUSIVE))
    assert "金額（税込）" in words
    assert "10%対象3,300300" in words
    dollars = {"currency": "USD", "fx_rate": Decimal(114)}
    who = Recipient("株式会社甲", department="経理部", person="山田花子")
    (words,) = pages(paper(line("133.53"), recipient=who, **dollars))
    assert "USD146.88" in words
    assert "￥1,522" in words
    assert "株式会社甲" in words
    assert "御中" not in words
    assert "経理部山田花子様" in words
