"""Messages between a site and headquarters: envelopes and bodies to bytes and back. Pure; versioned; tolerant of keys
it does not know. `docs/reference/asyncapi.yaml` describes every payload.

Keys that end in ``_at`` (and ``at``, ``until``) are instants as ISO 8601 UTC with milliseconds and ``Z``; ``ts`` in the
flat payloads (``status``, ``state/<device>``) is milliseconds since the epoch, as dashboards want it.
"""

from gateway.wire.bodies import (
    Summary,
    changes_of,
    facts_body,
    inventory_body,
    is_inventory,
    park_of,
    part_of,
    site_of,
    summary_body,
    summary_of,
    transitions_of,
)
from gateway.wire.envelope import (
    DEFLATE_ABOVE,
    KINDS,
    LARGEST,
    VERSION,
    ClockState,
    Envelope,
    Names,
    body_bytes,
    body_of,
    decode,
    encode,
)
from gateway.wire.flat import (
    Acknowledgement,
    StateNow,
    Status,
    acknowledgement,
    acknowledgement_of,
    state_payload,
    status_of,
    status_payload,
)
from gateway.wire.text import GarbledError, instant, iso

__all__ = [
    "DEFLATE_ABOVE",
    "KINDS",
    "LARGEST",
    "VERSION",
    "Acknowledgement",
    "ClockState",
    "Envelope",
    "GarbledError",
    "Names",
    "StateNow",
    "Status",
    "Summary",
    "acknowledgement",
    "acknowledgement_of",
    "body_bytes",
    "body_of",
    "changes_of",
    "decode",
    "encode",
    "facts_body",
    "instant",
    "inventory_body",
    "is_inventory",
    "iso",
    "park_of",
    "part_of",
    "site_of",
    "state_payload",
    "status_of",
    "status_payload",
    "summary_body",
    "summary_of",
    "transitions_of",
]
