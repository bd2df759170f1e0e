"""The words of reports and tables: Japanese first, English beside it."""

from collections.abc import Mapping

Words = tuple[str, str]

OUTCOMES: Mapping[str, Words] = {
    "read": ("読み込み", "read"),
    "created": ("新規作成", "created"),
    "updated": ("更新", "updated"),
    "attached": ("既存に紐付け", "attached"),
    "unchanged": ("変更なし", "unchanged"),
    "skipped": ("対象外", "skipped"),
    "held": ("保留（人の判断待ち）", "held for a person"),
    "waiting": ("親レコード待ち", "waiting for a parent"),
    "dead": ("送信不可（要対応）", "dead letters"),
    "in_doubt": ("結果確認中", "in doubt, to be looked up"),
    "deferred": ("次回に再送", "deferred to the next run"),
    "written_back": ("元システムへ書き戻し", "written back"),
}
ENDINGS = tuple(name for name in OUTCOMES if name not in {"read", "written_back"})

ACTIONS: Mapping[str, Words] = {
    "create": ("新規作成する", "would be created"),
    "update": ("更新する", "would be updated"),
    "attach": ("既存に紐付ける", "would be attached"),
    "unchanged": ("変更なし", "unchanged"),
    "skip": ("対象外", "would be skipped"),
    "hold": ("保留になる", "would be held"),
    "wait": ("親レコード待ち", "would wait for a parent"),
    "dead": ("送信不可", "would be dead letters"),
    "in_doubt": ("結果確認中", "in doubt"),
}

STATES: Mapping[str, Words] = {
    "done": ("完了", "done"),
    "stopped": ("停止", "stopped"),
    "refused": ("ガードで停止", "refused by a guard"),
}

HOLDS: Mapping[str, str] = {
    "ambiguous_match": "候補が複数あります。どれか、または該当なしかを決めます。",
    "duplicate_record": "別のレコードが同じ相手または業務キーを使っています。",
    "exists_already": "同じ文書が既にあります。それかどうかを決めます。",
    "changed_after_sent": "送信後に元レコードが変わりました。",
    "in_doubt": "送信後に返事がありません。先方にあるかを答えます。",
    "shares_counterpart": "先方で統合されています。どちらのものかを決めます。",
    "guard": "件数が普段より多いため止まりました。意図どおりかを決めます。",
}
"""What each kind of hold asks; in English it is `tasuki.engine.answer.HOW`."""

TEXT: Mapping[str, Words] = {
    "outcome": ("結果", "outcome"),
    "count": ("件数", "count"),
    "reason": ("理由", "reason"),
    "why": ("理由の内訳", "Why"),
    "calls": ("API 呼び出し", "API calls"),
    "least": ("理論上の最小", "theoretical minimum"),
    "refused": ("送信前に停止しました（ガード）", "Stopped before sending (guard)"),
    "stopped": ("途中で停止しました", "The run stopped"),
    "not_begun": ("開始できませんでした", "The run could not begin"),
    "remedy": ("対処", "Remedy"),
    "next": ("次の一手", "What to do next"),
    "nothing": ("対応が必要なものはありません。", "Nothing is left to do."),
    "dead_title": ("送信不可（要対応）", "Dead letters"),
    "held_title": ("保留（人の判断待ち）", "Held for a person"),
    "more": ("ほか {count:,} 件", "{count:,} more"),
    "record": ("レコード", "record"),
    "candidate": ("候補", "candidate"),
    "words": ("内容", "words"),
    "command": ("詳しく見る", "in full"),
    "since": ("発生", "since"),
    "open": ("開く", "open"),
    "step": ("段階", "step"),
    "share": ("割合", "share"),
    "when": ("実行", "run"),
    "whole": ("全件", "everything"),
    "changes": ("差分", "what changed"),
    "dry_run": ("試行（何も送信していません）", "Dry run (nothing was sent)"),
    "would": ("起こること", "what would happen"),
    "first": ("先頭の変更", "The first changes"),
    "cost": ("実行した場合の API 呼び出し", "API calls of such a run"),
    "really": (
        "内容を確認し、同じ設定で「試行」を外して実行します。",
        "Look at it, then run it with the same options without dry run.",
    ),
    "as_command": ("コマンドでは", "As a command"),
    "guard_do": (
        (
            "`tasuki plan {sync}` で内容を確認し、意図どおりなら「件数の承認」に"
            "件数を入れて実行するか、`tasuki approve --guard {run}` で承認します。"
        ),
        (
            "See `tasuki plan {sync}`; if it is meant, run with that number as "
            "`allow`, or `tasuki approve --guard {run}`."
        ),
    ),
    "stopped_do": (
        (
            "原因を直したら、もう一度実行します。送信済みのものは二重になりません: "
            "`tasuki run {sync}`"
        ),
        "Mend the cause and run again, nothing is sent twice: `tasuki run {sync}`",
    ),
    "look_do": (
        "接続と権限は `tasuki doctor` で確認できます。",
        "`tasuki doctor` looks at connections and permissions.",
    ),
    "dead_do": (
        (
            "`tasuki dead --mapping {sync}` で原因と対処を確認し、直したら "
            "`tasuki replay --mapping {sync}` を実行します。"
        ),
        (
            "`tasuki dead --mapping {sync}` lists causes and remedies; then "
            "`tasuki replay --mapping {sync}` tries again."
        ),
    ),
    "held_do": (
        (
            "`tasuki held --mapping {sync}` で確認し、"
            "`tasuki approve` か `tasuki reject` で判断します。"
        ),
        (
            "`tasuki held --mapping {sync}` shows what is held; settle it by "
            "`tasuki approve` or `tasuki reject`."
        ),
    ),
    "passed": ("対象", "qualified"),
    "sent": ("送信済み", "sent"),
    "settled": ("送信済み・変更なし", "sent or unchanged"),
    "open_left": ("未完了", "left over"),
}
