"""Watching a project at work: how it stands, metrics, health, logs."""
