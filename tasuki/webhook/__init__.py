"""What arrives from systems: deliveries, how they are proved, what they hint at."""

from tasuki.webhook.delivery import Acknowledgement, Delivery, Webhook
from tasuki.webhook.schemes import (
    BodyScheme,
    Scheme,
    SlackScheme,
    StripeScheme,
    TokenScheme,
    hmac_sha256,
    is_same,
    refuse_stale,
)

__all__ = [
    "Acknowledgement",
    "BodyScheme",
    "Delivery",
    "Scheme",
    "SlackScheme",
    "StripeScheme",
    "TokenScheme",
    "Webhook",
    "hmac_sha256",
    "is_same",
    "refuse_stale",
]
