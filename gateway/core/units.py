"""The vocabulary: every metric name, its unit and what it means. A profile, collector or rule cannot invent one.

Names are NUT's (RFC 9271) for power devices, OpenTelemetry's (``hw.*``, ``system.*``) for the rest, Vigie's own where
neither has a word (``reach.*``, ``collect.*``, ``printer.*``, ``backup.*``, ``anomaly.*``, ``gateway.*``). Units are
written as OpenTelemetry writes them (UCUM; ``{thing}`` for a count of things), with NUT's ``percent`` and ``VA``.
``human`` says a value as people read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from gateway.core.people import Language, bytes_text, choose, duration_text, number_text, percent_text, rate_text
from gateway.core.ups import status_text
from gateway.core.vocabulary import COUNTERS, GAUGES, LINE_GAUGES, PHASES, POWER_GAUGES, STATES

Shape = Literal["gauge", "counter", "state"]
"""gauge: goes up and down. counter: only rises, until it starts again at 0. state: a word."""

Reads = Literal["", "fraction", "flag"]
"""How a metric of unit 1 is read: a share of a whole (shown as %), yes or no, or "" for a plain number."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One word of the vocabulary. ``unit`` is "" for states; ``instance`` says what tells several of them apart on one
    device ("" where there is only one)."""

    name: str
    unit: str
    kind: Shape
    description: str
    instance: str = ""
    reads: Reads = ""


def _rows(table: str) -> Iterator[list[str]]:
    for line in table.strip().splitlines():
        yield line.split("|")


def _line_metrics() -> Iterator[Metric]:
    """input.voltage, input.L1-N.voltage, output.current, outlet.current ..."""
    for name, unit, text in _rows(LINE_GAUGES):
        for place, where in (("input", "of the input"), ("output", "of the output"), ("input.bypass", "of the bypass")):
            yield Metric(f"{place}.{name}", unit, "gauge", f"{text} {where}")
            for phase in PHASES:
                yield Metric(f"{place}.{phase}.{name}", unit, "gauge", f"{text} {where}, {phase}")
        yield Metric(f"outlet.{name}", unit, "gauge", f"{text} of an outlet", "outlet")


def _vocabulary() -> Iterator[Metric]:
    for name, unit, text in _rows(POWER_GAUGES):
        yield Metric(name, unit, "gauge", text)
    yield from _line_metrics()
    for name, text, instance in _rows(STATES):
        yield Metric(name, "", "state", text, instance)
    for name, unit, reads, instance, text in _rows(GAUGES):
        yield Metric(name, unit, "gauge", text, instance, _HOW[reads])
    for name, unit, instance, text in _rows(COUNTERS):
        yield Metric(name, unit, "counter", text, instance)


_HOW: dict[str, Reads] = {"": "", "fraction": "fraction", "flag": "flag"}


def _unique(metrics: Iterator[Metric]) -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for metric in metrics:
        if metric.name in found:
            raise ValueError(f"metric {metric.name} is defined twice")
        found[metric.name] = metric
    return found


METRICS: Mapping[str, Metric] = MappingProxyType(_unique(_vocabulary()))
"""Every metric there is, by name."""


def known(name: str) -> bool:
    """True if the vocabulary has this metric."""
    return name in METRICS


def unit_of(name: str) -> str:
    """The unit of a metric; "" for a state and for a name that is not known here (readings of a newer version)."""
    metric = METRICS.get(name)
    return metric.unit if metric else ""


_UNITS: Mapping[str, tuple[str, str, str]] = {
    "V": ("V", "فولت", "V"),
    "A": ("A", "أمبير", "A"),
    "A.h": ("Ah", "أمبير ساعة", "Ah"),
    "W": ("W", "واط", "W"),
    "VA": ("VA", "فولت أمبير", "VA"),
    "J": ("J", "جول", "J"),
    "Hz": ("Hz", "هرتز", "Hz"),
    "Cel": ("°C", "°م", "°C"),
    "rpm": ("tr/min", "د/د", "rpm"),
    "percent": ("%", "%", "%"),
    "1/s": ("/s", "/ثا", "/s"),
    "m3/h": ("m³/h", "م³/سا", "m³/h"),
}

_FLAGS: Mapping[str, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    "": (("non", "لا", "no"), ("oui", "نعم", "yes")),
    "reach.up": (("ne répond pas", "لا يستجيب", "no answer"), ("répond", "يستجيب", "answers")),
    "collect.up": (("ne répond pas", "لا يستجيب", "no answer"), ("répond", "يستجيب", "answers")),
    "hw.network.up": (("lien coupé", "الوصلة مقطوعة", "link down"), ("lien établi", "الوصلة قائمة", "link up")),
    "gateway.uplink.up": (("déconnecté", "غير متصل", "disconnected"), ("connecté", "متصل", "connected")),
}

_STATE_WORDS: Mapping[str, tuple[str, str, str]] = {
    "ok": ("bon", "سليم", "good"),
    "warning": ("à surveiller", "يحتاج إلى مراقبة", "warning"),
    "critical": ("critique", "حرج", "critical"),
    "unknown": ("inconnu", "غير معروف", "unknown"),
    "passed": ("bon", "سليم", "passed"),
    "failed": ("en échec", "فاشل", "failed"),
    "good": ("réussie", "ناجحة", "good"),
    "none yet": ("aucune encore", "لا شيء بعد", "none yet"),
    "full": ("dans les deux sens à la fois", "في الاتجاهين معًا", "full duplex"),
    "half": ("dans un seul sens à la fois", "في اتجاه واحد كل مرة", "half duplex"),
    "normal": ("normal", "عادي", "normal"),
    "urgent": ("urgent", "عاجل", "urgent"),
    "under_voltage": ("tension trop basse", "جهد منخفض", "under-voltage"),
    "throttled": ("ralenti", "مبطّأ", "throttled"),
}


def people_unit(name: str, language: Language = "fr") -> str:
    """The unit as people write it ("%", "°C", "tr/min"); "" where it depends on the value (durations, bytes) or where
    there is none."""
    metric = METRICS.get(name)
    if metric is None or metric.reads == "flag":
        return ""
    if metric.reads == "fraction":
        return "%"
    if metric.unit in _UNITS:
        return choose(_UNITS[metric.unit], language)
    return metric.unit if metric.unit in ("dB", "dBm") else ""


def human(name: str, value: float | str, language: Language = "fr") -> str:
    """A value as people read it, with its unit: "93 %", "1 h 20 min", "1,5 Go", "répond", "sur batterie".

    A word that has no translation is given as the device said it; a number of an unknown metric without a unit.
    """
    if isinstance(value, str):
        if name == "ups.status":
            return status_text(value, language)
        return choose(_STATE_WORDS[value], language) if value in _STATE_WORDS else value
    metric = METRICS.get(name)
    unit = metric.unit if metric else ""
    reads = metric.reads if metric else ""
    if reads == "flag":
        return choose(_FLAGS.get(name, _FLAGS[""])[1 if value else 0], language)
    if reads == "fraction" or unit == "percent":
        return percent_text(value if unit == "1" else value / 100, language)
    if unit == "s":
        return duration_text(value, language)
    if unit == "By":
        return bytes_text(value, language)
    if unit == "By/s":
        return rate_text(value, language, bits=".network." in name)
    number = number_text(value, language)
    shown = people_unit(name, language)
    return f"{number}\N{NO-BREAK SPACE}{shown}" if shown else number


def reference() -> str:
    """`docs/reference/metrics.md`, generated from the vocabulary; the phases of a three-phase device are one line."""
    lines = [_PREAMBLE]
    for title, kinds in (("Gauges", "gauge"), ("Counters", "counter"), ("States", "state")):
        lines += [f"## {title}", "", "| metric | unit | instance | meaning |", "|---|---|---|---|"]
        for metric in METRICS.values():
            if metric.kind == kinds and not any(f".{phase}." in metric.name for phase in PHASES):
                unit = _unit_text(metric)
                lines.append(f"| `{metric.name}` | {unit} | {metric.instance} | {metric.description} |")
        lines.append("")
    return "\n".join(lines)


def _unit_text(metric: Metric) -> str:
    match metric.reads:
        case "flag":
            return "1 (0 or 1)"
        case "fraction":
            return "1 (0 to 1)"
    return metric.unit or "word"


_PREAMBLE = """# Metrics

Generated by `make docs` from `gateway/core/vocabulary.py`; a test fails when this page is not current.

A profile, a collector or a rule can use these names and no others. Units are written as OpenTelemetry writes them
(UCUM; `{thing}` for a count of things); `percent` and `VA` are NUT's. `instance` tells several of a kind apart on
one device.

On a three-phase device every metric of `input`, `output` and `input.bypass` also exists per phase, with `L1`,
`L2`, `L3`, `N`, `L1-N`, `L2-N`, `L3-N`, `L1-L2`, `L2-L3` or `L3-L1` after the place: `input.L1-N.voltage`.
"""
