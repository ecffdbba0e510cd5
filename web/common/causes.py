"""What is wrong, in the words of the business: one sentence per cause, used in titles and messages of both faces."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.core.incident import Cause
from web.common.language import Language


def title(cause: str, name: str, say: Language) -> str:
    """The headline of an incident. ``name`` is what people call the device, service or site it lies in; empty where it
    is no one device. Written so that no name needs an article or a gender."""
    if not name:
        return _nameless(cause, say)
    isolated = say.isolate(name)
    text = _about(say).get(cause, "")
    if not text:
        return say.gettext("%(what)s : %(name)s", what=_nameless(cause, say), name=isolated)
    return text % {"name": isolated}


SUBJECT_FIRST = frozenset(
    {
        Cause.DEVICE_UNREACHABLE,
        Cause.SERVICE_DOWN,
        Cause.SERVICE_SLOW,
        Cause.OVERHEATING,
        Cause.REBOOTED,
        Cause.ANOMALY,
        Cause.SITE_SILENT,
    }
)
"""Causes whose headline begins with the name; in the others it comes last, after a colon."""


def _about(say: Language) -> Mapping[str, str]:
    return {
        Cause.DEVICE_UNREACHABLE: say.gettext("%(name)s ne répond plus"),
        Cause.SERVICE_DOWN: say.gettext("%(name)s ne fonctionne plus"),
        Cause.SERVICE_SLOW: say.gettext("%(name)s répond trop lentement"),
        Cause.OVERHEATING: say.gettext("%(name)s chauffe trop"),
        Cause.REBOOTED: say.gettext("%(name)s a redémarré sans prévenir"),
        Cause.ANOMALY: say.gettext("%(name)s ne se comporte pas comme d’habitude"),
        Cause.SITE_SILENT: say.gettext("%(name)s ne donne plus de nouvelles"),
    }


def _nameless(cause: str, say: Language) -> str:
    texts: Mapping[str, str] = {
        Cause.POWER_LOST: say.gettext("Le courant est coupé"),
        Cause.BATTERY_WORN: say.gettext("Batterie de secours en fin de vie"),
        Cause.UPS_OVERLOADED: say.gettext("Onduleur en surcharge"),
        Cause.DEVICE_UNREACHABLE: say.gettext("Un appareil ne répond plus"),
        Cause.LINK_DOWN: say.gettext("Liaison réseau coupée"),
        Cause.UPLINK_LOST: say.gettext("Internet est coupé"),
        Cause.PORT_ERRORS: say.gettext("Erreurs de transmission sur un câble"),
        Cause.DISK_FULL: say.gettext("Disque bientôt plein"),
        Cause.DISK_FAILING: say.gettext("Disque en fin de vie"),
        Cause.RAID_DEGRADED: say.gettext("Disques de secours incomplets"),
        Cause.MEMORY_EXHAUSTED: say.gettext("Plus de mémoire libre"),
        Cause.CPU_SATURATED: say.gettext("Processeur saturé"),
        Cause.OVERHEATING: say.gettext("Il fait trop chaud"),
        Cause.FAN_FAILED: say.gettext("Ventilateur arrêté"),
        Cause.PSU_FAILED: say.gettext("Bloc d’alimentation en panne"),
        Cause.SERVICE_DOWN: say.gettext("Un service ne fonctionne plus"),
        Cause.SERVICE_SLOW: say.gettext("Un service répond trop lentement"),
        Cause.BACKUP_MISSED: say.gettext("Sauvegarde manquée"),
        Cause.CERTIFICATE_EXPIRING: say.gettext("Certificat bientôt périmé"),
        Cause.CLOCK_WRONG: say.gettext("Horloge fausse"),
        Cause.SUPPLY_EMPTY: say.gettext("Encre, toner ou papier bientôt épuisé"),
        Cause.REBOOTED: say.gettext("Redémarrage imprévu"),
        Cause.ANOMALY: say.gettext("Comportement inhabituel"),
        Cause.SITE_SILENT: say.gettext("Le site ne donne plus de nouvelles"),
        Cause.REPORTED: say.gettext("Panne signalée par une personne"),
        Cause.GATEWAY_FAULT: say.gettext("Le boîtier de surveillance a un problème"),
    }
    return texts.get(cause, say.gettext("Panne"))
