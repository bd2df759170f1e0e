"""The command line: what a RevOps engineer types."""

from tasuki.cli.app import main

__all__ = ["main"]
