"""The people of the stand-in who may own records."""

from tasuki.sandbox.server import Reply, Request

_STAMP = "2025-04-01T00:00:00.000Z"
_PEOPLE = (
    ("sales1@example.co.jp", "本社営業"),
    ("sales2@example.co.jp", "北日本営業"),
    ("cs@example.co.jp", "導入担当"),
)


class OwnerList:
    """All owners, in the order of their ids."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        for address, name in _PEOPLE:
            self.hire(address, name)

    def hire(self, address: str, name: str) -> None:
        """Let somebody own records from now on."""
        number = len(self.rows) + 1
        self.rows.append(
            {
                "id": str(70_000_000 + number),
                "email": address,
                "type": "PERSON",
                "firstName": "",
                "lastName": name,
                "userId": 9_000 + number,
                "createdAt": _STAMP,
                "updatedAt": _STAMP,
                "archived": False,
            }
        )

    def answer(self, request: Request) -> Reply:
        """Answer `GET /crm/v3/owners`, some at a time."""
        start = int(request.param("after", "0"))
        end = start + int(request.param("limit", "100"))
        body: dict[str, object] = {"results": self.rows[start:end]}
        if end < len(self.rows):
            body["paging"] = {"next": {"after": str(end)}}
        return Reply(200, body)
