"""The same 20 fields as `project/mappings/bench.lead.yaml`, written by hand.

Spelling company names, telephone numbers and prefectures in one way is done by the
same functions on both sides: whoever writes such a script would call a library, too.
"""

from collections.abc import Mapping

from tasuki.japan.address import prefecture
from tasuki.japan.company import company_name
from tasuki.japan.email import domain, valid_email
from tasuki.japan.phone import phone_jp

PROPERTIES = (
    "address",
    "city",
    "company",
    "country",
    "email",
    "firstname",
    "hs_analytics_source",
    "hs_email_optout",
    "hs_object_id",
    "hubspotscore",
    "jobtitle",
    "lastname",
    "mobilephone",
    "num_employees",
    "phone",
    "state",
    "website",
    "zip",
)
_SOURCES = {
    "PAID_SEARCH": "広告",
    "ORGANIC_SEARCH": "自然検索",
    "SOCIAL_MEDIA": "SNS",
    "EMAIL_MARKETING": "メール",
    "REFERRALS": "紹介",
    "DIRECT_TRAFFIC": "Webサイト",
    "OFFLINE": "展示会",
}
_HOT = 80


def lead(contact: Mapping[str, str | None]) -> dict[str, object] | None:
    """Return a lead's fields, or None for a contact that does not qualify."""
    email = contact["email"]
    if not valid_email(email) or contact["hs_email_optout"] == "true":
        return None
    score = _number(contact["hubspotscore"])
    state = contact["state"]
    return {
        "HubSpot_Contact_Id__c": contact["hs_object_id"],
        "Email": (email or "").lower(),
        "LastName": (contact["lastname"] or "（姓未入力）")[:80],
        "FirstName": _cut(contact["firstname"], 40),
        "Company": _cut(company_name(contact["company"]) or domain(email), 255),
        "Title": _cut(contact["jobtitle"], 128),
        "Phone": phone_jp(contact["phone"]),
        "MobilePhone": phone_jp(contact["mobilephone"]),
        "Street": _cut(contact["address"], 255),
        "City": _cut(contact["city"], 40),
        "State": _cut(prefecture(state) or state, 80),
        "PostalCode": _cut(contact["zip"], 20),
        "Country": contact["country"] or "日本",
        "Website": _cut(contact["website"], 255),
        "Rating": "Hot" if score is not None and score >= _HOT else "Warm",
        "Lead_Score__c": score,
        "NumberOfEmployees": _number(contact["num_employees"]),
        "HasOptedOutOfEmail": contact["hs_email_optout"] == "true",
        "LeadSource": _SOURCES.get(contact["hs_analytics_source"] or "", "Other"),
        "Status": "Open - Not Contacted",
    }


def _cut(text: str | None, length: int) -> str | None:
    return text[:length] if text else None


def _number(text: str | None) -> int | None:
    return int(text) if text else None
