"""The archive's commands, as a person in the back office types them."""

import csv
import io
import zipfile

import pytest

from tasuki.cli.new_project import project_files, write_files
from tests.unit.cli.rehearsing import Desk

TANAKA = "有限会社田中工務店"


@pytest.fixture
def desk(tmp_path, capsys) -> Desk:
    write_files(tmp_path / "project", project_files())
    return Desk(tmp_path / "project", capsys)


def add(desk: Desk, number: str, amount: str, name: str = TANAKA, **more: str) -> None:
    options = {"date": "2025-06-30", "direction": "received", "by": "keiri"} | more
    path = desk.write(f"{number}.pdf", f"%PDF {number}")
    said = desk.tasuki(
        "archive", "add", str(path), "--number", number, "--amount", amount,
        "--counterparty", name, *(w for k, v in options.items() for w in (f"--{k}", v)),
    )  # fmt: skip
    assert said.code == 0, said.err


def test_a_document_is_added_found_corrected_and_voided(desk: Desk) -> None:
    add(desk, "INV-1", "660,000")
    add(desk, "INV-2", "1100", "株式会社ABC商事")
    asked = ["archive", "search", "--counterparty", "(有)田中工務店"]
    (one,) = desk.tasuki(*asked, "--least", "660000", "--json").json()
    assert (one["seq"], one["doc_no"], one["actor"]) == (1, "INV-1", "user:keiri")
    assert one["retain_until"] == "2036-06-01"
    why = ["--reason", "数量誤り"]
    assert desk.tasuki("archive", "correct", "1", "--amount", "550000", *why).code == 0
    (now,) = desk.tasuki(*asked, "--json").json()
    assert (now["seq"], now["version"], now["amount"]) == (3, 2, "550000")
    assert len(desk.tasuki(*asked, "--include-history", "--json").json()) == 2
    again = desk.tasuki("archive", "correct", "1", "--amount", "5", *why)
    assert again.code == 2
    assert "entry 3 has taken its place" in again.err
    assert desk.tasuki("archive", "void", "3", *why).code == 0
    assert desk.tasuki("archive", "show", "1", "--json").json()["history"] == [1, 3, 4]


def test_what_a_file_says_is_shown_or_written(desk: Desk) -> None:
    path = desk.write("sent.json", '{"subject": "保守"}')
    add(desk, "PDF", "1")
    named = ["--number", "J", "--amount", "1", "--counterparty", "x", "--by", "keiri"]
    dated = ["--date", "2026-05-01", "--direction", "issued"]
    assert desk.tasuki("archive", "add", str(path), *named, *dated).code == 0
    assert '"subject": "保守"' in desk.tasuki("archive", "show", "2", "--content").out
    assert desk.tasuki("archive", "show", "1", "--content").code == 2
    to = desk.folder / "again.pdf"
    assert desk.tasuki("archive", "show", "1", "--to", str(to)).code == 0
    assert to.read_bytes() == b"%PDF PDF"


def test_an_export_holds_a_list_and_the_files_and_is_noted(desk: Desk) -> None:
    add(desk, "INV-2025-0002", "660000")
    add(desk, "X", "1", "別の会社")
    to = desk.folder / "out.zip"
    said = desk.tasuki("archive", "export", str(to), "--least", "600000")
    assert said.code == 0, said.err
    with zipfile.ZipFile(to) as opened:
        listed, file = sorted(opened.namelist(), key=lambda name: name != "一覧.csv")
        assert file == f"20250630_{TANAKA}_660000_INV-2025-0002.pdf"
        assert opened.read(file) == b"%PDF INV-2025-0002"
        text = opened.read(listed)
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert rows[1][-1] == file
    history = desk.tasuki("archive", "search", "--include-history", "--json").json()
    assert {"archive": "export"}.items() <= {
        r["doc_type"]: r["op"] for r in history
    }.items()
    assert desk.tasuki("archive", "export", str(to)).code == 2


def test_verify_finds_a_lost_file_and_a_cut_off_end(desk: Desk) -> None:
    add(desk, "INV-1", "100")
    anchors = str(desk.folder / "anchors.txt")
    assert desk.tasuki("archive", "anchor", "--to", anchors).code == 0
    sound = desk.tasuki("archive", "verify", "--anchor", anchors)
    assert (sound.code, "all as recorded" in sound.out) == (0, True)
    (content,) = (desk.folder / ".tasuki/archive").glob("*/*")
    content.unlink()
    lost = desk.tasuki("archive", "verify", "--anchor", anchors)
    assert lost.code == 1
    assert "! entry 1: its file" in lost.out
    (desk.folder / ".tasuki/ledger.db").unlink()
    cut = desk.tasuki("archive", "verify", "--anchor", anchors)
    assert cut.code == 1
    assert "its end was cut off" in cut.out
    refused = desk.tasuki("archive", "anchor", "--to", anchors)
    assert "not the one that was anchored" in refused.err


def test_nothing_is_deleted_before_its_time_and_the_entry_stays(desk: Desk) -> None:
    add(desk, "NEW", "1", date="2026-05-01")
    add(desk, "OLD", "2", date="2003-05-01")
    why = ["--reason", "保存期間満了"]
    early = desk.tasuki("archive", "delete", "1", *why)
    assert early.code == 2
    assert "kept by law until 2037-06-01" in early.err
    assert desk.tasuki("archive", "delete", "2", *why).code == 0
    assert desk.tasuki("archive", "verify").code == 0
    found = desk.tasuki("archive", "search", "--number", "OLD", "--json").json()
    assert [(one["seq"], one["op"]) for one in found] == [(3, "delete_request")]
    assert len(list((desk.folder / ".tasuki/archive").glob("*/*"))) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", "--from", "30/6/2025"], "'30/6/2025' is no day"),
        (["search", "--least", "many"], "'many' is no amount"),
        (["show", "7"], "there is no such entry"),
        (["void", "7", "--reason", "x"], "there is no such entry"),
        (["anchor"], "there is no file named"),
        (
            [
                "add",
                "no.pdf",
                "--number",
                "1",
                "--date",
                "2026-05-01",
                "--amount",
                "1",
                "--counterparty",
                "x",
                "--direction",
                "issued",
                "--by",
                "keiri",
            ],
            "no.pdf: the file cannot be read",
        ),
        (["verify", "--anchor", "nowhere.txt"], "there is no such file"),
    ],
)
def test_bad_input_gets_one_clear_line(
    desk: Desk, arguments: list[str], words: str
) -> None:
    said = desk.tasuki("archive", *arguments)
    assert said.code == 2
    assert words in said.err
    assert len(said.err.strip().splitlines()) == 2


def test_the_terms_of_the_archive_are_read_and_checked(desk: Desk) -> None:
    desk.write("archive.yaml", "years: 7\nfiscal_year_end: 12\nfolder: kept\n")
    add(desk, "INV-1", "100")
    (one,) = desk.tasuki("archive", "search", "--json").json()
    assert one["retain_until"] == "2033-03-01"
    assert list((desk.folder / "kept").glob("*/*"))
    desk.write("archive.yaml", "years: 3\nfoldr: kept\n")
    said = desk.tasuki("archive", "verify")
    assert said.code == 2
    assert "archive.yaml:1:8: years: '3' is not possible" in said.err
    assert "archive.yaml:2:1: unknown key 'foldr'" in said.err
