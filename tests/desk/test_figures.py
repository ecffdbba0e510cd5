"""The four figures in one sentence each, counted from transitions and incidents of a company on paper."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from zoneinfo import ZoneInfo

from gateway.core.amendment import Amendment, Kind, Ruling
from gateway.core.device import Cost, Park
from gateway.core.incident import Transition, Verdict
from web.common import Formats, Language, State
from web.desk.decisions import amended, ruled
from web.desk.facts import SiteFacts
from web.desk.figures import Counter, Figure, availability_text, figures, steering
from web.desk.memory import MemoryFleet

FRENCH = Formats(Language("fr"), ZoneInfo("Africa/Algiers"))
HARD = "\u00a0"


def counted(facts: MemoryFleet, now: float) -> tuple[Figure, ...]:
    return figures(steering(facts, now), FRENCH)


def turn(sahel: ModuleType, after: Verdict, ago_s: float) -> Transition:
    at = sahel.NOW - ago_s
    return Transition("till", "reach.up", "", Verdict.UNKNOWN, after, at, at)


def one_site(sahel: ModuleType, *turns: Transition, **more: object) -> MemoryFleet:
    depot: SiteFacts = replace(sahel.site("a", "A"), **more)
    return MemoryFleet([depot], transitions={"a": turns})


def test_each_figure_is_one_sentence(sahel: ModuleType):
    assert [one.sentence for one in counted(sahel.fleet(), sahel.NOW)] == [
        f"Disponibilité 99,93{HARD}%, objectif 99,5 : tenu, 2 h 10 non mesurées",
        "Remise en service en 52 minutes ouvrées, 52 minutes à l’horloge, pour 1 panne en 30 jours",
        "1 panne revient : Rouiba : Serveur de caisse ne répond plus, 2 fois en 180 jours",
        f"La maintenance coûte 201\u202f606{HARD}DA par mois pour 48 appareils, 85 appareils sans coût connu",
    ]


def test_a_missed_target_says_by_how_much(sahel: ModuleType):
    # Wednesday 4 November, 9:00 to 10:12 in Algiers; the 30 days hold 182 h 20 of opening hours, 0.5 % is 54.7 minutes
    start = sahel.NOW - 18 * sahel.DAY - 80 * sahel.MIN
    down = replace(turn(sahel, Verdict.CRITICAL, 0), at=start)
    back = replace(turn(sahel, Verdict.OK, 0), at=start + 72 * sahel.MIN)
    figure = counted(one_site(sahel, turn(sahel, Verdict.OK, 40 * sahel.DAY), down, back), sahel.NOW)[0]
    assert (figure.state, figure.word) == (State.DOWN, "Manqué")
    assert figure.sentence == f"Disponibilité 99,34{HARD}%, objectif 99,5 : manqué de 17 minutes"


def test_too_little_measured_time_is_not_conclusive_never_kept(sahel: ModuleType):
    late = turn(sahel, Verdict.OK, 27 * sahel.DAY)
    first = replace(turn(sahel, Verdict.UNKNOWN, 40 * sahel.DAY), before=Verdict.OK)
    figure = counted(one_site(sahel, first, late), sahel.NOW)[0]
    assert (figure.state, figure.word) == (State.UNKNOWN, "Non concluant")
    assert figure.sentence.startswith(f"Disponibilité 100,00{HARD}%, objectif 99,5 : non concluant, ")
    level = steering(one_site(sahel, first, late), sahel.NOW).sites[0].level
    assert availability_text(level, FRENCH) == f"100{HARD}%, non concluant"


def test_a_young_site_is_measured_from_its_first_word(sahel: ModuleType):
    facts = one_site(sahel, turn(sahel, Verdict.OK, 3 * sahel.DAY))
    assert counted(facts, sahel.NOW)[0].word == "Tenu"
    assert steering(facts, sahel.NOW).start == sahel.NOW - 3 * sahel.DAY


def test_the_time_since_a_silent_sites_last_word_is_neither_up_nor_down(sahel: ModuleType):
    facts = one_site(sahel, turn(sahel, Verdict.OK, 40 * sahel.DAY), heard_at=sahel.NOW - 130 * sahel.MIN)
    level = steering(facts, sahel.NOW).sites[0].level
    assert level is not None
    assert (level.down_s, level.unknown_s) == (0.0, 130 * sahel.MIN)


def test_almost_always_is_never_shown_as_always(sahel: ModuleType):
    down = turn(sahel, Verdict.CRITICAL, 3600.0)
    back = turn(sahel, Verdict.OK, 3595.0)
    level = steering(one_site(sahel, turn(sahel, Verdict.OK, 40 * sahel.DAY), down, back), sahel.NOW).sites[0].level
    assert availability_text(level, FRENCH) == f"99,99{HARD}%"


def test_days_show_outages_and_blind_times(sahel: ModuleType):
    rouiba = next(one for one in steering(sahel.fleet(), sahel.NOW).sites if one.site.id == "rouiba")
    assert len(rouiba.days) == 30
    assert [29 - n for n, state in enumerate(rouiba.days) if state is State.DOWN] == [2, 0]


def test_nothing_known_is_said_and_not_made_up(sahel: ModuleType):
    shown = counted(MemoryFleet([SiteFacts("a", "A")]), sahel.NOW)
    assert [one.value for one in shown] == ["–", "–", "0", "–"]
    assert shown[0].sentence == "Aucun service critique n’est déclaré dans les inventaires"
    assert shown[3].sentence == "Aucun coût n’est saisi dans les inventaires : 0 appareil sans coût connu"


def test_without_a_target_none_is_kept(sahel: ModuleType):
    figure = counted(one_site(sahel, turn(sahel, Verdict.OK, 40 * sahel.DAY), targets={}), sahel.NOW)[0]
    assert (figure.word, figure.sentence) == (
        "Sans objectif",
        f"Disponibilité 100,00{HARD}%, aucun objectif fixé",
    )


def test_a_whole_list_of_costs_is_said_to_be_complete(sahel: ModuleType):
    devices = [replace(one, cost=Cost(monthly=100.25)) for one in sahel.park(0).devices.values() if one.id != "gateway"]
    figure = counted(one_site(sahel, park=Park(devices)), sahel.NOW)[3]
    assert (figure.word, figure.value) == ("Complet", f"501,25{HARD}DA")


def test_figures_are_counted_once_a_minute(sahel: ModuleType):
    counter = Counter(sahel.fleet())
    first = counter.steering(sahel.NOW)
    assert counter.steering(sahel.NOW + 59) is first
    assert counter.steering(sahel.NOW + 60) is not first


def test_maintenance_counts_once_the_owner_has_approved_it(sahel: ModuleType):
    fleet, start = sahel.fleet(), sahel.NOW - 3 * sahel.DAY
    work = Amendment("m-1", Kind.MAINTENANCE, "rouiba", "till", start, start + 52 * sahel.MIN, sahel.NOW, "Atlas")
    entered = amended(work, "Atlas", sahel.NOW)
    approved = ruled(Ruling("m-1", True, sahel.NOW, "Nadia Haddad"))
    down = [
        level.down_s
        for entries in ((), (entered,), (entered, approved))
        if (level := steering(fleet, sahel.NOW, entries).four.availability)
    ]
    assert down[0] == down[1] == down[2] + 52 * sahel.MIN


def test_a_service_added_on_the_fifteenth_is_counted_from_then(sahel: ModuleType):
    first = replace(turn(sahel, Verdict.OK, 40 * sahel.DAY), subject="files")
    young = turn(sahel, Verdict.OK, 15 * sahel.DAY)
    level = steering(one_site(sahel, first, young), sahel.NOW).four.availability
    assert level is not None
    assert level.coverage == 1.0
    assert level.contract_s == sahel.HOURS.business_seconds(sahel.NOW - 15 * sahel.DAY, sahel.NOW)
