"""Figures: what a run costs beside a loop written by hand (`python -m bench`)."""
