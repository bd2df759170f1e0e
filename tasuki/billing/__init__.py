"""Japanese billing as pure functions: tax, terms, invoices, checks. No I/O, no clock.

Legal tables (tax rates, transition shares) are dated values that a caller may replace.
Nothing here is legal advice.
"""
