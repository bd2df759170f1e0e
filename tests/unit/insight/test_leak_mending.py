"""What mending a leak comes to."""

import pytest

from tasuki.operation.leak_mending import Mended

OUTCOMES = (
    "created", "updated", "attached", "written_back", "skipped", "held", "waiting",
    "dead", "in_doubt", "unchanged", "exit_code",
)  # fmt: skip


def run(**counts: int) -> dict[str, int]:
    return dict.fromkeys(OUTCOMES, 0) | counts


@pytest.mark.parametrize(
    ("mended", "done_already", "code"),
    [
        (Mended("L12/1", "crm/deals/1", [run(unchanged=1)]), True, 1),
        (Mended("L12/1", "crm/deals/1", [run(created=1)]), False, 0),
        (Mended("L10/1", "crm/deals/1", [run(unchanged=1), run(created=1)]), False, 0),
        (Mended("L01/1", "crm/contacts/1", [run(skipped=1)]), False, 0),
        (Mended("L01/1", "crm/contacts/1", [run(held=1, exit_code=1)]), False, 1),
        # A sync that had not succeeded for long: it has now, though nothing changed.
        (Mended("L33/crm:lead", "", [run(unchanged=5)]), False, 0),
        (Mended("L33/crm:lead", "", [run()]), False, 0),
        (Mended("L36/1", "books/invoice/1", archived=1), False, 0),
    ],
)
def test_only_a_record_that_the_hub_holds_as_done_is_told_so(
    *, mended: Mended, done_already: bool, code: int
) -> None:
    assert mended.was_done_already is done_already
    assert mended.exit_code == code
