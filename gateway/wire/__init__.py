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
from gateway.wire.orders import (
    ORDER_BYTES,
    Order,
    OrderResult,
    SignedOrder,
    order_of,
    order_payload,
    order_text,
    results_body,
    results_of,
)
from gateway.wire.text import GarbledError, instant, iso

__all__ = [
    "KINDS",
    "LARGEST",
    "ORDER_BYTES",
    "VERSION",
    "Acknowledgement",
    "ClockState",
    "Envelope",
    "GarbledError",
    "Names",
    "Order",
    "OrderResult",
    "SignedOrder",
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
    "order_of",
    "order_payload",
    "order_text",
    "park_of",
    "part_of",
    "results_body",
    "results_of",
    "site_of",
    "state_payload",
    "status_of",
    "status_payload",
    "summary_body",
    "summary_of",
    "transitions_of",
]
