"""What to do about an incident and what was done in earlier ones, for the incident's page of both faces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gateway.core.device import Park
from gateway.core.incident import Change, Incident
from gateway.core.narrative import Context, Nature, report_lines
from gateway.core.proposals import by_itself, evidence, proposals
from gateway.core.runbook import Audience, Runbooks, Step, step_text, ticked
from web.common.formats import Formats
from web.common.language import Language


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the runbook; ``who`` ticked it off ``at``, empty and ``None`` if nobody did."""

    key: str
    text: str
    who: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps of an incident's runbook, and those that were ticked under an explanation that was revised since."""

    anyone: tuple[Row, ...]
    technician: tuple[Row, ...]
    earlier: tuple[Row, ...]

    @property
    def done(self) -> int:
        """Steps that are ticked off."""
        return sum(row.at is not None for row in (*self.anyone, *self.technician))

    @property
    def count(self) -> int:
        """All steps of the runbook."""
        return len(self.anyone) + len(self.technician)


@dataclass(frozen=True, slots=True)
class Tried:
    """Something that ended similar incidents, with the reason why it is proposed and the cases themselves."""

    text: str
    why: str
    cases: tuple[Incident, ...]


Author = Callable[[str], str]
"""Who did something, for people."""


def checklist(incident: Incident, runbooks: Runbooks, formats: Formats, author: Author) -> Checklist:
    """The steps for the incident's cause with their ticks."""
    ticks, code = ticked(incident), formats.language.code
    book = runbooks.get(incident.cause)

    def row(step: Step) -> Row:
        return _row(step.key, step.text(code), ticks.get(step.key), author)

    steps = {audience: tuple(row(step) for step in book.of(audience)) if book else () for audience in Audience}
    known = {one.key for rows in steps.values() for one in rows}
    earlier = [
        _row(key, step_text(key, runbooks, code), change, author) for key, change in ticks.items() if key not in known
    ]
    return Checklist(steps[Audience.ANYONE], steps[Audience.TECHNICIAN], tuple(earlier))


def _row(key: str, text: str, tick: Change | None, author: Author) -> Row:
    return Row(key, text, author(tick.who), tick.at) if tick else Row(key, text)


def tried(incident: Incident, past: Iterable[Incident], park: Park, books: Runbooks, formats: Formats) -> list[Tried]:
    """What ended similar incidents; empty where too little is known."""
    code, zone = formats.language.code, formats.zone.key
    found = []
    for one in proposals(incident, past, park, zone):
        text = formats.language.isolate(one.action) if one.action else by_itself(code)
        if one.step:
            text = step_text(one.step, books, code)
        cases = tuple(like.incident for like in one.cases)
        found.append(Tried(text, evidence(one, zone, code), cases))
    return found


def told(incident: Incident, context: Context, say: Language) -> list[tuple[str, list[str]]]:
    """The report of an incident by what its lines are: facts, deductions, what people said and did, decisions. The head
    is left out since the page has it."""
    lines = report_lines(incident, context, say.code)[1:]
    groups = [(word, [line.text for line in lines if line.nature is nature]) for nature, word in _natures(say).items()]
    return [(word, texts) for word, texts in groups if texts]


def _natures(say: Language) -> Mapping[Nature, str]:
    return {
        Nature.FACT: say.gettext("Mesuré"),
        Nature.DEDUCTION: say.gettext("Déduit"),
        Nature.STATEMENT: say.gettext("Personnes"),
        Nature.DECISION: say.gettext("Décision"),
    }
