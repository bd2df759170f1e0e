"""Billing errors: a value that must not become money, and what to do about it."""

from tasuki.model.errors import TasukiError


class BillingError(TasukiError, ValueError):
    """A value cannot take part in an invoice; guessing it would be worse."""

    remedy = "Correct the value at its source, or map it to an accepted one."

    def __init__(self, where: str, what: str, remedy: str | None = None) -> None:
        super().__init__(where, what, remedy)
        self.where = where
        self.what = what
        if remedy:
            self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
