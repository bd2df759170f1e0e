"""The Model, measured: the journey of every customer, handoffs, leaks, KPIs.

Deciding is pure and apart from reading: rules take events and rows, and return what
they found.
"""
