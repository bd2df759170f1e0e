"""The figures of The Model: counts, rates, times, money; pure, as of any moment."""
