"""The pages of discovered devices: what waits for a decision, and that only a person who signed in decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any

import pytest
from site_example import NOW

from gateway.core.inventory import Entry, EntryKind

Depot = Any
"""Of conftest.py."""
MakeDepot = Callable[..., Depot]
PRINTER, CAMERA = "00:1b:a9:00:00:44", "28:57:be:00:00:61"


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


@pytest.fixture
def page(depot: MakeDepot) -> Depot:
    return depot("ok")


def asked(page: Depot) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [(one.kind, one.who, one.body) for one in page.example.submitted]


# what is shown


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", ["Imprimante · Brother HL-L5100DN", "Commutateur bureaux le voit sur son port Gi0/14",
                "Caméra (supposé) · 28:57:be:00:00:61 ( Hikvision )",
                "Une autre machine répond à la place de « Onduleur de la baie »",
                "« Imprimante étiquettes » a changé d’adresse : 192.168.10.40 avant"]),
        ("en", ["Printer · Brother HL-L5100DN", "sees it at its port Gi0/14",
                "Camera (guessed) · 28:57:be:00:00:61 ( Hikvision )",
                "Another machine answers in place of", "has changed its address: 192.168.10.40 before"]),
        ("ar", ["طابعة", "كاميرا", "آلة أخرى تجيب مكان", "غيّر «Imprimante étiquettes» عنوانه"]),
    ],
)  # fmt: skip
def test_what_was_found_is_shown_with_its_reasons_and_guesses_are_marked(
    page: Depot, language: str, said: list[str]
) -> None:
    text = words(page.text("/discovery", language)).replace("\u2068", "").replace("\u2069", "")
    for one in said:
        assert one in text


def test_swap_is_shown_with_both_serials_and_both_dates(page: Depot) -> None:
    html = page.text("/discovery")
    assert "AS1842231547" in html
    assert "AS2231190876" in html
    swap = html[html.index("Une autre machine") : html.index("Trouvés sur le réseau")]
    assert len(re.findall("<time", swap)) == 2


def test_what_devices_call_themselves_is_text_and_nothing_else(page: Depot) -> None:
    discovery = (page.example.status() or {})["discovery"]
    row = discovery["found"][0]
    evil = {**row, "device": {**row["device"], "name": "<script>alert(1)</script>"}, "said": {"model": "<b>x</b>"}}
    page.example.told.update(discovery={**discovery, "found": [evil]})
    page.sign_in()
    for path in ("/discovery", f"/discovery/new/{PRINTER}"):
        html = page.text(path)
        assert "<script>alert" not in html
        assert "<b>x" not in html
        assert "alert(1)" in html


def test_list_and_technicians_page_lead_to_what_waits(page: Depot) -> None:
    assert "4 appareils découverts attendent votre décision" in words(page.text("/devices"))
    box = page.text("/box")
    assert "3 appareils découverts attendent votre décision" in words(box)
    assert "un autre numéro de série répond" in words(box)
    assert 'href="/discovery"' in box


def test_nothing_new_and_never_swept_are_told_apart(page: Depot) -> None:
    discovery = (page.example.status() or {})["discovery"]
    page.example.told.update(discovery={**discovery, "found": []}, replaced=[])
    assert "Rien de nouveau sur le réseau." in words(page.text("/discovery"))
    page.example.told.update(discovery=None, replaced=[])
    page.example.checked_at += 1
    assert "Le réseau de ce site n’a pas encore été parcouru." in words(page.text("/discovery"))


def test_a_refused_request_is_told(page: Depot) -> None:
    page.example.told.update(stock={"refusal": "refused: inventory.json: disk full"})
    assert "La dernière demande n’a pas pu être faite : refused: inventory.json: disk full" in words(
        page.text("/discovery")
    )


def test_a_device_that_is_in_the_inventory_by_now_waits_no_more(page: Depot) -> None:
    discovery = (page.example.status() or {})["discovery"]
    known = [{**row, "address": "192.168.10.20"} for row in discovery["found"]]
    page.example.told.update(discovery={**discovery, "found": known}, replaced=[])
    assert "Chercher des appareils sur le réseau" in words(page.text("/devices"))


# who decides


@pytest.mark.parametrize(
    "path", ["/discovery/sweep", "/discovery/ignore", "/discovery/swap", f"/discovery/new/{PRINTER}"]
)
def test_nobody_decides_without_signing_in(page: Depot, path: str) -> None:
    answer = page.post(path, key=PRINTER, name="x")
    assert "/sign-in" in answer.headers["Location"]
    assert page.example.submitted == []
    assert "Ne plus proposer" not in page.text("/discovery")


def test_without_the_token_of_the_form_nothing_is_decided(page: Depot) -> None:
    page.sign_in()
    assert page.client.post("/discovery/sweep").status_code == 400
    assert page.example.submitted == []


@pytest.mark.parametrize(
    ("deed", "fields", "command"),
    [
        ("sweep", {}, ("sweep_now", {})),
        ("ignore", {"key": CAMERA}, ("proposal_ignore", {"key": CAMERA})),
        ("want", {"key": CAMERA}, ("proposal_want", {"key": CAMERA})),
        ("move", {"key": "serial:9kq2"}, ("device_move", {"key": "serial:9kq2"})),
        (
            "swap",
            {"device": "ups-1", "serial": "AS2231190876", "same": "yes"},
            ("device_swap", {"device": "ups-1", "serial": "AS2231190876", "same": "yes"}),
        ),
    ],
)
def test_a_click_leaves_one_command_with_the_name_of_the_person(
    page: Depot, deed: str, fields: dict[str, str], command: tuple[str, dict[str, str]]
) -> None:
    page.sign_in()
    answer = page.post(f"/discovery/{deed}", **fields)
    assert answer.status_code == 303
    assert asked(page) == [(command[0], "Karim Benali", command[1])]


def test_unknown_deed_is_no_page(page: Depot) -> None:
    page.sign_in()
    assert page.post("/discovery/erase").status_code == 404


# the form


def test_form_is_filled_in_with_what_was_found_and_can_be_changed(page: Depot) -> None:
    page.sign_in()
    html = page.text(f"/discovery/new/{PRINTER}")
    assert 'value="BRN001BA9000044"' in html
    assert re.search(r'value="printer" selected', html)
    assert re.search(r'value="sw-1" selected', html)
    assert "E73642F9N123456" in html
    fields = {"kind": "printer", "criticality": "important", "parent": "sw-2", "power": "ups-1", "location": "Quai 2"}
    answer = page.post(f"/discovery/new/{PRINTER}", name=" Étiquettes  quai 2 ", **fields)
    assert answer.headers["Location"] == "/discovery?done=device_add"
    assert asked(page) == [
        ("device_add", "Karim Benali", {"key": PRINTER, "name": "Étiquettes quai 2", **fields}),
    ]


def test_a_parent_that_is_only_proposed_itself_is_named(page: Depot) -> None:
    page.sign_in()
    discovery = page.example.status()["discovery"]
    row = discovery["found"][0]
    page.example.told.update(discovery={**discovery, "found": [{**row, "device": {**row["device"], "parent": "sw-9"}}]})
    assert "« sw-9 » semble être devant lui et n’est pas encore ajouté" in words(page.text(f"/discovery/new/{PRINTER}"))


def test_a_name_that_nobody_told_is_proposed_in_the_readers_language(page: Depot) -> None:
    page.sign_in()
    assert 'value="Caméra Hikvision"' in page.text(f"/discovery/new/{CAMERA}")
    assert 'value="Camera Hikvision"' in page.text(f"/discovery/new/{CAMERA}", "en")


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"name": "  "}, "Donnez-lui un nom."),
        ({"kind": "toaster"}, "Choisissez dans les listes."),
        ({"kind": "gateway"}, "Choisissez dans les listes."),
        ({"criticality": "vital"}, "Choisissez dans les listes."),
        ({"parent": "nobody"}, "Choisissez dans les listes."),
        ({"power": "gateway"}, "Choisissez dans les listes."),
    ],
)
def test_what_does_not_fit_is_said_and_what_was_written_stays(page: Depot, changed: dict[str, str], fault: str) -> None:
    page.sign_in()
    good = {"name": "Étiquettes", "kind": "printer", "criticality": "standard", "location": "Quai 7"}
    answer = page.post(f"/discovery/new/{PRINTER}", **{**good, **changed})
    assert answer.status_code == 400
    assert fault in answer.text
    assert "Quai 7" in answer.text
    assert page.example.submitted == []


def test_a_proposal_that_is_gone_leads_back_to_the_list(page: Depot) -> None:
    page.sign_in()
    for answer in (page.client.get("/discovery/new/10.9.9.9"), page.post("/discovery/new/10.9.9.9", name="x")):
        assert answer.headers["Location"] == "/discovery"


# the entry of a device


def test_each_value_says_who_says_it_and_since_when(page: Depot) -> None:
    text = words(page.text("/devices/srv-1"))
    assert "7XK2P3J inscrit à l’inventaire" in text
    assert "2.14.1 dit par l’appareil depuis" in text
    assert "b0:7b:25:00:00:20 (Dell) dit par l’appareil depuis" in text
    assert "vers le 10/08/2020 (6 ans)" in text
    assert "Version logicielle : 2.13.0, puis 2.14.1" in text
    assert "Ajouté à l’inventaire par Karim Benali" in text


def test_what_a_person_wrote_wins_and_what_the_device_says_stands_beside_it(depot: MakeDepot) -> None:
    page = depot("ok", entries=[Entry(EntryKind.SAID, "srv-1", NOW - 50, body={"model": "T150 v2"})])
    assert "PowerEdge T150 inscrit à l’inventaire L’appareil dit : T150 v2" in words(page.text("/devices/srv-1"))


def test_a_replaced_machine_is_told_on_its_own_page(depot: MakeDepot) -> None:
    page = depot("ok", entries=[Entry(EntryKind.SAID, "srv-1", NOW - 50, body={"serial": "OTHER1"})])
    assert "Une autre machine répond ici : numéro de série OTHER1" in words(page.text("/devices/srv-1"))


def test_an_entry_is_corrected_with_what_changed_only(page: Depot) -> None:
    page.sign_in()
    html = page.text("/devices/srv-1/edit")
    assert 'value="7XK2P3J"' in html
    kept = {"support.model": "tpm", "support.provider": "Atlas Maintenance", "support.contract": "AT-118",
            "support.phone": "021 00 00 00", "support.ends_on": "2028-06-30"}  # fmt: skip
    fields = {**dict.fromkeys(("model", "serial", "firmware", "location"), ""), **kept}
    written = {"name": "Serveur de caisse", "kind": "server", "criticality": "critical", "parent": "sw-1",
               "power": "ups-1", "vendor": "Dell", "purchased_on": "2020-09-14", "warranty.ends_on": ""}  # fmt: skip
    answer = page.post("/devices/srv-1/edit", **{**fields, **written, "location": "Baie B", "serial": "7XK2P3J"})
    assert answer.headers["Location"] == "/devices/srv-1?done=device_change"
    changed = {"location": "Baie B", "model": "", "support.ends_on": "2028-06-30", "warranty.ends_on": ""}
    assert asked(page) == [("device_change", "Karim Benali", {"device": "srv-1", **changed})]


def test_an_entry_that_nobody_changed_leaves_no_command(page: Depot) -> None:
    page.sign_in()
    html = page.text("/devices/prn-1/edit")
    fields = dict(re.findall(r'<input id="([\w.]+)"[^>]* value="([^"]*)"', html))
    chosen = dict(re.findall(r'<select id="([\w.]+)".*?value="([\w-]*)" selected', html))
    page.post("/devices/prn-1/edit", **{**fields, "power": "", **chosen})
    assert page.example.submitted == []


@pytest.mark.parametrize(
    ("device", "changed", "fault"),
    [
        ("sw-1", {"parent": "srv-1"}, "Cet appareil est lui-même derrière"),
        ("srv-1", {"purchased_on": "hier"}, "Écrivez la date comme"),
        ("srv-1", {"support.ends_on": "2027-02-30"}, "Écrivez la date comme"),
        ("srv-1", {"support.model": "ami"}, "Choisissez dans les listes."),
        ("srv-1", {"parent": "srv-1"}, "Choisissez dans les listes."),
    ],
)
def test_entry_that_cannot_be_is_refused(page: Depot, device: str, changed: dict[str, str], fault: str) -> None:
    page.sign_in()
    answer = page.post(
        f"/devices/{device}/edit",
        **{"name": "x", "kind": "switch", "criticality": "standard", "support.model": "none", **changed},
    )
    assert answer.status_code == 400
    assert fault in answer.text


@pytest.mark.parametrize("device", ["nobody", "gateway"])
def test_only_devices_have_an_entry(page: Depot, device: str) -> None:
    page.sign_in()
    assert page.client.get(f"/devices/{device}/edit").status_code == 404


# what devices said unasked


def test_last_lines_of_a_device_are_shown_escaped_with_storms_counted(page: Depot) -> None:
    html = page.text("/devices/srv-1")
    assert "4312 lignes de plus, non gardées" in words(html)
    assert "Failed password for root" in html
    assert "&lt;b&gt;PS2 Status" in html
    assert "<b>PS2" not in html
    assert "journal · 192.168.10.20" in words(html)
    assert "Failed password" not in page.text("/devices/srv-2")


def test_lines_that_witnessed_an_incident_are_shown_with_it(depot: MakeDepot) -> None:
    page = depot("down")
    text = words(page.text("/incidents/7c1f03a9d2e4"))
    assert "Ce que les appareils ont dit" in text
    assert "Serveur de caisse ipmiserver: Power Supply 2: Failure detected <b>PS2 Status</b>" in text
    assert "Ce que les appareils ont dit" not in words(page.text("/incidents/2b90aa51c07d"))


def test_only_the_last_lines_are_shown(page: Depot) -> None:
    one = (page.example.status() or {})["heard"][1]
    page.example.told.update(heard=[{**one, "text": f"line {n} {'x' * 2000}"} for n in range(200)])
    html = page.text("/devices/srv-1")
    assert "line 11 " in html
    assert "line 12 " not in html
    assert "x" * 400 not in html
