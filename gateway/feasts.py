"""Public holidays of a country, as dates: the core gets them as data.

Moving feasts follow the sight of the moon: dates of years to come are marked as estimated, and headquarters confirms
or shifts them by a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

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
    import holidays

    code = country.upper()
    if code not in holidays.list_supported_countries():
        raise VigieError(
            f'holidays of country "{country}" are not known',
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


def holiday_dates(holidays: str | Iterable[date], years: Iterable[int]) -> frozenset[date]:
    """What a calendar's ``holidays`` stands for: the country's dates of those years, or the dates that are listed."""
    if isinstance(holidays, str):
        return frozenset(feast.on for feast in feasts(holidays, years))
    return frozenset(holidays)


def _language(code: str, language: str) -> str | None:
    import holidays

    offered = holidays.list_localized_countries().get(code, ())
    return next((name for name in offered if name.startswith(language)), None)
