"""Finds an invoice by its reference: issued already, held, or only planned."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal, NamedTuple

from tasuki.engine.customer import customer_of
from tasuki.engine.foresight import turns_ahead
from tasuki.engine.sync import Options, Sync
from tasuki.engine.turn import Turn
from tasuki.ledger import Ledger
from tasuki.ledger.rows import IntentRow
from tasuki.mapping import CompiledMapping, Faulty, Waiting
from tasuki.model.errors import ConfigError
from tasuki.model.record import HUB
from tasuki.paper.reading import Known
from tasuki.plan import Skip
from tasuki.ports import Stating

State = Literal["issued", "held", "planned"]
_LIST = "`tasuki held` lists what waits, `tasuki plan MAPPING` what is planned."


class Invoice(NamedTuple):
    """An invoice that Tasuki knows of.

    Attributes:
        state: issued (made in the accounting system), held for a person, or planned.
        known: What would stand on it.
        target_id: The document's id in the accounting system; "" before it has one.
    """

    mapping: CompiledMapping
    source_id: str
    state: State
    known: Known
    target_id: str = ""

    @property
    def ref(self) -> str:
        """The record that it was made of."""
        return f"{self.mapping.source}/{self.source_id}"


def issued_invoice(ledger: Ledger, mapping: CompiledMapping, row: IntentRow) -> Invoice:
    """Return the invoice that a confirmed write has made."""
    customer, _ = customer_of(ledger, mapping, row.payload)
    known = Known(row.payload, row.receipt, customer)
    return Invoice(mapping, row.source_id, "issued", known, row.destination_id or "")


def find_issued(
    ledger: Ledger, mappings: Iterable[CompiledMapping], ref: str
) -> list[Invoice]:
    """Return the invoices that a reference means and that are made already.

    Args:
        ledger: Knows what was sent.
        mappings: Of documents.
        ref: `connection/stream/id` of the record or of the document, or an id alone.
    """
    found: list[Invoice] = []
    for mapping in mappings:
        for source_id in _meant(ledger, mapping, ref):
            rows = ledger.intents_of(mapping.id, [source_id]).get(source_id, [])
            made = [
                r for r in rows if (r.operation, r.state) == ("create", "confirmed")
            ]
            found += [issued_invoice(ledger, mapping, row) for row in made[-1:]]
    return found


def _meant(ledger: Ledger, mapping: CompiledMapping, ref: str) -> list[str]:
    """Return the source ids that a reference may mean to a mapping."""
    place, _, own_id = ref.rpartition("/")
    found: list[str] = []
    if place in {"", str(mapping.source)}:
        found.append(own_id)
    if place in {"", str(mapping.destination)}:
        there = ledger.reverse_links(mapping.id, [own_id]).get(own_id)
        if there and there not in found:
            found.append(there)
    return found


def of_record(mapping: CompiledMapping, ref: str) -> str:
    """Return the record's id in a reference; "" where it is of another stream."""
    place, _, own_id = ref.rpartition("/")
    return own_id if place in {"", str(mapping.source)} else ""


def look_ahead(sync: Sync, source_id: str) -> Invoice | None:
    """Decide about one record as a run would; return the invoice it would come to.

    Returns:
        None where the record is not there.

    Raises:
        ConfigError: no invoice would come of it, and why.
    """
    for turn in _turns(sync, source_id):
        if turn.record.deleted:
            continue
        if turn.payload is None:
            raise _no_invoice(sync, turn)
        sent = turn.payload.fields
        customer, _ = customer_of(sync.ledger, sync.mapping, sent)
        is_held = turn.previous is not None and turn.previous.outcome == "held"
        known = Known(sent, {}, customer)
        state: State = "held" if is_held else "planned"
        return Invoice(sync.mapping, source_id, state, known)
    return None


def _turns(sync: Sync, source_id: str) -> Iterator[Turn]:
    for turns in turns_ahead(sync, Options(only=(source_id,)), None):
        yield from (turn for turn in turns if turn.record.id == source_id)
    if sync.mapping.source.connection == HUB:
        # What is due and not closed yet can only be read, not fetched.
        for turns in turns_ahead(sync, Options(full=True), None):
            yield from (turn for turn in turns if turn.record.id == source_id)


def _no_invoice(sync: Sync, turn: Turn) -> ConfigError:
    where = f"{sync.mapping.source}/{turn.record.id}"
    match turn.verdict:
        case Skip(reason):
            what = f"no invoice comes of it ({reason})"
        case Waiting(other, source_id):
            what = f"it waits for its customer ({other} {source_id})"
        case Faulty(place, cause, words, _):
            what = f"it cannot be mapped ({place}: {cause}, {words})"
        case _:
            what = "no invoice comes of it now"
    remedy = f"`tasuki explain {turn.record.id}` tells more."
    return ConfigError(where, what, remedy)


def with_modes(sync: Sync, invoice: Invoice, modes: Mapping[str, object]) -> Invoice:
    """Return the invoice with the way in which its system rounds.

    Asks the system about a document that it has (one call); otherwise the
    connection's settings count.
    """
    told: dict[str, object] = {k: v for k, v in modes.items() if v is not None}
    destination = sync.destination.destination
    if invoice.target_id and isinstance(destination, Stating):
        stream, one = sync.mapping.destination.stream, invoice.target_id
        stated = destination.stated(stream, [one]).get(one, {})
        told |= {name: value for name, value in stated.items() if value}
    return invoice._replace(known=replace(invoice.known, modes=told))


def the_one(found: list[Invoice], ref: str) -> Invoice:
    """Return the invoice that is meant.

    Raises:
        ConfigError: there is none, or there are several.
    """
    if not found:
        raise ConfigError(ref, "no invoice is known by this reference", _LIST)
    if len(found) > 1:
        names = ", ".join(sorted(one.mapping.id for one in found))
        what = f"{len(found)} invoices are meant, of {names}"
        raise ConfigError(ref, what, "Say which: --mapping NAME.")
    return found[0]
