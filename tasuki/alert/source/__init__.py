"""What the hub itself finds, as notices: one module and one function for each source.

They take rows and reports as they are and quote no words of a system: these may hold a
record's values. Mappings, codes, counts and field names are all that is told.
"""
