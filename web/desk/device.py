"""A device at headquarters: what it is, and how its figures went, from the lowest to the highest of each hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, abort, g, request
from werkzeug.wrappers import Response as AnyResponse

from gateway.core.device import Device
from gateway.core.units import METRICS
from gateway.wire.statistics import Series
from web.common import Formats, live_page, needs_sign_in, state_of
from web.common.charts import Chart, line_chart
from web.common.labels import CHARTED, metric_label
from web.desk.facts import FleetFacts, Hour, SiteFacts

_HOUR_S, _DAY_S = 3600.0, 86_400.0
SPANS = (1, 7, 30)
"""Days that can be looked at."""
_DRAWN = 4
_MOST = 84
"""Points of a chart: half a day to three hours each."""
_ROWS = 15


class DevicePage:
    """The view; it writes nothing."""

    def __init__(self, facts: FleetFacts) -> None:
        self._facts = facts

    def register(self, app: Flask) -> None:
        """Adds the route."""
        rule = "/sites/<site_id>/devices/<device_id>"
        app.add_url_rule(rule, "device", needs_sign_in(self.device), methods=["GET"])

    def device(self, site_id: str, device_id: str) -> AnyResponse:
        """One device: its state, its contract, its figures of the last days."""
        site = next((one for one in self._facts.sites() if one.id == site_id), None) or abort(404)
        device = (site.park.devices.get(device_id) if site.park else None) or abort(404)
        days = next((one for one in SPANS if str(one) == request.args.get("days")), 7)
        asked = request.args.get("series", "")

        def build() -> dict[str, object]:
            end = g.now // _HOUR_S * _HOUR_S
            told = self._facts.hours(site.id, device.id, end - days * _DAY_S, end)
            return {"days": days, "spans": SPANS, "active": "fleet", **_shown(site, device, told, (days, asked))}

        return live_page("desk/device.html", build, version=self._facts.version(), checked_at=g.now)


def _shown(
    site: SiteFacts, device: Device, told: Mapping[Series, Sequence[Hour]], choice: tuple[int, str]
) -> dict[str, Any]:
    days, asked = choice
    known = sorted((series for series, hours in told.items() if hours), key=_rank)
    keys = ["/".join(series[1:]) for series in known]
    first = [known[keys.index(asked)]] if asked in keys else []
    drawn = [*first, *(one for one in known if one not in first)][:_DRAWN]
    return {
        "site": site,
        "device": device,
        "state": state_of(site.verdict(device.id, g.now)),
        "charts": [_chart(series, told[series], days, g.formats) for series in drawn],
        "choices": [(key, _name(series, g.formats)) for key, series in zip(keys, known, strict=True)],
        "asked": asked,
    }


def _rank(series: Series) -> tuple[int, str, str]:
    """What tells most comes first."""
    _, metric, instance = series
    return (CHARTED.index(metric) if metric in CHARTED else len(CHARTED), metric, instance)


def _name(series: Series, formats: Formats) -> str:
    label = metric_label(series[1], formats.language)
    return f"{label} – {formats.language.isolate(series[2])}" if series[2] else label


def _chart(series: Series, hours: Sequence[Hour], days: int, formats: Formats) -> dict[str, Any]:
    """The mean as a line within a band from the lowest to the highest, and the same in numbers."""
    metric = series[1]
    known = METRICS.get(metric)
    fraction = bool(known and (known.reads == "fraction" or known.unit == "percent"))
    top = (1.0 if known and known.reads == "fraction" else 100.0) if fraction else None
    end = g.now // _HOUR_S * _HOUR_S
    shown = thinned(hours, _MOST)
    step = shown[1].at - shown[0].at if len(shown) > 1 else _HOUR_S
    name = _name(series, formats)

    def value(number: float) -> str:
        return formats.value(metric, number)

    lowest, highest = min(one.lowest for one in hours), max(one.highest for one in hours)
    mean = sum(one.mean for one in hours) / len(hours)
    chart = Chart(
        formats.language.gettext(
            "%(what)s : moyenne %(mean)s, entre %(low)s et %(high)s",
            what=name,
            mean=value(mean),
            low=value(lowest),
            high=value(highest),
        ),
        [(one.at + step / 2, one.mean) for one in shown],
        end - days * _DAY_S,
        end,
        gap_s=1.5 * step,
        lowest=0.0 if fraction else None,
        highest=top,
        height=220,
        band=[(one.at + step / 2, one.lowest, one.highest) for one in shown],
    )
    return {
        "name": name,
        "picture": line_chart(chart, value=value, time=formats.time if days == 1 else _day(formats)),
        "lowest": value(lowest),
        "mean": value(mean),
        "highest": value(highest),
        "rows": [
            (one.at, value(one.lowest), value(one.mean), value(one.highest)) for one in reversed(thinned(hours, _ROWS))
        ],
    }


def _day(formats: Formats) -> Any:
    return lambda at: f"{formats.local(at):%d/%m}"


def thinned(hours: Sequence[Hour], most: int) -> list[Hour]:
    """At most ``most`` stretches of equal length: the lowest, the mean and the highest of each, so that no peak is
    lost. Stretches without figures are left out."""
    if not hours:
        return []
    span = hours[-1].at - hours[0].at + _HOUR_S
    step = max(1, -(-round(span / _HOUR_S) // most)) * _HOUR_S
    groups: dict[int, list[Hour]] = {}
    for one in hours:
        groups.setdefault(int((one.at - hours[0].at) // step), []).append(one)
    return [
        Hour(
            hours[0].at + number * step,
            min(one.lowest for one in group),
            sum(one.mean for one in group) / len(group),
            max(one.highest for one in group),
        )
        for number, group in groups.items()
    ]
