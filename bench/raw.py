"""The yardstick: read, map and send in one stateless loop, by hand.

It remembers nothing: no counterpart, no change detection, no retry, no budget. Two
calls are under way while the next page is read, as in the engine.

`python -m bench.raw HUBSPOT SALESFORCE [SINCE_MS]`, or `--imports` to end at once.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson

from bench.mapped import PROPERTIES, lead

_OBJECTS = "/crm/objects/2026-09/contacts"
_LEADS = "/services/data/v67.0/composite/sobjects/Lead/HubSpot_Contact_Id__c"
_LOGIN = {
    "grant_type": "client_credentials",
    "client_id": "sandbox",
    "client_secret": "sandbox",
}
_BATCH = 200
_IN_FLIGHT = 2
_JSON = {"content-type": "application/json"}
Contact = dict[str, Any]


def everything(hubspot: httpx.Client) -> Iterator[list[Contact]]:
    """Yield every contact, 100 at a time."""
    params = {"limit": "100", "properties": ",".join(PROPERTIES)}
    while True:
        answer = hubspot.get(_OBJECTS, params=params)
        answer.raise_for_status()
        body = orjson.loads(answer.content)
        yield body["results"]
        if "paging" not in body:
            return
        params["after"] = body["paging"]["next"]["after"]


def changed(hubspot: httpx.Client, since: str) -> Iterator[list[Contact]]:
    """Yield the contacts changed since then, 200 at a time."""
    newer = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": since}
    asked = {
        "filterGroups": [{"filters": [newer]}],
        "sorts": [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
        "properties": PROPERTIES,
        "limit": 200,
        "after": "0",
    }
    while True:
        answer = hubspot.post(
            f"{_OBJECTS}/search", content=orjson.dumps(asked), headers=_JSON
        )
        answer.raise_for_status()
        body = orjson.loads(answer.content)
        yield body["results"]
        if "paging" not in body:
            return
        asked["after"] = body["paging"]["next"]["after"]


def batches(pages: Iterator[list[Contact]]) -> Iterator[list[Contact]]:
    """Yield leads, 200 at a time."""
    waiting: list[Contact] = []
    for page in pages:
        for contact in page:
            fields = lead(contact["properties"])
            if fields is not None:
                fields["attributes"] = {"type": "Lead"}
                waiting.append(fields)
        while len(waiting) >= _BATCH:
            yield waiting[:_BATCH]
            del waiting[:_BATCH]
    if waiting:
        yield waiting


def send(salesforce: httpx.Client, rows: list[Contact]) -> int:
    """Upsert leads by their external id; returns how many were accepted."""
    body = orjson.dumps({"allOrNone": False, "records": rows})
    answer = salesforce.patch(_LEADS, content=body, headers=_JSON)
    answer.raise_for_status()
    return sum(row["success"] for row in orjson.loads(answer.content))


def main(hubspot_url: str, salesforce_url: str = "", since: str = "") -> None:
    """Copy, and print how many leads were accepted."""
    if hubspot_url == "--imports":
        print("{}")
        return
    bearer = {"authorization": "Bearer pat-sandbox"}
    with (
        httpx.Client(base_url=hubspot_url, headers=bearer) as hubspot,
        httpx.Client(base_url=salesforce_url) as salesforce,
        ThreadPoolExecutor(_IN_FLIGHT) as pool,
    ):
        login = salesforce.post("/services/oauth2/token", data=_LOGIN).json()
        salesforce.headers["authorization"] = f"Bearer {login['access_token']}"
        sent, flying = 0, []
        for rows in batches(changed(hubspot, since) if since else everything(hubspot)):
            if len(flying) >= _IN_FLIGHT:
                sent += flying.pop(0).result()
            flying.append(pool.submit(send, salesforce, rows))
        sent += sum(one.result() for one in flying)
    print(orjson.dumps({"written": sent}).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
