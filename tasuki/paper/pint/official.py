"""Validates against the official files that a user has: UBL's schema, Peppol's rules.

They may not be handed out with Tasuki. The schema (XSD) is looked at by lxml, the rules
(Schematron, compiled to XSLT) by Saxon: the optional extra `jp-pint`.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tasuki.model.errors import ConfigError
from tasuki.paper.pint.check import Finding

_SCHEMA: Final = "UBL-Invoice-2.1.xsd"
_RULES: Final = ("*.xslt", "*.xsl")
_EXTRA: Final = "Install the extra: pip install 'tasuki[jp-pint]'."
_SVRL: Final = "{http://purl.oclc.org/dsdl/svrl}"


def official_findings(content: bytes, folder: Path) -> tuple[list[Finding], list[str]]:
    """Return what the files of a folder find wrong, and the names of those files.

    Raises:
        ConfigError: there is nothing to look with, or the extra is not installed.
    """
    if not folder.is_dir():
        raise ConfigError(str(folder), "there is no such folder", _how(folder))
    schemas = sorted(folder.rglob(_SCHEMA))
    rules = sorted(path for kind in _RULES for path in folder.rglob(kind))
    if not schemas and not rules:
        what = f"neither {_SCHEMA} nor compiled rules (.xslt) lie there"
        raise ConfigError(str(folder), what, _how(folder))
    found: list[Finding] = []
    for path in schemas[:1]:
        found += _by_schema(content, path)
    if rules:
        found += _by_rules(content, rules)
    return found, [path.name for path in (*schemas[:1], *rules)]


def _how(folder: Path) -> str:
    return (
        f"Put the UBL 2.1 schemas and the JP PINT rules as .xslt into {folder.name}/: "
        "OpenPeppol publishes them; rules as .sch are to be compiled first (SchXslt)."
    )


def _by_schema(content: bytes, path: Path) -> Iterator[Finding]:
    try:
        from lxml import etree  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise ConfigError(str(path), "lxml is not installed", _EXTRA) from None
    try:
        schema = etree.XMLSchema(etree.parse(str(path)))
    except etree.LxmlError as error:
        what = f"the schema cannot be read ({error})"
        raise ConfigError(str(path), what, "Keep its folders as published.") from None
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    schema.validate(etree.fromstring(content, parser))
    for one in schema.error_log:
        yield Finding("XSD", f"line {one.line}", one.message)


def _by_rules(content: bytes, paths: list[Path]) -> Iterator[Finding]:
    try:
        import saxonche  # noqa: PLC0415 - an optional extra of 100 MB
    except ImportError:
        raise ConfigError(str(paths[0]), "Saxon is not installed", _EXTRA) from None
    with saxonche.PySaxonProcessor(license=False) as saxon:
        document = saxon.parse_xml(xml_text=content.decode())
        for path in paths:
            try:
                yield from _by_one(saxon, document, path)
            except (saxonche.PySaxonApiError, ET.ParseError, TypeError) as error:
                words = " ".join(str(error).split())
                what = f"the rules cannot be run ({words})"
                remedy = "They must be Schematron compiled to XSLT that reports SVRL."
                raise ConfigError(str(path), what, remedy) from None


def _by_one(saxon: Any, document: Any, path: Path) -> list[Finding]:  # noqa: ANN401 - Saxon has no types
    stylesheet = saxon.new_xslt30_processor().compile_stylesheet(
        stylesheet_file=str(path)
    )
    told = stylesheet.transform_to_string(xdm_node=document)
    report = ET.fromstring(told)  # noqa: S314 - Saxon's own answer
    return [
        Finding(
            one.get("id") or path.stem,
            one.get("location", "").rpartition("/")[2],
            " ".join((one.findtext(f"{_SVRL}text") or "").split()),
        )
        for one in report.iter(f"{_SVRL}failed-assert")
    ]
