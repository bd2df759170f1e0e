"""Prefect flows, one a file, named by a verb. They ask for mappings by name."""
