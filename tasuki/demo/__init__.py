"""`make demo`: the whole relay on stand-ins, run through Prefect, in one terminal."""
