"""Discovered devices: what a sweep found, what was replaced or has moved, and the forms in which a person decides.

The page only leaves commands; the agent adds nothing that it has not found itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from flask import Flask, Response, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from gateway.core.device import GATEWAY, Criticality, Device, Kind, Park, SupportModel
from gateway.core.inventory import cards
from web.common import live_page, needs_sign_in, plain_page
from web.common.language import Language
from web.site.facts import Facts, Sources, gather
from web.site.legend import done_text
from web.site.sentences import kind_name

NAME_LENGTH = 60
TEXT_LENGTH = 100
_BAD = 400
_SHOWN = 50
"""Proposals on one page."""
_DAYS = ("purchased_on", "warranty.ends_on", "support.ends_on")
_WRITTEN = ("zone", "perimeter", "vendor", "model", "serial", "firmware", "support.model", "support.provider",
            "support.contract", "support.phone", *_DAYS)  # fmt: skip
_ON_POWER = (Kind.UPS, Kind.PDU)
_DONE = ("device_add", "device_swap", "device_move", "proposal_ignore", "proposal_want", "sweep_now")


class Discovering:
    """The routes; they read the agent's status document and leave commands."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def register(self, app: Flask) -> None:
        """Adds the routes."""
        app.add_url_rule("/discovery", "discovery", self.show)
        app.add_url_rule("/discovery/new/<path:key>", "new_device", needs_sign_in(self.new))
        app.add_url_rule("/discovery/new/<path:key>", "add_device", needs_sign_in(self.add), methods=["POST"])
        app.add_url_rule("/discovery/<deed>", "decide", needs_sign_in(self.decide), methods=["POST"])
        app.add_url_rule("/devices/<device>/edit", "edit_device", needs_sign_in(self.edit))
        app.add_url_rule("/devices/<device>/edit", "change_device", needs_sign_in(self.change), methods=["POST"])

    def show(self) -> Response:
        """What waits for a decision."""
        sources = self._sources

        def variables() -> Mapping[str, Any]:
            facts = gather(sources, g.now)
            return {"done": done_text(request.args.get("done", ""), g.language), **discovery_view(facts, g.language)}

        status = sources.status() or {}
        at = status.get("at")
        checked = float(at) if isinstance(at, int | float) else None
        return live_page("site/discovery.html", variables, version=sources.version(), checked_at=checked)

    def decide(self, deed: str) -> AnyResponse:
        """A decision of one click."""
        fields: Mapping[str, Sequence[str]] = {
            "swap": ("device", "serial", "same"),
            "move": ("key",),
            "ignore": ("key",),
            "want": ("key",),
            "sweep": (),
        }
        kinds = {"swap": "device_swap", "move": "device_move", "ignore": "proposal_ignore", "want": "proposal_want",
                 "sweep": "sweep_now"}  # fmt: skip
        if deed not in kinds:
            abort(404)
        body = {key: request.form.get(key, "")[:TEXT_LENGTH] for key in fields[deed]}
        self._sources.submit(kinds[deed], g.account.name, body)
        return redirect(url_for("discovery", done=kinds[deed]), 303)

    def new(self, key: str) -> AnyResponse:
        """The form for a proposal, filled in with what was found."""
        facts = gather(self._sources, g.now)
        row = _found(facts, key)
        if row is None:
            return redirect(url_for("discovery"), 303)
        return self._form(facts, row, proposed(row, g.language))

    def add(self, key: str) -> AnyResponse:
        """A person adds the device as the form says."""
        facts = gather(self._sources, g.now)
        row = _found(facts, key)
        if row is None:
            return redirect(url_for("discovery"), 303)
        given, fault = _given(facts.park, "", ())
        if fault:
            return self._form(facts, row, given, fault)
        self._sources.submit("device_add", g.account.name, {"key": key, **given})
        return redirect(url_for("discovery", done="device_add"), 303)

    def edit(self, device: str) -> AnyResponse:
        """The form for what is written down about a device."""
        facts = gather(self._sources, g.now)
        return self._entry_form(facts, device, written(self._device(facts, device)))

    def change(self, device: str) -> AnyResponse:
        """A person writes it down anew: only what changed is told to the agent."""
        facts = gather(self._sources, g.now)
        before = written(self._device(facts, device))
        given, fault = _given(facts.park, device, _WRITTEN)
        if fault:
            return self._entry_form(facts, device, given, fault)
        changed = {key: value for key, value in given.items() if value != before[key]}
        if changed:
            self._sources.submit("device_change", g.account.name, {"device": device, **changed})
        return redirect(url_for("device", device=device, done="device_change" if changed else None), 303)

    def _device(self, facts: Facts, name: str) -> Device:
        found = facts.park.devices.get(name)
        return found if found is not None and name != GATEWAY else abort(404)

    def _form(self, facts: Facts, row: Mapping[str, Any], given: Mapping[str, str], fault: str = "") -> AnyResponse:
        return self._page(
            facts,
            given,
            fault,
            title=g.language.gettext("Ajouter un appareil"),
            action=url_for("add_device", key=row["key"]),
            back=url_for("discovery"),
            row=proposal_view(row, facts.park, g.language),
        )

    def _entry_form(self, facts: Facts, device: str, given: Mapping[str, str], fault: str = "") -> AnyResponse:
        card = cards(facts.park, self._sources.entries())[device]
        return self._page(
            facts,
            given,
            fault,
            title=g.language.gettext("Corriger la fiche"),
            action=url_for("change_device", device=device),
            back=url_for("device", device=device),
            device=device,
            said=card.said,
        )

    def _page(self, facts: Facts, given: Mapping[str, str], fault: str, **more: Any) -> AnyResponse:
        park, me = facts.park, more.get("device", "")
        others = sorted((one for one in park.devices.values() if one.id not in (GATEWAY, me)), key=lambda one: one.name)
        response = plain_page(
            "site/device-form.html",
            done="",
            given=given,
            fault=fault,
            chosen_kinds=[kind for kind in Kind if kind is not Kind.GATEWAY],
            levels=list(Criticality),
            parents=others,
            supplies=[one for one in others if one.kind in _ON_POWER],
            lengths=(NAME_LENGTH, TEXT_LENGTH),
            supports=list(SupportModel),
            **{"row": None, "said": {}, "device": "", **more},
        )
        response.status_code = _BAD if fault else 200
        return response


def discovery_view(facts: Facts, say: Language) -> dict[str, Any]:
    """What the page shows."""
    told = facts.status.get("discovery")
    rows = [proposal_view(row, facts.park, say) for row in (told or {}).get("found") or ()]
    waiting = [row for row in rows if row["address"] not in {one.address for one in facts.park.devices.values()}]
    return {
        "facts": facts,
        "told": told,
        "swaps": [one for one in facts.status.get("replaced") or () if one["device"] in facts.park.devices],
        "rows": waiting[:_SHOWN],
        "more": max(0, len(waiting) - _SHOWN) + int((told or {}).get("more") or 0),
        "ignored": (told or {}).get("ignored") or (),
        "sweep": facts.status.get("sweep") or {},
        "refusal": (facts.status.get("stock") or {}).get("refusal") or "",
    }


def proposal_view(row: Mapping[str, Any], park: Park, say: Language) -> dict[str, Any]:
    """One proposal in words."""
    device, said = row["device"], row.get("said") or {}
    make = " ".join(part for part in (said.get("vendor"), said.get("model")) if part)
    return {
        "key": row["key"],
        "address": row["address"],
        "moved": row["replaces"] if row["standing"] == "moved" else "",
        "before": park.devices[row["replaces"]].address if row["replaces"] in park.devices else "",
        "name": device["name"] if "name" not in row["guessed"] else "",
        "kind": kind_name(device["kind"], say),
        "sure": "kind" not in row["guessed"],
        "make": make,
        "card_of": said.get("mac_vendor", ""),
        "serial": said.get("serial", ""),
        "firmware": said.get("firmware", ""),
        "mac": said.get("mac", ""),
        "guessed": row["guessed"],
        "first": [name for key in ("parent", "power") if (name := device.get(key)) and name not in park.devices],
        "reasons": [text for one in row.get("reasons") or () if (text := reason_text(one, park, say))],
    }


def reason_text(reason: Sequence[str], park: Park, say: Language) -> str:
    """What a proposal rests on; "" for a reason of a newer version."""
    code, *values = reason
    one, two, _three = (say.isolate(value) for value in (*values, "", "", "")[:3])
    texts: Mapping[str, Callable[[], str]] = {
        "kind_snmp": lambda: say.gettext("se décrit lui-même (SNMP, %(one)s)", one=one),
        "kind_router": lambda: say.gettext("c’est la sortie du boîtier vers les autres réseaux"),
        "kind_mdns": lambda: say.gettext("annonce le service %(one)s", one=one),
        "kind_maker": lambda: say.gettext("%(one)s a fabriqué sa carte réseau", one=one),
        "kind_port": lambda: say.gettext("port ouvert : %(one)s", one=one),
        "kind_unknown": lambda: say.gettext("rien ne dit ce que c’est"),
        "mdns": lambda: say.gettext("services annoncés : %(one)s", one=one),
        "ports": lambda: say.gettext("ports ouverts : %(one)s", one=one),
        "seen_at_port": lambda: say.gettext(
            "%(one)s le voit sur son port %(two)s", one=say.isolate(park.name(values[0])), two=two
        ),
        "only_switch": lambda: say.gettext("un seul commutateur est connu"),
        "only_ups": lambda: say.gettext("un seul onduleur est connu"),
        "moved": lambda: say.gettext("le numéro de série %(one)s était à l’adresse %(two)s", one=one, two=two),
    }
    return texts[code]() if code in texts else ""


def proposed(row: Mapping[str, Any], say: Language) -> dict[str, str]:
    """The form filled in with what was found; a name that nobody told is made of kind and maker."""
    device, said = row["device"], row.get("said") or {}
    guess = " ".join(part for part in (kind_name(device["kind"], say), said.get("mac_vendor", "")) if part)
    return {
        "name": (guess if "name" in row["guessed"] else device["name"])[:NAME_LENGTH],
        "kind": device["kind"],
        "criticality": device["criticality"],
        "parent": device.get("parent") or "",
        "power": device.get("power") or "",
        "location": "",
    }


def written(device: Device) -> dict[str, str]:
    """What is written down about a device, as the form shows it."""
    return {
        "name": device.name,
        "kind": str(device.kind),
        "criticality": str(device.criticality),
        "parent": device.parent or "",
        "power": device.power or "",
        "location": device.location,
        "vendor": device.vendor,
        "model": device.model,
        "serial": device.serial,
        "firmware": device.firmware,
        "zone": device.zone,
        "perimeter": device.perimeter,
        "support.model": str(device.support.model),
        "support.provider": device.support.provider,
        "support.contract": device.support.contract,
        "support.phone": device.support.phone,
        "purchased_on": _day(device.purchased_on),
        "warranty.ends_on": _day(device.warranty.ends_on),
        "support.ends_on": _day(device.support.ends_on),
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _found(facts: Facts, key: str) -> Mapping[str, Any] | None:
    told = facts.status.get("discovery") or {}
    return next((row for row in told.get("found") or () if row["key"] == key and row["standing"] == "new"), None)


def _given(park: Park, device: str, more: Sequence[str]) -> tuple[dict[str, str], str]:
    """(what was written into the form, what is wrong with it)."""
    say: Language = g.language
    keys = ("name", "kind", "criticality", "parent", "power", "location", *more)
    given = {key: " ".join(request.form.get(key, "").split())[:TEXT_LENGTH] for key in keys}
    given["name"] = given["name"][:NAME_LENGTH]
    if not given["name"]:
        return given, say.gettext("Donnez-lui un nom.")
    if given["kind"] not in set(Kind) or given["kind"] == Kind.GATEWAY or given["criticality"] not in set(Criticality):
        return given, say.gettext("Choisissez dans les listes.")
    others = set(park.devices) - {device, GATEWAY}
    if any(given[key] and given[key] not in others for key in ("parent", "power")):
        return given, say.gettext("Choisissez dans les listes.")
    if given["parent"] and device in park.path(given["parent"]):
        return given, say.gettext("Cet appareil est lui-même derrière celui que vous avez choisi.")
    if more and given["support.model"] not in set(SupportModel):
        return given, say.gettext("Choisissez dans les listes.")
    if not all(_is_day(given.get(key, "")) for key in _DAYS):
        return given, say.gettext("Écrivez la date comme 2026-11-22.")
    return given, ""


def _is_day(text: str) -> bool:
    try:
        return not text or bool(date.fromisoformat(text))
    except ValueError:
        return False
