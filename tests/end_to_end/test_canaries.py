"""Nothing secret or personal is left behind, whatever goes wrong (see `canaries`)."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.canaries import (
    MAY_HOLD_PERSONAL,
    PERSONAL,
    Company,
    columns,
    files,
    leaks,
    secrets,
)

pytestmark = [pytest.mark.slow]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(6, id="faults-together"),
        pytest.param(1, id="fault-by-fault", marks=pytest.mark.soak),
    ],
)
def company(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    made = Company(tmp_path_factory.mktemp("canaries"))
    made.bad_day(at_once=request.param)
    yield made
    made.stop()
    made.people.close()
    made.rehearsal.stop()


def test_the_day_was_bad_and_said_a_lot(company: Company) -> None:
    said = (company.place / "said.log").read_text()
    assert len(said) > 50_000
    for word in (
        "INVALID_EMAIL",
        "TOO_LONG",
        "401",
        "unreadable",
        "no answer",
        "loud gave up (ValueError)",
        "RuntimeError",
    ):
        assert word in said, word
    assert (company.place / "said.log.pickles").stat().st_size > 500


def test_no_secret_is_in_any_file(company: Company) -> None:
    pattern = secrets(company)
    found = [leak for path in files(company.place) for leak in leaks(path, pattern)]
    assert found == []


def test_no_personal_value_is_in_any_file(company: Company) -> None:
    found = [leak for path in files(company.place) for leak in leaks(path, PERSONAL)]
    assert found == [], f"{len(found)} lines"


@pytest.mark.parametrize("name", [".tasuki/ledger.db", "copy.db"])
def test_the_ledger_holds_no_secret_in_clear(company: Company, name: str) -> None:
    assert list(columns(company.place / name, secrets(company))) == []


@pytest.mark.parametrize("name", [".tasuki/ledger.db", "copy.db"])
def test_the_ledger_holds_personal_values_only_where_they_belong(
    company: Company, name: str
) -> None:
    found = {
        (table, column): value[:200]
        for table, column, value in columns(company.place / name, PERSONAL)
    }
    assert found.keys() & MAY_HOLD_PERSONAL, "the search finds nothing"
    assert {k: v for k, v in found.items() if k not in MAY_HOLD_PERSONAL} == {}
