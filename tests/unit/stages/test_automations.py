"""The automations that `tasuki deploy` puts on a server."""

from tasuki.stages.automations import SILENT_SECONDS, agrees, automations
from tasuki.stages.deployment_file import read_deployments
from tests.architecture.sources import ROOT


def test_every_automation_says_what_it_is_for_and_keeps_to_our_deployments() -> None:
    for one in automations("hub", ["leads", "billing"]):
        assert one["name"].startswith("hub: ")
        assert len(one["description"]) > 50
        related = one["trigger"]["match_related"]
        ours = one["trigger"]["match"] == {"prefect.resource.id": "tasuki.sync.*"}
        assert ours or related["prefect.resource.name"] == ["billing", "leads"]
        assert [action["type"] for action in one["actions"]] != ["send-notification"]


def test_alerts_go_to_a_block_where_one_is_given() -> None:
    found = automations("hub", ["leads"], "block-1")
    sent = [a for one in found for a in one["actions"] if "block_document_id" in a]
    assert {action["block_document_id"] for action in sent} == {"block-1"}
    assert len(sent) == len(found) - 1  # what ends silent runs acts itself


def test_a_run_that_lives_speaks_often_enough_not_to_be_ended() -> None:
    for each in read_deployments(ROOT).deployments:
        beat = each.work_pool.job_variables["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]
        assert int(beat) * 4 <= SILENT_SECONDS, each.name


def test_what_a_server_adds_is_no_difference_and_what_it_lacks_is() -> None:
    wanted = {"name": "a", "trigger": {"expect": ["x", "y"], "within": 60}}
    there = {
        "id": "1",
        "name": "a",
        "trigger": {"expect": ["y", "x"], "within": 60.0, "id": "2"},
    }
    assert agrees(there, wanted)
    assert not agrees(there, {**wanted, "description": "new"})
    assert not agrees(there, {"trigger": {"expect": ["x"]}})
    assert not agrees(there, {"trigger": {"expect": ["x", "y"], "within": 61}})
