"""HTTP with one retry policy, one budget and one way of telling what happened."""
