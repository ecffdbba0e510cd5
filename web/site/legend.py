"""The help page: what states, lights and words mean; and short words for failures and lights used elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.core.reading import FailureKind
from web.common import Language, State

Rows = list[tuple[str, str]]


def help_view(say: Language) -> dict[str, Any]:
    """Template variables of the help page."""
    return {"states": _states(say), "lights": _lights(say), "words": _words(say)}


def _states(say: Language) -> list[tuple[State, str]]:
    return [
        (State.OK, say.gettext("Le service répond normalement.")),
        (State.WATCH, say.gettext("Il marche, mais un signe est inhabituel. Rien à faire, sauf consigne affichée.")),
        (State.DOWN, say.gettext("Il ne marche plus. Le support est prévenu automatiquement.")),
        (State.HANDLED, say.gettext("Il ne marche plus, et quelqu’un s’en occupe.")),
        (
            State.UNKNOWN,
            say.gettext("Le boîtier n’arrive pas à savoir : appareil éteint, ou câble débranché."),
        ),
        (State.MAINTENANCE, say.gettext("Arrêt prévu. Pas d’alerte, pas compté dans les engagements.")),
    ]


def _lights(say: Language) -> Rows:
    return [
        (say.gettext("Vert fixe"), say.gettext("Tout fonctionne.")),
        (say.gettext("Orange, clignotement lent"), say.gettext("À surveiller.")),
        (
            say.gettext("Rouge, clignotement rapide, et bip"),
            say.gettext("Panne critique. Le bip se coupe 30 minutes avec le bouton ou depuis cette page."),
        ),
        (say.gettext("Rouge fixe"), say.gettext("Panne prise en charge.")),
        (
            say.gettext("Bleu, clignotement lent"),
            say.gettext("Liaison avec le siège coupée ; la surveillance locale continue."),
        ),
    ]


def _words(say: Language) -> Rows:
    return [
        (say.gettext("Prise en charge"), say.gettext("Un technicien a vu la panne et s’en occupe.")),
        (
            say.gettext("Onduleur"),
            say.gettext("Batterie de secours qui garde les machines allumées pendant une coupure de courant."),
        ),
        (say.gettext("Commutateur"), say.gettext("Boîtier où arrivent les câbles du réseau (switch).")),
        (
            say.gettext("Tierce maintenance"),
            say.gettext("Entretien assuré par une société autre que le fabricant."),
        ),
        (
            say.gettext("Criticité"),
            say.gettext("À quel point l’arrêt gêne le travail : critique, important ou standard."),
        ),
    ]


def failure_word(kind: str, say: Language) -> str:
    """Why a device could not be read."""
    words: Mapping[str, str] = {
        FailureKind.TIMEOUT: say.gettext("Ne répond pas"),
        FailureKind.REFUSED: say.gettext("Refuse la connexion"),
        FailureKind.UNAUTHORISED: say.gettext("Refuse le mot de passe"),
        FailureKind.GARBLED: say.gettext("Réponse incompréhensible"),
    }
    return words.get(kind, say.gettext("Ne répond pas"))


def light_word(panel: Mapping[str, Any], say: Language) -> str:
    """What the panel shows now."""
    lights = {
        "green": say.gettext("vert"),
        "amber": say.gettext("orange"),
        "red": say.gettext("rouge"),
        "blue": say.gettext("bleu"),
    }
    blinks = {
        "steady": say.gettext("fixe"),
        "slow": say.gettext("clignotement lent"),
        "fast": say.gettext("clignotement rapide"),
    }
    parts = [
        lights.get(str(panel.get("light")), ""),
        blinks.get(str(panel.get("blink")), ""),
        say.gettext("bip") if panel.get("buzzer") not in (None, "off") else "",
    ]
    return ", ".join(part for part in parts if part)


def done_text(key: str, say: Language) -> str:
    """What to tell after something was asked for; "" for anything else in the address."""
    texts = {
        "acknowledge": say.gettext("C’est noté : vous vous occupez de cette panne."),
        "intervention_start": say.gettext("C’est noté : l’intervention a commencé."),
        "note": say.gettext("La note est enregistrée."),
        "tick": say.gettext("C’est noté : cette étape est faite."),
        "untick": say.gettext("C’est noté : cette étape reste à faire."),
        "decide": say.gettext("La décision est notée."),
        "report": say.gettext("C’est signalé : la panne s’affiche ici dans quelques secondes."),
        "maintenance_start": say.gettext("C’est noté : travaux en cours, personne n’est alerté pour cet appareil."),
        "maintenance_end": say.gettext("C’est noté : les travaux sont finis, l’appareil est de nouveau surveillé."),
        "resolve": say.gettext("C’est noté : cette panne est terminée."),
        "silence": say.gettext("Le bip est coupé pour 30 minutes. Une nouvelle panne sonnera."),
        "poll_now": say.gettext("Les appareils vont être relus."),
        "device_add": say.gettext("C’est noté : l’appareil est ajouté et sera lu dans quelques secondes."),
        "device_change": say.gettext("C’est noté : la fiche est corrigée dans quelques secondes."),
        "device_swap": say.gettext("C’est noté : c’est la machine connue à cette place, désormais."),
        "device_move": say.gettext("C’est noté : l’appareil est lu à sa nouvelle adresse."),
        "proposal_ignore": say.gettext("C’est noté : il ne sera plus proposé."),
        "proposal_want": say.gettext("C’est noté : il est proposé à nouveau."),
        "sweep_now": say.gettext("La recherche commence. Elle peut durer quelques minutes."),
    }
    return texts.get(key, "")
