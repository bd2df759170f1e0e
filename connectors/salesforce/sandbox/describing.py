"""The answers of the stand-in's describe calls."""

from .schema import Entity, Field

_SOAP = {
    "boolean": "xsd:boolean",
    "currency": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "double": "xsd:double",
    "id": "tns:ID",
    "int": "xsd:int",
    "percent": "xsd:double",
    "reference": "tns:ID",
}


def describe(entity: Entity) -> dict[str, object]:
    """Return the answer of a describe call."""
    return {
        "name": entity.name,
        "label": entity.name,
        "keyPrefix": entity.prefix,
        "queryable": True,
        "createable": True,
        "updateable": True,
        "childRelationships": [
            {"childSObject": child, "field": by, "relationshipName": name}
            for name, (child, by) in entity.children.items()
        ],
        "fields": [_described(one) for one in entity.fields.values()],
    }


def _described(one: Field) -> dict[str, object]:
    custom = one.name.endswith("__c")
    defaulted = one.default is not None or (one.readonly and not one.target)
    return {
        "name": one.name,
        "label": one.shown,
        "type": one.type,
        "soapType": _SOAP.get(one.type, "xsd:string"),
        "length": one.length,
        "byteLength": one.length * 3,
        "custom": custom,
        "nillable": not one.required and one.type not in {"boolean", "id"},
        "createable": not one.readonly,
        "updateable": not one.readonly and not one.create_only,
        "defaultedOnCreate": defaulted,
        "unique": one.unique,
        "externalId": one.unique and custom,
        "idLookup": one.id_lookup,
        "filterable": True,
        "sortable": True,
        "restrictedPicklist": one.restricted,
        "referenceTo": [one.target] if one.target and one.target != "self" else [],
        "relationshipName": one.relationship or None,
        "picklistValues": [
            {
                "active": True,
                "defaultValue": v == one.default,
                "label": v,
                "validFor": None,
                "value": v,
            }
            for v in one.options
        ],
    }
