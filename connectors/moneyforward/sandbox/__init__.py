"""A stand-in of クラウド請求書: one office, stateful, over real HTTP."""

from .office import MoneyForwardSandbox

__all__ = ["MoneyForwardSandbox"]
