"""prefect.yaml is read strictly, because Prefect drops what it does not know."""

from pathlib import Path

import pytest

from tasuki.cli.new_project import flows_module, prefect_yaml
from tasuki.model.errors import ConfigError, MappingError
from tasuki.stages.deployment_file import read_deployments

ROOT = Path(__file__).parents[3]
FLOW = (
    "async def pass_on(mapping: str = 'x', *, full: bool = False) -> None:\n    ...\n"
)
FILE = """\
name: sample
definitions:
  pool: &pool {name: tasuki}
deployments:
  - name: leads
    entrypoint: flows/pass_on.py:pass_on
    parameters: {full: true}
    concurrency_limit: {limit: 1, collision_strategy: CANCEL_NEW}
    schedules:
      - {cron: "*/15 * * * *", timezone: Asia/Tokyo, slug: often}
    work_pool: *pool
"""


def project(folder: Path, text: str) -> Path:
    (folder / "flows").mkdir(exist_ok=True)
    (folder / "flows" / "pass_on.py").write_text(FLOW)
    (folder / "prefect.yaml").write_text(text)
    return folder


def problem(folder: Path, old: str, new: str) -> str:
    assert old in FILE
    with pytest.raises(MappingError) as caught:
        read_deployments(project(folder, FILE.replace(old, new)))
    return str(caught.value)


def test_the_repository_deploys_every_flow_that_it_has() -> None:
    found = read_deployments(ROOT)
    assert found.work_pools() == ["tasuki"]
    used = {each.entrypoint.partition(":")[0] for each in found.deployments}
    files = {f"flows/{p.name}" for p in (ROOT / "flows").glob("[!_]*.py")}
    assert files - used == set()
    for each in found.deployments:
        started_by_another = each.name == "backfill-part"
        assert each.schedules or each.triggers or started_by_another, each.name
        # Parts of a backfill run beside each other; each has a lease in the ledger.
        assert each.concurrency_limit or started_by_another, each.name


def test_a_new_project_names_shipped_flows_as_modules(tmp_path: Path) -> None:
    (tmp_path / "prefect.yaml").write_text(prefect_yaml())
    found = read_deployments(tmp_path)
    prefix = f"{flows_module()}."
    assert all(each.entrypoint.startswith(prefix) for each in found.deployments)


def test_anchors_may_be_used(tmp_path: Path) -> None:
    found = read_deployments(project(tmp_path, FILE))
    assert found.deployments[0].work_pool.name == "tasuki"
    merged = FILE.replace("work_pool: *pool", "work_pool:\n      <<: *pool")
    assert read_deployments(project(tmp_path, merged)).work_pools() == ["tasuki"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    parameters:",
            "    paramters:",
            "prefect.yaml:7:5: unknown key 'paramters'",
        ),
        ("limit: 1, ", "limits: 1, ", "prefect.yaml:8:25: unknown key 'limits'"),
        ("CANCEL_NEW", "CANCEL", "collision_strategy: Input should be 'ENQUEUE'"),
        ("slug: often", "slugg: often", "prefect.yaml:10:54: unknown key 'slugg'"),
        ("Asia/Tokyo", "Asia/Tokio", "there is no time zone 'Asia/Tokio'"),
        (", timezone: Asia/Tokyo", "", "a cron schedule names its timezone"),
        ("*/15 * * * *", "*/15 * * *", "a cron line has five words"),
        ("{full: true}", "{ful: true}", "pass_on has no parameter 'ful'"),
        (":pass_on", ":pas_on", "pass_on.py has no function 'pas_on'"),
        ("flows/pass_on", "flows/passon", "there is no flow file or module"),
        ("flows/pass_on.py:", "no.such.module:", "there is no flow file or module"),
        (
            "pool: &pool {name: tasuki}",
            "pool: &pool {nme: tasuki}",
            "unknown key 'nme'",
        ),
        ("name: leads", "nam: leads", "'name' is missing"),
        ("{limit: 1,", "{limit: 0,", "greater than or equal to 1"),
        ("slug: often}", "slug: often", "expected"),
    ],
)
def test_what_prefect_would_drop_is_found(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert said in problem(tmp_path, old, new)


def test_two_deployments_and_two_schedules_have_names_of_their_own(
    tmp_path: Path,
) -> None:
    twice = FILE + FILE[FILE.index("  - name: leads") :]
    with pytest.raises(MappingError, match="two deployments are named 'leads'"):
        read_deployments(project(tmp_path, twice))
    line = '      - {cron: "0 1 * * *", timezone: Asia/Tokyo, slug: often}\n'
    more = FILE.replace("    work_pool", f"{line}    work_pool")
    with pytest.raises(MappingError, match="a slug of its own"):
        read_deployments(project(tmp_path, more))


def test_a_project_without_the_file_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_deployments(tmp_path)
