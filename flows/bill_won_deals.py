"""Field sales → back office: won deals become invoices, one each, for ever."""

from prefect import flow

from tasuki.stages.stage import Report, run_stage


@flow(
    name="bill-won-deals",
    flow_run_name="bill won deals",
    persist_result=False,
    retries=0,
)
async def bill_won_deals(
    customers: str = "customer.salesforce-freee",
    invoices: str = "invoice.salesforce-freee",
    *,
    allow: int | None = None,
) -> list[Report]:
    """Keep customers up to date, invoice what was won, and make missing customers.

    Args:
        customers: The mapping that makes customers in accounting.
        invoices: The mapping that makes invoices.
        allow: A person's word that this many creates or updates are meant.
    """
    reports = [await run_stage(customers, allow=allow)]
    reports.append(await run_stage(invoices, allow=allow))
    if reports[-1]["waiting"]:  # deals of new customers wait for them
        reports.append(await run_stage(customers, allow=allow))
        reports.append(await run_stage(invoices, allow=allow))
    return reports
