"""Mapping files: read strictly, compiled once, applied to records."""

from tasuki.mapping.compile import CompiledMapping, compile_mapping, no_links
from tasuki.mapping.fingerprint import fingerprint
from tasuki.mapping.inline_tests import TestResult, run_tests
from tasuki.mapping.load import MappingSet, load_mappings
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
from tasuki.mapping.schema_file import json_schema
from tasuki.mapping.show import show
from tasuki.mapping.tables import Surroundings

__all__ = [
    "CompiledMapping",
    "Evaluation",
    "Faulty",
    "MappingModel",
    "MappingSet",
    "MatchStep",
    "MatchValue",
    "OnChange",
    "Payload",
    "Skip",
    "Surroundings",
    "TestResult",
    "Waiting",
    "WriteMode",
    "compile_mapping",
    "fingerprint",
    "json_schema",
    "load_mappings",
    "no_links",
    "run_tests",
    "show",
]
