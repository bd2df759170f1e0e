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
    mapping: MappingName = "payment.freee-salesforce",
    deals: list[MappingName] | None = None,
    options: RunOptions = USUAL,
) -> list[Report]:
    """請求書の入金状況を商談へ。 Bring the payment status of invoices to their deals.

    Args:
        mapping: 入金状況を読むマッピング。 The mapping that reads what was paid.
        deals: 請求計画のとき、商談へ戻すマッピング。 With billing plans: the mappings
            that then tell the deals, each what came of all its invoices.
        options: 手動で実行するときの指定。 For runs that a person starts.
    """
    reports = [await run_stage(mapping, options)]
    reports += [await run_stage(one, options.of_all()) for one in deals or ()]
    return reports
