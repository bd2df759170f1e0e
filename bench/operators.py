"""`python -m bench.operators`: what the operators of formulas cost for one record.

Twenty fields of operators and plain functions, beside the same rules written by hand in
Python. Both sides make the same values (checked). Read the ratio: microseconds depend
on what else the machine does.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from bench.mapping import best
from tasuki.mapping import Payload
from tasuki.model.record import Record
from tasuki.project import Project

_RECORDS = 5_000
_AIM = 10.0  # microseconds that the operators add, on a quiet core


def records(count: int) -> list[Record]:
    """Return deals with exact numbers, as a database source gives them."""
    return [
        Record(
            str(number),
            "1",
            {
                "name": f"案件{number}",
                "amount": 10_000 * (number % 300),
                "discount": Decimal("1250.5"),
                "rate": Decimal("0.1"),
                "units": number % 100,
                "fee": 300,
                "stage": ("closedwon", "proposal", "contract")[number % 3],
                "owner": "005",
                "score": number % 120,
                "known": None if number % 2 else "1",
                "area": ("tokyo", "osaka")[number % 2],
                "partner": "" if number % 5 else "P1",
                "email": "TARO@SAMPLE.CO.JP",
            },
        )
        for number in range(count)
    ]


def by_hand(deal: Mapping[str, object]) -> dict[str, object] | None:
    """Make the same fields, as a programmer would who knows that nothing is missing."""
    get = deal.get
    name, stage, amount = get("name"), get("stage"), get("amount")
    if not name or stage in {"closedlost", "archived"}:
        return None
    units, fee, score = get("units"), get("fee"), get("score")
    assert isinstance(amount, int)
    assert isinstance(units, int)
    assert isinstance(fee, int)
    assert isinstance(score, int)
    return {
        "Name": name,
        "Amount": amount,
        "Stage": stage,
        "Owner": get("owner"),
        "Net": amount - get("discount"),  # type: ignore[operator]
        "Tax": amount * get("rate"),  # type: ignore[operator]
        "Half": Decimal(amount) / 2,
        "Rest": units % 12,
        "Packs": units // 12,
        "Total": amount * units + fee,
        "Big": amount > 1_000_000,
        "Middle": 100_000 <= amount < 1_000_000,
        "Rating": "Hot" if score >= 80 else "Warm",
        "Type": "New" if get("known") is None else "Existing",
        "Region": "East" if get("area") in {"tokyo", "chiba", "saitama"} else "West",
        "Label": f"{name} {stage}",
        "Open": stage != "closedwon",
        "Partner": get("partner") or get("owner"),
        "Fee": -fee,
        "Email": str(get("email")).lower(),
    }


def main() -> None:
    """Measure and print."""
    mapping = Project(Path(__file__).parent / "project").mappings["bench.operators"]
    given = records(_RECORDS)
    for record in given:
        made = mapping.evaluate(record)
        assert isinstance(made, Payload)
        assert made.fields == by_hand(record.fields), record.id
    ours = best(mapping.evaluate, given)
    hand = best(lambda record: by_hand(record.fields), given)
    print("us CPU for one record of 20 fields, operators only")
    print(f"  by hand    {hand:6.1f}")
    print(f"  mapping    {ours:6.1f}   {ours / hand:.2f} x")
    print(f"  operators  {ours - hand:6.1f}   aim: {_AIM:.0f} on a quiet core")


if __name__ == "__main__":
    main()
