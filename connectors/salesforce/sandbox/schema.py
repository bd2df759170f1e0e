"""The objects of the stand-in's org, as its describe calls tell them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `readonly` ones are set by the org alone."""

    name: str
    type: str = "string"
    length: int = 0
    required: bool = False
    readonly: bool = False
    create_only: bool = False
    default: object = None
    unique: bool = False
    id_lookup: bool = False
    options: tuple[str, ...] = ()
    restricted: bool = False
    target: str = ""
    relationship: str = ""
    label: str = ""

    @property
    def shown(self) -> str:
        """Return the label that messages use."""
        return self.label or self.name.removesuffix("__c").replace("_", " ")


@dataclass(slots=True)
class Entity:
    """One object: its id prefix, fields, parents and children; never changed."""

    name: str
    prefix: str
    fields: Mapping[str, Field]
    children: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Child relationship -> (child object, its look-up field)."""
    plain: dict[str, int] = field(init=False)
    """Text fields that need no look but at their length."""
    locked: frozenset[str] = field(init=False)
    fixed: frozenset[str] = field(init=False)
    """Fields that may be set on creation only."""
    required: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        fields = self.fields.values()
        free = {"string", "textarea", "phone", "url", "picklist"}
        self.plain = {
            f.name: f.length for f in fields if f.type in free and not f.restricted
        }
        self.locked = frozenset(f.name for f in fields if f.readonly)
        self.fixed = frozenset(f.name for f in fields if f.create_only)
        self.required = tuple(f.name for f in fields if f.required)

    def parents(self) -> dict[str, tuple[str, str]]:
        """Return relationship name -> (look-up field, parent object)."""
        return {
            f.relationship: (f.name, f.target)
            for f in self.fields.values()
            if f.relationship
        }


def _text(name: str, length: int = 255, **more: object) -> Field:
    return Field(name, "string", length, **more)  # type: ignore[arg-type]


def _ref(name: str, target: str, relationship: str = "", **more: object) -> Field:
    relationship = relationship or name.removesuffix("Id")
    return Field(
        name,
        "reference",
        18,
        target=target,
        relationship=relationship,
        **more,  # type: ignore[arg-type]
    )


def _external(name: str, length: int = 80) -> Field:
    return Field(name, "string", length, unique=True, id_lookup=True)


def _check(name: str, **more: object) -> Field:
    return Field(name, "boolean", default=False, **more)  # type: ignore[arg-type]


def _pick(name: str, *options: str, **more: object) -> Field:
    return Field(name, "picklist", 255, options=options, **more)  # type: ignore[arg-type]


def _system(*, deletable: bool = True, mergeable: bool = False) -> tuple[Field, ...]:
    moments = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
    fields = [Field("Id", "id", 18, readonly=True, id_lookup=True)]
    fields += [Field(one, "datetime", readonly=True) for one in moments]
    fields += [
        _ref("CreatedById", "User", readonly=True),
        _ref("LastModifiedById", "User", readonly=True),
    ]
    if deletable:
        fields.append(_check("IsDeleted", readonly=True))
    if mergeable:
        fields.append(
            Field("MasterRecordId", "reference", 18, readonly=True, target="self")
        )
    return tuple(fields)


def _entity(
    name: str,
    prefix: str,
    *fields: Field,
    children: Mapping[str, tuple[str, str]] | None = None,
) -> Entity:
    return Entity(name, prefix, {f.name: f for f in fields}, children or {})


_OWNER = _ref("OwnerId", "User", default="owner")
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
_SOURCES = (
    "広告",
    "展示会",
    "自然検索",
    "紹介",
    "メール",
    "SNS",
    "Webサイト",
    "Web",
    "Partner",
    "Other",
)
STAGES: Mapping[str, tuple[bool, bool, int]] = {
    "Prospecting": (False, False, 10),
    "Qualification": (False, False, 10),
    "Needs Analysis": (False, False, 20),
    "Proposal/Price Quote": (False, False, 75),
    "Negotiation/Review": (False, False, 90),
    "Closed Won": (True, True, 100),
    "Closed Lost": (True, False, 0),
}
"""Stage -> (closed, won, probability)."""


def _person(name: str) -> tuple[Field, ...]:
    return (
        _text("LastName", 80, required=True, label="Last Name"),
        _text("FirstName", 40, label="First Name"),
        _text("Name", 121, readonly=True),
        _text("Title", 128),
        Field("Email", "email", 80, id_lookup=True),
        Field("Phone", "phone", 40),
        Field("MobilePhone", "phone", 40),
        Field("Description", "textarea", 32_000),
        _pick("LeadSource", *_SOURCES),
        _check("HasOptedOutOfEmail"),
        _external(f"{name}_Contact_Id__c"),
        _OWNER,
    )


_LEAD = _entity(
    "Lead",
    "00Q",
    *_system(mergeable=True),
    *_person("HubSpot"),
    _text("Company", required=True),
    *(_text(one) for one in _ADDRESS),
    Field("Website", "url", 255),
    _pick(
        "Status",
        "Open - Not Contacted",
        "Working - Contacted",
        "Closed - Converted",
        "Closed - Not Converted",
        default="Open - Not Contacted",
    ),
    _pick("Rating", "Hot", "Warm", "Cold", restricted=True),
    _pick("Industry", "IT", "Manufacturing", "Retail", "Services"),
    Field("AnnualRevenue", "currency"),
    Field("NumberOfEmployees", "int"),
    Field("Lead_Score__c", "double"),
    _text("Corporate_Number__c", 13),
    Field("LastActivityDate", "date", readonly=True),
    _check("IsConverted", readonly=True),
    Field("ConvertedDate", "date", readonly=True),
    _ref("ConvertedAccountId", "Account", "ConvertedAccount", readonly=True),
    _ref("ConvertedContactId", "Contact", "ConvertedContact", readonly=True),
    _ref(
        "ConvertedOpportunityId", "Opportunity", "ConvertedOpportunity", readonly=True
    ),
)
_CONTACT = _entity(
    "Contact",
    "003",
    *_system(mergeable=True),
    *_person("HubSpot"),
    _ref("AccountId", "Account"),
    _text("Department", 80),
    *(_text(f"Mailing{one}") for one in _ADDRESS),
)
_ACCOUNT = _entity(
    "Account",
    "001",
    *_system(mergeable=True),
    _text("Name", required=True, label="Account Name"),
    Field("Phone", "phone", 40),
    Field("Website", "url", 255),
    _pick("Type", "Prospect", "Customer", "Partner"),
    _pick("Industry", "IT", "Manufacturing", "Retail", "Services"),
    Field("Description", "textarea", 32_000),
    *(_text(f"Billing{one}") for one in _ADDRESS),
    Field("Billing_Email__c", "email", 80),
    _external("freee_Partner_Id__c", 40),
    _text("Corporate_Number__c", 13),
    _text("Payment_Terms__c", 80),
    _text("Closing_Day__c", 2),
    _pick("Billing_System__c", "freee", "moneyforward", "stripe"),
    _OWNER,
    children={
        "Contacts": ("Contact", "AccountId"),
        "Opportunities": ("Opportunity", "AccountId"),
    },
)
_OPPORTUNITY = _entity(
    "Opportunity",
    "006",
    *_system(),
    _text("Name", 120, required=True),
    _ref("AccountId", "Account"),
    _pick("StageName", *STAGES, required=True, label="Stage"),
    Field("CloseDate", "date", required=True, label="Close Date"),
    Field("Amount", "currency"),
    Field("Probability", "percent"),
    Field("Description", "textarea", 32_000),
    _pick("LeadSource", *_SOURCES),
    _pick("Type", "New Customer", "Existing Customer - Upgrade"),
    _check("IsWon", readonly=True),
    _check("IsClosed", readonly=True),
    _check("HasOpportunityLineItem", readonly=True),
    Field("LastActivityDate", "date", readonly=True),
    Field("LastStageChangeDate", "datetime", readonly=True),
    _external("freee_Invoice_Id__c", 40),
    _external("MoneyForward_Billing_Id__c", 40),
    _external("Stripe_Invoice_Id__c", 40),
    _text("Stripe_Invoice_Number__c", 40),
    _text("MoneyForward_Billing_Number__c", 40),
    _text("Invoice_Number__c", 40),
    _pick(
        "Payment_Status__c",
        "未請求",
        "請求済",
        "未入金",
        "取消",
        "回収不能",
        "一部入金",
        "入金済",
        "期限超過",
        "過入金",
        restricted=True,
    ),
    Field("Paid_On__c", "date"),
    Field("Paid_Amount__c", "currency"),
    Field("Outstanding_Amount__c", "currency"),
    _check("Invoice_Hold__c"),
    _pick("Billing_Schedule__c", "once", "milestones", "monthly", "yearly"),
    Field("Service_Start__c", "date"),
    Field("Service_End__c", "date"),
    Field("Cancelled_On__c", "date"),
    _OWNER,
    children={"OpportunityLineItems": ("OpportunityLineItem", "OpportunityId")},
)
_LINE = _entity(
    "OpportunityLineItem",
    "00k",
    *_system(),
    _ref("OpportunityId", "Opportunity", required=True, create_only=True),
    _text("Name", 376, readonly=True),
    _text("ProductCode", 255, readonly=True),
    _text("Description", 255),
    Field("Quantity", "double", required=True),
    Field("UnitPrice", "currency", required=True),
    Field("TotalPrice", "currency", readonly=True),
    Field("SortOrder", "int", readonly=True),
    Field("ServiceDate", "date"),
    _pick("Tax_Rate__c", "10", "8", "0", restricted=True),
    _check("Reduced_Tax__c"),
    _check("Tax_Exempt__c"),
)
_USER = _entity(
    "User",
    "005",
    *_system(deletable=False),
    _text("Username", 80, required=True, unique=True, id_lookup=True),
    _text("LastName", 80, required=True),
    _text("FirstName", 40),
    _text("Name", 121, readonly=True),
    Field("Email", "email", 80, required=True),
    _check("IsActive"),
    _text("Division", 80),
)
_CASE = _entity(
    "Case",
    "500",
    *_system(),
    Field("CaseNumber", "string", 30, readonly=True),
    _ref("AccountId", "Account"),
    _ref("ContactId", "Contact"),
    _text("Subject"),
    Field("Description", "textarea", 32_000),
    _pick("Status", "New", "Working", "Escalated", "Closed", default="New"),
    _pick("Priority", "High", "Medium", "Low", default="Medium"),
    _pick("Origin", "Phone", "Email", "Web"),
    _check("IsClosed", readonly=True),
    _external("Onboarding_Deal__c", 18),
    Field("First_Contact_Due__c", "date"),
    _OWNER,
)
_WRITTEN_ONCE = (
    Field("Id", "id", 18, readonly=True, id_lookup=True),
    Field("CreatedDate", "datetime", readonly=True),
    _ref("CreatedById", "User", readonly=True),
    _check("IsDeleted", readonly=True),
)
_LEAD_HISTORY = _entity(
    "LeadHistory",
    "017",
    *_WRITTEN_ONCE,
    _ref("LeadId", "Lead", readonly=True),
    _pick("Field", readonly=True),
    _pick("DataType", readonly=True),
    Field("OldValue", "anyType", readonly=True),
    Field("NewValue", "anyType", readonly=True),
)
_OPPORTUNITY_HISTORY = _entity(
    "OpportunityHistory",
    "008",
    *_WRITTEN_ONCE,
    Field("SystemModstamp", "datetime", readonly=True),
    _ref("OpportunityId", "Opportunity", readonly=True),
    _pick("StageName", readonly=True),
    Field("Amount", "currency", readonly=True),
    Field("CloseDate", "date", readonly=True),
    Field("Probability", "percent", readonly=True),
)
_STAGE = _entity(
    "OpportunityStage",
    "01J",
    *_WRITTEN_ONCE[:1],
    _text("ApiName", readonly=True),
    _text("MasterLabel", readonly=True),
    _check("IsActive", readonly=True),
    _check("IsClosed", readonly=True),
    _check("IsWon", readonly=True),
)
TRACKED: Mapping[str, tuple[str, ...]] = {
    "Lead": ("Status", "OwnerId"),
    "Opportunity": ("StageName", "Amount", "CloseDate", "Probability"),
}
"""Fields whose changes are kept: by set-up for leads, always for opportunities."""
ENTITIES: Mapping[str, Entity] = {
    one.name: one
    for one in (
        _LEAD, _CONTACT, _ACCOUNT, _OPPORTUNITY, _LINE, _USER, _LEAD_HISTORY,
        _OPPORTUNITY_HISTORY, _STAGE, _CASE,
    )
}  # fmt: skip
