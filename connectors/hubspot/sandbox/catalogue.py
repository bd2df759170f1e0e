"""The properties an account starts with, as HubSpot's property API describes them."""

from dataclasses import asdict, dataclass

LIFECYCLE = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
"""In the order in which a contact may move through them."""

_SOURCES = (
    "ORGANIC_SEARCH",
    "PAID_SEARCH",
    "EMAIL_MARKETING",
    "SOCIAL_MEDIA",
    "REFERRALS",
    "OTHER_CAMPAIGNS",
    "DIRECT_TRAFFIC",
    "OFFLINE",
    "PAID_SOCIAL",
    "AI_REFERRALS",
)
_STAGES = (
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
)


@dataclass(slots=True)
class Property:
    """One property of an object type."""

    name: str
    type: str = "string"
    options: tuple[str, ...] = ()
    unique: bool = False
    read_only: bool = False
    label: str = ""

    def described(self) -> dict[str, object]:
        """Return it as `GET /crm/v3/properties/{type}` does."""
        fields = {"bool": "booleancheckbox", "enumeration": "select", "string": "text"}
        return {
            "name": self.name,
            "label": self.label or self.name,
            "type": self.type,
            "fieldType": fields.get(self.type, self.type),
            "description": "",
            "groupName": "information",
            "options": [
                {"label": value, "value": value, "displayOrder": order, "hidden": False}
                for order, value in enumerate(self.options)
            ],
            "displayOrder": -1,
            "calculated": self.read_only,
            "externalOptions": False,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": True,
            "modificationMetadata": {
                "archivable": False,
                "readOnlyDefinition": True,
                "readOnlyValue": self.read_only,
            },
            "formField": False,
            "archived": False,
        }

    def dumped(self) -> dict[str, object]:
        """Return it as JSON."""
        return asdict(self)


def _texts(*names: str) -> list[Property]:
    return [Property(name) for name in names]


def _system(changed: str) -> list[Property]:
    return [
        Property("hs_object_id", "number", read_only=True),
        Property("createdate", "datetime"),
        Property(changed, "datetime", read_only=True),
        Property("hs_merged_object_ids", "string", read_only=True),
        Property("hubspot_owner_id"),
        Property("external_id", unique=True, label="連携キー"),
    ]


_CONTACTS = [
    *_system("lastmodifieddate"),
    *_texts(
        "email",
        "lastname",
        "firstname",
        "company",
        "phone",
        "mobilephone",
        "zip",
        "state",
        "city",
        "address",
        "country",
        "jobtitle",
        "website",
        "hs_language",
        "hs_additional_emails",
        "hs_lead_status",
        "message",
    ),
    Property("hubspotscore", "number"),
    Property("num_employees", "number"),
    Property("lifecyclestage", "enumeration", LIFECYCLE),
    Property("hs_analytics_source", "enumeration", _SOURCES),
    Property("hs_email_optout", "bool", ("true", "false")),
    Property("recent_conversion_date", "datetime"),
]
_COMPANIES = [
    *_system("hs_lastmodifieddate"),
    *_texts(
        "name",
        "domain",
        "phone",
        "zip",
        "state",
        "city",
        "address",
        "country",
        "industry",
        "corporate_number",
        "invoice_registration_number",
        "payment_terms",
    ),
    Property("numberofemployees", "number"),
    Property("lifecyclestage", "enumeration", LIFECYCLE),
]
_DEALS = [
    *_system("hs_lastmodifieddate"),
    *_texts(
        "dealname",
        "pipeline",
        "deal_currency_code",
        "description",
        "freee_invoice_id",
        "invoice_number",
        "payment_status",
    ),
    Property("amount", "number"),
    Property("outstanding_amount", "number"),
    Property("closedate", "datetime"),
    Property("dealstage", "enumeration", _STAGES),
    Property("hs_is_closed_won", "bool", ("true", "false")),
]
_LINE_ITEMS = [
    *_system("hs_lastmodifieddate"),
    *_texts("name", "description", "hs_sku"),
    *(
        Property(name, "number")
        for name in (
            "price",
            "quantity",
            "amount",
            "discount",
            "hs_discount_percentage",
            "tax",
        )
    ),
]
_TICKETS = [
    *_system("hs_lastmodifieddate"),
    *_texts("subject", "content", "hs_pipeline"),
    Property("hs_pipeline_stage", "enumeration", ("1", "2", "3", "4")),
    Property("hs_ticket_priority", "enumeration", ("LOW", "MEDIUM", "HIGH", "URGENT")),
    Property("first_contact_due", "date"),
]
ALWAYS_REQUIRED = {"tickets": ("hs_pipeline_stage",)}
"""What HubSpot wants of a new record, whatever an administrator's rules are."""


def standard() -> dict[str, dict[str, Property]]:
    """Return the properties of the standard types, by name."""
    types = {
        "contacts": _CONTACTS,
        "companies": _COMPANIES,
        "deals": _DEALS,
        "line_items": _LINE_ITEMS,
        "tickets": _TICKETS,
    }
    return {
        name: {one.name: Property(**asdict(one)) for one in properties}
        for name, properties in types.items()
    }


def custom() -> dict[str, Property]:
    """Return what a custom object type starts with."""
    return {one.name: one for one in _system("hs_lastmodifieddate")}
