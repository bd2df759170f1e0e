"""The ways on which people are told: Slack, e-mail, another program's webhook."""
