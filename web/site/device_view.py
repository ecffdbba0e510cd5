"""One device's page: its state in words, four figures, a chart with its numbers, its card, its past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.core.incident import Incident, Verdict
from gateway.core.inventory import cards
from gateway.core.units import METRICS
from web.common import Formats
from web.common.charts import Chart, line_chart
from web.common.labels import CHARTED, FIGURES, LOWEST_MATTERS, metric_label
from web.site.backups import backups
from web.site.facts import DAY_S, Facts, Sources, Value
from web.site.foresight import ends
from web.site.identity import history, identity_rows
from web.site.listened import lines_of
from web.site.sentences import advice, called, incident_title, state_sentence
from web.site.unseen import unseen

_FIGURES = 4
_ROWS = 13
"""Rows of the table under a chart: one every two hours."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One series that can be drawn."""

    metric: str
    instance: str
    text: str

    @property
    def key(self) -> str:
        """What the page's address calls it."""
        return f"{self.metric}/{self.instance}"


@dataclass(frozen=True, slots=True)
class Planned:
    """Work under way on a device: who announced it, until when (s since the epoch), and whether that has passed."""

    who: str
    until: float
    late: bool


def _planned(sources: Sources, device: str, now: float) -> Planned | None:
    for one in sources.verdicts():
        if one.subject == device and one.verdict is Verdict.MAINTENANCE and isinstance(one.value, int | float):
            return Planned(one.label, float(one.value), float(one.value) <= now)
    return None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page: the key of the series to draw ("" for the most telling one), and whether they signed in."""

    asked: str = ""
    signed_in: bool = False


def device_view(facts: Facts, device: str, sources: Sources, reader: Reader, formats: Formats) -> dict[str, Any]:
    """Template variables."""
    say, asked, signed_in = formats.language, reader.asked, reader.signed_in
    values = facts.latest(device)
    choices = [_choice(row, formats) for row in values if isinstance(row.value, int | float)]
    card = cards(facts.park, sources.entries())[device]
    incident = facts.incident_of(device)
    suspect = incident.root_metric if incident and incident.root_device == device else ""
    chosen = next((one for one in choices if one.key == asked), None) or _first(choices, suspect)
    return {
        "facts": facts,
        "device": facts.park.devices[device],
        "entry": facts.entry(device),
        "state": facts.state(device),
        "title": called(device, facts.park, say),
        "why": state_sentence(facts, device, formats),
        "planned": _planned(sources, device, facts.now),
        "incident": incident,
        "steps": advice(facts, incident, formats) if incident else [],
        "figures": [figure(rows, formats) for rows in _figures(values)],
        "values": [(_label(row, formats), formats.value(row.metric, row.value), row) for row in values],
        "choices": choices,
        "chosen": chosen,
        "drawing": _drawing(facts, device, chosen, sources, formats) if chosen else None,
        "past": [(one, incident_title(one, facts.park, say)) for one in _past(facts, device)],
        "services": [(service, facts.park.name(service)) for service in facts.park.services_on(device)],
        "ends": ends(facts, formats, device),
        "backups": backups(facts, device, sources, formats, signed_in=signed_in),
        "unseen": unseen(facts, device, say),
        "identity": identity_rows(facts.park.devices[device], card, facts.now, formats),
        "written": list(history(card, formats)),
        "swapped": card.swap,
        "heard": (heard := lines_of(facts.status, device, say)),
        "heard_days": any(formats.local(one["at"]).date() != formats.local(facts.now).date() for one in heard),
        "card": _card(facts, device, formats),
    }


def _past(facts: Facts, device: str) -> list[Incident]:
    return [one for one in facts.incidents if one.root_device == device][:8]


def _label(row: Value, formats: Formats) -> str:
    text = metric_label(row.metric, formats.language)
    which = row.label or row.instance
    return f"{text} ({formats.language.isolate(which)})" if which else text


def _choice(row: Value, formats: Formats) -> Choice:
    return Choice(row.metric, row.instance, _label(row, formats))


def _first(choices: Sequence[Choice], suspect: str) -> Choice | None:
    """What an open incident is about, else the most telling series the device has."""
    for metric in (suspect, *CHARTED):
        for choice in choices:
            if choice.metric == metric:
                return choice
    return choices[0] if choices else None


def _figures(values: Sequence[Value]) -> list[list[Value]]:
    groups = [[row for row in values if row.metric == metric] for metric in FIGURES]
    return [group for group in groups if group][:_FIGURES]


def figure(rows: Sequence[Value], formats: Formats) -> Mapping[str, Any]:
    """One large figure: of several instances the one that matters, and how full its gauge is (None: no gauge)."""
    metric = rows[0].metric
    numbers = [row for row in rows if isinstance(row.value, int | float)]
    row = rows[0]
    if numbers:
        pick = min if metric in LOWEST_MATTERS else max
        row = pick(numbers, key=lambda one: float(one.value))
    known = METRICS.get(metric)
    share = None
    if isinstance(row.value, int | float) and known:
        share = row.value if known.reads == "fraction" else row.value / 100 if known.unit == "percent" else None
    return {
        "label": metric_label(metric, formats.language),
        "value": formats.value(metric, row.value),
        "which": (row.label or row.instance) if len(rows) > 1 else "",
        "share": share,
    }


def _drawing(facts: Facts, device: str, chosen: Choice, sources: Sources, formats: Formats) -> Mapping[str, Any] | None:
    """The chart of 24 hours and the numbers in it."""
    # whole five minutes: the picture, and with it the page's ETag, changes no oftener
    end = (facts.now // 300 + 1) * 300
    start = end - DAY_S
    series = sources.series(device, chosen.metric, chosen.instance, start, end)
    points = [(at, float(value)) for at, value in series if isinstance(value, int | float)]
    if not points:
        return None
    known = METRICS.get(chosen.metric)
    fraction = bool(known and (known.reads == "fraction" or known.unit == "percent"))
    top = (1.0 if known and known.reads == "fraction" else 100.0) if fraction else None
    text = formats.language.gettext("%(what)s, dernières 24 heures", what=chosen.text)
    chart = Chart(text, points, start, end, lowest=0.0 if fraction else None, highest=top)
    return {
        "title": text,
        "chart": line_chart(chart, value=lambda value: formats.value(chosen.metric, value), time=formats.time),
        "rows": [(at, formats.value(chosen.metric, value)) for at, value in _sparse(points)],
        "lowest": formats.value(chosen.metric, min(value for _, value in points)),
        "highest": formats.value(chosen.metric, max(value for _, value in points)),
    }


def _sparse(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most thirteen of the points, evenly spread, the last one among them."""
    step = max(1, -(-len(points) // _ROWS))
    return [(at, value) for at, value in reversed(points)][::step]


def _card(facts: Facts, device: str, formats: Formats) -> list[tuple[str, str]]:
    """What is known of the thing itself; empty fields are left out."""
    say = formats.language
    known = facts.park.devices[device]
    support = ", ".join(
        part
        for part in (
            _support_word(known.support.model, formats),
            known.support.provider,
            say.gettext("contrat %(number)s", number=known.support.contract) if known.support.contract else "",
        )
        if part
    )
    ends = known.warranty.ends_on
    today = formats.local(facts.now).date()
    warranty = ""
    if ends:
        ending = f"{ends:%d/%m/%Y}"
        past = ends < today
        warranty = (
            say.gettext("terminée le %(day)s", day=ending) if past else say.gettext("jusqu’au %(day)s", day=ending)
        )
    fields = (
        (say.gettext("Adresse"), known.address),
        (say.gettext("Emplacement"), known.location or known.zone),
        (say.gettext("Acheté le"), f"{known.purchased_on:%d/%m/%Y}" if known.purchased_on else ""),
        (say.gettext("Garantie"), warranty),
        (say.gettext("Support"), support),
    )
    return [(name, str(text)) for name, text in fields if text]


def _support_word(model: str, formats: Formats) -> str:
    say = formats.language
    words = {
        "oem": say.gettext("Constructeur"),
        "tpm": say.gettext("Tierce maintenance"),
        "shared": say.gettext("Mixte"),
    }
    return words.get(model, "")
