"""The end of an incident in `vigie replay --json`: whether it is a recurrence, what helped before, the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gateway.core.incident import Incident
from gateway.core.narrative import Context, narrative
from gateway.core.proposals import Proposal, by_itself, evidence, proposals, recurrence_of
from gateway.core.runbook import Runbooks, step_text


def lessons(incident: Incident, past: Sequence[Incident], context: Context, runbooks: Runbooks) -> dict[str, Any]:
    """``recurrence_of``, ``proposals`` and ``narrative`` of one incident. ``past`` are the other incidents of the same
    site (those that came later are passed over); proposals are in the site's language."""
    again = recurrence_of(incident, past)
    told = replace(context, again=again)
    found = proposals(incident, past, context.park, context.zone)
    return {
        "recurrence_of": again[0].id if again else None,
        "proposals": [
            {"action": _action(one, context, runbooks), "evidence": evidence(one, context.zone, context.language)}
            for one in found
        ],
        "narrative": narrative(incident, told),
    }


def _action(proposal: Proposal, context: Context, runbooks: Runbooks) -> str:
    if proposal.step:
        return step_text(proposal.step, runbooks, context.language)
    return proposal.action or by_itself(context.language)
