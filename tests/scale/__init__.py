"""A scaled-out stack on one machine, driven by hand: `make test-scale`."""
