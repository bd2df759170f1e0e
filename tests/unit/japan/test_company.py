"""Company names: every way to write a legal form, and what makes two names one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.japan.company import company, company_key, company_match, company_name

_FORMS = "株式会社 (株) ㈱ カ) (カ 有限会社 NPO法人 御中 様 Co.,Ltd. K.K. inc"
_SIGNS = "髙 ー - − ・ ( ) ABC サンプル １ . ,"
_PIECES = st.sampled_from([*_FORMS.split(), *_SIGNS.split(), " ", "　"])
_NAMES = st.text() | st.lists(_PIECES, max_size=8).map("".join)


@pytest.mark.parametrize(
    ("written", "code", "shown"),
    [
        ("（株）サンプル", "KK", "株式会社サンプル"),
        ("サンプル㈱", "KK", "サンプル株式会社"),
        ("㊑サンプル", "KK", "株式会社サンプル"),
        ("ｶ)ｻﾝﾌﾟﾙ", "KK", "株式会社サンプル"),
        ("サンプル（カ", "KK", "サンプル株式会社"),
        ("【株】サンプル", "KK", "株式会社サンプル"),
        ("株 式 会 社 サンプル", "KK", "株式会社サンプル"),
        ("株式會社サンプル", "KK", "株式會社サンプル"),
        ("㈲サンプル", "YK", "有限会社サンプル"),
        ("ユ）サンプル", "YK", "有限会社サンプル"),
        ("（同）サンプル", "GK", "合同会社サンプル"),
        ("ド）サンプル", "GK", "合同会社サンプル"),
        ("㈾サンプル", "GOSHI", "合資会社サンプル"),
        ("㈴サンプル", "GOMEI", "合名会社サンプル"),
        ("（一社）サンプル", "IPPAN_SHADAN", "一般社団法人サンプル"),
        ("（一財）サンプル", "IPPAN_ZAIDAN", "一般財団法人サンプル"),
        ("（公社）サンプル", "KOEKI_SHADAN", "公益社団法人サンプル"),
        ("公益財団法人サンプル", "KOEKI_ZAIDAN", "公益財団法人サンプル"),
        ("NPO法人サンプル", "NPO", "NPO法人サンプル"),
        ("（特非）サンプル", "NPO", "特定非営利活動法人サンプル"),
        ("医療法人財団 サンプル", "IRYO", "医療法人財団サンプル"),
        ("（医）サンプル", "IRYO", "医療法人サンプル"),
        ("ガク）サンプル", "GAKKO", "学校法人サンプル"),
        ("（福）サンプル", "SHAKAI_FUKUSHI", "社会福祉法人サンプル"),
        ("シユウ）サンプル", "SHUKYO", "宗教法人サンプル"),
        ("サンプル有限責任監査法人", "KANSA", "サンプル有限責任監査法人"),
        ("サンプル Co.,Ltd.", "KK", "サンプル Co.,Ltd."),
    ],
)
def test_a_legal_form_is_recognised_and_written_out(
    written: str, code: str, shown: str
) -> None:
    found = company(written)
    assert found is not None
    assert (found.core_key, found.legal_form, found.display) == (
        "サンプル",
        code,
        shown,
    )


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Example, Inc.", "KK"),
        ("EXAMPLE CO.,LTD", "KK"),
        ("Example Company, Limited", "KK"),
        ("Example Corporation", "KK"),
        ("Example Pte. Ltd.", "KK"),
        ("Kabushiki Kaisha Example", "KK"),
        ("Example L.L.C.", "GK"),
        ("Example Gōdō Kaisha", "GK"),
        ("Example Y.K.", "YK"),
        ("Example LLP", "LLP"),
    ],
)
def test_an_english_form_is_recognised_and_shown_as_it_is(
    written: str, code: str
) -> None:
    found = company(written)
    assert found is not None
    assert (found.core_key, found.legal_form, found.display) == (
        "example",
        code,
        written,
    )


@pytest.mark.parametrize(
    "name", ["株式会社", "（株）", "Co., Ltd.", "Inc.", "・・・", "御中", "()"]
)
def test_a_bare_form_or_sign_keeps_a_key(name: str) -> None:
    found = company(name)
    assert found is not None
    assert found.core_key
    assert found.legal_form is None


def test_a_form_inside_a_name_belongs_to_the_name() -> None:
    assert company_key("日本株式会社研究所") == "日本株式会社研究所"
    assert company_key("Incubate Works") == "incubateworks"


def test_a_form_entered_twice_is_taken_off_twice() -> None:
    assert company_key("株式会社（株）サンプル") == "サンプル"
    assert company_key("株式会社サンプル Inc.") == "サンプル"


def test_the_addressee_mark_is_no_part_of_a_name() -> None:
    assert company_name("サンプル株式会社　御中") == "サンプル株式会社"
    assert company_name("サンプル㈱ 様") == "サンプル株式会社"


def test_variants_are_folded_in_the_key_and_kept_on_display() -> None:
    found = company("㈱髙島屋")
    assert found is not None
    assert (found.core_key, found.display) == ("高島屋", "株式会社髙島屋")


def test_a_hyphen_in_a_displayed_name_stays_a_hyphen() -> None:
    assert company_name("株式会社ジャパン-テック") == "株式会社ジャパン-テック"


@pytest.mark.parametrize("empty", [None, "", "　", "\u200b"])
def test_no_name_has_no_company(empty: str | None) -> None:
    assert company(empty) is None
    assert company_name(empty) is None
    assert company_key(empty) is None
    assert company_match(empty, "サンプル") is None


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("株式会社サンプル", "サンプル", "same_name"),
        ("株式会社サンプル", "サンプル株式会社", "review"),
        ("株式会社サンプル", "有限会社サンプル", "review"),
        ("シヤ）サンプル", "一般社団法人サンプル", "same_name"),
        ("株式会社渡邊", "㈱渡辺", "same_name"),
        ("株式会社サンプル", "株式会社見本", "different"),
    ],
)
def test_two_names_are_compared_alike_in_either_order(
    one: str, other: str, verdict: str
) -> None:
    assert company_match(one, other) == verdict
    assert company_match(other, one) == verdict


@given(_NAMES)
def test_the_key_of_a_key_is_that_key(name: str) -> None:
    key = company_key(name)
    assert company_key(key) == key


@given(_NAMES)
def test_a_name_with_text_has_a_key_and_a_display(name: str) -> None:
    found = company(name)
    assert found is None or (found.core_key and found.display)
    assert company_match(name, name) in {None, "same_name"}
