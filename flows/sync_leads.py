"""Marketing → inside sales: qualified contacts become leads, known leads stay fresh."""

from prefect import flow

from tasuki.stages.naming import named
from tasuki.stages.parameters import USUAL, MappingName, RunOptions
from tasuki.stages.stage import Report, run_stage


@flow(
    name="sync-leads",
    flow_run_name=named("リード連携 {mapping}", "leads {mapping}"),
    persist_result=False,
    retries=0,
)
async def sync_leads(
    mapping: MappingName = "lead.hubspot-salesforce", options: RunOptions = USUAL
) -> Report:
    """見込客を SFA のリードへ。 Pass on what qualifies of what changed in marketing.

    Args:
        mapping: 実行するマッピングの名前。 The mapping to run, by its file's name.
        options: 手動で実行するときの指定。 For runs that a person starts.
    """
    return await run_stage(mapping, options)
