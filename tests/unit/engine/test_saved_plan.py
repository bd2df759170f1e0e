"""A saved plan: a run does exactly that, or nothing and says why."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tasuki.engine import planning
from tasuki.engine.planning import options_of, save_plan
from tasuki.engine.run import run_sync
from tasuki.engine.saved_plan import read_plan
from tasuki.engine.sync import Options
from tasuki.engine.tally import Ending, RunReport
from tasuki.model.errors import ConfigError
from tests.unit.engine.stage import TEXT, Small, small
from tests.unit.engine.test_verdicts import everybody

KEY = b"a key of this project, for tests"


@pytest.fixture
def office() -> Iterator[Small]:
    with small() as office:
        yield office


def save(office: Small, path: Path, options: Options | None = None) -> Path:
    save_plan(office.sync(), options or Options(), path, KEY)
    return path


def carry_out(office: Small, path: Path, **wishes: int) -> RunReport:
    saved = read_plan(path, [KEY], office.clock.now())
    return run_sync(office.sync(), options_of(saved, **wishes))


def effects(office: Small) -> int:
    return len(office.sfa.effects + office.crm.effects)


def test_saving_a_plan_changes_neither_the_ledger_nor_a_system(
    office: Small, tmp_path: Path
) -> None:
    everybody(office)
    before, done = office.dump(), effects(office)
    save(office, tmp_path / "plan")
    assert (office.dump(), effects(office)) == (before, done)


def test_a_run_by_plan_does_what_a_run_without_it_would(
    office: Small, tmp_path: Path
) -> None:
    everybody(office)
    path = save(office, tmp_path / "plan")
    with small() as other:
        everybody(other)
        expected = run_sync(other.sync()).tally
    report = carry_out(office, path)
    assert (report.state, report.tally.ended) == ("done", expected.ended)
    assert office.sfa.records("Lead").keys() == other.sfa.records("Lead").keys()
    office.person("later")
    assert run_sync(office.sync()).tally.ended[Ending.CREATED] == 1


def test_a_plan_holds_no_value_of_any_record(office: Small, tmp_path: Path) -> None:
    everybody(office)
    text = save(office, tmp_path / "plan").read_text()
    values = {
        str(value).casefold()
        for record in office.crm.records("people").values()
        for name, value in record.items()
        if name in {"email", "name"} and value is not None
    }
    acts = [json.loads(line)[1:] for line in text.splitlines()[1:-1]]
    assert {action for action, _ in acts} == {
        "create", "update", "attach", "attach and update",
    }  # fmt: skip
    assert not [one for one in values if "@" in one and one in text.casefold()]
    assert all(len(digest) == 24 for _, digest in acts)


def _nothing(_: Small) -> None:
    pass


def _new(office: Small) -> None:
    office.person("fresh")


def _changed(office: Small) -> None:
    office.crm.put("people", "new", name="ANOTHER")


def _gone(office: Small) -> None:
    office.crm.delete("people", "new")


def _attached(office: Small) -> None:
    office.sfa.put("Lead", "L-9", Email="new@x.jp")


@pytest.mark.parametrize(
    ("move", "words"),
    [
        (_new, "1 new, 0 changed, 0 gone since it was made: new crm/people/fresh"),
        (
            _changed,
            "0 new, 1 changed, 0 gone since it was made: changed crm/people/new",
        ),
        (_gone, "0 new, 0 changed, 1 gone since it was made: gone crm/people/new"),
        (
            _attached,
            "0 new, 1 changed, 0 gone since it was made: changed crm/people/new",
        ),
    ],
)
def test_nothing_is_sent_once_the_world_has_moved(
    office: Small, tmp_path: Path, move, words: str
) -> None:
    everybody(office)
    path = save(office, tmp_path / "plan")
    move(office)
    done = effects(office)
    report = carry_out(office, path)
    assert (report.state, report.exit_code) == ("refused", 1)
    assert report.error == f"plan: {words}"
    assert "--save" in report.remedy
    assert effects(office) == done


def test_the_first_five_that_differ_are_named(office: Small, tmp_path: Path) -> None:
    path = save(office, tmp_path / "plan")
    for number in range(7):
        office.person(f"p{number}")
    error = carry_out(office, path).error
    assert "7 new" in error
    assert error.count("crm/people/") == 5


def test_a_plan_is_carried_out_once(office: Small, tmp_path: Path) -> None:
    office.person("one")
    path = save(office, tmp_path / "plan")
    first = carry_out(office, path)
    again = carry_out(office, path)
    assert again.error == f"plan: was carried out already, by run {first.run_id}"
    assert len(office.sfa.records("Lead")) == 1


def test_a_plan_is_refused_once_another_run_has_read_on(
    office: Small, tmp_path: Path
) -> None:
    office.person("one")
    path = save(office, tmp_path / "plan")
    run_sync(office.sync())
    report = carry_out(office, path)
    assert report.error == "plan: another run has read on since it was made"


def test_a_plan_is_refused_once_its_mapping_has_changed(
    office: Small, tmp_path: Path
) -> None:
    office.person("one")
    path = save(office, tmp_path / "plan")
    office.text = TEXT.replace(">= 50", ">= 60")
    report = carry_out(office, path)
    assert report.error == "plan: the mapping leads has changed since"


def test_a_plan_that_a_guard_stops_may_be_run_with_the_number(
    office: Small, tmp_path: Path
) -> None:
    office.text = TEXT + "guards: {creates: 1}\n"
    office.person("one")
    office.person("two")
    path = save(office, tmp_path / "plan")
    assert carry_out(office, path).state == "refused"
    assert carry_out(office, path, allow=2).tally.ended[Ending.CREATED] == 2


def test_a_plan_of_some_records_leaves_the_cursor(
    office: Small, tmp_path: Path
) -> None:
    office.person("one")
    office.person("two")
    path = save(office, tmp_path / "plan", Options(only=("one",)))
    assert carry_out(office, path).tally.ended[Ending.CREATED] == 1
    assert office.ledger.cursor("leads") is None
    assert run_sync(office.sync()).tally.ended[Ending.CREATED] == 1


def test_what_moves_while_the_run_is_under_way_is_left_for_the_next(
    office: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan was compared already: only what it names as it is may be sent."""
    office.person("one")
    office.person("two")
    path = save(office, tmp_path / "plan")
    moved = planning.Digests.moved

    def and_then(digests, most):
        office.crm.put("people", "two", name="LATE")
        office.person("three")
        return moved(digests, most)

    monkeypatch.setattr(planning.Digests, "moved", and_then)
    report = carry_out(office, path)
    assert (report.tally.ended[Ending.CREATED], report.exit_code) == (1, 1)
    assert report.tally.reasons[Ending.DEFERRED, "not_planned"] == 2
    assert [one["Name"] for one in office.sfa.records("Lead").values()] == ["ONE"]
    assert run_sync(office.sync()).tally.ended[Ending.CREATED] == 2


def _touched(path: Path, _: Small) -> None:
    path.write_text(path.read_text().replace('"create"', '"update"'))


def _cut(path: Path, _: Small) -> None:
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")


def _more(path: Path, _: Small) -> None:
    path.write_text(path.read_text() + '["x","create","00"]\n')


def _garbled(path: Path, _: Small) -> None:
    path.write_bytes(b"\x80\x81 no plan")


def _old(_: Path, office: Small) -> None:
    office.clock.advance(timedelta(hours=24).total_seconds())


def _absent(path: Path, _: Small) -> None:
    path.unlink()


CHANGED = "was made with another project's key, or changed since it was made"


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (_touched, CHANGED),
        (_more, CHANGED),
        (_cut, "is no saved plan"),
        (_garbled, "is no saved plan"),
        (_absent, "No such file or directory"),
        (_old, "was made at 2026-04-01T00:00Z and is valid for 24 hours"),
    ],
)
def test_a_file_that_is_no_plan_of_now_is_one_clear_line(
    office: Small, tmp_path: Path, act, words: str
) -> None:
    office.person("one")
    path = save(office, tmp_path / "plan")
    act(path, office)
    with pytest.raises(ConfigError) as refused:
        carry_out(office, path)
    assert str(refused.value) == f"plan: {words}"


def test_a_plan_of_another_project_is_none(office: Small, tmp_path: Path) -> None:
    path = save(office, tmp_path / "plan")
    with pytest.raises(ConfigError, match="another project's key"):
        read_plan(path, [b"the key of another project"], office.clock.now())


def test_a_plan_is_good_after_its_key_was_rotated(
    office: Small, tmp_path: Path
) -> None:
    path = save(office, tmp_path / "plan")
    saved = read_plan(path, [b"a newer key of this project", KEY], office.clock.now())
    assert run_sync(office.sync(), options_of(saved)).state == "done"


def test_a_file_that_is_there_is_not_written_over(
    office: Small, tmp_path: Path
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text("precious")
    with pytest.raises(ConfigError, match="exists already"):
        save(office, path)
    assert path.read_text() == "precious"
