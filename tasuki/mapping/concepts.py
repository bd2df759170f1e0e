"""What fields are called: the same thing in two systems, in English or Japanese."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from tasuki.model.record import FieldFacts

CONCEPTS: Mapping[str, frozenset[str]] = {
    "email": frozenset(
        {
            "email",
            "email address",
            "mail",
            "mail address",
            "メール",
            "メールアドレス",
            "eメール",
        }
    ),
    "last_name": frozenset(
        {"last name", "surname", "family name", "姓", "氏", "名字", "苗字"}
    ),
    "first_name": frozenset({"first name", "given name", "名"}),
    "full_name": frozenset(
        {"full name", "contact name", "氏名", "名前", "お名前", "担当者名"}
    ),
    "company": frozenset(
        {
            "company",
            "company name",
            "organization",
            "会社",
            "会社名",
            "企業名",
            "法人名",
        }
    ),
    "record_name": frozenset(
        {"name", "account name", "subject", "取引先名", "商談名", "案件名", "件名"}
    ),
    "phone": frozenset(
        {"phone", "phone number", "telephone", "tel", "電話", "電話番号", "tel番号"}
    ),
    "mobile": frozenset(
        {
            "mobile",
            "mobile phone",
            "mobilephone",
            "mobile phone number",
            "携帯",
            "携帯電話",
            "携帯電話番号",
        }
    ),
    "fax": frozenset({"fax", "fax number", "ファックス", "fax番号", "ファクス"}),
    "title": frozenset(
        {"title", "job title", "jobtitle", "position", "役職", "役職名", "肩書", "職種"}
    ),
    "department": frozenset({"department", "division", "部署", "部署名", "部門"}),
    "postal_code": frozenset({"zip", "zipcode", "zip code", "postal code", "郵便番号"}),
    "prefecture": frozenset(
        {"state", "prefecture", "state region", "state province", "都道府県", "州"}
    ),
    "city": frozenset({"city", "市区町村", "市区郡", "市"}),
    "street": frozenset(
        {
            "street",
            "street address",
            "address",
            "住所",
            "番地",
            "町名番地",
            "street name1",
        }
    ),
    "country": frozenset({"country", "country region", "国", "国地域"}),
    "website": frozenset(
        {"website", "website url", "web site", "url", "webサイト", "ウェブサイト"}
    ),
    "industry": frozenset({"industry", "業種", "業界", "産業"}),
    "employees": frozenset(
        {"number of employees", "num employees", "employees", "従業員数", "社員数"}
    ),
    "revenue": frozenset(
        {"annual revenue", "annualrevenue", "年間売上", "年間売上高", "年商"}
    ),
    "amount": frozenset(
        {"amount", "total", "total amount", "金額", "合計金額", "受注金額"}
    ),
    "close_date": frozenset(
        {"close date", "closedate", "完了予定日", "クローズ日", "受注日"}
    ),
    "stage": frozenset(
        {"stage", "stage name", "deal stage", "dealstage", "フェーズ", "ステージ"}
    ),
    "lead_source": frozenset(
        {"lead source", "original source", "analytics source", "リードソース", "流入元"}
    ),
    "notes": frozenset(
        {"description", "notes", "memo", "remarks", "説明", "備考", "メモ", "摘要"}
    ),
    "kana": frozenset(
        {"name kana", "kana", "フリガナ", "ふりがな", "カナ", "名前カナ"}
    ),
    "corporate_number": frozenset({"corporate number", "法人番号"}),
    "registration_number": frozenset(
        {
            "registration number",
            "invoice registration number",
            "登録番号",
            "適格請求書発行事業者登録番号",
        }
    ),
}
_BREAKS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\s\-./（）()]+")
_PLACE = re.compile(r"^(billing|mailing|shipping|請求先|郵送先) ")
_OURS = re.compile(r"(__c|__r)$|^(hs_|p_|x_)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a name or label in lower-case words: `Last_Name__c` is `last name`."""
    bare = _OURS.sub("", unicodedata.normalize("NFKC", name).strip())
    return " ".join(word for word in _BREAKS.split(bare) if word).lower()


def concept(facts: FieldFacts) -> str | None:
    """Return what a field is about, by its name or else its label."""
    for word in (facts.name, facts.label):
        said = _PLACE.sub("", plain(word))
        squeezed = said.replace(" ", "")
        for name, words in CONCEPTS.items():
            if said in words or (squeezed and squeezed == name.replace("_", "")):
                return name
    return None
