"""What a connector says about a first login that a person makes in a browser."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class OAuthFlow:
    """An OAuth 2.0 authorisation-code flow, made once by a person (`tasuki login`)."""

    authorize_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    basic_auth: bool = False
    """Send client id and secret as HTTP basic auth instead of in the form."""
    pkce: bool = False
    """The system checks a code verifier (RFC 7636)."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further parameters of the authorise URL."""
    paste_redirect: str = ""
    """The redirect that shows the code on screen, where the system has one."""
