"""What headquarters' pages show, made from literal facts: order, states, words, clocks."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from gateway.core.incident import ChangeKind, Verdict
from web.common import Formats, Language, State
from web.desk.facts import SILENT_AFTER_S, SiteFacts
from web.desk.story import story
from web.desk.views import fleet, incident_state, open_rows, promised, row, spent, tile, whom_to_call

FRENCH = Formats(Language("fr"), ZoneInfo("Africa/Algiers"))


def test_the_first_thing_seen_is_the_incident_that_nobody_owns(sahel: ModuleType):
    shown = fleet(sahel.sites(), FRENCH, sahel.NOW)
    assert shown.headline == "Ghardaïa ne donne plus de nouvelles, et personne ne s’en occupe"
    assert shown.lead == (
        "Depuis 08:10 (2 h 10). Prise en charge due à 08:41 : dépassée. Appeler le dépôt (029\u00a000\u00a000\u00a000)."
    )
    assert shown.state is State.DOWN
    assert shown.also == (
        "1 incident sans responsable, 2 incidents déjà pris en charge, 1 conseil sans urgence, 9 sites sans problème"
    )


def test_the_queue_begins_with_what_nobody_owns_and_ends_with_advice(sahel: ModuleType):
    rows = open_rows(sahel.sites(), FRENCH, sahel.NOW)
    assert [one.incident.cause for one in rows] == [
        "site_silent",
        "device_unreachable",
        "device_unreachable",
        "disk_failing",
        "anomaly",
    ]
    assert [one.unowned for one in rows] == [True, True, False, False, False]


def test_silent_sites_come_first_and_are_never_green(sahel: ModuleType):
    shown = fleet(sahel.sites(), FRENCH, sahel.NOW)
    assert [one.site.name for one in shown.tiles[:4]] == ["Ghardaïa", "Rouiba", "Blida", "Annaba"]
    first = shown.tiles[0]
    assert (first.state, first.word) == (State.UNKNOWN, "Muet")
    assert first.says == "Aucune nouvelle depuis 2 h 10, personne ne s’en occupe"


@pytest.mark.parametrize("age_s", [SILENT_AFTER_S, 86_400.0, None])
def test_a_site_without_news_is_unknown_even_before_an_incident_says_so(sahel: ModuleType, age_s: float | None):
    quiet = replace(sahel.site("x", "X"), heard_at=None if age_s is None else sahel.NOW - age_s)
    shown = fleet([quiet], FRENCH, sahel.NOW)
    assert shown.tiles[0].state is State.UNKNOWN
    assert shown.state is State.UNKNOWN
    assert shown.heard == 0


def test_a_site_is_heard_up_to_twelve_minutes_after_its_last_word(sahel: ModuleType):
    spoke = replace(sahel.site("x", "X"), heard_at=sahel.NOW - SILENT_AFTER_S + 1)
    assert fleet([spoke], FRENCH, sahel.NOW).state is State.OK


def test_a_tile_tells_the_worst_and_how_much_more_there_is(sahel: ModuleType):
    rouiba = next(one for one in fleet(sahel.sites(), FRENCH, sahel.NOW).tiles if one.site.id == "rouiba")
    assert rouiba.state is State.HANDLED
    assert rouiba.says == "Serveur de caisse ne répond plus ; Karim Benali s’en occupe, 1 autre incident"


def test_all_well_is_said_only_when_every_site_speaks_and_nothing_is_open(sahel: ModuleType):
    shown = fleet([sahel.site("a", "A"), sahel.site("b", "B")], FRENCH, sahel.NOW)
    assert (shown.state, shown.headline) == (State.OK, "Tout fonctionne")
    assert shown.lead == "2 sites donnent de leurs nouvelles, aucun incident ouvert."


def test_incidents_that_are_all_taken_are_said_to_be(sahel: ModuleType):
    shown = fleet([sahel.site("blida", "Blida", sahel.DISK)], FRENCH, sahel.NOW)
    assert (shown.state, shown.hero) == (State.HANDLED, None)
    assert shown.headline == "1 incident ouvert, il est pris en charge"


def test_a_model_signal_is_never_red_nor_in_a_hurry(sahel: ModuleType):
    oran = sahel.site("oran", "Oran", sahel.ADVICE)
    assert incident_state(sahel.ADVICE) is State.WATCH
    assert promised(oran, sahel.ADVICE, sahel.NOW).response is None
    assert tile(oran, open_rows([oran], FRENCH, sahel.NOW), FRENCH, sahel.NOW).state is State.OK


def test_both_clocks_run_in_the_hours_that_the_site_told(sahel: ModuleType):
    rouiba = sahel.site("rouiba", "Rouiba", sahel.TILL)
    line = row(rouiba, sahel.TILL, FRENCH, sahel.NOW)
    assert spent(line.clocks.response, FRENCH) == "9\u00a0minutes sur 30\u00a0minutes : tenu"
    assert spent(line.clocks.restore, FRENCH) == "36\u00a0minutes sur 4\u00a0h"
    blida = sahel.site("blida", "Blida", sahel.DISK)
    # it began on Saturday, when Blida is closed: only Sunday from 8:00 counts
    assert spent(row(blida, sahel.DISK, FRENCH, sahel.NOW).clocks.restore, FRENCH) == "2\u00a0h\u00a020 sur 9\u00a0h"


def test_a_site_that_told_no_hours_has_no_promises(sahel: ModuleType):
    bare = replace(sahel.site("x", "X", sahel.TILL), hours=None)
    line = row(bare, sahel.TILL, FRENCH, sahel.NOW)
    assert (spent(line.clocks.response, FRENCH), line.next_step[:11]) == ("sans engagement", "Alimentatio")


def test_the_page_says_whom_to_call(sahel: ModuleType):
    rouiba = sahel.site("rouiba", "Rouiba", phone="021 11 11 11")
    say = FRENCH.language
    assert whom_to_call(rouiba, sahel.TILL, say) == "appeler Atlas Maintenance (021\u00a000\u00a000\u00a000)"
    assert whom_to_call(rouiba, sahel.PRINTER, say) == "appeler le dépôt (021\u00a011\u00a011\u00a011)"
    assert "aucun numéro" in whom_to_call(replace(rouiba, phone=""), sahel.PRINTER, say)


def test_a_site_without_inventory_still_has_its_incidents(sahel: ModuleType):
    bare = SiteFacts("x", "X", heard_at=sahel.NOW, incidents=(sahel.TILL,))
    assert row(bare, sahel.TILL, FRENCH, sahel.NOW).title == "srv-1 ne répond plus"
    assert tile(SiteFacts("x", "X", heard_at=sahel.NOW), [], FRENCH, sahel.NOW).says == (
        "n’a pas encore envoyé son inventaire"
    )


def test_what_is_known_of_a_device_is_forgotten_when_its_site_falls_silent(sahel: ModuleType):
    rouiba = sahel.site("rouiba", "Rouiba", states={"srv-1": Verdict.CRITICAL})
    assert rouiba.verdict("srv-1", sahel.NOW) is Verdict.CRITICAL
    assert rouiba.verdict("nas-1", sahel.NOW) is Verdict.OK
    assert rouiba.verdict("nas-1", sahel.NOW + SILENT_AFTER_S) is Verdict.UNKNOWN


def test_the_story_is_told_in_sentences_the_newest_first(sahel: ModuleType):
    rouiba = sahel.site("rouiba", "Rouiba", sahel.TILL)
    assert [(FRENCH.time(line.at), line.icon, line.text) for line in story(rouiba, sahel.TILL, FRENCH, sahel.NOW)] == [
        ("10:05", "note", "Karim Benali : « Alimentation en défaut probable, départ d’Alger à 11 h »"),
        ("09:53", "handled", "Karim Benali prend l’incident en charge"),
        ("09:42", "down", "Serveur de caisse ne répond plus"),
    ]


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_every_kind_of_change_is_told(sahel: ModuleType, kind: ChangeKind):
    change = replace(sahel.change(sahel.TILL, kind, 60.0, "gateway", "mot"), services=("files",), cause="disk_full")
    told = sahel.after(sahel.TILL, change)
    assert len(story(sahel.site("rouiba", "Rouiba", told), told, FRENCH, sahel.NOW)) == 4


def test_symptoms_that_came_one_after_the_other_are_one_line(sahel: ModuleType):
    more = [
        replace(sahel.change(sahel.PRINTER, ChangeKind.SYMPTOM, ago), services=(service,))
        for ago, service in ((60.0, "till"), (30.0, "files"))
    ]
    told = sahel.after(sahel.PRINTER, *more)
    lines = story(sahel.site("rouiba", "Rouiba", told), told, FRENCH, sahel.NOW)
    assert [line.text for line in lines] == [
        "Touche aussi : Caisse et facturation, Documents partagés",
        "Imprimante étiquettes quai 2 ne répond plus",
    ]


def test_planned_work_is_a_state_of_its_own_below_every_trouble(sahel: ModuleType):
    working = sahel.site("blida", "Blida", states={"sw-1": Verdict.MAINTENANCE, "till": Verdict.MAINTENANCE})
    shown = tile(working, [], FRENCH, sahel.NOW)
    assert (shown.state, shown.says) == (State.MAINTENANCE, "Travaux prévus sur 2 points")
    broken = replace(working, incidents=(sahel.TILL,))
    assert tile(broken, open_rows([broken], FRENCH, sahel.NOW), FRENCH, sahel.NOW).state is not State.MAINTENANCE
