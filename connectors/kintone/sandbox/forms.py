"""The apps the stand-in starts with: their fields, as kintone describes them."""

from dataclasses import dataclass, field
from typing import Any, Final

Field = dict[str, Any]

UPDATED: Final = "更新日時"
ONBOARDING: Final = 5
SUBSCRIPTION: Final = 6


def _field(kind: str, code: str, **more: object) -> Field:
    return {"type": kind, "code": code, "label": code, "noLabel": False, **more}


def text(
    code: str, most: int | None = None, *, required: bool = False, unique: bool = False
) -> Field:
    """Return a line of text (文字列1行)."""
    return _field(
        "SINGLE_LINE_TEXT",
        code,
        required=required,
        unique=unique,
        minLength="",
        maxLength="" if most is None else str(most),
        expression="",
        hideExpression=False,
        defaultValue="",
    )


def plain(kind: str, code: str, *, required: bool = False) -> Field:
    """Return a field without settings of its own: text in lines, dates, numbers."""
    more: dict[str, object] = {"required": required, "defaultValue": ""}
    if kind in {"DATE", "DATETIME", "TIME"}:
        more |= {"unique": False, "defaultNowValue": False}
    if kind == "NUMBER":
        more |= {"unique": False, "digit": True, "minValue": "", "maxValue": ""}
    return _field(kind, code, **more)


def choice(
    kind: str, code: str, *options: str, default: str = "", required: bool = False
) -> Field:
    """Return a field of choices."""
    listed = {
        name: {"label": name, "index": str(place)} for place, name in enumerate(options)
    }
    given: object = [] if kind in {"CHECK_BOX", "MULTI_SELECT"} else default
    return _field(kind, code, required=required, options=listed, defaultValue=given)


def people(code: str) -> Field:
    """Return a field of users."""
    return _field("USER_SELECT", code, required=False, entities=[], defaultValue=[])


def table(code: str, *fields: Field) -> Field:
    """Return a table."""
    return _field("SUBTABLE", code, fields={one["code"]: one for one in fields})


_SYSTEM = (
    _field("RECORD_NUMBER", "レコード番号"),
    _field("CREATOR", "作成者"),
    _field("CREATED_TIME", "作成日時"),
    _field("MODIFIER", "更新者"),
    _field("UPDATED_TIME", UPDATED),
)


@dataclass(slots=True)
class App:
    """One app's settings.

    Attributes:
        number: As its address shows it.
        name: As people see it.
        token: Its API token.
        rights: What the token may: `view`, `add`, `edit`.
        fields: By code.
        revision: Of the settings.
    """

    number: int
    name: str
    token: str
    rights: tuple[str, ...] = ("view", "add", "edit")
    fields: dict[str, Field] = field(default_factory=dict)
    revision: int = 3

    def unique(self) -> list[str]:
        """Return the fields that allow no doubles."""
        return [code for code, one in self.fields.items() if one.get("unique") is True]


def _app(number: int, name: str, token: str, *fields: Field) -> App:
    both = {one["code"]: one for one in (*fields, *_SYSTEM)}
    return App(number, name, token, fields=both)


def standard() -> list[App]:
    """Return the apps of customer success: onboarding, and subscriptions (契約)."""
    return [
        _app(
            ONBOARDING,
            "導入管理",
            "sandboxonboarding",
            text("案件ID", 64, required=True, unique=True),
            text("顧客名", 255, required=True),
            text("件名", 255),
            text("取引先ID", 64),
            choice(
                "DROP_DOWN", "状況", "未着手", "進行中", "完了", "中止",
                default="未着手", required=True,
            ),
            people("担当者"),
            text("営業担当"),
            plain("DATE", "受注日"),
            plain("DATE", "初回連絡期限"),
            plain("DATE", "利用開始日"),
            plain("NUMBER", "契約金額"),
            plain("MULTI_LINE_TEXT", "引き継ぎ事項"),
            table(
                "明細", text("品名"), plain("NUMBER", "数量"), plain("NUMBER", "金額")
            ),
        ),
        _app(
            SUBSCRIPTION,
            "契約管理",
            "sandboxsubscription",
            text("契約番号", 64, required=True, unique=True),
            text("取引先ID", 64),
            text("顧客名", 255, required=True),
            plain("DATE", "開始日", required=True),
            plain("DATE", "更新日"),
            plain("DATE", "解約日"),
            plain("NUMBER", "月額"),
            choice(
                "RADIO_BUTTON", "状態", "利用中", "更新待ち", "解約", default="利用中"
            ),
            choice("CHECK_BOX", "オプション", "電話サポート", "監査ログ"),
        ),
    ]  # fmt: skip
