"""When a low battery is believed, and who goes down first: literal cases, and any order of answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.device import Criticality, Device, Kind, Park
from gateway.core.reading import Failure, FailureKind, Poll, Reading
from gateway.core.shutdown import FRESH_S, REPEATS, Look, confirmed, is_low, look, on_mains, stages

LOW = frozenset({"OB", "LB", "DISCHRG"})


def looks(*statuses: str | None, every: float = 4.0) -> list[Look]:
    return [Look(n * every, None if s is None else frozenset(s.split())) for n, s in enumerate(statuses)]


@pytest.mark.parametrize(
    ("given", "believed"),
    [
        (looks("OB LB", "OB LB", "OB LB"), True),
        (looks("OB LB", "OB LB"), False),
        (looks("OB LB", "OB", "OB LB", "OB LB"), False),
        (looks("OB LB", None, "OB LB"), False),
        (looks("OB LB", "OB LB", None), False),
        (looks("OB", "OB", "OB"), False),
        (looks("OL LB", "OL LB", "OL LB"), False),
        (looks("OB LB CAL", "OB LB CAL", "OB LB CAL"), False),
        (looks("OB LB TEST", "OB LB TEST", "OB LB TEST"), False),
        (looks("OB FSD", "OB FSD", "OB FSD"), True),
        (looks("OB LB", "OB LB", "OB LB", every=0.0), False),
        (looks("OB LB", "OB LB", "OB LB", every=60.0), False),
        (looks(None, None, None), False),
        ([], False),
    ],
    ids=lambda one: str(one) if isinstance(one, bool) else ",".join(str(sorted(x.status or ())) for x in one),
)
def test_only_a_real_fresh_and_repeated_low_battery_is_believed(given: list[Look], believed: bool) -> None:
    assert confirmed(given, given[-1].at if given else 0.0) is believed


def test_what_was_low_long_ago_is_not_believed_now() -> None:
    seen = looks("OB LB", "OB LB", "OB LB")
    assert not confirmed(seen, seen[-1].at + FRESH_S + 1)
    assert not confirmed(seen, seen[0].at - 1), "the clock was set back: nothing is certain"


def test_a_poll_that_failed_says_nothing() -> None:
    silent = look(Poll("ups-1", "nut", 5.0, failure=Failure(FailureKind.TIMEOUT, "nut", "stale")))
    assert (silent, is_low(silent), on_mains(silent)) == (Look(5.0, None), False, False)
    assert look(Poll("ups-1", "nut", 5.0, (Reading("ups-1", "ups.status", "OB LB"),))) == Look(
        5.0, frozenset({"OB", "LB"})
    )


STATUS = st.one_of(st.none(), st.frozensets(st.sampled_from(["OL", "OB", "LB", "FSD", "CAL", "TEST", "CHRG", "RB"])))


@given(st.lists(st.builds(Look, st.floats(0, 100), STATUS), max_size=8), st.floats(0, 200))
def test_nothing_is_ever_believed_without_three_answers_that_say_it(seen: list[Look], now: float) -> None:
    if confirmed(seen, now):
        assert len(seen) >= REPEATS
        assert all(
            {"OB"} <= (one.status or set()) and not {"OL", "CAL", "TEST"} & (one.status or set()) for one in seen[-3:]
        )


def test_critical_servers_go_last_and_only_those_that_asked_for_it() -> None:
    levels = {"erp": Criticality.CRITICAL, "files": Criticality.IMPORTANT, "test": Criticality.STANDARD}
    servers = [Device(name, name, Kind.SERVER, criticality=level, power="ups-1") for name, level in levels.items()]
    others = [
        Device("ups-1", "UPS", Kind.UPS),
        Device("mail", "Mail", Kind.SERVER, power="ups-1"),
        Device("far", "Far", Kind.SERVER, power="ups-2"),
        Device("build", "Build", Kind.SERVER, power="ups-1"),
    ]
    park = Park([*servers, *others])
    wanted = ("erp", "files", "test", "far", "build", "nobody")
    assert stages(park, "ups-1", wanted) == [["build", "test"], ["files"], ["erp"]]
    assert stages(park, "ups-3", wanted) == []
