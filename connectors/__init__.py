"""Connectors, a folder each; asked for by name through `tasuki.registry`."""
