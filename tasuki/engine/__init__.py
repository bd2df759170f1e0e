"""The life of a record: read, decide, record the intent, send, confirm, advance."""
