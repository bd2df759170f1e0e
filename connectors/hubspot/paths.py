"""Every HubSpot path, and the API versions they belong to."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

# HubSpot keeps a date version for at least 18 months; v3 goes unsupported in
# September 2027, v4 associations on 30 March 2027 (developers.hubspot.com/changelog).
_ASSOCIATIONS = {"2026-09": "associations/2026-03", "v3": "v4/associations"}
_OBJECTS = {"2026-09": "objects/2026-09", "v3": "v3/objects"}
_SUNSET = {"2026-09": date(2028, 3, 8), "v3": date(2027, 3, 30)}

ACCOUNT = "/account-info/v3/details"
OWNERS = "/crm/v3/owners"


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one `api_version`."""

    api_version: str

    @property
    def sunset(self) -> date:
        """Return the day from which HubSpot promises nothing any more."""
        return _SUNSET[self.api_version]

    def objects(self, stream: str) -> str:
        """Return where the records of a stream are listed."""
        return f"/crm/{_OBJECTS[self.api_version]}/{quote(stream, safe='')}"

    def search(self, stream: str) -> str:
        """Return where they are searched."""
        return f"{self.objects(stream)}/search"

    def batch(self, stream: str, verb: str) -> str:
        """Return where up to 100 of them are read or written at once."""
        return f"{self.objects(stream)}/batch/{verb}"

    def associations(self, stream: str, other: str) -> str:
        """Return where associations from one stream to another are read."""
        ends = f"{quote(stream, safe='')}/{quote(other, safe='')}"
        return f"/crm/{_ASSOCIATIONS[self.api_version]}/{ends}/batch/read"
