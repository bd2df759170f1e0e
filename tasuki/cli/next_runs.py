"""What Prefect will start next, asked of its API."""

from collections.abc import Mapping

from tasuki.cli.examination import PREFECT_VARIABLE, ask_prefect

_MOST = 50


def next_runs(environment: Mapping[str, str]) -> list[dict[str, str]]:
    """Return each deployment's next scheduled run, the soonest first.

    Raises:
        RemoteError: Prefect does not answer.
    """
    api = environment[PREFECT_VARIABLE]
    asked = {
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": _MOST,
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    runs = ask_prefect(api, "/flow_runs/filter", environment, asked).json()
    names = {
        str(one["id"]): str(one["name"])
        for one in ask_prefect(api, "/deployments/filter", environment, {}).json()
    }
    found: dict[str, str] = {}
    for run in runs:
        name = names.get(str(run["deployment_id"]))
        if name:
            found.setdefault(name, str(run["expected_start_time"]))
    return [{"deployment": name, "at": at} for name, at in found.items()]
