"""Back office → sales and customer success: who has paid."""

from prefect import flow

from tasuki.stages.naming import named
from tasuki.stages.parameters import USUAL, MappingName, RunOptions
from tasuki.stages.stage import Report, run_stage


@flow(
    name="follow-payments",
    flow_run_name=named("入金状況の反映", "follow payments"),
    persist_result=False,
    retries=0,
)
async def follow_payments(
    mapping: MappingName = "payment.freee-salesforce", options: RunOptions = USUAL
) -> Report:
    """請求書の入金状況を商談へ。 Bring the payment status of invoices to their deals.

    Args:
        mapping: 実行するマッピングの名前。 The mapping to run, by its file's name.
        options: 手動で実行するときの指定。 For runs that a person starts.
    """
    return await run_stage(mapping, options)
