"""What became of each row of a batch that kintone took or refused as a whole."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tasuki.model.write import (
    Confirmed,
    Deferred,
    Gone,
    InDoubt,
    Operation,
    Outcome,
    Rejected,
    Write,
)

from .vendor_errors import CONFLICT, MISSING, BatchRefusedError

_NUMBER = re.compile(r"\bid[:：]?\s*(\d+)", re.IGNORECASE)
_REMEDIES = (
    (
        ("必須", "required"),
        "Fill the field in the mapping, or take 必須項目にする off it in kintone.",
    ),
    (
        ("選択肢", "not in the list", "options"),
        "Add the choice to the field in kintone, or a line to the mapping's `values`.",
    ),
    (
        ("重複", "unique", "already"),
        "Another kintone record has this value: put the two together there.",
    ),
    (("文字", "characters", "long"), "Give the field a `max:` in the mapping."),
    (
        ("ユーザー", "グループ", "組織", "user", "group", "organization"),
        "Give the code (ログイン名) of somebody who may use the app in kintone.",
    ),
)
_DEFAULT_REMEDY = "Correct the record at its source; the next run picks it up."


def confirmed(
    part: Sequence[Write], answers: Sequence[Mapping[str, Any]]
) -> dict[str, Outcome]:
    """Return the receipts of a batch that was taken.

    Updates are told apart by their id; upserts by kintone's order, which is that of the
    request.
    """
    by_id = {str(one.get("id")): one for one in answers}
    in_order = len(answers) == len(part)
    found: dict[str, Outcome] = {}
    for place, write in enumerate(part):
        if write.operation is Operation.UPDATE:
            answer = by_id.get(str(write.target_id))
        else:
            answer = answers[place] if in_order else None
        found[write.ref] = _receipt(write, answer)
    return found


def named(part: Sequence[Write], refusal: BatchRefusedError) -> dict[str, Outcome]:
    """Return the outcomes of the rows that a refusal names; none where it names none.

    Nothing of the batch was done.
    """
    found: dict[str, Outcome] = {}
    for place, problems in refusal.by_row().items():
        if place < len(part):
            words = "; ".join(f"{code}: {said}" for code, said in problems)
            found[part[place].ref] = _rejected(part[place], refusal.code, words)
    if refusal.code == MISSING:
        gone = set(_NUMBER.findall(refusal.answer))
        for write in part:
            if write.target_id in gone:
                found[write.ref] = alone(write, refusal)
    return found


def alone(write: Write, refusal: BatchRefusedError) -> Outcome:
    """Return what a refusal means for the only row that was sent."""
    if refusal.code == CONFLICT:
        words = "somebody changed the record meanwhile: it is looked at again"
        return Deferred(write.ref, CONFLICT, words)
    if refusal.code == MISSING and write.operation is Operation.UPDATE:
        return Gone(write.ref, MISSING, "the record is not there any more")
    return _rejected(write, refusal.code, refusal.answer)


def _receipt(write: Write, answer: Mapping[str, Any] | None) -> Outcome:
    if answer is None or not str(answer.get("id") or "").isdecimal():
        return InDoubt(write.ref, "the answer did not mention this row")
    receipt = {name: str(answer[name]) for name in ("id", "revision") if name in answer}
    made = answer.get("operation") == "INSERT"
    return Confirmed(write.ref, str(answer["id"]), made, receipt)


def _rejected(write: Write, code: str, words: str) -> Rejected:
    lower = words.lower()
    fitting = (
        remedy for signs, remedy in _REMEDIES if any(sign in lower for sign in signs)
    )
    return Rejected(write.ref, code, words, next(fitting, _DEFAULT_REMEDY))
