"""When things end, as the device’s page and the technician’s page say it: dates, their interval, their reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.core.forecast import Forecast, Reason, What, margin_s
from gateway.core.grammar import date_text
from web.common import Formats, Language
from web.site.facts import Facts


@dataclass(frozen=True, slots=True)
class End:
    """One line: what ends, on which day, between which days, why; ``soon`` where it is time to act."""

    device: str
    what: str
    day: str
    span: str
    why: str
    soon: bool


def ends(facts: Facts, formats: Formats, device: str | None = None) -> list[End]:
    """The ends that are known of one device with the services on it, or of all; the nearest first."""
    wanted = None if device is None else {device, *facts.park.services_on(device)}
    found = [one for one in _told(facts) if wanted is None or one.device in wanted]
    return [_end(one, facts, formats) for one in sorted(found, key=lambda one: one.at)]


def _told(facts: Facts) -> Iterator[Forecast]:
    """The forecasts of the status document; those of a newer version that are not known here are passed over."""
    for row in facts.status.get("forecasts") or ():
        if row.get("what") in list(What) and isinstance(row.get("at"), int | float):
            yield Forecast(
                str(row.get("device", "")),
                What(row["what"]),
                str(row.get("instance", "")),
                float(row["at"]),
                tuple(Reason(one) for one in row.get("reasons", ()) if one in list(Reason)),
                row.get("earliest"),
                row.get("latest"),
                label=str(row.get("label", "")),
            )


def _end(one: Forecast, facts: Facts, formats: Formats) -> End:
    say = formats.language
    part = say.isolate(one.label or one.instance)
    what = _whats(say)[one.what]
    span = ""
    if one.earliest is not None and one.latest is not None:
        span = say.gettext(
            "entre le %(first)s et le %(last)s", first=_day(one.earliest, formats), last=_day(one.latest, formats)
        )
    why = ", ".join(_reasons(say)[reason] for reason in one.reasons)
    return End(
        one.device,
        f"{what} ({part})" if part else what,
        _day(one.at, formats),
        span,
        why.replace(", ", "، ") if say.code == "ar" else why,
        margin_s(one, facts.park, facts.now) < 0,
    )


def _day(at: float, formats: Formats) -> str:
    return date_text(formats.local(at).date(), formats.language.code)


def _whats(say: Language) -> Mapping[What, str]:
    return {
        What.DISK_FULL: say.gettext("Disque plein"),
        What.SUPPLY_EMPTY: say.gettext("Consommable vide"),
        What.BATTERY_WORN: say.gettext("Batterie à remplacer"),
        What.CERTIFICATE_EXPIRING: say.gettext("Fin du certificat"),
        What.DISK_FAILING: say.gettext("Support de stockage usé"),
        What.WARRANTY_ENDING: say.gettext("Fin de garantie"),
        What.SUPPORT_ENDING: say.gettext("Fin du contrat de support"),
    }


def _reasons(say: Language) -> Mapping[Reason, str]:
    return {
        Reason.TREND: say.gettext("au rythme mesuré"),
        Reason.DATE: say.gettext("date notée"),
        Reason.AGE: say.gettext("âge de la batterie"),
        Reason.HEAT: say.gettext("chaleur subie"),
        Reason.TEST: say.gettext("dernier test en échec"),
        Reason.RUNTIME: say.gettext("autonomie qui baisse"),
    }
