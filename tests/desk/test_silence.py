"""A site silent for twelve minutes: one incident, closed when it speaks, and never for headquarters' own outage."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.incident import Cause, Change, ChangeKind, Incident, fold, incident_id
from web.desk.silence import Listening, silence_changes, silences

T0 = 1_780_000_000.0
LISTENING = Listening(T0 - 86_400, 720.0)


def lasting(heard_at: float, site: str = "oran") -> dict[str, Incident]:
    ((_, opened),) = silence_changes({site: heard_at}, {}, heard_at + 720, Listening(0.0, 720.0))
    return silences((site, one) for one in fold([opened]).values())


def test_twelve_minutes_of_silence_open_one_incident() -> None:
    assert silence_changes({"oran": T0}, {}, T0 + 719, LISTENING) == []
    ((site, change),) = silence_changes({"oran": T0, "setif": T0 + 700}, {}, T0 + 720, LISTENING)
    assert site == "oran"
    assert (change.kind, change.cause, change.at, change.detected_at) == ("opened", "site_silent", T0, T0 + 720)
    assert change.root_device is None
    assert change.priority == "P2"
    assert change.incident == incident_id("oran", Cause.SITE_SILENT, None, T0)


def test_it_is_opened_once() -> None:
    assert silence_changes({"oran": T0}, lasting(T0), T0 + 5000, LISTENING) == []


def test_it_is_restored_when_the_site_speaks() -> None:
    ((_, change),) = silence_changes({"oran": T0 + 3000}, lasting(T0), T0 + 3001, LISTENING)
    assert (change.kind, change.at) == (ChangeKind.RESTORED, T0 + 3000)


def test_headquarters_own_outage_accuses_nobody() -> None:
    deaf = replace(LISTENING, since=None)
    assert silence_changes({"oran": T0}, {}, T0 + 90_000, deaf) == []
    back = replace(LISTENING, since=T0 + 90_000)
    assert silence_changes({"oran": T0}, {}, T0 + 90_719, back) == []
    assert len(silence_changes({"oran": T0}, {}, T0 + 90_720, back)) == 1


def test_a_new_silence_is_a_new_incident() -> None:
    first = lasting(T0)["oran"]
    ((_, second),) = silence_changes({"oran": T0 + 5000}, {}, T0 + 6000, LISTENING)
    assert second.incident != first.id


@given(st.lists(st.tuples(st.integers(1, 900), st.booleans()), max_size=60))
def test_whatever_happens_at_most_one_silence_lasts_and_it_ends_with_a_word(steps: list[tuple[int, bool]]) -> None:
    now, heard_at = T0, T0
    changes: list[Change] = []
    for seconds, speaks in steps:
        now += seconds
        heard_at = now if speaks else heard_at
        open_silences = silences(("oran", one) for one in fold(changes).values())
        changes += [change for _, change in silence_changes({"oran": heard_at}, open_silences, now, LISTENING)]
        lasting_now = [one for one in fold(changes).values() if one.open]
        assert len(lasting_now) <= 1
        assert bool(lasting_now) == (
            now - heard_at >= 720 or (bool(lasting_now) and heard_at == lasting_now[0].opened_at)
        )
