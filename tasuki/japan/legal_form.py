"""Legal forms of Japanese organisations, in all the ways that they are written."""

import re
from typing import NamedTuple


class LegalForm(NamedTuple):
    """A legal form as it was found.

    Attributes:
        code: One short code for each form, whatever the spelling.
        written: The form spelled out, or None where the name is shown as it was found.
    """

    code: str
    written: str | None


# code, spelled out, bracketed abbreviations, bank-transfer kana (全銀協 略語).
# The kana of transfers does not tell 一般 from 公益, hence the two general codes.
_FORMS: tuple[tuple[str, str, str, str], ...] = (
    ("KK", "株式会社", "株", "カ"),
    ("YK", "有限会社", "有", "ユ"),
    ("GK", "合同会社", "同", "ド"),
    ("GOSHI", "合資会社", "資", "シ"),
    ("GOMEI", "合名会社", "名", "メ"),
    ("SOGO", "相互会社", "相", "ソ"),
    ("IPPAN_SHADAN", "一般社団法人", "一社", ""),
    ("IPPAN_ZAIDAN", "一般財団法人", "一財", ""),
    ("KOEKI_SHADAN", "公益社団法人", "公社", ""),
    ("KOEKI_ZAIDAN", "公益財団法人", "公財", ""),
    ("SHADAN", "社団法人", "社", "シヤ シャ"),
    ("ZAIDAN", "財団法人", "財", "ザイ"),
    ("NPO", "特定非営利活動法人", "特非 特 NPO", "トクヒ"),
    ("IRYO", "医療法人", "医", "イ"),
    ("IRYO", "医療法人社団", "医社", "イシヤ"),
    ("IRYO", "医療法人財団", "医財", "イザイ"),
    ("GAKKO", "学校法人", "学", "ガク"),
    ("SHAKAI_FUKUSHI", "社会福祉法人", "福 社福", "フク"),
    ("SHUKYO", "宗教法人", "宗", "シユウ シュウ"),
    ("DOKURITSU_GYOSEI", "独立行政法人", "独", "ドク"),
    ("CHIHO_DOKURITSU_GYOSEI", "地方独立行政法人", "地独", "チドク"),
    ("KOKURITSU_KENKYU", "国立研究開発法人", "国研", ""),
    ("KOKURITSU_DAIGAKU", "国立大学法人", "国大", "ダイ"),
    ("KORITSU_DAIGAKU", "公立大学法人", "公大", ""),
    ("ZEIRISHI", "税理士法人", "税", "ゼイ"),
    ("BENGOSHI", "弁護士法人", "弁", "ベン"),
    ("SHIHO_SHOSHI", "司法書士法人", "司", "シホウ"),
    ("GYOSEI_SHOSHI", "行政書士法人", "行", "ギヨ ギョ"),
    ("SHAKAI_HOKEN_ROMUSHI", "社会保険労務士法人", "労", "ロウム"),
    ("KANSA", "監査法人", "監", ""),
    ("BENRISHI", "弁理士法人", "", ""),
    ("NOJI_KUMIAI", "農事組合法人", "農", "ノウ"),
    ("LLP", "有限責任事業組合", "", ""),
)
# Full spellings that are kept on display as they are written.
_OTHER_SPELLINGS = {
    "株式會社": "KK",
    "有限會社": "YK",
    "合資會社": "GOSHI",
    "合名會社": "GOMEI",
    "有限責任監査法人": "KANSA",
    "特許業務法人": "BENRISHI",
    "NPO法人": "NPO",
    "認定NPO法人": "NPO",
    "認定特定非営利活動法人": "NPO",
    "特定医療法人": "IRYO",
    "社会医療法人": "IRYO",
    "社会医療法人社団": "IRYO",
    "社会医療法人財団": "IRYO",
    "特定医療法人社団": "IRYO",
    "特定医療法人財団": "IRYO",
    "カブシキガイシャ": "KK",
    "カブシキガイシヤ": "KK",
    "カブシキカイシャ": "KK",
    "かぶしきがいしゃ": "KK",
    "ユウゲンガイシャ": "YK",
    "ユウゲンガイシヤ": "YK",
    "ゆうげんがいしゃ": "YK",
    "ゴウドウガイシャ": "GK",
    "ゴウドウガイシヤ": "GK",
    "ごうどうがいしゃ": "GK",
}
_OPEN, _CLOSE = r"[(\[{【〔〈<《「]", r"[)\]}】〕〉>》」]"

_SPELLED = {written: LegalForm(code, written) for code, written, _, _ in _FORMS} | {
    written: LegalForm(code, written) for written, code in _OTHER_SPELLINGS.items()
}
# The spelled-out forms are read in brackets too: 「（株式会社）サンプル」.
_ABBREVIATED = {
    short: LegalForm(code, written)
    for code, written, kanji, kana in _FORMS
    for short in (written, *kanji.split(), *kana.split())
}
_SIZES = sorted({len(written) for written in _SPELLED}, reverse=True)
_SPELLED_ENDS = tuple(_SPELLED)
_SPELLED_STARTS = frozenset(written[0] for written in _SPELLED)
_SHORT = "|".join(sorted(map(re.escape, _ABBREVIATED), key=len, reverse=True))
_SHORT_AT_START = re.compile(rf"{_OPEN}?\s*({_SHORT})\s*{_CLOSE}\s*")
_SHORT_AT_END = re.compile(rf"\s*{_OPEN}\s*({_SHORT})\s*{_CLOSE}?$")
# First and last characters: cheap tests that most names fail.
_SHORT_STARTS = frozenset("([{【〔〈<《「") | {short[0] for short in _ABBREVIATED}
_SHORT_ENDS = frozenset(")]}】〕〉>》」") | {short[-1] for short in _ABBREVIATED}
# Brackets and the longest abbreviation.
_LONGEST_ENDING = max(map(len, _ABBREVIATED)) + 6

_KAISHA = r"[\s-]?[kg]aisha"
_ENGLISH = {
    "KK": (
        r"(?:(?:pte|pty|co|company)\b\.?[\s,]*)?(?:ltd|limited)"
        r"|inc(?:orporated)?|corp(?:oration)?"
        rf"|k\.\s?k|kk|kabushiki{_KAISHA}"
    ),
    "YK": rf"y\.\s?k|yk|y[uū]u?gen{_KAISHA}",
    "GK": rf"l\.\s?l\.\s?c|llc|g\.\s?k|gk|g[oō]u?d[oō]u?{_KAISHA}",
    "LLP": r"llp|l\.\s?l\.\s?p",
    "GOSHI": rf"g[oō]u?shi{_KAISHA}",
    "GOMEI": rf"g[oō]u?mei{_KAISHA}",
}
_ENGLISH_ALTERNATIVES = "|".join(
    f"(?P<{code}>{words})" for code, words in _ENGLISH.items()
)
_ENGLISH_AT_END = re.compile(
    rf"(?:^|(?<=[\s,(])|(?<=[^\x00-\x7f]))(?:{_ENGLISH_ALTERNATIVES})\.?\)?$",
    re.IGNORECASE,
)
_ENGLISH_AT_START = re.compile(
    rf"(?:(?P<KK>k\.\s?k\.|kk|kabushiki{_KAISHA})|(?P<YK>y\.\s?k\.|y[uū]u?gen{_KAISHA})"
    rf"|(?P<GK>g\.\s?k\.|g[oō]u?d[oō]u?{_KAISHA}))\s+",
    re.IGNORECASE,
)
_ENGLISH_STARTS = frozenset("kKyYgG")
# The last letters of the words above: a cheap test that most names fail.
_LAST_LETTERS = "td ed nc rp on .k kk yk gk lc .c lp .p sha"
_ENGLISH_ENDS = tuple(_LAST_LETTERS.split())
_LONGEST_ENGLISH = 40


def at_start(name: str) -> tuple[LegalForm, str] | None:
    """Return the form that a name begins with, and the rest of the name."""
    first = name[0]
    if first in _SPELLED_STARTS:
        for size in _SIZES:
            if form := _SPELLED.get(name[:size]):
                return form, name[size:].lstrip()
    if first in _ENGLISH_STARTS and (found := _ENGLISH_AT_START.match(name)):
        return LegalForm(found.lastgroup or "", None), name[found.end() :]
    if first in _SHORT_STARTS and (found := _SHORT_AT_START.match(name)):
        return _ABBREVIATED[found[1]], name[found.end() :]
    return None


def at_end(name: str) -> tuple[LegalForm, str] | None:
    """Return the form that a name ends with, and the rest of the name."""
    if name.endswith(_SPELLED_ENDS):
        size = next(each for each in _SIZES if name[-each:] in _SPELLED)
        return _SPELLED[name[-size:]], name[:-size].rstrip()
    if name[-1].isascii() and name.rstrip(".)").lower().endswith(_ENGLISH_ENDS):
        start = max(0, len(name) - _LONGEST_ENGLISH)
        if found := _ENGLISH_AT_END.search(name, start):
            rest = name[: found.start()].rstrip(" ,(")
            return LegalForm(found.lastgroup or "", None), rest
    if name[-1] not in _SHORT_ENDS:
        return None
    start = max(0, len(name) - _LONGEST_ENDING)
    if found := _SHORT_AT_END.search(name, start):
        return _ABBREVIATED[found[1]], name[: found.start()]
    return None
