"""Stages of a flow: a sync run in Prefect's sight. The one place that knows Prefect.

Prefect says when and shows it; the ledger alone says what was done. A stage may run
twice or be killed at any time.
"""
