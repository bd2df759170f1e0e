"""Prefectures and postcodes out of what people type."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from tasuki.japan.text import clean, hyphenated

# In the order of JIS X 0401, which ISO 3166-2:JP follows.
_NAMES = """
    北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県
    群馬県 埼玉県 千葉県 東京都 神奈川県 新潟県 富山県 石川県 福井県
    山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府
    兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 山口県 徳島県
    香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県
    鹿児島県 沖縄県
"""
_ROMAJI = """
    hokkaido aomori iwate miyagi akita yamagata fukushima ibaraki
    tochigi gunma saitama chiba tokyo kanagawa niigata toyama
    ishikawa fukui yamanashi nagano gifu shizuoka aichi mie
    shiga kyoto osaka hyogo nara wakayama tottori shimane
    okayama hiroshima yamaguchi tokushima kagawa ehime kochi fukuoka
    saga nagasaki kumamoto oita miyazaki kagoshima okinawa
"""
_OTHER_ROMAJI = {"gumma": "gunma"}


class Prefecture(NamedTuple):
    """One of the 47 prefectures: its full name and its ISO 3166-2 code."""

    name: str
    iso: str


_ALL = tuple(
    Prefecture(name, f"JP-{number:02}")
    for number, name in enumerate(_NAMES.split(), start=1)
)
_BY_NAME = {each.name: each for each in _ALL}
# 「北海」 is not said for 北海道; the other 46 are known without their last character.
_BY_SHORT_NAME = {each.name[:-1]: each for each in _ALL if each.name != "北海道"}
_BY_ROMAJI = dict(zip(_ROMAJI.split(), _ALL, strict=True))
_BY_CODE = {each.iso[3:]: each for each in _ALL}

_FULL_NAME = re.compile("|".join(_NAMES.split()))
# A city with a prefecture's name lies in it, 「京都市」; a ward need not, 「福島区」.
_SHORT_NAME = re.compile(
    f"({'|'.join(_BY_SHORT_NAME)})(?=$|[\\s,、]|市)|(東京)(?=.{{1,4}}区)"
)
# 「東 京 都」: characters set apart to fill a field.
_SPREAD = re.compile(r"(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])")
_CODE = re.compile("(?:JP-?)?([0-4][0-9])", re.IGNORECASE)
_WORDS = re.compile("[a-z]+")
_COUNTRY = re.compile(r"^(?:日本国?|〒?\d{3}-?\d{4})[\s,、]*")
_POSTCODE = re.compile(r"(?:〒|郵便番号)?[\s:]*([0-9]{3})[\s-]*([0-9]{4})")
_POSTCODE_OF_ADDRESS = re.compile(r"〒\s*([0-9]{3})[\s-]*([0-9]{4})(?![0-9])")
_SIX_DIGITS = re.compile(r"[〒\s]*([0-9]{2})-?([0-9]{4})")
_UNASSIGNED = "000-0000"
_STATE_FIELD = 12  # longer texts are addresses, of which there are many


def prefecture(value: str | None) -> str | None:
    """Return the full name of the prefecture in a state field or an address.

    A city is not looked up: an address without its prefecture has none.

    Example:
        >>> prefecture("京都"), prefecture("東京都千代田区1-1"), prefecture("Osaka-fu")
        ('京都府', '東京都', '大阪府')
    """
    found = find_prefecture(value)
    return found.name if found else None


def after_prefecture(value: str | None) -> str | None:
    """Return what follows the prefecture of an address; all of it where there is none.

    Example:
        >>> after_prefecture("〒105-0014 東京都港区芝1-1"), after_prefecture("港区芝")
        ('港区芝1-1', '港区芝')
    """
    if not value:
        return None
    address = _COUNTRY.sub("", _COUNTRY.sub("", clean(value)))
    if found := _FULL_NAME.match(address):
        address = address[found.end() :].lstrip(" ,、")
    return address or None


def prefecture_code(value: str | None) -> str | None:
    """Return the ISO 3166-2 code of the prefecture in a state field or an address.

    Example:
        >>> prefecture_code("北海道札幌市")
        'JP-01'
    """
    found = find_prefecture(value)
    return found.iso if found else None


def find_prefecture(value: str | None) -> Prefecture | None:
    """Return the prefecture in a state field or an address: name and code."""
    if not value:
        return None
    return _known(value) if len(value) <= _STATE_FIELD else _found(value)


@lru_cache(maxsize=1024)
def _known(value: str) -> Prefecture | None:
    """Find it in a state field: there are few spellings, and each comes often."""
    return _found(value)


def _found(value: str) -> Prefecture | None:
    address = clean(value)
    if found := _FULL_NAME.search(_SPREAD.sub("", address)):
        return _BY_NAME[found[0]]
    if code := _CODE.fullmatch(address):
        return _BY_CODE.get(code[1])
    if found := _SHORT_NAME.match(_COUNTRY.sub("", address)):
        return _BY_SHORT_NAME[found[1] or found[2]]
    return _by_romaji(address)


def _by_romaji(address: str) -> Prefecture | None:
    """Find the last word that names a prefecture: English puts it near the end."""
    without_macrons = "".join(
        c for c in unicodedata.normalize("NFD", address) if not unicodedata.combining(c)
    )
    for word in reversed(_WORDS.findall(without_macrons.lower())):
        spelled = (
            word.replace("ou", "o").replace("oo", "o").replace("oh", "o")
            if word not in _BY_ROMAJI
            else word
        )
        if found := _BY_ROMAJI.get(_OTHER_ROMAJI.get(spelled, spelled)):
            return found
    return None


def postcode(value: str | None) -> str | None:
    """Return a postcode as 123-4567, or None: six digits are not completed by guessing.

    Example:
        >>> postcode("〒１００ー０００１"), postcode("1000001"), postcode("600001")
        ('100-0001', '100-0001', None)
    """
    if not value:
        return None
    written = hyphenated(clean(value))
    found = _POSTCODE.fullmatch(written) or _POSTCODE_OF_ADDRESS.search(written)
    if found is None:
        return None
    code = f"{found[1]}-{found[2]}"
    return None if code == _UNASSIGNED else code


def suggest_postcode(value: str | None) -> str | None:
    """Return what six digits would be if a spreadsheet dropped the leading zero.

    Example:
        >>> suggest_postcode("600001")
        '060-0001'
    """
    found = _SIX_DIGITS.fullmatch(hyphenated(clean(value))) if value else None
    return f"0{found[1]}-{found[2]}" if found else None
