"""Values that everything else speaks in: records, writes, outcomes, errors. No I/O."""
