"""What is wrong, in the words of the business: one sentence per cause and language, used by both pages, by messages, by
the narrative and by the report. Written so that no name needs an article or a gender."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.core.grammar import Text, isolated
from gateway.core.incident import Cause
from gateway.core.people import Language, choose

_ABOUT: Mapping[str, Text] = {
    Cause.DEVICE_UNREACHABLE: ("%s ne répond plus", "%s لا يستجيب", "%s no longer answers"),
    Cause.SERVICE_DOWN: ("%s ne fonctionne plus", "%s: توقّف عن العمل", "%s no longer works"),
    Cause.SERVICE_SLOW: ("%s répond trop lentement", "%s: استجابة بطيئة جدًا", "%s answers too slowly"),
    Cause.OVERHEATING: ("%s chauffe trop", "%s: حرارة مرتفعة جدًا", "%s is too hot"),
    Cause.REBOOTED: (
        "%s a redémarré sans prévenir",
        "%s: إعادة تشغيل غير متوقعة",
        "%s restarted without warning",
    ),
    Cause.ANOMALY: (
        "%s ne se comporte pas comme d’habitude",
        "%s: سلوك غير معتاد",
        "%s does not behave as usual",
    ),
    Cause.SITE_SILENT: ("%s ne donne plus de nouvelles", "%s: انقطعت أخباره", "%s has gone silent"),
}

SUBJECT_FIRST = frozenset(_ABOUT)
"""Causes whose headline begins with the name; in the others it comes last, after a colon."""

_NAMELESS: Mapping[str, Text] = {
    Cause.POWER_LOST: ("Le courant est coupé", "انقطع التيار الكهربائي", "The power is cut"),
    Cause.BATTERY_WORN: (
        "Batterie de secours en fin de vie",
        "البطارية الاحتياطية في نهاية عمرها",
        "Backup battery worn out",
    ),
    Cause.UPS_OVERLOADED: ("Onduleur en surcharge", "حمولة زائدة على مُمَوِّن الطاقة (UPS)", "UPS overloaded"),
    Cause.DEVICE_UNREACHABLE: ("Un appareil ne répond plus", "جهاز لا يستجيب", "A device no longer answers"),
    Cause.LINK_DOWN: ("Liaison réseau coupée", "وصلة الشبكة مقطوعة", "Network link cut"),
    Cause.UPLINK_LOST: ("Internet est coupé", "الإنترنت مقطوعة", "The Internet is cut"),
    Cause.PORT_ERRORS: (
        "Erreurs de transmission sur un câble",
        "أخطاء في النقل على كابل",
        "Transmission errors on a cable",
    ),
    Cause.DISK_FULL: ("Disque bientôt plein", "القرص يكاد يمتلئ", "Disk nearly full"),
    Cause.DISK_FAILING: ("Disque en fin de vie", "القرص في نهاية عمره", "Disk about to fail"),
    Cause.RAID_DEGRADED: ("Disques de secours incomplets", "أقراص الاحتياط غير مكتملة", "Disk redundancy lost"),
    Cause.MEMORY_EXHAUSTED: ("Plus de mémoire libre", "لم تبق ذاكرة حرّة", "No free memory left"),
    Cause.CPU_SATURATED: ("Processeur saturé", "المعالج مشبع", "Processor saturated"),
    Cause.OVERHEATING: ("Il fait trop chaud", "الحرارة مرتفعة جدًا", "It is too hot"),
    Cause.FAN_FAILED: ("Ventilateur arrêté", "المروحة متوقفة", "Fan stopped"),
    Cause.PSU_FAILED: ("Bloc d’alimentation en panne", "وحدة التغذية معطّلة", "Power supply failed"),
    Cause.PART_FAILED: ("Pièce en panne dans un appareil", "قطعة معطّلة داخل جهاز", "A part has failed"),
    Cause.SERVICE_DOWN: ("Un service ne fonctionne plus", "خدمة توقّفت عن العمل", "A service no longer works"),
    Cause.SERVICE_SLOW: ("Un service répond trop lentement", "خدمة تستجيب ببطء شديد", "A service answers too slowly"),
    Cause.BACKUP_MISSED: ("Sauvegarde manquée", "لم تُنجز النسخة الاحتياطية", "Backup missed"),
    Cause.CERTIFICATE_EXPIRING: (
        "Certificat bientôt périmé",
        "الشهادة تنتهي صلاحيتها قريبًا",
        "Certificate about to expire",
    ),
    Cause.CLOCK_WRONG: ("Horloge fausse", "الساعة غير مضبوطة", "Clock wrong"),
    Cause.SUPPLY_EMPTY: (
        "Encre, toner ou papier bientôt épuisé",
        "الحبر أو الورق يكاد ينفد",
        "Ink, toner or paper nearly used up",
    ),
    Cause.REBOOTED: ("Redémarrage imprévu", "إعادة تشغيل غير متوقعة", "Unexpected restart"),
    Cause.ANOMALY: ("Comportement inhabituel", "سلوك غير معتاد", "Unusual behaviour"),
    Cause.SITE_SILENT: ("Le site ne donne plus de nouvelles", "انقطعت أخبار الموقع", "The site has gone silent"),
    Cause.REPORTED: ("Panne signalée par une personne", "عطل أبلغ عنه شخص", "Fault reported by a person"),
    Cause.GATEWAY_FAULT: (
        "Le boîtier de surveillance a un problème",
        "في الجهاز المراقِب مشكل",
        "The gateway has a problem",
    ),
    Cause.CONTRACT_ENDING: (
        "Garantie ou contrat de support bientôt terminé",
        "الضمان أو عقد الدعم ينتهي قريبًا",
        "Warranty or support contract about to end",
    ),
    Cause.MAINTENANCE_OVERDUE: (
        "Travaux plus longs que prévu",
        "أشغال أطول من المتوقع",
        "Planned work is running over",
    ),
}
_OTHER: Text = ("Panne", "عطل", "Incident")
_AFTER: Text = ("%s : %s", "%s: %s", "%s: %s")


def headline(cause: str, name: str, language: Language) -> str:
    """The headline of an incident. ``name`` is what people call the device, service or site it lies in; empty where it
    is no one device. A cause of a newer version is "Panne"."""
    nameless = choose(_NAMELESS.get(cause, _OTHER), language)
    if not name:
        return nameless
    about = _ABOUT.get(cause)
    if about is None:
        return choose(_AFTER, language) % (nameless, isolated(name, language))
    return choose(about, language) % isolated(name, language)
