"""Comparing both sides of a sync, and mending what may be mended safely."""
