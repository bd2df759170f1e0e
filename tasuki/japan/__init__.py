"""Japanese business values in one form: names, phones, dates, amounts, numbers.

Every function is pure and total: it takes a text or None, and an unreadable text gives
None rather than an exception. Import the module of the subject; nothing heavy is loaded
before it is needed.
"""
