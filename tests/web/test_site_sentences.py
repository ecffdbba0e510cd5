"""Every cause is said in three languages, in words of the business and without an exclamation mark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from site_example import NOW, Example

from gateway.core.device import Device, Kind, Park
from gateway.core.incident import Cause, Change, ChangeKind, Incident, Symptom
from web.common import Formats, Language
from web.common.causes import title
from web.common.language import COMMON_TRANSLATIONS, languages
from web.site import sentences
from web.site.facts import gather

SPOKEN = languages([COMMON_TRANSLATIONS, Path(sentences.__file__).parent / "translations"])
SPEAKS = {code: Formats(language, ZoneInfo("Africa/Algiers")) for code, language in SPOKEN.items()}
JARGON = ("mqtt", "snmp", "broker", "host", "timeout", "!")

INCIDENT = Incident("0123456789ab", Cause.DISK_FULL, "nas", "system.filesystem.utilization", "/", "P3", NOW, NOW, 0.95)
PARK = Park([Device("nas", "Serveur de fichiers", Kind.NAS), Device("sw-1", "sw-1", Kind.SWITCH)])


@pytest.mark.parametrize("code", ["fr", "ar", "en"])
@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_headline_with_and_without_a_name(cause: Cause, code: str) -> None:
    say = SPOKEN[code]
    named, bare = title(cause, "nas-1", say), title(cause, "", say)
    assert "nas-1" in named
    assert bare
    assert bare != Language(code).gettext("Panne") or cause == "?"
    assert not [word for word in JARGON if word in (named + bare).lower().replace("nas-1", "")]
    if code != "fr":
        assert bare != title(cause, "", SPOKEN["fr"])


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_one_or_two_things_to_do(cause: Cause) -> None:
    facts = gather(Example("down").sources(), NOW)
    for formats in SPEAKS.values():
        for who in ("", "Karim"):
            steps = sentences.advice(facts, replace(INCIDENT, cause=cause, priority="P1", acknowledged_by=who), formats)
            assert 1 <= len(steps) <= 2
            assert all(steps)


def test_unknown_cause_of_a_newer_version_is_still_an_incident() -> None:
    assert title("quantum_flux", "", SPOKEN["fr"]) == "Panne"


def test_device_named_by_its_id_gets_its_kind_and_french_its_article() -> None:
    say = SPOKEN["fr"]
    silent = replace(INCIDENT, cause=Cause.DEVICE_UNREACHABLE, root_device="sw-1")
    assert sentences.incident_title(silent, PARK, say) == "Le commutateur sw-1 ne répond plus"
    named = replace(silent, root_device="nas")
    assert sentences.incident_title(named, PARK, say) == "Le serveur de fichiers ne répond plus"
    assert sentences.incident_title(INCIDENT, PARK, say) == "Disque bientôt plein : Serveur de fichiers"


def test_measured_value_and_silent_devices_are_told() -> None:
    facts = gather(Example("ok").sources(), NOW)
    assert sentences.consequences(facts, INCIDENT, SPEAKS["fr"]) == ["Mesuré : 95\N{NO-BREAK SPACE}%."]
    dead_switch = replace(
        INCIDENT,
        cause=Cause.DEVICE_UNREACHABLE,
        root_device="sw-1",
        symptoms=tuple(Symptom(name, "reach.up") for name in ("sw-1", "srv-1", "srv-2", "nas-1")),
    )
    assert sentences.consequences(facts, dead_switch, SPEAKS["fr"]) == ["3 appareils derrière lui sont muets."]
    assert sentences.consequences(facts, dead_switch, SPEAKS["ar"]) == ["3 أجهزة خلفه لا تستجيب."]


def test_owners_words_are_used_in_the_owners_language_only() -> None:
    facts = gather(Example("down").sources(), NOW)
    first = facts.open[0]
    assert sentences.business_title(facts, first, SPOKEN["fr"]) == "La caisse est arrêtée"
    assert sentences.business_title(facts, first, SPOKEN["en"]) == "Caisse et facturation no longer works"


@pytest.mark.parametrize("code", ["fr", "ar", "en"])
def test_every_kind_of_change_makes_a_line_of_the_story(code: str) -> None:
    for kind in ChangeKind:
        change = Change(
            INCIDENT.id, kind, NOW, NOW, "desk", "texte", Cause.DISK_FULL, "nas", symptoms=(Symptom("nas", "x"),)
        )
        line = sentences.moment(change, INCIDENT, PARK, SPEAKS[code])
        assert line is not None
        assert line.text


def test_story_is_told_newest_first() -> None:
    facts = gather(Example("down").sources(), NOW)
    lines = sentences.story(facts.open[0], facts.park, SPEAKS["fr"])
    assert [one.symbol for one in lines] == ["note", "mute", "handled", "down"]
    assert lines[0].text.startswith("Karim Benali : « Alimentation")


@pytest.mark.parametrize("scene", ["ok", "down", "power", "stale"])
def test_every_device_and_service_says_why_it_is_shown_so(scene: str) -> None:
    facts = gather(Example(scene).sources(), NOW)
    for formats in SPEAKS.values():
        for subject in (*facts.services, *facts.devices):
            assert sentences.state_sentence(facts, subject, formats)
