"""Tasuki hands customers on from tool to tool: none lost, none twice."""

__version__ = "0.1.0"
