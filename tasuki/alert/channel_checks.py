"""What a channel of `alerts.yaml` must be beyond its form; no value of it is shown."""

import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from tasuki.alert.file_model import HookModel, MailModel, SlackModel
from tasuki.mapping.problem import Problems
from tasuki.mapping.yaml_text import Document

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
)
_SHORTEST_SECRET = 16


def check_channel(
    part: Document,
    name: str,
    model: SlackModel | MailModel | HookModel,
    root: Path,
    problems: Problems,
) -> None:
    """Note what keeps a channel from being used, or from being used safely."""
    if isinstance(model, MailModel):
        _check_mail(part, name, model, root, problems)
        return
    if not is_safe_address(model.url):
        what = "the address is none, or would send in clear"
        remedy = "An https:// address is needed; http:// only on this machine."
        problems.add(part.problem((name, "url"), what, remedy))
    if isinstance(model, HookModel):
        length = len(model.secret.get_secret_value())
        if length < _SHORTEST_SECRET:
            what = f"the secret has {length} characters; {_SHORTEST_SECRET} at least"
            problems.add(part.problem((name, "secret"), what, "Take a longer one."))


def _check_mail(
    part: Document, name: str, model: MailModel, root: Path, problems: Problems
) -> None:
    for place, address in (
        ((name, "from"), model.sender),
        *(((name, "to", at), one) for at, one in enumerate(model.to)),
    ):
        if not _ADDRESS.fullmatch(address):
            what = "this is no e-mail address"
            problems.add(part.problem(place, what, "For example keiri@example.co.jp."))
    if model.security == "none" and model.user and not is_here(model.host):
        what = "the password would travel in clear"
        remedy = "Write security: starttls, or ssl."
        problems.add(part.problem((name, "security"), what, remedy))
    if bool(model.user) != bool(model.password.get_secret_value()):
        what = "user and password belong together"
        problems.add(part.problem((name,), what, "Give both, or neither."))
    if model.ca_file and not (root / model.ca_file).is_file():
        what = f"there is no file '{model.ca_file}'"
        remedy = "The path is relative to the project's folder."
        problems.add(part.problem((name, "ca_file"), what, remedy))


def is_safe_address(url: SecretStr) -> bool:
    """Say whether an address is one, and encrypts what leaves this machine."""
    try:
        parts = urlsplit(url.get_secret_value())
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_here(host))


def is_here(host: str) -> bool:
    """Say whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
