"""A stand-in for one kintone domain with a few apps."""

from .domain import KintoneSandbox

__all__ = ["KintoneSandbox"]
