"""What profiles expect of devices of their kind: `[[check]]` as checks of the core, before the general ones."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.core.check import Check, Hold
from gateway.core.default_checks import DEFAULT_CHECKS
from gateway.core.incident import Verdict
from gateway.profiles.model import Expectation, Profile


def all_checks(profiles: Iterable[Profile]) -> tuple[Check, ...]:
    """The checks of the profiles, then the default ones: the first that applies judges a series."""
    return (*profile_checks(profiles), *DEFAULT_CHECKS)


def profile_checks(profiles: Iterable[Profile]) -> tuple[Check, ...]:
    """The checks of the profiles, in the order of their ids; each is for devices of its profile's kind only."""
    return tuple(_check(profile, one) for profile in profiles for one in profile.check)


def _check(profile: Profile, one: Expectation) -> Check:
    return Check(
        f"{profile.id}-{one.id}",
        one.metric,
        one.cause,
        warning=one.warning,
        critical=one.critical,
        below=one.below,
        clear=one.clear,
        least=Verdict(one.least),
        once_good=one.once_good,
        worse=Hold(*one.bad_when),
        better=Hold(*one.good_when),
        kinds=frozenset({profile.kind} if profile.kind else ()),
        instance=one.instance,
    )
