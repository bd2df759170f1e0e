"""The files of a new project: it rehearses against the stand-ins as it is."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from tasuki.cli.answers import NEEDED, Answers
from tasuki.mapping.schema_file import SCHEMA_FILE, schema_text, with_header
from tasuki.model.errors import ConfigError
from tasuki.registry import shipped_root
from tasuki.sandbox.rehearsal import ALL_SYSTEMS, ENVIRONMENT, SYSTEMS

PORTS: Mapping[str, int] = {
    "hubspot": 8911,
    "salesforce": 8912,
    "freee": 8913,
    "moneyforward": 8914,
    "stripe": 8915,
    "kintone": 8916,
}
"""Where `tasuki sandbox` serves unless told otherwise."""

_FLOW_FILE = re.compile(r"(?m)^(\s+entrypoint: )flows/(\w+)\.py:(\w+)$")

_ONBOARDING = "parameters: {{mapping: onboarding.salesforce-{}}}"
_DIRECT = "invoices: invoice.salesforce-freee}"
_BY_PLAN = (
    "plans: plan.salesforce-hub, invoices: invoice.hub-freee,\n"
    "      credit_notes: credit_note.hub-freee}"
)
_PAID = "{mapping: payment.freee-salesforce}"
_PAID_BY_PLAN = "{mapping: payment.freee-hub, deals: [payment.hub-salesforce]}"
_COMPARED = "        - invoice.salesforce-freee\n"
_COMPARED_BY_PLAN = "        - invoice.hub-freee\n"

_CONNECTIONS = """\
# The systems of this project. Secrets stand here by reference only: ${NAME} from the
# environment or from .env, ${file:path} from a file (relative to this folder).
#
"""
_REHEARSED = """\
# As written, {} is its stand-in of `tasuki sandbox`. To connect the real one,
# change its entry (connectors/README.md says how), then look at it with
# `tasuki doctor NAME`.

"""
_REAL = """\
# Every system is the real one: `tasuki doctor` looks at all of them.

"""
_ENV = """\
# Variables of this machine; never to be committed. The environment comes before them.
"""
_ENV_EXAMPLE = """\
# What .env has to say on each machine. `tasuki sandbox` prints values that the
# stand-ins accept; those of the real systems come from the vendors' screens.
"""
_KEY_HINT = """\
# Set these where several machines share one ledger:
# TASUKI_LEDGER_URL=postgresql://tasuki@db.example/tasuki
# TASUKI_SECRET_KEY=       # seals stored tokens: openssl rand -base64 32
"""
_ALWAYS = frozenset({"settings.yaml", "alerts.yaml"})
_SETTINGS_HEAD = """\
# This file stands in place of the shipped one of the same name.
"""
_MAPPINGS = """\
# mappings

One YAML file a handoff, named `what.source-destination.yaml`. The shipped mappings are
used as long as this folder has no file of the same name:

    tasuki check                             # lists them
    tasuki show lead.hubspot-salesforce      # one in full, with every default
    tasuki init --copy-mappings              # copies the shipped files to here

- `settings.yaml`: values that formulas read by `setting("name")`;
  `settings.production.yaml`: what is different where TASUKI_ENV is `production`
- `lists/NAME.txt`: one value a line, for `value in list("NAME")`
- `lookups/NAME.csv`: tables for `lookup:`
- `values/NAME.csv`: tables for `values:`, the value as it comes and what it becomes
- `fields/NAME.yaml`: sets of fields that several mappings include
- `functions.py`: functions of your own, for formulas
- `policies.yaml`: retry policies
- `alerts.yaml`: who is told when something is wrong; off until you fill it in

- `mapping.schema.json`: for editors; `tasuki schema --write` renews it

After a change: `tasuki check`, `tasuki test --coverage`, `tasuki plan MAPPING`.
"""
_CONNECTORS = """\
# connectors

A folder here is a connector of this project's own; it comes before a shipped one of the
same name. Shipped: {names}. Their settings in connections.yaml:

    hubspot:
      connector: hubspot
      auth: {{token: "${{HUBSPOT_TOKEN}}"}}

    salesforce:
      connector: salesforce
      base_url: https://example.my.salesforce.com
      auth:
        flow: client_credentials
        client_id: "${{SF_ID}}"
        client_secret: "${{SF_SECRET}}"

    freee:                    # then once: tasuki login freee
      connector: freee
      company_id: 123456
      auth:
        flow: oauth
        client_id: "${{FREEE_ID}}"
        client_secret: "${{FREEE_SECRET}}"

    moneyforward:             # then once: tasuki login moneyforward
      connector: moneyforward
      auth:
        flow: oauth
        client_id: "${{MF_ID}}"
        client_secret: "${{MF_SECRET}}"

    stripe:
      connector: stripe
      api_key: "${{STRIPE_KEY}}"
      tax_rates: {{standard: txr_..., reduced: txr_...}}

    kintone:
      connector: kintone
      base_url: https://SUBDOMAIN.cybozu.com
      apps:
        onboarding: {{app: 5, token: "${{KINTONE_ONBOARDING_TOKEN}}"}}
"""
_FLOWS = """\
# flows

Prefect flows of this project's own, one a file, named by a verb: `flows/do_it.py`.
A deployment in prefect.yaml names such a flow as `entrypoint: flows/do_it.py:do_it`,
and a shipped one as `entrypoint: {module}.sync_leads:sync_leads`.

No `__init__.py` here: it would hide other packages of the name `flows`.
"""
_GITIGNORE = ".tasuki/\n.env\n__pycache__/\n"


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write these files, making folders where needed.

    Raises:
        ConfigError: one of them is there already; then nothing is written.
    """
    there = [name for name in files if (folder / name).exists()]
    if there:
        what = f"already there: {', '.join(there)}"
        remedy = "Choose an empty folder, or remove these; nothing was written."
        raise ConfigError(str(folder), what, remedy)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == ".env":
            path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


def project_files(answers: Answers | None = None) -> dict[str, str]:
    """Return the text of every file of a new project, by name.

    Args:
        answers: Which systems, and which of them are real; all stand-ins by default.
    """
    answers = answers or Answers()
    urls = {name: f"http://127.0.0.1:{port}" for name, port in PORTS.items()}
    shipped = shipped_root()
    folders = (shipped / "connectors").glob("*/__init__.py")
    names = sorted(path.parent.name for path in folders)
    settings = (shipped / "mappings" / "settings.yaml").read_text(encoding="utf-8")
    alerts = (shipped / "mappings" / "alerts.yaml").read_text(encoding="utf-8")
    asked = {each for name in answers.real for each in NEEDED[name]}
    values = "".join(
        f"{name}={'' if name in asked else value}\n"
        for name, value in ENVIRONMENT.items()
        if name in asked or _belongs(name, answers.systems)
    )
    blanks = "".join(f"{name}=\n" for name in ENVIRONMENT)
    return {
        "connections.yaml": _head(answers) + answers.connections(urls),
        ".env": _ENV + values,
        ".env.example": _ENV_EXAMPLE + blanks + _KEY_HINT,
        ".gitignore": _GITIGNORE,
        "mappings/README.md": _MAPPINGS,
        f"mappings/{SCHEMA_FILE}": schema_text(),
        "mappings/settings.yaml": _SETTINGS_HEAD + settings,
        "mappings/alerts.yaml": alerts,
        "mappings/lists/.gitkeep": "",
        "connectors/README.md": _CONNECTORS.format(names=", ".join(names)),
        "flows/README.md": _FLOWS.format(module=flows_module()),
        "prefect.yaml": prefect_yaml(answers.systems, answers.billing),
    }


def _copied(path: Path) -> str:
    """Return the text of a shipped file; a mapping names its schema for editors."""
    text = path.read_text(encoding="utf-8")
    is_mapping = path.suffix == ".yaml" and "-" in path.stem
    return with_header(text) if is_mapping else text


def _belongs(variable: str, systems: Collection[str]) -> bool:
    """Say whether a variable is one of these systems'."""
    system = {"SF": "salesforce", "MF": "moneyforward"}.get(variable.partition("_")[0])
    return (system or variable.partition("_")[0].lower()) in systems


def _head(answers: Answers) -> str:
    """Return what stands above the connections."""
    names = answers.rehearsed
    if not names:
        return _CONNECTIONS + _REAL
    whole = len(names) == len(answers.systems)
    said = "every system" if whole else ", ".join(names)
    return _CONNECTIONS + _REHEARSED.format(said)


def flows_module() -> str:
    """Return the package that holds the shipped flows, as Prefect may import it."""
    inside = shipped_root().name == "shipped"
    return "tasuki.shipped.flows" if inside else "flows"


def prefect_yaml(systems: Collection[str] = SYSTEMS, billing: str = "direct") -> str:
    """Return the shipped deployments, their flows named as modules.

    Args:
        systems: A company without freee bills in Money Forward, or at Stripe.
        billing: `plan` where deals are billed by plans.
    """
    text = (shipped_root() / "prefect.yaml").read_text(encoding="utf-8")
    if billing == "plan":
        text = text.replace(_DIRECT, _BY_PLAN).replace(_PAID, _PAID_BY_PLAN)
        text = text.replace(_COMPARED, _COMPARED_BY_PLAN)
    others = [name for name in ("moneyforward", "stripe") if name in systems]
    if others and "freee" not in systems:
        text = re.sub(r"\bfreee\b", others[0], text)
    if "kintone" in systems:
        text = text.replace(
            _ONBOARDING.format("hubspot"), _ONBOARDING.format("kintone")
        )
    elif "hubspot" not in systems:
        there = _ONBOARDING.format("salesforce")
        text = text.replace(_ONBOARDING.format("hubspot"), there)
    return _FLOW_FILE.sub(rf"\g<1>{flows_module()}.\g<2>:\g<3>", text)


def shipped_mappings(systems: Collection[str] = SYSTEMS) -> dict[str, str]:
    """Return the text of every shipped mapping, list and lookup, by name.

    Args:
        systems: Only mappings between these; one of another system would be a problem.
    """
    shipped = shipped_root() / "mappings"
    others = set(ALL_SYSTEMS) - set(systems)
    return {
        f"mappings/{path.relative_to(shipped)}": _copied(path)
        for path in sorted(shipped.rglob("*"))
        if path.suffix in {".yaml", ".txt", ".csv"} and path.name not in _ALWAYS
        if not others & set(re.split(r"[.-]", path.stem))
    }
