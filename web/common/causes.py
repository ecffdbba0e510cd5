"""What is wrong, in the words of the business, in the language of a page."""

from __future__ import annotations

from gateway.core.headline import SUBJECT_FIRST, headline
from web.common.language import Language

__all__ = ["SUBJECT_FIRST", "title"]


def title(cause: str, name: str, say: Language) -> str:
    """The headline of an incident. ``name`` is what people call the device, service or site it lies in; empty where it
    is no one device."""
    return headline(cause, name, say.code)
