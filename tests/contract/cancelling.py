"""Asking a connector to cancel, the same for all of them."""

from typing import Protocol

from tasuki.ports import Cancellable, Cancelling, System


class Opens(Protocol):
    """What a vendor's tests open: a stand-in, and its system."""

    @property
    def system(self) -> System: ...


def port(o: Opens) -> Cancelling:
    destination = o.system.destination
    assert isinstance(destination, Cancelling)
    return destination


def look(o: Opens, one: str) -> Cancellable:
    found = port(o).cancellable("invoice", one)
    assert found is not None
    return found
