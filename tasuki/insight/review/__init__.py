"""The weekly review: one page for the meeting of all departments."""
