"""Tells people what was found: once, to whom it concerns, and when they may be told."""
