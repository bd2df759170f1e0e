"""`tasuki invoice …` and the PDFs of the archive, on a project that speaks to stand-ins."""

import xml.etree.ElementTree as ET
from pathlib import Path

import httpx
import pypdfium2
import pytest

from tasuki.cli import main
from tasuki.paper.pint.ubl import CBC
from tasuki.ports import Token
from tasuki.project import Project
from tasuki.registry import Registry
from tasuki.sandbox.demo_world import demo_world
from tasuki.sandbox.faults import Fault, Kind
from tasuki.sandbox.rehearsal import ENVIRONMENT, Rehearsal
from tasuki.stages.archive_watch import markdown, watch_once
from tests.unit.cli.rehearsing import Desk, new_project

SYSTEMS = ("salesforce", "freee", "moneyforward", "stripe")
ISSUER = """\
name: 株式会社たすき商会
registration_number: T7000012050002
corporate_number: "7000012050002"
address: {postal_code: 105-0014, prefecture: 東京都, city: 港区, street: 芝1-2-3}
bank_accounts: [{bank: みずうみ銀行, branch: 芝支店, number: "1234567", holder: カ）タスキ}]
"""


@pytest.fixture(scope="module")
def billed(tmp_path_factory):
    """A project that has billed a won deal in each of three accounting systems."""
    folder = tmp_path_factory.mktemp("billed")
    rehearsal = Rehearsal(Registry(Path(__file__).parent), systems=SYSTEMS)
    with rehearsal.start(demo_world(people=10, deals=34, won=11)):
        new_project(folder, rehearsal.connections_yaml())
        lines = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        (folder / ".env").write_text("\n".join(lines), encoding="utf-8")
        with Project(folder).open_ledger() as ledger:
            for name in ("freee", "moneyforward"):
                ledger.tokens(name).save(Token("sandbox-token"))
        at = ["--project", str(folder)]
        for system in SYSTEMS[1:]:
            for step in ("invoice", "customer", "invoice"):
                assert main([*at, "run", f"{step}.salesforce-{system}"]) in {0, 1}
            # What another system has billed is billed once more on a person's word only.
            bill = f"invoice.salesforce-{system}"
            with Project(folder).open_ledger() as ledger:
                held = [
                    one for one in ledger.holds() if one.reason == "billed_elsewhere"
                ]
            for one in held:
                meant = [one.source_id, "-m", bill, "--create", "--why", "asked for"]
                assert main([*at, "approve", *meant]) == 0
            assert main([*at, "run", bill]) in {0, 1}
        yield folder, rehearsal


@pytest.fixture
def desk(billed, capsys) -> Desk:
    desk = Desk(billed[0], capsys)
    desk.write("issuer.yaml", ISSUER)
    return desk


def made(desk: Desk, system: str) -> dict[str, str]:
    """Return the archived entry of the system's one invoice, as it was sent."""
    found = desk.tasuki("archive", "search", "--type", "invoice", "--json").json()
    (one,) = [e for e in found if e["channel"].startswith(f"{system}/")]
    return one


def prints(desk: Desk) -> dict[str, dict[str, str]]:
    found = desk.tasuki("archive", "search", "--type", "invoice_pdf", "--json").json()
    return {entry["channel"].split("/")[0]: entry for entry in found}


def words_of(path: Path) -> str:
    document = pypdfium2.PdfDocument(path.read_bytes())
    return "".join(page.get_textpage().get_text_range() for page in document)


def test_an_issued_invoice_is_previewed_as_a_copy_with_the_archived_sum(desk):
    entry, out = made(desk, "freee"), desk.folder / "copy.pdf"
    said = desk.tasuki("invoice", "preview", entry["channel"], "--out", str(out))
    assert said.code == 0, said.err
    words = words_of(out)
    for wanted in (
        "請求書", "控", "T7000012050002", "株式会社たすき商会", entry["doc_no"],
        f"{entry['counterparty']}　御中".replace("　", ""), f"{int(entry['amount']):,}",
        "みずうみ銀行",
    ):  # fmt: skip
        assert wanted in words.replace("　", "").replace(" ", ""), wanted
    again = ["--out", str(out), "--offline"]
    twice = desk.tasuki("invoice", "preview", entry["channel"], *again)
    assert (twice.code, "exists already" in twice.err) == (2, True)
    before = out.read_bytes()
    forced = desk.tasuki("invoice", "preview", entry["channel"], *again, "--force")
    assert forced.code == 0, forced.err
    assert out.read_bytes() == before  # the same invoice, the same bytes


def test_a_planned_invoice_is_previewed_as_a_draft_without_being_made(desk, billed):
    channel = made(desk, "freee")["channel"]
    with Project(desk.folder).open_ledger() as ledger:
        one = channel.rpartition("/")[2]
        deal = ledger.reverse_links("invoice.salesforce-freee", [one])[one]
    again = desk.folder / "mappings/invoice.salesforce-freee2.yaml"
    shipped = Path("mappings/invoice.salesforce-freee.yaml").read_text(encoding="utf-8")
    before, _, rest = shipped.partition("\nwrite_back:")
    policy = rest[rest.index("\nretry:") : rest.index("\ntests:")]
    again.write_text(f"{before}{policy}\n", encoding="utf-8")
    writes = billed[1].servers["freee"].total("POST")
    out = desk.folder / "draft.pdf"
    named = ["--mapping", "invoice.salesforce-freee2", "--out", str(out)]
    said = desk.tasuki("invoice", "preview", deal, *named)
    again.unlink()
    assert said.code == 0, said.err
    assert "planned" in said.out
    words = words_of(out)
    assert "下書き" in words
    assert "未採番" in words
    assert billed[1].servers["freee"].total("POST") == writes


def test_an_invoice_of_no_customer_or_no_record_is_explained(desk):
    said = desk.tasuki("invoice", "preview", "nothing", "--out", "x.pdf", "--offline")
    assert (said.code, said.err.splitlines()[0]) == (
        2, "nothing: no invoice is known by this reference",
    )  # fmt: skip
    (desk.folder / "issuer.yaml").unlink()
    said = desk.tasuki("invoice", "preview", "nothing", "--out", "x.pdf")
    assert said.code == 2
    assert "issuer.yaml: there is no such file" in said.err
    assert "registration_number: T7000012050002" in said.err


def test_what_is_taken_back_is_named_with_its_day(desk):
    entry, out = made(desk, "freee"), desk.folder / "back.xml"
    asked = ["invoice", "xml", entry["channel"], "--offline", "--out", str(out)]
    assert desk.tasuki(*asked, "--original", "INV-0:2026-04-30").code == 0
    assert "<cbc:ID>INV-0</cbc:ID>" in out.read_text(encoding="utf-8")
    said = desk.tasuki(*asked, "--original", "INV-0", "--force")
    assert (said.code, "is no invoice with its day" in said.err) == (2, True)


def test_a_deal_that_two_systems_bill_asks_for_the_mapping(desk):
    channel = made(desk, "freee")["channel"]
    with Project(desk.folder).open_ledger() as ledger:
        one = channel.rpartition("/")[2]
        deal = ledger.reverse_links("invoice.salesforce-freee", [one])[one]
    said = desk.tasuki(
        "invoice", "preview", deal, "--out", str(desk.folder / "x.pdf"), "--offline"
    )
    assert said.code == 2
    assert "Say which: --mapping NAME." in said.err


def test_a_digital_invoice_is_written_and_passes_our_checks(desk):
    entry, out = made(desk, "moneyforward"), desk.folder / "digital.xml"
    asked = ["invoice", "xml", entry["channel"], "--out", str(out), "--json"]
    (alone,) = desk.tasuki(*asked).json()["findings"]
    assert alone["rule"] == "T-endpoint"  # the buyer's Peppol id is not known
    to = ["--buyer-id", "0188:7000012050002", "--force"]
    value = desk.tasuki(*asked, *to).json()
    assert value["findings"] == []
    root = ET.parse(out).getroot()
    assert root.findtext(f"{{{CBC}}}ID") == entry["doc_no"] == value["number"]
    assert value["amount_due"] == entry["amount"]
    assert desk.tasuki("invoice", "check", str(out)).code == 0
    broken = out.read_text(encoding="utf-8").replace("T7000012050002", "T8000012050002")
    out.write_text(broken, encoding="utf-8")
    said = desk.tasuki("invoice", "check", str(out))
    assert said.code == 1
    assert "T-number: SupplierParty: 'T8000012050002'" in said.out


@pytest.mark.parametrize("text", ["7000012050002", "0188:", "abcd:1"])
def test_a_wrong_peppol_id_is_refused(desk, text):
    channel = made(desk, "freee")["channel"]
    asked = ["--offline", "--out", "x.xml", "--buyer-id", text]
    said = desk.tasuki("invoice", "xml", channel, *asked)
    assert (said.code, "is no Peppol id" in said.err) == (2, True)


def test_each_document_gets_its_pdf_once_from_its_system_or_as_a_copy(desk, billed):
    books = billed[1].servers["moneyforward"]
    books.faults.plant(Fault(Kind.ERROR_BEFORE, "GET", r"\.pdf$", times=0))
    said = desk.tasuki("archive", "sweep")
    assert said.code == 1
    assert "! moneyforward/billing/" in said.out  # named, and tried again next time
    books.faults.clear()
    assert set(prints(desk)) == {"freee"}
    value = desk.tasuki("archive", "sweep", "--json").json()["prints"]
    assert value["invoice.salesforce-moneyforward"]["fetched"] == 1
    assert value["invoice.salesforce-stripe"]["waiting"] == 1  # a draft has none yet

    stripe = made(desk, "stripe")["channel"].rpartition("/")[2]
    url = billed[1].servers["stripe"].url
    httpx.post(f"{url}/__act/finalize", json={"id": stripe}).raise_for_status()
    value = desk.tasuki("archive", "sweep", "--json").json()["prints"]
    assert value["invoice.salesforce-stripe"]["fetched"] == 1

    found = prints(desk)
    assert set(found) == {"freee", "moneyforward", "stripe"}
    for system, entry in found.items():
        sent = made(desk, system)
        same = ("doc_no", "amount", "counterparty", "transaction_date", "retain_until")
        assert [entry.get(n) for n in same] == [sent.get(n) for n in same]
        to = desk.folder / f"{system}.pdf"
        desk.tasuki("archive", "show", str(entry["seq"]), "--to", str(to))
        assert ("stand-in" in words_of(to)) is (system != "freee")
    assert "reason" not in found["stripe"]
    assert "a copy that Tasuki has set" in found["freee"]["reason"]

    calls = {n: s.total("") for n, s in billed[1].servers.items()}
    last = desk.tasuki("archive", "sweep", "--json").json()["prints"]
    assert {one["added"] for one in last.values()} == {0}
    assert {n: s.total("") for n, s in billed[1].servers.items()} == calls
    assert desk.tasuki("archive", "verify").code == 0


def test_the_nightly_look_tells_of_pdfs(desk, monkeypatch):
    monkeypatch.setenv("TASUKI_PROJECT", str(desk.folder))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    watch = watch_once()
    assert (watch["prints"], watch["missing"], watch["faults"]) == (0, [], [])
    assert "| 今回追加した PDF | 0 |" in markdown(watch)
    told = markdown(watch | {"missing": ["freee/invoice/1: gone"]})
    assert "| PDF を取得できないもの | 1 |" in told
    assert "- freee/invoice/1: gone" in told


def test_an_issuer_with_a_wrong_number_is_told_where(desk):
    desk.edit("issuer.yaml", "T7000012050002", "T8000012050002")
    desk.edit("issuer.yaml", "bank:", "bnak:")
    said = desk.tasuki("invoice", "preview", "x", "--out", "x.pdf")
    assert said.code == 2
    assert "issuer.yaml:2:22: registration_number: 'T8000012050002' is no" in said.err
    assert "unknown key 'bnak'\n  Did you mean 'bank'?" in said.err
    checked = desk.tasuki("check")
    assert (checked.code, "issuer.yaml:2:22" in checked.err) == (2, True)
