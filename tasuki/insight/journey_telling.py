"""What records, their changes and the hub's own writes tell: events and facts. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from tasuki.clock import TOKYO
from tasuki.insight.event import Stage, StageEvent
from tasuki.insight.journey_model import RecordsModel, WrittenModel
from tasuki.model.record import Change, Record


class Known(NamedTuple):
    """A fact before it is known when it was observed."""

    subject: str
    name: str
    value: str


class Confirmed(NamedTuple):
    """A write of the hub's own that was confirmed."""

    id: str
    source_id: str
    destination_id: str
    created: bool
    payload: Mapping[str, object]
    done_at: datetime


class Teller:
    """Makes events and facts of the records of one entry of stages.yaml."""

    def __init__(self, rule: RecordsModel, observed_at: datetime) -> None:
        self._rule = rule
        self._connection, _, stream = rule.read.partition("/")
        self._stream = stream
        self._observed = observed_at

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that have to be read."""
        rule = self._rule
        own = (*rule.facts.values(), *rule.links.values(), *rule.becomes.values())
        same = [one for one in (rule.same_as, rule.absorbed) if one]
        return tuple(dict.fromkeys((*rule.dates.values(), *own, *same)))

    def subject(self, record_id: str) -> str:
        """Return how a record's journey is named."""
        return f"{self._rule.subject}/{record_id}"

    def events(self, record: Record) -> Iterator[StageEvent]:
        """Yield what a record as it is now tells."""
        subject = self.subject(record.id)
        if record.merged_into:
            at = record.modified or self._observed
            yield self._merged(subject, self.subject(record.merged_into), at, "merged")
        for stage, field in self._rule.dates.items():
            entered = moment_of(record.fields.get(field))
            if entered is not None:
                own = f"{self._stream}/{record.id}:{field}:{entered.isoformat()}"
                yield self._event(subject, Stage(stage), entered, own)
        yield from self._alike(record, subject)

    def _alike(self, record: Record, subject: str) -> Iterator[StageEvent]:
        """Yield who is the same as a record's subject."""
        at = record.modified or self._observed
        other = _text(record.fields.get(self._rule.same_as))
        if other and other != record.id:
            yield self._merged(subject, self.subject(other), at, "same")
        for gone in _text(record.fields.get(self._rule.absorbed)).split(";"):
            if gone.strip() and gone.strip() != record.id:
                yield self._merged(self.subject(gone.strip()), subject, at, "merged")

    def _merged(self, subject: str, into: str, at: datetime, why: str) -> StageEvent:
        own = f"{why}:{subject}:{into}"
        found = self._event(subject, Stage.MERGED, at, own)
        return found._replace(into=into, reason=why)

    def changes(self, changes: Iterable[Change]) -> Iterator[StageEvent]:
        """Yield the stages that changed fields have entered."""
        for one in changes:
            stage = self._rule.history.get(one.field, {}).get(one.value)
            if stage is not None:
                own = f"{self._stream}/{one.id}"
                subject = self.subject(one.record_id)
                found = self._event(subject, Stage(stage), one.at, own)
                yield found._replace(actor=one.actor)

    def _event(self, subject: str, stage: Stage, at: datetime, own: str) -> StageEvent:
        return StageEvent(
            subject, stage, at.astimezone(UTC), self._observed, self._connection, own
        )

    def facts(self, record: Record) -> Iterator[Known]:
        """Yield what a record tells of its subject, and of what came of it."""
        subject = self.subject(record.id)
        for name, field in self._rule.facts.items():
            if value := _text(record.fields.get(field)):
                yield Known(subject, name, value)
        for link, field in self._rule.links.items():
            if value := _text(record.fields.get(field)):
                yield Known(subject, link, f"{link}/{value}")
        for kind, field in self._rule.becomes.items():
            if value := _text(record.fields.get(field)):
                if kind == "company":
                    yield Known(subject, kind, f"{kind}/{value}")
                else:
                    yield Known(f"{kind}/{value}", self._rule.subject, subject)


def told_by_write(
    rule: WrittenModel, write: Confirmed, observed: datetime
) -> tuple[list[StageEvent], list[Known]]:
    """Return what one confirmed write of the hub tells."""
    ends = {"source": write.source_id, "destination": write.destination_id}
    subject = f"{rule.subject}/{ends[rule.of]}"
    stages: list[tuple[str, str]] = []
    if write.created and rule.created:
        stages.append(("created", rule.created))
    for field, values in rule.values.items():
        stage = values.get(_text(write.payload.get(field)))
        if stage:
            stages.append((field, stage))
    events = [
        StageEvent(
            subject, Stage(stage), write.done_at, observed, "hub", f"{write.id}:{what}"
        )
        for what, stage in stages
    ]
    facts: list[Known] = []
    if write.created:
        facts = [
            Known(subject, name, f"{name}/{ends[end]}")
            for name, end in rule.links.items()
        ]
    return events, facts


def moment_of(value: object) -> datetime | None:
    """Return the instant that a field holds; a day begins in Tokyo; None for none.

    Example:
        >>> moment_of("2026-04-01").isoformat()
        '2026-03-31T15:00:00+00:00'
        >>> moment_of("2026-04-01T09:00:00.000+0000").isoformat()
        '2026-04-01T09:00:00+00:00'
    """
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime(value.year, value.month, value.day, tzinfo=TOKYO)
    else:
        text = _text(value)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=TOKYO)
    return found.astimezone(UTC)


def _text(value: Any) -> str:  # noqa: ANN401 - a field's value
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()
