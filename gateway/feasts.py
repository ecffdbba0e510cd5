"""Public holidays of a country, as dates: the core gets them as data.

Moving feasts follow the sight of the moon: dates of years to come are marked as estimated, and headquarters confirms
or shifts them by a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from gateway.core.errors import VigieError


@dataclass(frozen=True, slots=True)
class Feast:
    """One holiday. ``estimated``: announced a day or so before, when the moon is seen."""

    on: date
    name: str
    estimated: bool = False


def feasts(country: str, years: Iterable[int], language: str = "fr") -> tuple[Feast, ...]:
    """Public holidays of a country (ISO 3166 code, such as DZ) in order of date, named in ``language`` where the
    library has it. Raises VigieError for a country it does not know."""
    return _named(country.upper(), tuple(sorted(set(years))), language)


@lru_cache(maxsize=64)
def _named(code: str, years: tuple[int, ...], language: str) -> tuple[Feast, ...]:
    """Pages ask for the same years every few seconds."""
    import holidays

    if code not in holidays.list_supported_countries():
        raise VigieError(
            f'holidays of country "{code}" are not known',
            remedy="use an ISO code such as DZ, or list the dates",
        )
    # estimated dates are told apart by the label the library appends to the name
    named = holidays.country_holidays(code, years=list(years), language=_language(code, language))
    label = getattr(named, "estimated_label", None)
    marker = named.tr(label).replace("%s", "").strip(" ()") if label else ""
    return tuple(
        Feast(on, name.replace(f" ({marker})", "") if marker else name, bool(marker) and f"({marker})" in name)
        for on, name in sorted(named.items())
    )


Moves = Mapping[date, date]
"""What headquarters decided: estimated date -> the real one (the same date: confirmed)."""


def settled(found: Iterable[Feast], moves: Moves) -> tuple[Feast, ...]:
    """The feasts as headquarters has confirmed or shifted them, in order of date."""
    decided = (
        replace(one, on=moves[one.on], estimated=False) if one.estimated and one.on in moves else one for one in found
    )
    return tuple(sorted(decided, key=lambda one: (one.on, one.name)))


def holiday_dates(
    holidays: str | Iterable[date], years: Iterable[int], moves: Mapping[str, Moves] | None = None
) -> frozenset[date]:
    """What a calendar's ``holidays`` stands for: the country's dates of those years (``moves`` by country), or the
    dates that are listed."""
    if isinstance(holidays, str):
        decided = (moves or {}).get(holidays.upper(), {})
        return frozenset(feast.on for feast in settled(feasts(holidays, years), decided))
    return frozenset(holidays)


def _language(code: str, language: str) -> str | None:
    import holidays

    offered = holidays.list_localized_countries().get(code, ())
    return next((name for name in offered if name.startswith(language)), None)
