"""`mappings/alerts.yaml` as pydantic models: what editors complete from."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from tasuki.mapping.field_model import Strict
from tasuki.model.language import Language

_Severity = Literal["critical", "high", "medium", "low"]
_Secret = Annotated[
    SecretStr, Field(description="By reference: ${NAME} or ${file:path}.")
]
_Time = Annotated[str, Field(description='A time in Tokyo, "09:00".')]


class TimingModel(Strict):
    """When a channel is told."""

    digest: _Time | None = Field(
        None, description="What is not urgent waits for this time and comes together."
    )
    at_once: _Severity = Field(
        "critical", description="From this severity on nothing waits for the digest."
    )


class SlackModel(TimingModel):
    """A Slack incoming webhook."""

    kind: Literal["slack"]
    url: _Secret


class HookModel(TimingModel):
    """Another program: findings as JSON, with a signature."""

    kind: Literal["webhook"]
    url: _Secret
    secret: _Secret


class MailModel(TimingModel):
    """Mail, handed in at an SMTP server."""

    kind: Literal["email"]
    host: str = Field(min_length=1, description="The SMTP server.")
    port: int | None = Field(
        None, ge=1, le=65_535, description="587, with ssl 465, without security 25."
    )
    security: Literal["starttls", "ssl", "none"] = "starttls"
    user: str = ""
    password: _Secret = SecretStr("")
    ca_file: str | None = Field(
        None, description="Who signed the certificate, where that is nobody public."
    )
    sender: str = Field(alias="from", description="The address that mail comes from.")
    to: list[str] = Field(min_length=1, description="Addresses.")


class QuietModel(Strict):
    """When only what is urgent is told."""

    begin: _Time | None = Field(None, alias="from")
    end: _Time | None = Field(None, alias="to")
    closed_days: bool = Field(
        default=True,
        description="Weekends, national holidays, 31 December to 3 January as well.",
    )
    extra_closed: list[str] = Field(
        default_factory=list, description="Further closed days, 2026-08-13."
    )
    passes: _Severity | Literal["nothing"] = Field(
        "critical", description="What is told nevertheless, from this severity on."
    )


class RouteModel(Strict):
    """Which findings go to which channels; what is not said holds for all."""

    severity: _Severity = Field("low", description="This one and worse.")
    department: list[str] | str | None = None
    finding: list[str] | str | None = Field(
        None, description="How keys of findings look, with *: `dead_letter/*`."
    )
    channels: list[str] = Field(min_length=1)


class AlertsModel(Strict):
    """The whole of alerts.yaml."""

    version: Literal[1] = Field(description="The version of this form: 1.")
    enabled: bool = Field(default=False, description="Nobody is told anything before.")
    language: Language = "ja"
    remind_days: int | None = Field(
        None, ge=1, le=365, description="What is open is told again after these days."
    )
    dead_after: int = Field(
        3, ge=1, le=20, description="Failures in a row: the others are told."
    )
    quiet: QuietModel | None = None
    channels: dict[
        str,
        Annotated[SlackModel | MailModel | HookModel, Field(discriminator="kind")],
    ] = Field(default_factory=dict)
    rules: list[RouteModel] = Field(default_factory=list)
    otherwise: list[str] | None = Field(
        None, description="Where findings go that no rule takes; unsaid: everywhere."
    )


KINDS: dict[str, type[SlackModel | MailModel | HookModel]] = {
    "slack": SlackModel,
    "email": MailModel,
    "webhook": HookModel,
}
