"""The report of one incident in about ten lines, in one line, and in thirty seconds: French, Arabic, English.

Every line says of what nature it is: a fact that was measured, a deduction, what a person said or did, or a decision.
They are never mixed in one line. What is not known is said to be unknown, not left out.
"""

from __future__ import annotations

from gateway.core import narrative_texts as texts
from gateway.core.grammar import LANGUAGES, isolated, short_time, when
from gateway.core.incident import Cause, Incident
from gateway.core.narrative_context import Certainty, Context, Decision, Line, Loss, Nature
from gateway.core.people import Language
from gateway.core.telling import Telling, certainty

__all__ = [
    "Certainty", "Context", "Decision", "Line", "Loss", "Nature", "certainty", "for_the_owner", "narrative", "one_line",
    "report_lines",
]  # fmt: skip

ONE_LINE = 160
"""Characters of the shortest form: one SMS, one pass on a screen of lights."""


def narrative(incident: Incident, context: Context) -> dict[str, str]:
    """The report in the three languages, one line of text per line."""
    return {
        language: "\n".join(line.text for line in report_lines(incident, context, language)) for language in LANGUAGES
    }


def report_lines(incident: Incident, context: Context, language: Language) -> list[Line]:
    """The report, line by line, in the order in which it is read."""
    tell = Telling(incident, context, language)
    fact, deduction, statement, decision = Nature.FACT, Nature.DEDUCTION, Nature.STATEMENT, Nature.DECISION
    lines = [
        Line(fact, tell.head()),
        Line(fact, tell.lasting()),
        Line(_nature_of_sign(tell), tell.seen()),
        Line(fact, tell.affected()),
        Line(fact, tell.stopped()),
        Line(deduction, tell.cause()),
        Line(deduction, tell.again()),
        Line(statement, tell.done()),
        *(Line(statement, text) for text in tell.said()),
        Line(fact, tell.commitments()),
        Line(fact, tell.cost()),
        Line(decision, tell.decision()),
    ]
    return [line for line in lines if line.text]


def _nature_of_sign(tell: Telling) -> Nature:
    """What was seen first: measured, told by a person, or reckoned ahead."""
    if tell.incident.cause == Cause.REPORTED:
        return Nature.STATEMENT
    return Nature.DEDUCTION if tell.ahead else Nature.FACT


def one_line(incident: Incident, context: Context, language: Language) -> str:
    """At most ``ONE_LINE`` characters for an SMS or a screen of lights: no invisible marks, the tail is cut."""
    tell = Telling(incident, context, language)
    parts = [f"{incident.priority} {context.site}: {tell.plain_headline()}"]
    if incident.restored_at is None:
        parts.append(tell.say(texts.LINE_SINCE, at=short_time(incident.opened_at, context.zone, near=context.now)))
    else:
        end = short_time(incident.restored_at, context.zone, near=context.now)
        parts.append(tell.say(texts.LINE_ENDED, at=end))
    stopped = [one for one in tell.services() if one != incident.root_device]
    if stopped and incident.restored_at is None:
        parts.append(tell.say(texts.LINE_STOPPED, names=tell.few(stopped, 1)))
    if incident.restored_at is None:
        who = incident.acknowledged_by
        parts.append(tell.say(texts.LINE_WHO, who=tell.who(who)) if who else tell.say(texts.LINE_NOBODY))
    comma = "، " if language == "ar" else ", "
    while len(comma.join(parts)) > ONE_LINE and len(parts) > 2:
        parts.pop()
    text = comma.join(parts)
    return text if len(text) <= ONE_LINE else f"{text[: ONE_LINE - 1].rstrip()}…"


def for_the_owner(incident: Incident, context: Context, language: Language) -> str:
    """What somebody who pays reads in thirty seconds: what stands still, since when, who is on it, until when, and
    what there is to decide."""
    tell = Telling(incident, context, language)
    ended = incident.restored_at
    sentences = [f"{context.site} : " if language == "fr" else f"{isolated(context.site, language)}: "]
    sentences[0] += tell.plain_headline() + "."
    sentences.append(tell.stopped())
    if ended is not None:
        sentences.append(tell.say(texts.OWNER_OVER, end=tell.near(ended), lasting=tell.length()))
    else:
        start = when(incident.opened_at, context.zone, language, near=context.now)
        sentences.append(tell.say(texts.OWNER_LASTS, start=start, lasting=tell.length()))
        who = incident.acknowledged_by
        sentences.append(tell.say(texts.OWNER_WHO, who=tell.who(who)) if who else tell.say(texts.OWNER_NOBODY))
    sentences += [tell.promise_kept(), tell.again()]
    sentences += [tell.cost() if context.loss else "", tell.decision() if tell.decided else ""]
    return " ".join(sentence for sentence in sentences if sentence)
