"""Stateful stand-ins of the connected systems, over real HTTP, with faults."""
