"""Errors, sorted by who acts next.

Retrying, dead-lettering and stopping are decided by class alone, in the engine.
A connector's only duty is to translate a system's answer into one of these.

    TasukiError
    ├── ConfigError           the operator edits a file             (never retried)
    │   └── MappingError      … mapping files, all problems at once
    ├── LedgerError           the ledger cannot be read or written  (the run stops)
    │   └── LeaseLostError    another run took this sync over       (the run stops)
    ├── GuardError            the run would do something unusual    (a person decides)
    ├── ShrunkenError         a system suddenly lacks what it had   (a person decides)
    ├── PlanMovedError        the world is not that of a saved plan (a person decides)
    ├── ConservationError     the run's sums do not balance         (report it)
    ├── RemoteError           a connected system answered badly
    │   ├── TransientError    it will pass                          (retried by policy)
    │   │   ├── NotSentError      nothing left this machine
    │   │   ├── ThrottledError    refused for its rate, not done
    │   │   └── SilentError       many writes without an answer     (the run stops)
    │   ├── CursorExpiredError  read everything again
    │   ├── RejectedError     this request is unacceptable to it    (dead letter)
    │   └── AccessError       credentials or permissions            (connection stops)
    ├── InDoubtError          sent, and no answer came back         (looked up first)
    └── DeliveryError         what came in is not to be taken       (the sender is told)

Plain classes with positional parts: they survive `contextmanager` and pickling.
"""


class TasukiError(Exception):
    """Something a person or the engine can act on."""

    remedy = "Run `tasuki doctor`."
    exit_code = 2


class ConfigError(TasukiError):
    """A file of the project says something impossible."""

    remedy = "Edit the file named above."
    exit_code = 2

    def __init__(self, where: str, what: str, remedy: str | None = None) -> None:
        super().__init__(where, what, remedy)
        self.where = where
        self.what = what
        if remedy:
            self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class MappingError(ConfigError):
    """Mapping files with problems: every problem of every file, in file order."""

    remedy = "Correct the lines named above; `tasuki check` shows them again."

    def __init__(self, problems: tuple[str, ...]) -> None:
        TasukiError.__init__(self, problems)
        self.problems = problems
        self.where = "mappings"
        self.what = f"{len(problems)} problem(s)"

    def __str__(self) -> str:
        return "\n".join(self.problems)


class LedgerError(TasukiError):
    """The ledger cannot be read or written: nothing more is sent."""

    remedy = (
        "Free disk space or end the program that holds the ledger, then run again: "
        "nothing was lost."
    )
    exit_code = 3

    def __init__(self, where: str, what: str, remedy: str | None = None) -> None:
        super().__init__(where, what, remedy)
        self.where = where
        self.what = what
        if remedy:
            self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class LeaseLostError(LedgerError):
    """Another run holds this sync now: this one stops and writes nothing more."""

    remedy = "Nothing to do: the other run goes on from the same place."
    exit_code = 1


class GuardError(TasukiError):
    """The run would change an unusual share of records; nothing was sent."""

    remedy = (
        "Look at `tasuki plan`; if it is meant, `tasuki approve --guard RUN` (`tasuki "
        "held` names it), or repeat the number: --yes-really N."
    )
    exit_code = 1

    def __init__(self, where: str, what: str, count: int) -> None:
        super().__init__(where, what, count)
        self.where = where
        self.what = what
        self.count = count

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class ShrunkenError(TasukiError):
    """A system answers without most of what it is known to hold: nothing was changed.

    Far more often a lost permission or a wrong account than a mass deletion.
    """

    remedy = (
        "Check the connection's account and permissions with `tasuki doctor`; if the "
        "records really are gone, run again with --accept-empty."
    )
    exit_code = 1

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where = where
        self.what = what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class PlanMovedError(TasukiError):
    """A run would not do what its saved plan says; nothing was sent."""

    remedy = "Make a new plan with `tasuki plan MAPPING --save FILE`, and look at it."
    exit_code = 1

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where = where
        self.what = what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class ConservationError(TasukiError):
    """Records read and outcomes recorded do not add up: a mistake of ours."""

    remedy = "Keep the ledger and report this: no cursor was moved past the gap."
    exit_code = 1


class RemoteError(TasukiError):
    """A connected system answered badly.

    `where` is `connection` or `connection/stream[/id]`; `answer` is the system's own
    words, shortened and free of secrets and personal data.
    """

    remedy = "Look at the system's own status page, then run again."
    exit_code = 3

    def __init__(
        self, where: str, answer: str, code: str = "", remedy: str | None = None
    ) -> None:
        super().__init__(where, answer, code, remedy)
        self.where = where
        self.answer = answer
        self.code = code
        if remedy:
            self.remedy = remedy

    def __str__(self) -> str:
        words = f"{self.code}: {self.answer}" if self.code else self.answer
        return f"{self.where}: {words}"


class TransientError(RemoteError):
    """It will pass; the request may be repeated if repeating is harmless."""

    remedy = "Nothing to do: the next run goes on where this one stopped."


class NotSentError(TransientError):
    """Nothing left this machine (connection refused, name not found)."""

    remedy = "Check the network and `base_url`, then run again: nothing was lost."


class ThrottledError(TransientError):
    """Refused for its rate and certainly not done; repeat after `retry_after`."""

    def __init__(
        self, where: str, answer: str, code: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(where, answer, code)
        self.args = (where, answer, code, retry_after)
        self.retry_after = retry_after


class SilentError(TransientError):
    """Several writes in a row had no answer: the run ends early, the rest waits."""

    remedy = (
        "Look at the system's own status page, then run again: what was sent is "
        "looked up first, nothing was lost."
    )


class CursorExpiredError(RemoteError):
    """The source no longer knows the cursor: everything is read again."""


class RejectedError(RemoteError):
    """The system refuses this request and would refuse it again."""

    remedy = "Correct the record at its source; the next run picks it up."
    exit_code = 1


class AccessError(RemoteError):
    """Credentials or permissions: the connection stops, no record is blamed."""

    remedy = "Check the connection's credentials with `tasuki doctor`."


class InDoubtError(TasukiError):
    """The request left, and no answer came back: it may or may not have been done."""

    remedy = "Nothing to do: it is looked up before anything is sent again."
    exit_code = 1

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where = where
        self.what = what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class DeliveryError(TasukiError):
    """A delivery to the receiver is refused: the sender is told, nothing is stored.

    `cause` is one word, `what` holds nothing of what was given, `status` is that of the
    HTTP answer.
    """

    remedy = (
        "Compare `webhook:` of the connection (secret, public_url) with the vendor's "
        "screen, and this machine's clock with the time."
    )
    exit_code = 1

    def __init__(self, cause: str, what: str, status: int = 401) -> None:
        super().__init__(cause, what, status)
        self.cause = cause
        self.what = what
        self.status = status

    def __str__(self) -> str:
        return f"{self.cause}: {self.what}"
