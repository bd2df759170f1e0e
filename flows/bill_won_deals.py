"""Field sales → back office: won deals become invoices, one each, for ever."""

from prefect import flow

from tasuki.stages.naming import named
from tasuki.stages.parameters import USUAL, MappingName, RunOptions
from tasuki.stages.stage import Report, run_stage


@flow(
    name="bill-won-deals",
    flow_run_name=named("受注の請求", "bill won deals"),
    persist_result=False,
    retries=0,
)
async def bill_won_deals(
    customers: MappingName = "customer.salesforce-freee",
    invoices: MappingName = "invoice.salesforce-freee",
    plans: MappingName | None = None,
    credit_notes: MappingName | None = None,
    options: RunOptions = USUAL,
) -> list[Report]:
    """受注商談から請求書を一度だけ作る。 Invoice what was won, once; customers first.

    Args:
        customers: 取引先を作るマッピング。 The mapping that makes customers.
        invoices: 請求書を作るマッピング。 The mapping that makes invoices.
        plans: 請求計画を作るマッピング（なければ商談から直接請求）。 The mapping that
            makes billing plans of deals; without, deals are billed directly.
        credit_notes: 承認された返還を返還インボイスにするマッピング。 The mapping that
            makes credit notes of what a person approved to be returned.
        options: 手動で実行するときの指定（レコードは商談）。 For runs that a person
            starts; records are deals.
    """
    reports = [await run_stage(customers, options.of_all())]
    if plans:  # before anything is issued: what changed may have to be asked first
        reports.append(await run_stage(plans, options))
    due = options.of_all() if plans else options
    reports.append(await run_stage(invoices, due))
    if reports[-1].get("waiting"):  # deals of new customers wait for them
        reports.append(await run_stage(customers, options.of_all()))
        reports.append(await run_stage(invoices, due))
    if credit_notes:
        reports.append(await run_stage(credit_notes, options.of_all()))
    return reports
