"""The invented companies: names, places, corporate numbers, phones and domains.

Nothing here can reach or be mistaken for anybody: the names join an invented word and
a trade; mail domains lie under example.jp and example.co.jp, which the registry keeps
for examples; corporate numbers begin with an office code that no registry has; landline
offices begin with 1, which the Japanese numbering plan gives to no subscriber although
number libraries take it; mobiles lie in the 1234 block that every Japanese form shows
as its sample. The addresses' towns and postcodes are real, the house numbers are not.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from tasuki.japan.corporate import check_digit

_STEMS: Final = """
霧咲 kirisaki   凪ヶ浦 nagigaura   星渡 hoshiwatari   苔玉 kokedama
藍染川 aizomegawa   風待 kazemachi   月灯 tsukiakari   雪椿野 yukitsubakino
木霊沢 kodamazawa   夕凪台 yunagidai   朝霧野 asagirino   花筏 hanaikada
空知辺 sorachibe   鶴ノ巣 tsurunosu   鳴瀬戸 naruseto   波止浦 hatoura
稲穂坂 inahozaka   柚子坂 yuzuzaka   雲居野 kumoino   楓橋 kaedebashi
灯ノ森 tonomori   岩清瀬 iwakiyose   時雨谷 shiguredani   千鳥足 chidori
蛍瀬 hotaruse   萌黄台 moegidai   山茶花 sazanka   白波瀬 shirahase
七夕坂 tanabata   虹ノ松 nijinomatsu   ミナモ minamo   ソラマメノ soramameno
ホシノネ hoshinone   ツムギノ tsumugino   カゼミチ kazemichi   ヒナタボ hinatabo
ノドカノ nodokano   アオバト aobato   モリノワ morinowa   コハクノ kohakuno
TSUBOMINO tsubomino   KOHANARI kohanari   NAGAREBI nagarebi   HIBIKINO hibikino
髙嶺台 takanedai   﨑ノ浜 sakinohama
"""
_TRADES: Final = """
製作所 works    商事 trading    システムズ systems 食品 foods      建設 construction
物流 logistics  デザイン design 不動産 estate     電機 denki       印刷 printing
メディカル medical コンサルティング consulting 工業 kogyo テクノロジー tech
ホールディングス hd 農園 farm   設計事務所 sekkei 観光 kanko       製薬 pharma
エネルギー energy
"""
_PLACES: Final = """
100-0005 東京都 千代田区丸の内 03   101-0021 東京都 千代田区外神田 03
104-0061 東京都 中央区銀座 03   103-0027 東京都 中央区日本橋 03
105-0004 東京都 港区新橋 03   108-0075 東京都 港区港南 03
141-0031 東京都 品川区西五反田 03   150-0002 東京都 渋谷区渋谷 03
160-0022 東京都 新宿区新宿 03   170-0013 東京都 豊島区東池袋 03
220-0011 神奈川県 横浜市西区高島 045   231-0023 神奈川県 横浜市中区山下町 045
330-0854 埼玉県 さいたま市大宮区桜木町 048   260-0013 千葉県 千葉市中央区中央 043
320-0811 栃木県 宇都宮市大通り 028   980-0021 宮城県 仙台市青葉区中央 022
950-0911 新潟県 新潟市中央区笹口 025   420-0851 静岡県 静岡市葵区黒金町 054
450-0002 愛知県 名古屋市中村区名駅 052   460-0008 愛知県 名古屋市中区栄 052
600-8411 京都府 京都市下京区水銀屋町 075   530-0001 大阪府 大阪市北区梅田 06
541-0056 大阪府 大阪市中央区久太郎町 06   550-0002 大阪府 大阪市西区江戸堀 06
650-0001 兵庫県 神戸市中央区加納町 078   651-0087 兵庫県 神戸市中央区御幸通 078
700-0024 岡山県 岡山市北区駅元町 086   730-0011 広島県 広島市中区基町 082
760-0019 香川県 高松市サンポート 087   790-0001 愛媛県 松山市一番町 089
810-0001 福岡県 福岡市中央区天神 092   812-0011 福岡県 福岡市博多区博多駅前 092
860-0804 熊本県 熊本市中央区辛島町 096   892-0842 鹿児島県 鹿児島市東千石町 099
900-0015 沖縄県 那覇市久茂地 098
"""
# Left out: areas such as 026, whose offices with 1 would be another area (0261).
_FORMS: Final = ("株式会社", "有限会社", "合同会社")
_FORM_WEIGHTS: Final = (82, 9, 9)
_FORM_BEFORE: Final = 0.72
_CO_JP_SHARE: Final = 0.3
_FLOOR_SHARE: Final = 0.5
# Bodies of real numbers begin with the code of a legal affairs office; 9999 is none.
_NO_OFFICE: Final = "999901"


@dataclass(frozen=True, slots=True)
class Place:
    """A town with its postcode and area code."""

    postcode: str
    prefecture: str
    town: str
    area_code: str


@dataclass(frozen=True, slots=True)
class Firm:
    """An invented company before anyone types it in."""

    body: str
    form: str
    form_before: bool
    mail_domain: str
    place: Place
    street: str
    office: str  # the phone's middle group
    line: int  # its last group

    @property
    def name(self) -> str:
        """The registered name."""
        return f"{self.form}{self.body}" if self.form_before else self.body + self.form

    @property
    def switchboard(self) -> str:
        """The company's own phone number."""
        return f"{self.place.area_code}-{self.office}-{self.line:04d}"


class Register:
    """Draws companies, each name once."""

    def __init__(self) -> None:
        self._places = [Place(*cells) for cells in _rows(_PLACES, 4)]
        names = {(s, t) for s in _rows(_STEMS, 2) for t in _rows(_TRADES, 2)}
        self._names = sorted(names)

    @property
    def size(self) -> int:
        """How many different companies can be drawn."""
        return len(self._names)

    def draw(self, rng: Random, count: int) -> list[Firm]:
        """Return different companies, the one of the demo's story first."""
        story = (("霧咲", "kirisaki"), ("デザイン", "design"))
        others = [pair for pair in self._names if pair != story]
        picked = rng.sample(others, min(max(count - 1, 0), len(others)))
        firms = [self._firm(rng, *pair) for pair in picked]
        return [self._story_firm(rng, *story), *firms][: max(count, 0)]

    def _firm(self, rng: Random, stem: tuple[str, ...], trade: tuple[str, ...]) -> Firm:
        place = rng.choice(self._places)
        top = "example.co.jp" if rng.random() < _CO_JP_SHARE else "example.jp"
        house = [str(rng.randint(1, most)) for most in (5, 28, 15)]
        floor = f" 見本ビル{rng.randint(2, 12)}F" if rng.random() < _FLOOR_SHARE else ""
        digits = 3 if len(place.area_code) == 2 else 2  # noqa: PLR2004 - ten in all
        return Firm(
            body=stem[0] + trade[0],
            form=rng.choices(_FORMS, _FORM_WEIGHTS)[0],
            form_before=rng.random() < _FORM_BEFORE,
            mail_domain=f"{stem[1]}-{trade[1]}.{top}",
            place=place,
            street=place.town + "-".join(house) + floor,
            office="1" + "".join(str(rng.randint(1, 9)) for _ in range(digits)),
            line=rng.randint(1000, 8999),
        )

    def _story_firm(
        self, rng: Random, stem: tuple[str, ...], trade: tuple[str, ...]
    ) -> Firm:
        drawn = self._firm(rng, stem, trade)
        place = next(one for one in self._places if one.town == "港区港南")
        return Firm(
            body=drawn.body,
            form="株式会社",
            form_before=True,
            mail_domain="kirisaki-design.example.jp",
            place=place,
            street="港区港南2-15-8 見本ビル7F",
            office="1234",
            line=5678,
        )


def corporate_number(serial: int) -> str:
    """Return a number with a right check digit that no registry can have given.

    Example:
        >>> corporate_number(1)
        '7999901000001'
    """
    body = f"{_NO_OFFICE}{serial:06d}"
    return f"{check_digit(body)}{body}"


def _rows(table: str, columns: int) -> list[tuple[str, ...]]:
    cells = table.split()
    return [tuple(cells[at : at + columns]) for at in range(0, len(cells), columns)]
