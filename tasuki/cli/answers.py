"""What `tasuki init` asks, and the connections that follow from the answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tasuki.model.errors import ConfigError
from tasuki.sandbox.rehearsal import ALL_SYSTEMS, SYSTEMS, connections_yaml

Ask = Callable[[str, str], str]
"""Puts a question with its default answer, and returns what was typed."""

NEEDED = {
    "hubspot": ("HUBSPOT_TOKEN",),
    "salesforce": ("SF_ID", "SF_SECRET"),
    "freee": ("FREEE_ID", "FREEE_SECRET"),
    "moneyforward": ("MF_ID", "MF_SECRET"),
    "stripe": ("STRIPE_KEY",),
    "kintone": ("KINTONE_ONBOARDING_TOKEN", "KINTONE_SUBSCRIPTION_TOKEN"),
}
"""The secrets of a real account, as .env names them."""

BILLING = ("direct", "plan")
"""How won deals are billed."""

_REAL = {
    "hubspot": """\
hubspot:
  connector: hubspot
  auth: {token: "${HUBSPOT_TOKEN}"}     # a private app's token
""",
    "salesforce": """\
salesforce:
  connector: salesforce
  base_url: SALESFORCE_URL
  auth:
    flow: client_credentials            # an External Client App with a run-as user
    client_id: "${SF_ID}"
    client_secret: "${SF_SECRET}"
""",
    "freee": """\
freee:
  connector: freee
  company_id: FREEE_COMPANY
  auth: {flow: oauth, client_id: "${FREEE_ID}", client_secret: "${FREEE_SECRET}"}
""",
    "moneyforward": """\
moneyforward:
  connector: moneyforward
  auth: {flow: oauth, client_id: "${MF_ID}", client_secret: "${MF_SECRET}"}
""",
    "stripe": """\
stripe:
  connector: stripe
  api_key: "${STRIPE_KEY}"
  # tax_rates: {standard: txr_..., reduced: txr_...}   # yours, from the dashboard
""",
    "kintone": """\
kintone:
  connector: kintone
  base_url: https://SUBDOMAIN.cybozu.com  # yours; and the numbers of your apps
  apps:
    onboarding: {app: 5, token: "${KINTONE_ONBOARDING_TOKEN}", people: [担当者]}
    subscription: {app: 6, token: "${KINTONE_SUBSCRIPTION_TOKEN}"}
""",
}


@dataclass(slots=True)
class Answers:
    """What a new project is to be connected with.

    Attributes:
        systems: Those the company has; a shipped mapping of another goes unused.
        real: Those that are connected to the real account; the rest are stand-ins.
        salesforce_url: My Domain, where Salesforce is real.
        freee_company: The company's number (事業所ID), where freee is real.
        copy_mappings: Copy the shipped mappings into the project.
        billing: `direct`: an invoice of each won deal; `plan`: by billing plans.
    """

    systems: Sequence[str] = SYSTEMS
    real: Sequence[str] = field(default_factory=tuple)
    salesforce_url: str = ""
    freee_company: str = ""
    copy_mappings: bool = False
    billing: str = "direct"

    @property
    def rehearsed(self) -> tuple[str, ...]:
        """The systems that are stand-ins."""
        return tuple(name for name in self.systems if name not in self.real)

    def check(self) -> None:
        """Refuse what makes no project.

        Raises:
            ConfigError: an unknown system, or what a real one needs is missing.
        """
        where = "init"
        for name in (*self.systems, *self.real):
            if name not in ALL_SYSTEMS:
                what = f"there is no connector '{name}'"
                raise ConfigError(where, what, f"There are: {', '.join(ALL_SYSTEMS)}.")
        if self.billing not in BILLING:
            what = f"deals are not billed by '{self.billing}'"
            raise ConfigError(where, what, f"There is: {', '.join(BILLING)}.")
        if self.billing == "plan" and "freee" not in self.systems:
            what = "the shipped mapping for due invoices writes to freee"
            remedy = "Take freee, or copy invoice.hub-freee and write it for another."
            raise ConfigError(where, what, remedy)
        if "salesforce" in self.real and not self.salesforce_url.startswith("https://"):
            what = "Salesforce needs the address of your org"
            remedy = (
                "Give My Domain: --salesforce-url https://example.my.salesforce.com"
            )
            raise ConfigError(where, what, remedy)
        if "freee" in self.real and not self.freee_company.isdecimal():
            what = "freee needs the number of your company (事業所ID)"
            raise ConfigError(where, what, "Give it: --freee-company 123456")

    def connections(self, urls: dict[str, str]) -> str:
        """Return connections.yaml's text; `urls` are the stand-ins' addresses."""
        texts = []
        for name in self.systems:
            if name in self.real:
                text = _REAL[name].replace("SALESFORCE_URL", self.salesforce_url)
                texts.append(text.replace("FREEE_COMPANY", self.freee_company))
            else:
                texts.append(connections_yaml({name: urls[name]}))
        return "".join(texts)


def ask_for(ask: Ask) -> Answers:
    """Ask the few things that a project cannot know; each has a safe default."""
    typed = ask("Which systems does the company use?", ", ".join(SYSTEMS))
    answers = Answers(systems=_names(typed))
    answers.check()
    typed = ask("Which of them shall be the real account, not a stand-in?", "none")
    answers.real = () if typed == "none" else _names(typed)
    if "salesforce" in answers.real:
        typed = ask("Salesforce's address (My Domain), https://…", "")
        answers.salesforce_url = typed.rstrip("/")
    if "freee" in answers.real:
        answers.freee_company = ask("freee's 事業所ID", "")
    answers.check()
    typed = ask("Copy the shipped mappings, to be changed here?", "no")
    answers.copy_mappings = typed.lower() in {"y", "yes", "はい"}
    return answers


def _names(typed: str) -> tuple[str, ...]:
    words = typed.replace("、", ",").replace(" ", ",").lower().split(",")
    return tuple(dict.fromkeys(word for word in words if word))
