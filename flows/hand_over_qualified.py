"""Inside sales' answer goes back to marketing; single leads are handed over at once."""

from prefect import flow

from tasuki.stages.naming import named
from tasuki.stages.parameters import USUAL, MappingName, RecordIds, RunOptions
from tasuki.stages.stage import Report, run_stage


@flow(
    name="hand-over-qualified",
    flow_run_name=named("商談状況をマーケティングへ", "hand over"),
    persist_result=False,
    retries=0,
)
async def hand_over_qualified(
    contacts: RecordIds | None = None,
    leads: MappingName = "lead.hubspot-salesforce",
    stages: MappingName = "lifecycle.salesforce-hubspot",
    options: RunOptions = USUAL,
) -> list[Report]:
    """急ぎの見込客を渡し、結果を返す。 Hand contacts over now, and tell marketing.

    Args:
        contacts: 次の連携を待てないコンタクトの ID。 Contacts that cannot wait.
        leads: リードを作るマッピング。 The mapping that makes leads.
        stages: 商談状況を返すマッピング。 The mapping that brings their stage back.
        options: 手動で実行するときの指定（レコードはリード）。 For runs that a person
            starts; records are leads.
    """
    reports = []
    if contacts:
        hurry = RunOptions(dry_run=options.dry_run, records=contacts)
        reports.append(await run_stage(leads, hurry))
    reports.append(await run_stage(stages, options))
    return reports
