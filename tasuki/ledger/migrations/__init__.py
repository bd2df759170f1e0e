"""The ledger's schema, step by step; `pre` runs before new code, `post` after."""
