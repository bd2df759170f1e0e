"""A stand-in of freee会計 and freee請求書: one company, stateful, over real HTTP."""

from .company import FreeeSandbox

__all__ = ["FreeeSandbox"]
