"""Back office → sales and customer success: who has paid."""

from prefect import flow

from tasuki.stages.stage import Report, run_stage


@flow(
    name="follow-payments",
    flow_run_name="follow payments",
    persist_result=False,
    retries=0,
)
async def follow_payments(mapping: str = "payment.freee-salesforce") -> Report:
    """Bring the payment status of invoices back to their deals.

    Args:
        mapping: The mapping to run.
    """
    return await run_stage(mapping)
