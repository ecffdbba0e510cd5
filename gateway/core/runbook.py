"""What to do about a cause: steps for anybody in the depot, then steps for a technician, in three languages.

One file per cause, named after it: tables ``[[step]]`` with ``id``, ``for`` (anyone or technician), ``fr``, ``ar``,
``en``, and in a site's own file ``after`` (the id of the step before it). Unknown keys are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.device import IDENTIFIER
from gateway.core.document import Table, read_toml
from gateway.core.errors import Fault, InputError
from gateway.core.grammar import LANGUAGES
from gateway.core.incident import Cause, Change, ChangeKind, Incident
from gateway.core.people import Language


class Audience(StrEnum):
    """Who can do a step."""

    ANYONE = "anyone"
    TECHNICIAN = "technician"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``texts`` is the text per language; a site's own step may have fewer than three."""

    cause: str
    id: str
    audience: Audience
    texts: Mapping[Language, str]
    after: str = ""

    @property
    def key(self) -> str:
        """What is recorded when it is ticked off: "power_lost/breaker"."""
        return f"{self.cause}/{self.id}"

    def text(self, language: Language) -> str:
        """The text in a language, else the first there is of French, Arabic, English."""
        return self.texts.get(language) or next(self.texts[one] for one in LANGUAGES if one in self.texts)


@dataclass(frozen=True, slots=True)
class Runbook:
    """The steps for one cause, those for anybody first."""

    cause: str
    steps: tuple[Step, ...]

    def of(self, audience: Audience) -> tuple[Step, ...]:
        """The steps for one audience, in order."""
        return tuple(step for step in self.steps if step.audience is audience)


Runbooks = Mapping[str, Runbook]
"""Cause -> runbook."""


def read_runbook(text: str, file: str, *, shipped: bool) -> Runbook:
    """The runbook in one file. A shipped step has all three languages, a site's own at least one. Raises InputError
    with every fault of the file, each with its line."""
    cause = file.rpartition("/")[2].removesuffix(".toml")
    if cause not in list(Cause):
        known = ", ".join(Cause)
        raise InputError([Fault(file, 0, f'"{cause}" is no cause', f"name the file after one of {known}")])
    root = read_toml(text, file)
    steps = [_step(table, cause, shipped=shipped) for table in root.tables("step")]
    root.done()
    if not steps:
        root.fault("step", "there is no step", "add a table [[step]]")
    seen: set[str] = set()
    for index, step in enumerate(steps):
        if step.id in seen:
            root.source.fault(("step", index, "id"), f'step "{step.id}" is there twice', "give each its own id")
        seen.add(step.id)
    root.source.finish()
    return Runbook(cause, _ordered(steps))


def _step(table: Table, cause: str, *, shipped: bool) -> Step:
    name = table.required("id")
    if name and not IDENTIFIER.fullmatch(name):
        table.fault("id", f'id "{name}" is not allowed', "use small letters, digits, - and _")
    audience = Audience(table.choice("for", list(Audience), Audience.ANYONE))
    texts = {language: text for language in LANGUAGES if (text := table.text(language).strip())}
    missing = [language for language in LANGUAGES if language not in texts]
    if missing and (shipped or not texts):
        table.fault(missing[0], f"{table.name()} has no text in {', '.join(missing)}", f'add {missing[0]} = "..."')
    after = "" if shipped else table.text("after")
    table.done()
    return Step(cause, name, audience, texts, after)


def merged(shipped: Runbooks, own: Iterable[Runbook]) -> dict[str, Runbook]:
    """The shipped runbooks with a site's own steps: a step of the same id takes the place of the shipped one, another
    comes after the step it names, else at the end of its audience's."""
    found = dict(shipped)
    for book in own:
        steps = list(found[book.cause].steps) if book.cause in found else []
        for step in book.steps:
            _put(steps, step)
        found[book.cause] = Runbook(book.cause, _ordered(steps))
    return found


def by_cause(steps: Iterable[Step]) -> list[Runbook]:
    """Runbooks of single steps, in their order."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(step.cause, []).append(step)
    return [Runbook(cause, tuple(known)) for cause, known in found.items()]


def _put(steps: list[Step], step: Step) -> None:
    names = [known.id for known in steps]
    if step.id in names:
        steps[names.index(step.id)] = step
    elif step.after in names:
        steps.insert(names.index(step.after) + 1, step)
    else:
        steps.append(step)


def _ordered(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Anybody's steps first; the order within is kept."""
    return tuple(sorted(steps, key=lambda step: step.audience is Audience.TECHNICIAN))


def ticked(incident: Incident) -> dict[str, Change]:
    """Who ticked which step (by its key) and when: the first tick counts, a second one changes nothing, and one
    that was taken back counts no more."""
    ticks: dict[str, Change] = {}
    for change in incident.story:
        if change.kind is ChangeKind.TICKED:
            ticks.setdefault(change.text, change)
        elif change.kind is ChangeKind.UNTICKED:
            ticks.pop(change.text, None)
    return ticks


def step_text(key: str, runbooks: Runbooks, language: Language) -> str:
    """The text of a step by its key; the key itself where the step is not known any more."""
    cause, _, name = key.partition("/")
    book = runbooks.get(cause)
    found = next((step for step in book.steps if step.id == name), None) if book else None
    return found.text(language) if found else key


def reference(runbooks: Runbooks) -> str:
    """`docs/reference/runbooks.md`, from the shipped files."""
    lines = [_PREAMBLE]
    for cause in Cause:
        lines += [f"## `{cause}`", ""]
        for step in runbooks[cause].steps:
            who = "" if step.audience is Audience.ANYONE else " *(technician)*"
            lines.append(f"* `{step.id}`{who} {step.text('en')}")
            lines += [f"  <br>{step.text('fr')}", f"  <br>{step.text('ar')}"]
        lines.append("")
    return "\n".join(lines)


_PREAMBLE = """# Runbooks

Generated by `make docs` from `gateway/runbooks/`; a test fails when this page is not current.

What to do about each cause: first what anybody in the depot can do, then what a technician does. The incident's page
shows the steps; who is signed in ticks them off or takes that back, and who did what and when stays in the incident's
story. Ticked steps are what later incidents of the same kind are given as proposals.

A site adds its own steps or puts its own in the place of these: a folder of files named after the cause
(`power_lost.toml`), named in `site.toml`:

```toml
[runbooks]
path = "runbooks"
```

```toml
# runbooks/power_lost.toml
[[step]]
id = "breaker"            # a shipped id: this text takes its place
for = "anyone"            # or "technician"
fr = "Appelez Karim, il a la clé du tableau électrique."

[[step]]
id = "cold-room"          # a new id: a step of your own
after = "breaker"         # where it stands; without it, at the end
fr = "Fermez la chambre froide et notez sa température."
ar = "أغلقوا غرفة التبريد وسجّلوا حرارتها."
```

A step of your own needs one language at least; who reads another sees the one there is. `vigie check` tells every fault
of these files with its line. Headquarters is told the site's own steps with its inventory and shows them as the box
does.
"""
