"""What each page of the depot says in each scene."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from gateway.core.errors import DamagedError


def words(html: str) -> str:
    """The text of ``<main>`` on one line."""
    inside = html.partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", inside))).strip()


def test_status_says_what_since_when_who_and_what_to_do(depot: Callable[..., Any]) -> None:
    text = words(depot("down").text("/"))
    for part in (
        "La caisse est arrêtée",
        "Depuis 09:42 (38 minutes) · Le serveur de caisse ne répond plus",
        "Qui est prévenu ? Le siège, à 09:43",
        "Qui s’en occupe ? Karim Benali , depuis 09:53",
        "Retour prévu au plus tard 13:43 (engagement : 4 h)",
        "À faire maintenant",
        "Bip coupé jusqu’à 10:28",
        "Appeler le support 021 00 00 00",
        "et 1 autre panne en cours",
    ):
        assert part in text


def test_power_cut_is_told_in_three_languages(depot: Callable[..., Any]) -> None:
    page = depot("power")
    assert "Le courant est coupé : Onduleur de la baie" in words(page.text("/"))
    assert "انقطع التيار الكهربائي" in words(page.text("/", "ar"))
    assert "The power is cut" in words(page.text("/", "en"))


def test_cut_link_is_told_with_what_waits_and_nobody_is_said_to_know(depot: Callable[..., Any]) -> None:
    text = words(depot("power").text("/"))
    assert "La surveillance continue ici" in text
    assert "37 messages partiront dès le retour de la liaison" in text
    assert "Personne encore : appelez le support" in text


def test_quiet_day_says_so_and_names_the_last_incident(depot: Callable[..., Any]) -> None:
    text = words(depot("ok").text("/"))
    assert "Tout fonctionne Aucune panne en cours. Rien à faire de votre côté." in text
    assert "Dernière panne : mardi 17 novembre, Internet est coupé : Routeur Internet (22 minutes)." in text


def test_stopped_watch_shows_no_old_picture_as_new(depot: Callable[..., Any]) -> None:
    text = words(depot("stale").text("/"))
    assert "Le boîtier n’a plus rien vérifié depuis 10:10" in text
    assert "La caisse est arrêtée" not in text
    assert "Fonctionne" not in text


def test_page_opened_before_the_agents_first_start_says_that_nothing_is_known(depot: Callable[..., Any]) -> None:
    page = depot("new")
    answer = page.client.get("/")
    assert "Le boîtier n’a encore rien vérifié depuis son démarrage" in words(answer.text)
    for _, value in answer.headers:
        value.encode("latin-1")


def test_record_that_cannot_be_read_is_told_in_one_sentence(
    depot: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = depot("ok")

    def damaged(*_: object) -> None:
        raise DamagedError("vigie.db: damaged")

    monkeypatch.setattr("web.site.app.gather", damaged)
    page.app.testing = False
    answer = page.client.get("/")
    assert answer.status_code == 503
    assert "Les données de la surveillance ne peuvent pas être lues" in answer.text
    assert "Traceback" not in answer.text


def test_incident_page_has_both_clocks_the_story_and_what_is_hit(depot: Callable[..., Any]) -> None:
    text = words(depot("down").text("/incidents/7c1f03a9d2e4"))
    for part in (
        "prise en charge par Karim Benali",
        "Prise en charge Faite en 10 minutes engagement : 30 minutes",
        "Remise en service 37 minutes sur 4 h au plus tard à 13:43",
        "Je commence l’intervention",
        "Déroulé 10:05 Karim Benali : « Alimentation",
        "Ce qui est touché Caisse et facturation",
        "Ajouter une note",
    ):
        assert part in text


def test_closed_incident_offers_no_action(depot: Callable[..., Any]) -> None:
    html = depot("ok").text("/incidents/90ab12cd34ef")
    assert "terminée" in words(html)
    assert "<form" not in html.partition("<main")[2].partition("</main>")[0]


def test_incidents_are_listed_open_ones_first(depot: Callable[..., Any]) -> None:
    text = words(depot("down").text("/incidents"))
    assert text.index("Le serveur de caisse ne répond plus") < text.index("Terminées (30 jours)")
    assert text.index("Terminées (30 jours)") < text.index("Internet est coupé")
    assert "22 minutes" in text


def test_device_page_has_figures_a_chart_with_its_numbers_and_the_card(depot: Callable[..., Any]) -> None:
    html = depot("down").text("/devices/ups-1")
    text = words(html)
    assert "À surveiller : L’onduleur de la baie chauffe trop, depuis 08:50." in text
    assert "Autonomie si coupure 14\N{NO-BREAK SPACE}min".replace("\N{NO-BREAK SPACE}", " ") in text
    assert "Température de la batterie, dernières 24 heures" in text
    assert 'class="chart"' in html
    assert "Voir les chiffres" in text
    card = words(depot("down").text("/devices/srv-1"))
    assert "Tierce maintenance, Atlas Maintenance, contrat AT-118" in card
    assert "terminée le 14/09/2023" in card


def test_other_measurements_can_be_drawn_without_scripts(depot: Callable[..., Any]) -> None:
    text = words(depot("down").text("/devices/ups-1?metric=input.voltage/"))
    assert "Tension du secteur, dernières 24 heures" in text
    assert "Température de la batterie, dernières" in words(depot("down").text("/devices/ups-1?metric=nonsense"))


def test_unknown_device_and_incident_are_not_found(depot: Callable[..., Any]) -> None:
    page = depot()
    assert page.client.get("/devices/nope").status_code == 404
    assert page.client.get("/incidents/nope").status_code == 404


def test_box_page_shows_link_outbox_clock_storage_and_every_poll(depot: Callable[..., Any]) -> None:
    text = words(depot("power").text("/box"))
    for part in ("broker: timed out", "37 messages en attente", "Synchronisée", "25,1 Go libres sur 29,2 Go", "71 %"):
        assert part in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Imprimante étiquettes 192.168.10.40 – 10:20:05 Ne répond pas" in text


def test_help_explains_all_six_states_and_all_lights(depot: Callable[..., Any]) -> None:
    text = words(depot().text("/help"))
    for state in ("Fonctionne", "À surveiller", "En panne", "En panne, prise en charge", "Inconnu", "En maintenance"):
        assert state in text
    assert "Bleu, clignotement lent" in text


def test_names_from_the_inventory_cannot_become_markup(depot: Callable[..., Any]) -> None:
    page = depot("power")
    page.sign_in("<b>Mallory</b>")
    html = page.text("/")
    assert "&lt;b&gt;Mallory" in html
    assert "<b>Mallory" not in html
