"""The six states that people see: a shape, a word and a colour each (never a colour alone)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from gateway.core.incident import Verdict
from web.common.language import Language


class State(StrEnum):
    """What a badge says. The value is the CSS class and the name of the symbol."""

    OK = "ok"
    WATCH = "watch"
    DOWN = "down"
    HANDLED = "handled"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"

    @property
    def rank(self) -> int:
        """Orders states for display, the worst highest. A handled fault comes after one that nobody owns."""
        return _RANK.index(self)

    def word(self, language: Language) -> str:
        """The state in words."""
        words = {
            State.OK: language.gettext("Fonctionne"),
            State.WATCH: language.gettext("À surveiller"),
            State.DOWN: language.gettext("En panne"),
            State.HANDLED: language.gettext("En panne, prise en charge"),
            State.UNKNOWN: language.gettext("Inconnu"),
            State.MAINTENANCE: language.gettext("En maintenance"),
        }
        return words[self]


_RANK = (State.OK, State.MAINTENANCE, State.UNKNOWN, State.WATCH, State.HANDLED, State.DOWN)

_OF_VERDICT = {
    Verdict.OK: State.OK,
    Verdict.WARNING: State.WATCH,
    Verdict.CRITICAL: State.DOWN,
    Verdict.UNKNOWN: State.UNKNOWN,
    Verdict.MAINTENANCE: State.MAINTENANCE,
}


def state_of(verdict: str, *, handled: bool = False) -> State:
    """The state to show for a verdict; a word that is no verdict is unknown."""
    try:
        state = _OF_VERDICT[Verdict(verdict)]
    except ValueError:
        return State.UNKNOWN
    return State.HANDLED if handled and state is State.DOWN else state


def worst_state(states: Iterable[State]) -> State:
    """The state to show for several; none at all is unknown."""
    return max(states, key=lambda state: state.rank, default=State.UNKNOWN)
