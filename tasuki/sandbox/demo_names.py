"""The invented persons' names, with their readings, and what is on their cards."""

from dataclasses import dataclass
from random import Random
from typing import Final

_SURNAMES: Final = """
佐藤 サトウ sato       鈴木 スズキ suzuki     高橋 タカハシ takahashi
田中 タナカ tanaka     伊藤 イトウ ito        渡辺 ワタナベ watanabe
山本 ヤマモト yamamoto 中村 ナカムラ nakamura 小林 コバヤシ kobayashi
加藤 カトウ kato       吉田 ヨシダ yoshida    山田 ヤマダ yamada
佐々木 ササキ sasaki   山口 ヤマグチ yamaguchi 松本 マツモト matsumoto
井上 イノウエ inoue    木村 キムラ kimura     林 ハヤシ hayashi
清水 シミズ shimizu    山崎 ヤマザキ yamazaki 池田 イケダ ikeda
橋本 ハシモト hashimoto 阿部 アベ abe         石川 イシカワ ishikawa
小川 オガワ ogawa      前田 マエダ maeda      岡田 オカダ okada
長谷川 ハセガワ hasegawa 藤田 フジタ fujita   後藤 ゴトウ goto
近藤 コンドウ kondo    村上 ムラカミ murakami 遠藤 エンドウ endo
青木 アオキ aoki       坂本 サカモト sakamoto 福田 フクダ fukuda
太田 オオタ ota        西村 ニシムラ nishimura 藤井 フジイ fujii
岡本 オカモト okamoto  三浦 ミウラ miura      中野 ナカノ nakano
原田 ハラダ harada     松田 マツダ matsuda    竹内 タケウチ takeuchi
上田 ウエダ ueda       森田 モリタ morita     宮本 ミヤモト miyamoto
丸山 マルヤマ maruyama 今井 イマイ imai       武田 タケダ takeda
千葉 チバ chiba        大塚 オオツカ otsuka   五十嵐 イガラシ igarashi
"""
# 旧字体 and variant characters, one of them outside the basic plane.
_SURNAMES_IN_OLD_FORM: Final = """
髙橋 タカハシ takahashi 山﨑 ヤマザキ yamazaki 渡邊 ワタナベ watanabe
渡邉 ワタナベ watanabe  齋藤 サイトウ saito    𠮷田 ヨシダ yoshida
濵田 ハマダ hamada      廣瀬 ヒロセ hirose     德永 トクナガ tokunaga
髙木 タカギ takagi      島﨑 シマザキ shimazaki 邉見 ヘンミ hemmi
"""
_GIVEN: Final = """
太郎 タロウ taro     一郎 イチロウ ichiro 健太 ケンタ kenta   大輔 ダイスケ daisuke
翔太 ショウタ shota  拓也 タクヤ takuya   直樹 ナオキ naoki   誠 マコト makoto
浩二 コウジ koji     隆 タカシ takashi    修 オサム osamu     亮 リョウ ryo
蓮 レン ren          悠真 ユウマ yuma     大翔 ヒロト hiroto  健 ケン ken
花子 ハナコ hanako   美咲 ミサキ misaki   陽子 ヨウコ yoko    恵子 ケイコ keiko
裕美 ヒロミ hiromi   真由美 マユミ mayumi 由美子 ユミコ yumiko 愛 アイ ai
彩 アヤ aya          結衣 ユイ yui        葵 アオイ aoi       さくら サクラ sakura
千夏 チナツ chinatsu 直子 ナオコ naoko    和也 カズヤ kazuya  剛 ツヨシ tsuyoshi
"""
_COLUMNS: Final = 3
_OLD_FORM_SHARE: Final = 0.08

JOB_TITLES: Final = (
    "代表取締役",
    "代表取締役社長",
    "取締役",
    "執行役員",
    "部長",
    "営業部長",
    "総務部 部長",
    "課長",
    "総務課長",
    "マネージャー",
    "ﾏﾈｰｼﾞｬｰ",
    "主任",
    "係長",
    "担当",
    "総務",
    "経営企画室",
    "情報システム部",
    "人事総務部　マネージャー",
    "Sales Manager",
    "CTO",
    "",
    "",
    "",
)


@dataclass(frozen=True, slots=True)
class Word:
    """A name's part: as written, its reading in katakana, and in letters."""

    written: str
    kana: str
    romaji: str


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name before anyone types it in."""

    family: Word
    given: Word


class NameBook:
    """The names to draw from."""

    def __init__(self) -> None:
        self.usual = _words(_SURNAMES)
        self.old_form = _words(_SURNAMES_IN_OLD_FORM)
        self.given = _words(_GIVEN)

    def draw(self, rng: Random) -> PersonName:
        """Return a person's name; about one in twelve is written in an old form."""
        old = rng.random() < _OLD_FORM_SHARE
        return PersonName(
            rng.choice(self.old_form if old else self.usual), rng.choice(self.given)
        )

    def find(self, family: str, given: str) -> PersonName:
        """Return the name that is written so.

        Raises:
            StopIteration: It is not in the book.
        """
        surnames = self.usual + self.old_form
        return PersonName(
            next(word for word in surnames if word.written == family),
            next(word for word in self.given if word.written == given),
        )


def _words(table: str) -> tuple[Word, ...]:
    cells = table.split()
    return tuple(
        Word(*cells[start : start + _COLUMNS])
        for start in range(0, len(cells), _COLUMNS)
    )
