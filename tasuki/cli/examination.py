"""What `tasuki doctor` looks at: the machine, the project, the ledger, every system."""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import NamedTuple

import httpx

from tasuki.cli.alerts_look import alerts_findings
from tasuki.cli.finding import EDIT as _EDIT
from tasuki.cli.finding import Finding
from tasuki.cli.inbox_look import inbox_findings
from tasuki.keys import KEY_VARIABLE
from tasuki.ledger import Ledger
from tasuki.ledger.backup import RESTORED
from tasuki.ledger.migration import HEAD
from tasuki.model.errors import RemoteError, TasukiError
from tasuki.model.policy import RetryPolicy
from tasuki.model.unforeseen import unforeseen
from tasuki.project import Project
from tasuki.transport.calls import Calls

PREFECT_VARIABLE = "PREFECT_API_URL"
PREFECT_AUTH_VARIABLE = "PREFECT_API_AUTH_STRING"
_OURS = ("connectors", "flows", "mappings")
_SECONDS = 10.0
_CLOCK_MAY_DIFFER = timedelta(minutes=2)  # a signed JWT is refused a few minutes off
_IMPATIENT = RetryPolicy(attempts=2, first=0.5, total=20.0, throttled_attempts=2)
_UNREACHABLE = RemoteError.exit_code


class Look(NamedTuple):
    """How closely is looked: calls to the systems, every row of the ledger, repair."""

    calls: bool = True
    deep: bool = False
    repair: bool = False


USUAL = Look()


def examine(
    project: Project, connections: tuple[str, ...] = (), look: Look = USUAL
) -> Iterator[Finding]:
    """Look at everything a run needs; each finding as soon as it is known.

    Args:
        project: The project.
        connections: Of these connections only; of all when empty.
        look: How closely.

    Raises:
        ConfigError: there is no connection of that name.
    """
    yield _versions()
    yield from foreign_owners(packages_distributions())
    known = list(_files(project))
    yield from known
    if all(finding.ok for finding in known):
        for name in connections:
            project.connection(name)
    try:
        with project.open_ledger() as ledger:
            yield from _ledger(project, ledger)
            if all(finding.ok for finding in known):
                yield from _connections(project, ledger, connections, look)
            if look.deep:
                yield from _audit(ledger, look)
    except TasukiError as error:
        yield _bad("ledger", "open", error)
    yield from _prefect(project.environment)


def _bad(where: str, name: str, error: TasukiError) -> Finding:
    return Finding(where, name, False, str(error), error.remedy, error.exit_code)


def _versions() -> Finding:
    numbers = ".".join(map(str, sys.version_info[:3]))
    parts = [f"Python {numbers}"]
    for name in ("tasuki", "prefect"):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            remedy = "Install tasuki with its dependencies (pip install tasuki)."
            return Finding("machine", "versions", False, f"no {name} installed", remedy)
    return Finding("machine", "versions", True, ", ".join(parts))


def foreign_owners(owners: Mapping[str, list[str]]) -> Iterator[Finding]:
    """Tell which other distributions own the names of our folders.

    Seen: an installed distribution `connectors` replaced the folder of that name.
    """
    taken = [
        (name, owner)
        for name in _OURS
        for owner in sorted(set(owners.get(name, ())) - {"tasuki"})
    ]
    if not taken:
        yield Finding("machine", "names", True, "nobody else owns our folders' names")
    for name, owner in taken:
        words = f"the distribution '{owner}' installs a package '{name}'"
        remedy = f"pip uninstall {owner}, or use an environment of its own."
        yield Finding("machine", "names", False, words, remedy)


def _files(project: Project) -> Iterator[Finding]:
    try:
        words = ", ".join(project.connections)
        yield Finding("project", "connections.yaml", True, words)
    except TasukiError as error:
        yield _bad("project", "connections.yaml", error)
    try:
        count = len(project.mappings)
        yield Finding("project", "mappings", True, f"{count} mappings")
    except TasukiError as error:
        yield _bad("project", "mappings", error)


def _ledger(project: Project, ledger: Ledger) -> Iterator[Finding]:
    words = f"{ledger.url_masked}, schema {HEAD}"
    yield Finding("ledger", "open", True, words)
    yield _secret_key(project, ledger)
    yield from inbox_findings(ledger, project.clock.now())
    yield from alerts_findings(project, ledger)
    newest = ledger.runs(limit=1)
    if newest:
        begun = datetime.fromisoformat(newest[0].started_at)
        ahead = begun - project.clock.now()
        if ahead > _CLOCK_MAY_DIFFER:
            words = f"the newest run began {_span(ahead)} in the future"
            yield Finding("machine", "clock", False, words, _SET_CLOCK)


_SET_CLOCK = "Set this machine's clock (NTP): tokens and limits depend on it."


def _secret_key(project: Project, ledger: Ledger) -> Finding:
    keys = project.keys
    if keys.is_given():
        return Finding("ledger", "secret key", True, f"from {KEY_VARIABLE}")
    path = keys.path
    if not path.is_file():
        words = f"there is none, and tokens of {', '.join(ledger.sealed_tokens())}"
        remedy = f"Set {KEY_VARIABLE}, or copy {path.name} from where it was made."
        return Finding("ledger", "secret key", False, words, remedy)
    rights = path.stat().st_mode & 0o777
    words = f"{path.relative_to(project.root)}, this machine's own"
    if rights & 0o077:
        remedy = f"chmod 600 {path}"
        return Finding("ledger", "secret key", False, "others may read it", remedy)
    return Finding("ledger", "secret key", True, words)


def _audit(ledger: Ledger, look: Look) -> Iterator[Finding]:
    """Look at every row."""
    mark = ledger.cursor("", RESTORED)
    if mark is not None:
        words = (
            f"from a backup of {mark.position[:19]}: documents that cannot be written "
            "twice are looked up before each create"
        )
        yield Finding("ledger", "restored", True, words)
    for flaw in ledger.audit(repair=look.repair):
        ok = flaw.found == flaw.repaired
        words = flaw.words or "every row is well"
        if flaw.repaired:
            words += f"; {flaw.repaired:,} repaired"
        yield Finding("ledger", flaw.name, ok, words, flaw.remedy, 1)


def _connections(
    project: Project, ledger: Ledger, chosen: tuple[str, ...], look: Look
) -> Iterator[Finding]:
    for name in chosen or project.connections:
        yield from _token(ledger, name)
        if look.calls:
            yield from _clock(project, name)
            yield from _system(project, ledger, name)


def _token(ledger: Ledger, name: str) -> Iterator[Finding]:
    try:
        token = ledger.tokens(name).load()
    except TasukiError as error:
        yield _bad(name, "stored token", error)
        return
    if token is None:
        return
    yield Finding(name, "stored token", True, "the secret key opens it")
    yield from _login(ledger, name)


def _login(ledger: Ledger, name: str) -> Iterator[Finding]:
    """Tell of a login that has ended, and of a renewal that never came back."""
    for row in ledger.logins():
        if row.connection != name:
            continue
        remedy = f"Run `tasuki login {name}` and allow the access once more."
        if row.refused_at:
            words = f"stopped since {row.refused_at[:19]}: {row.refused_words}"
            yield Finding(name, "renewal", False, words, remedy, _UNREACHABLE)
        elif row.renewing_since:
            since = row.renewing_since[:19]
            words = f"asked for by {row.renewing_by} at {since}, not stored (yet)"
            yield Finding(name, "renewal", True, words)


def _system(project: Project, ledger: Ledger, name: str) -> Iterator[Finding]:
    """Ask the system itself; its first check is whether it lets us in at all."""
    try:
        system = project.open_system(name, ledger, Calls(), _IMPATIENT)
    except TasukiError as error:
        yield _bad(name, "open", error)
        return
    except Exception as error:  # noqa: BLE001 - one connector's mistake is a finding
        yield _bad(name, "open", unforeseen(name, error))
        return
    try:
        for index, check in enumerate(system.doctor()):
            code = _EDIT if index else _UNREACHABLE
            yield Finding(name, check.name, check.ok, check.words, check.remedy, code)
    except TasukiError as error:
        yield _bad(name, "system", error)
    except Exception as error:  # noqa: BLE001 - the other systems are still asked
        yield _bad(name, "system", unforeseen(name, error))
    finally:
        system.close()


def _clock(project: Project, name: str) -> Iterator[Finding]:
    """Compare this machine's clock with the system's, which every answer carries."""
    base_url = project.connection(name).settings.base_url
    if not base_url:
        return
    try:
        answer = httpx.get(base_url, timeout=_SECONDS, follow_redirects=False)
        there = parsedate_to_datetime(answer.headers["date"])
    except (httpx.HTTPError, KeyError, ValueError):
        return  # whether it can be reached is said by its own checks
    differs = abs(project.clock.now() - there.replace(tzinfo=there.tzinfo or UTC))
    ok = differs <= _CLOCK_MAY_DIFFER
    words = "agrees" if ok else f"differs by {_span(differs)}"
    yield Finding(name, "clock", ok, words, "" if ok else _SET_CLOCK)


def _span(difference: timedelta) -> str:
    return f"{difference.total_seconds() / 60:,.0f} minutes"


def _prefect(environment: Mapping[str, str]) -> Iterator[Finding]:
    url = environment.get(PREFECT_VARIABLE)
    if not url:
        return
    try:
        ask_prefect(url, "/health", environment)
    except TasukiError as error:
        yield _bad("prefect", "api", error)
    else:
        yield Finding("prefect", "api", True, f"{_shown(url)} answers")


def ask_prefect(
    url: str,
    path: str,
    environment: Mapping[str, str],
    body: object = None,
    method: str = "",
) -> httpx.Response:
    """Ask a Prefect API: GET, or POST where there is a body; any status below 500.

    Raises:
        RemoteError: nobody answers there, or not as Prefect does.
    """
    secret = environment.get(PREFECT_AUTH_VARIABLE)
    user, _, password = (secret or "").partition(":")
    try:
        answer = httpx.request(
            method or ("GET" if body is None else "POST"),
            url.rstrip("/") + path,
            json=body,
            auth=(user, password) if secret else None,
            timeout=_SECONDS,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # An address that cannot be read is quoted by the error, with all that is in it.
        words = f"{_shown(url)}: {_kind(error)}"
        where = "prefect"
        raise RemoteError(where, words, "", _START_PREFECT) from None
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        remedy = f"Set {PREFECT_AUTH_VARIABLE} to user:password of that server."
        where = "prefect"
        raise RemoteError(where, f"{_shown(url)} lets nobody in", "", remedy)
    if answer.is_server_error:
        words = f"{_shown(url)} answers {answer.status_code}"
        where = "prefect"
        raise RemoteError(where, words, "", _START_PREFECT)
    return answer


def _shown(url: str) -> str:
    """Return an address without the user and password that may stand in it."""
    begin, _, host = url.rpartition("@")
    scheme, slashes, _ = begin.partition("://")
    return f"{scheme}://***@{host}" if slashes else host


def _kind(error: Exception) -> str:
    words = "" if isinstance(error, httpx.InvalidURL) else str(error)
    return words or type(error).__name__


_START_PREFECT = (
    f"Start it (`tasuki up` starts one), and set {PREFECT_VARIABLE} to its address, "
    "for example http://127.0.0.1:4200/api."
)
