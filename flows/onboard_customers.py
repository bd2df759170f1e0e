"""Field sales → customer success: won deals become onboardings, one each."""

from prefect import flow

from tasuki.stages.naming import named
from tasuki.stages.parameters import USUAL, MappingName, RunOptions
from tasuki.stages.stage import Report, run_stage


@flow(
    name="onboard-customers",
    flow_run_name=named("導入の引き継ぎ", "onboard customers"),
    persist_result=False,
    retries=0,
)
async def onboard_customers(
    mapping: MappingName = "onboarding.salesforce-hubspot",
    options: RunOptions = USUAL,
) -> Report:
    """受注した顧客をカスタマーサクセスへ。 Hand won customers over to be onboarded.

    Args:
        mapping: 実行するマッピングの名前。 The mapping to run, by its file's name.
        options: 手動で実行するときの指定。 For runs that a person starts.
    """
    return await run_stage(mapping, options)
