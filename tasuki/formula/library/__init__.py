"""The functions that every project has, in the groups of the reference."""
