"""The rows of the stand-in's org: indexed, ordered by change, with a recycle bin."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from .schema import ENTITIES, STAGES, TRACKED, Entity

Row = dict[str, object]
_CENT = Decimal("0.01")
_UNLISTED = frozenset({"", "self", "User"})  # look-ups that nobody searches by
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def long_id(short: str) -> str:
    """Return the 18-character form of a 15-character id."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << i for i in range(5) if short[start + i].isupper())
        suffix += _ALPHABET[bits]
    return short + suffix


def moment(value: datetime) -> str:
    """Return a time as Salesforce's JSON spells it: whole seconds, UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class Table:
    """One object's rows by id, its unique values, and the order of change."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self.rows: dict[str, Row] = {}
        self.alive = 0
        self.unique: dict[str, dict[str, str]] = {
            f.name: {} for f in entity.fields.values() if f.unique
        }
        self.several: dict[str, dict[str, list[str]]] = {
            f.name: {}
            for f in entity.fields.values()
            if (f.id_lookup and f.type == "email") or f.target not in _UNLISTED
        }
        self._order: list[tuple[str, str]] = []
        self._sorted = True
        self.ascending = True  # rows stand in order of their ids
        self._last_id = ""
        self._count = 0
        self._suffix = long_id(f"{entity.prefix}5hA000000000")[15:]
        self._defaults = {
            f.name: f.default for f in entity.fields.values() if f.default is not None
        }

    def new_id(self) -> str:
        """Return a fresh id; only the constant part holds capitals."""
        self._count += 1
        return f"{self.entity.prefix}5hA{self._count:09d}{self._suffix}"

    def blank(self) -> Row:
        """Return a row with the defaults of the object."""
        return dict(self._defaults)

    def get(self, record_id: str) -> Row | None:
        """Return a row by its 15- or 18-character id."""
        return self.rows.get(record_id) or self.rows.get(record_id + self._suffix)

    def holder(self, field: str, value: str) -> str | None:
        """Return the id of the living row with this unique value."""
        return self.unique[field].get(value.casefold())

    def put(self, row: Row, before: Row | None, stamp: str) -> None:
        """Store a row that has changed, and keep the indexes true."""
        record_id = str(row["Id"])
        old = before or {}
        for field, holders in self.unique.items():
            _reindex(holders, record_id, old.get(field), row.get(field))
        for field, ids in self.several.items():
            _relist(ids, record_id, old.get(field), row.get(field))
        if before is None:
            self.alive += 1
            self.ascending &= record_id > self._last_id
            self._last_id = record_id
        if not before or before.get("SystemModstamp") != stamp:
            entry = (stamp, record_id)
            if self._order and entry < self._order[-1]:
                self._sorted = False
            self._order.append(entry)
        row["SystemModstamp"] = stamp
        self.rows[record_id] = row

    def since(self, stamp: str) -> Iterator[Row]:
        """Yield rows changed at or after `stamp`, in order of (stamp, id)."""
        if not self._sorted or len(self._order) > 2 * len(self.rows) + 1000:
            fresh = {(str(r["SystemModstamp"]), i) for i, r in self.rows.items()}
            self._order = sorted(fresh)
            self._sorted = True
        rows = self.rows
        last = ("", "")
        start = bisect_left(self._order, (stamp, "")) if stamp else 0
        for entry in self._order[start:]:
            row = rows[entry[1]]
            if row["SystemModstamp"] == entry[0] and entry != last:
                last = entry
                yield row

    def forget_keys(self, row: Row) -> None:
        """Free a deleted row's unique values and look-ups."""
        record_id = str(row["Id"])
        for field, holders in self.unique.items():
            _reindex(holders, record_id, row.get(field), None)

    def load(self, rows: list[Row]) -> None:
        """Take over dumped rows."""
        for row in sorted(rows, key=lambda r: str(r["Id"])):
            self.put(row, None, str(row["SystemModstamp"]))
            self._count = max(self._count, int(str(row["Id"])[6:15]))
            if row.get("IsDeleted"):
                self.forget_keys(row)
                self.alive -= 1
        self._sorted = False


def _reindex(holders: dict[str, str], own: str, old: object, new: object) -> None:
    if old == new:
        return
    if old is not None and holders.get(str(old).casefold()) == own:
        del holders[str(old).casefold()]
    if new is not None:
        holders[str(new).casefold()] = own


def _relist(lists: dict[str, list[str]], own: str, old: object, new: object) -> None:
    if old == new:
        return
    if old is not None:
        lists.get(str(old).casefold(), [own]).remove(own)
    if new is not None:
        lists.setdefault(str(new).casefold(), []).append(own)


class Store:
    """All tables of the org, and what the org works out by itself."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._stamped = (0, "")
        self.tables = {name: Table(entity) for name, entity in ENTITIES.items()}
        self._list_stages()
        self.user = ""
        self.told: Callable[[str, str], None] | None = None
        """Called with object and id when a row was created or edited."""

    def reset(self) -> None:
        """Empty every table, keeping the objects others hold on to."""
        for name, entity in ENTITIES.items():
            self.tables[name] = Table(entity)
        self._list_stages()

    def _list_stages(self) -> None:
        """Fill the org's list of stages."""
        table = self.tables["OpportunityStage"]
        for name, (closed, won, _) in STAGES.items():
            row: Row = {"Id": table.new_id(), "ApiName": name, "MasterLabel": name}
            row |= {"IsActive": True, "IsClosed": closed, "IsWon": won}
            table.put(row, None, "")

    def now(self) -> datetime:
        """Return the org's time."""
        return self._now()

    def stamp(self) -> str:
        """Return the present as rows carry it."""
        now = self._now()
        second = int(now.timestamp())
        if second != self._stamped[0]:
            self._stamped = (second, moment(now))
        return self._stamped[1]

    def save(
        self, name: str, values: Row, record_id: str | None = None, stamp: str = ""
    ) -> Row:
        """Create or update a row with checked values, and what follows from it."""
        table = self.tables[name]
        stamp = stamp or self.stamp()
        before = table.get(record_id) if record_id else None
        row = dict(before) if before else table.blank()
        row.update(values)
        if before and before.get("HasOpportunityLineItem"):
            row["Amount"] = before["Amount"]  # the lines alone decide it
        if before is None:
            row["Id"] = table.new_id()
            row["CreatedDate"] = stamp
            row["CreatedById"] = self.user
            if row.get("OwnerId") == "owner":
                row["OwnerId"] = self.user
        row["LastModifiedDate"] = stamp
        row["LastModifiedById"] = self.user
        self._derive(name, row)
        if before and row.get("StageName") != before.get("StageName"):
            row["LastStageChangeDate"] = stamp
        table.put(row, before, stamp)
        if name in TRACKED:
            self._remember(name, row, before or {}, stamp)
        if name == "OpportunityLineItem":
            self.roll_up(str(row["OpportunityId"]), stamp)
        if self.told is not None:
            self.told(name, str(row["Id"]))
        return row

    def _remember(self, name: str, row: Row, before: Row, stamp: str) -> None:
        """Add to the object's history what has changed."""
        changed = [one for one in TRACKED[name] if row.get(one) != before.get(one)]
        if name == "Opportunity":
            if changed:
                state = {one: row.get(one) for one in TRACKED[name]}
                self._add_history(name, row, state, stamp)
            return
        if not before:
            changed = ["created"]
        elif row.get("IsConverted") and not before.get("IsConverted"):
            changed.append("leadConverted")
        for field in changed:
            old, new = before.get(field), row.get(field)
            told = {
                "Field": field,
                "OldValue": old,
                "NewValue": new,
                "DataType": "Text",
            }
            self._add_history(name, row, told, stamp)

    def _add_history(self, name: str, row: Row, told: Row, stamp: str) -> None:
        table = self.tables[f"{name}History"]
        own: Row = {"Id": table.new_id(), f"{name}Id": row["Id"], "CreatedDate": stamp}
        own |= {"CreatedById": row.get("LastModifiedById"), "IsDeleted": False}
        table.put(own | told, None, stamp)

    def _derive(self, name: str, row: Row) -> None:
        if name in {"Lead", "Contact", "User"}:
            first = row.get("FirstName")
            row["Name"] = f"{first} {row['LastName']}" if first else row["LastName"]
        elif name == "Opportunity":
            stage = str(row["StageName"])
            row["IsClosed"], row["IsWon"], share = STAGES.get(stage, (False, False, 0))
            row["Probability"] = float(share)
        elif name == "OpportunityLineItem":
            total = Decimal(str(row["Quantity"])) * Decimal(str(row["UnitPrice"]))
            row["TotalPrice"] = float(total.quantize(_CENT, ROUND_HALF_UP))

    def roll_up(self, opportunity_id: str, stamp: str) -> None:
        """Set an opportunity's amount from its lines."""
        table = self.tables["Opportunity"]
        before = table.get(opportunity_id)
        if before is None:
            return
        lines = self.children("OpportunityLineItem", "OpportunityId", opportunity_id)
        living = [one for one in lines if not one.get("IsDeleted")]
        row = dict(before)
        row["HasOpportunityLineItem"] = bool(living)
        if living:
            total = sum(Decimal(str(one["TotalPrice"])) for one in living)
            row["Amount"] = float(total)
        table.put(row, before, stamp)
        self._remember("Opportunity", row, before, stamp)

    def children(self, name: str, field: str, parent_id: str) -> list[Row]:
        """Return the rows that look up to a parent, the deleted ones as well."""
        table = self.tables[name]
        ids = table.several[field].get(parent_id.casefold(), [])
        return [table.rows[one] for one in ids]

    def delete(self, name: str, record_id: str, master: str | None = None) -> Row:
        """Put a row into the recycle bin; merging names the survivor."""
        table = self.tables[name]
        before = table.get(record_id)
        if before is None or before.get("IsDeleted"):
            raise KeyError(record_id)
        row = dict(before)
        row["IsDeleted"] = True
        if master:
            row["MasterRecordId"] = master
        stamp = self.stamp()
        row["LastModifiedDate"] = stamp
        table.put(row, before, stamp)
        table.forget_keys(row)
        table.alive -= 1
        if name == "OpportunityLineItem":
            self.roll_up(str(row["OpportunityId"]), stamp)
        return row
