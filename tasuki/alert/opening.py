"""Makes the channels of `alerts.yaml`; nothing is sent by it."""

from pathlib import Path

from tasuki.alert.channel.hook import HookChannel
from tasuki.alert.channel.mail import MailChannel, MailServer
from tasuki.alert.channel.slack import SlackChannel
from tasuki.alert.deliver import Channel
from tasuki.alert.file_model import HookModel, MailModel, SlackModel
from tasuki.alert.load import Alerts
from tasuki.ports import Clock

_PORTS = {"starttls": 587, "ssl": 465, "none": 25}


def open_channels(alerts: Alerts, root: Path, clock: Clock) -> dict[str, Channel]:
    """Return the channels of a project by name."""
    return {
        name: _opened(name, one, root, clock) for name, one in alerts.channels.items()
    }


def _opened(
    name: str, model: SlackModel | MailModel | HookModel, root: Path, clock: Clock
) -> Channel:
    where = f"alerts/{name}"
    match model:
        case SlackModel():
            return SlackChannel(where, model.url)
        case HookModel():
            return HookChannel(where, model.url, model.secret, clock)
        case MailModel():
            server = MailServer(
                model.host,
                model.port or _PORTS[model.security],
                model.security,
                model.user,
                model.password,
                root / model.ca_file if model.ca_file else None,
            )
            return MailChannel(where, server, model.sender, tuple(model.to))
