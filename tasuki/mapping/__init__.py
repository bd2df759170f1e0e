"""Mapping files: read strictly, compiled once, applied to records. No I/O but reading files."""

from tasuki.mapping.compile import CompiledMapping, compile_mapping, no_links
from tasuki.mapping.fingerprint import fingerprint
from tasuki.mapping.model import MappingModel, OnChange, WriteMode
from tasuki.mapping.result import (
    Evaluation,
    Faulty,
    MatchStep,
    MatchValue,
    Payload,
    Skip,
    Waiting,
)

__all__ = [
    "CompiledMapping",
    "Evaluation",
    "Faulty",
    "MappingModel",
    "MatchStep",
    "MatchValue",
    "OnChange",
    "Payload",
    "Skip",
    "Waiting",
    "WriteMode",
    "compile_mapping",
    "fingerprint",
    "no_links",
]
