"""Which readings an incident stands on, and which rule each of them broke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.check import Check
from gateway.core.default_checks import DEFAULT_CHECKS
from gateway.core.device import Park
from gateway.core.incident import Incident
from web.common.formats import Formats
from web.common.labels import metric_label
from web.site.sentences import called

_RULES: Mapping[str, Check] = {check.id: check for check in DEFAULT_CHECKS}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reading in words: where, what, how much, and the rule (empty in records of versions that kept none)."""

    where: str
    what: str
    rule: str


def evidence(incident: Incident, park: Park, formats: Formats) -> list[Evidence]:
    """The readings in the order in which they were recognised."""
    say = formats.language
    rows = []
    for one in incident.symptoms:
        part = say.isolate(one.instance)
        what = " ".join(part for part in (metric_label(one.metric, say), part) if part)
        if one.value is not None:
            value = formats.value(one.metric, one.value)
            what = say.gettext("%(name)s : %(text)s", name=what, text=value)
        rows.append(Evidence(called(one.device, park, say), what, _rule(one.check, one.metric, formats)))
    return rows


def _rule(rule: str, metric: str, formats: Formats) -> str:
    if not rule:
        return ""
    say = formats.language
    text = say.gettext("règle : %(rule)s", rule=say.isolate(rule))
    known = _RULES.get(rule)
    limit = None if known is None else known.critical if known.warning is None else known.warning
    if known is None or limit is None or rule == "reach":
        return text
    sign = "≤" if known.below else "≥"
    return f"{text} ({say.isolate(f'{sign} {formats.value(metric, limit)}')})"
