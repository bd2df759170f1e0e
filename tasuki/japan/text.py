"""Text as people meant it: one width for each character, no invisible ones."""

import re
import unicodedata
from collections.abc import Callable

# Zero-width and direction marks, soft hyphen, byte-order mark and NUL: pasted along
# from web pages and spreadsheets, never meant.
_INVISIBLE = re.compile(
    "[\x00\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_DASHES = "\u2010-\u2015\u2212"
_MARK_AFTER_DIGIT = re.compile("(?<=[0-9])ー+")
_DASH_AFTER_KATAKANA = re.compile(f"(?<=[ァ-ヺー])[{_DASHES}]++(?![0-9A-Za-z])")
_ANY_DASH_AFTER_KATAKANA = re.compile(f"(?<=[ァ-ヺー])[{_DASHES}-]++(?![0-9A-Za-z])")
_ANY_DASH = re.compile(f"[{_DASHES}ー]")
_SPACES = re.compile(r"\s+")
_VARIATION_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")

_HIRAGANA_TO_KATAKANA = {
    code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)
}

# Variant characters (異体字) that NFKC leaves apart, folded to the everyday form.
# For keys only: a customer's own spelling is never changed on display. Left apart on
# purpose: 斎/斉, 龍/竜 and the like, which are different names to their bearers.
_VARIANTS = str.maketrans(
    "髙﨑嵜𠮷德邉邊齋齊澤濱濵眞國學廣櫻瀧嶋嶌惠榮條壽冨桒彌禮靜豐寶晉萬與藏淺黑橫增會圓戶亞來佛傳兒"
    "勳卷單嚴團圖將峽巖應數斷曉樂樣歐歷氣滿瀨灣爲發硏祿稻穗經綠縣總繩聰聲臺舊莊藝藥號裝覺觀證譽讀"
    "豫賴賣辯遙鄕醫釋錄關雙靈顯驛鷄鹽麥黃點龜鷗籔檢槗靑淸渕渊舘舩峯鐵曾凜槇檜薗禱祿",
    "高崎崎吉徳辺辺斎斉沢浜浜真国学広桜滝島島恵栄条寿富桑弥礼静豊宝晋万与蔵浅黒横増会円戸亜来仏伝児"
    "勲巻単厳団図将峡巌応数断暁楽様欧歴気満瀬湾為発研禄稲穂経緑県総縄聡声台旧荘芸薬号装覚観証誉読"
    "予頼売弁遥郷医釈録関双霊顕駅鶏塩麦黄点亀鴎薮検橋青清淵淵館船峰鉄曽凛槙桧園祷禄",
)


def text(value: str | None) -> str | None:
    """Return a text in its common form: NFKC, without invisible characters, trimmed.

    A long-vowel mark after a digit was meant as a hyphen, a dash after katakana as a
    long-vowel mark. An ASCII hyphen is left alone: it separates words more often.

    Example:
        >>> text("ＡＢＣ　１２３"), text("03ー1234"), text("デ−タ")
        ('ABC 123', '03-1234', 'データ')
    """
    return None if value is None else clean(value)


def clean(value: str) -> str:
    """Return `text` of a value that is known to be there."""
    if value.isascii():
        return value.replace("\x00", "").strip()
    folded = folded_width(value).strip()
    if "ー" in folded:
        folded = _MARK_AFTER_DIGIT.sub(_hyphens, folded)
    return _DASH_AFTER_KATAKANA.sub(_long_vowels, folded)


def settled(fold: Callable[[str], str], value: str) -> str:
    """Apply a fold until nothing changes, so that a key's key is that key.

    One round is seldom too few: a character taken out lets its neighbours combine.
    """
    for _ in range(len(value) + 1):
        folded = fold(value)
        if folded == value:
            break
        value = folded
    return value


def folded_width(value: str) -> str:
    """Return a value in NFKC without invisible characters, and nothing else changed."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", value))


def single_spaced(value: str) -> str:
    """Return a trimmed value with every run of white space made one space."""
    return " ".join(value.split())


def hyphenated(value: str) -> str:
    """Return a value in which every dash, long-vowel marks too, is an ASCII hyphen."""
    return value if value.isascii() else _ANY_DASH.sub("-", value)


def fold_variants(value: str) -> str:
    """Return a value with variant characters folded, for keys only.

    Example:
        >>> fold_variants("渡邉髙志"), fold_variants("𠮷野家")
        ('渡辺高志', '吉野家')
    """
    if value.isascii():
        return value
    folded = _VARIATION_SELECTOR.sub("", value).translate(_VARIANTS)
    return _ANY_DASH_AFTER_KATAKANA.sub(_long_vowels, folded)


def kana(value: str | None) -> str | None:
    """Return a reading in full-width katakana, without spaces and middle dots.

    Characters that are not kana stay as they are.

    Example:
        >>> kana("やまだ　たろう"), kana("ﾔﾏﾀﾞ･ﾀﾛｳ")
        ('ヤマダタロウ', 'ヤマダタロウ')
    """
    if value is None:
        return None
    return settled(_katakana, value)


def _katakana(value: str) -> str:
    katakana = clean(value).translate(_HIRAGANA_TO_KATAKANA)
    katakana = _SPACES.sub("", katakana).replace("・", "")
    return _ANY_DASH_AFTER_KATAKANA.sub(_long_vowels, katakana)


def _hyphens(found: re.Match[str]) -> str:
    return "-" * len(found[0])


def _long_vowels(found: re.Match[str]) -> str:
    return "ー" * len(found[0])
