"""The sentences of the narrative in fr, ar, en: what was seen under each cause, and the frame of each line.

Nothing else reads this module than ``gateway.core.narrative``. A number or name is filled in with ``str.format``.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.core.grammar import Text
from gateway.core.incident import Cause

SEEN: Mapping[str, Text] = {
    Cause.POWER_LOST: (
        "l’onduleur est passé sur sa batterie",
        "انتقل مُمَوِّن الطاقة إلى بطاريته",
        "the UPS went over to its battery",
    ),
    Cause.BATTERY_WORN: (
        "la batterie ne tient plus ce qu’elle doit tenir",
        "لم تعد البطارية تصمد كما يجب",
        "the battery no longer holds what it should",
    ),
    Cause.UPS_OVERLOADED: (
        "trop d’appareils sont branchés sur l’onduleur",
        "أجهزة كثيرة موصولة بمُمَوِّن الطاقة",
        "too much is plugged into the UPS",
    ),
    Cause.DEVICE_UNREACHABLE: (
        "plusieurs demandes de suite sont restées sans réponse",
        "بقيت عدة طلبات متتالية دون جواب",
        "several requests in a row got no answer",
    ),
    Cause.LINK_DOWN: ("le port n’a plus de lien", "لم تعد في المنفذ وصلة", "the port has lost its link"),
    Cause.UPLINK_LOST: (
        "le siège et Internet ne sont plus joignables",
        "تعذّر الوصول إلى المقر وإلى الإنترنت",
        "headquarters and the Internet cannot be reached",
    ),
    Cause.PORT_ERRORS: (
        "le port compte des paquets abîmés",
        "يَعُدّ المنفذ رُزَمًا تالفة",
        "the port counts damaged packets",
    ),
    Cause.DISK_FULL: ("le disque est presque plein", "القرص شبه ممتلئ", "the disk is nearly full"),
    Cause.DISK_FAILING: (
        "le disque signale des défauts",
        "يُبلغ القرص عن عيوب",
        "the disk reports defects",
    ),
    Cause.RAID_DEGRADED: (
        "il manque un disque au groupe de disques",
        "ينقص قرص من مجموعة الأقراص",
        "a disk of the array is missing",
    ),
    Cause.MEMORY_EXHAUSTED: (
        "la mémoire est presque toute occupée",
        "الذاكرة مشغولة كلها تقريبًا",
        "nearly all memory is in use",
    ),
    Cause.CPU_SATURATED: (
        "le processeur est occupé en permanence",
        "المعالج مشغول باستمرار",
        "the processor is busy all the time",
    ),
    Cause.OVERHEATING: (
        "la température dépasse la limite",
        "تجاوزت الحرارة الحدّ",
        "the temperature is above its limit",
    ),
    Cause.FAN_FAILED: ("un ventilateur ne tourne plus", "توقفت مروحة عن الدوران", "a fan has stopped turning"),
    Cause.PSU_FAILED: (
        "un bloc d’alimentation signale une panne",
        "تُبلغ وحدة تغذية عن عطل",
        "a power supply reports a fault",
    ),
    Cause.PART_FAILED: (
        "l’appareil signale qu’une de ses pièces est en panne",
        "يُبلغ الجهاز عن عطل في إحدى قطعه",
        "the device reports that one of its parts has failed",
    ),
    Cause.SERVICE_DOWN: (
        "le service n’a pas répondu plusieurs fois de suite",
        "لم تستجب الخدمة عدة مرات متتالية",
        "the service did not answer several times in a row",
    ),
    Cause.SERVICE_SLOW: (
        "le service met trop de temps à répondre",
        "تستغرق الخدمة وقتًا طويلًا للاستجابة",
        "the service takes too long to answer",
    ),
    Cause.BACKUP_MISSED: (
        "la dernière sauvegarde a échoué ou est trop ancienne",
        "آخر نسخة احتياطية فشلت أو أصبحت قديمة جدًا",
        "the last backup has failed or is too old",
    ),
    Cause.CERTIFICATE_EXPIRING: (
        "le certificat arrive à sa fin",
        "تقترب نهاية صلاحية الشهادة",
        "the certificate is about to end",
    ),
    Cause.CLOCK_WRONG: (
        "l’heure de l’appareil s’écarte de l’heure juste",
        "تنحرف ساعة الجهاز عن الوقت الصحيح",
        "the device’s clock is away from the right time",
    ),
    Cause.SUPPLY_EMPTY: (
        "le niveau d’un consommable est très bas",
        "مستوى إحدى المواد المستهلكة منخفض جدًا",
        "a supply is very low",
    ),
    Cause.REBOOTED: (
        "l’appareil a recommencé à compter son temps de marche",
        "بدأ الجهاز عدّ مدة تشغيله من جديد",
        "the device started to count its running time again",
    ),
    Cause.ANOMALY: (
        "les mesures sortent de l’habitude",
        "القياسات خارجة عن المعتاد",
        "the readings are out of the ordinary",
    ),
    Cause.SITE_SILENT: (
        "le boîtier du site n’envoie plus rien au siège",
        "لم يعد الجهاز المراقِب يرسل شيئًا إلى المقر",
        "the site’s gateway sends nothing to headquarters any more",
    ),
    Cause.REPORTED: ("aucune mesure ne le montre", "لا يُظهره أي قياس", "no measurement shows it"),
    Cause.GATEWAY_FAULT: (
        "une partie du boîtier de surveillance a échoué",
        "تعطّل جزء من الجهاز المراقِب",
        "a part of the gateway failed",
    ),
    Cause.MAINTENANCE_OVERDUE: (
        "la fin annoncée des travaux est passée et personne n’a dit qu’ils sont finis",
        "انقضى الأجل المعلن للأشغال ولم يقل أحد إنها انتهت",
        "the announced end of the work has passed and nobody has said that it is done",
    ),
    Cause.CONTRACT_ENDING: (
        "la garantie ou le contrat de support arrive à sa fin",
        "يقترب الضمان أو عقد الدعم من نهايته",
        "the warranty or the support contract is about to end",
    ),
}

AHEAD: Text = (
    "d’après la tendance ou la date notée, il ne reste que le temps d’agir",
    "حسب الوتيرة أو التاريخ المسجّل، لم يبق إلا الوقت اللازم للتصرف",
    "by the trend or the recorded date, there is just time left to act",
)
AHEAD_LINE: Text = ("Prévu {at} : {seen}.", "متوقَّع {at}: {seen}.", "Forecast {at}: {seen}.")
AHEAD_CAUSE: Text = (
    "Prévision : la panne n’a pas encore eu lieu.",
    "توقّع: لم يقع العطل بعد.",
    "Forecast: the fault has not happened yet.",
)
SEEN_SLOW_STORAGE: Text = (
    "l’appareil qui garde les fichiers met trop de temps à répondre",
    "يستغرق الجهاز الذي يحفظ الملفات وقتًا طويلًا للاستجابة",
    "the device that keeps the files takes too long to answer",
)
SEEN_FALL_TOGETHER: Text = (
    "plusieurs appareils branchés sur le secteur se sont tus au même moment",
    "صمتت في الوقت نفسه عدة أجهزة موصولة مباشرة بالتيار",
    "several devices on the mains fell silent at the same moment",
)
SEEN_OTHER: Text = ("un signe anormal a été mesuré", "قيس مؤشر غير عادي", "an unusual sign was measured")

UNKNOWN_CAUSE = frozenset(
    {
        Cause.DEVICE_UNREACHABLE,
        Cause.SERVICE_DOWN,
        Cause.SERVICE_SLOW,
        Cause.REBOOTED,
        Cause.ANOMALY,
        Cause.SITE_SILENT,
        Cause.REPORTED,
    }
)
"""Words for what is seen, not for why: the cause behind it is not known from readings."""

HEAD: Text = (
    "{site} · {headline} · priorité {priority}",
    "{site} · {headline} · الأولوية {priority}",
    "{site} · {headline} · priority {priority}",
)
OPEN: Text = (
    "Depuis le {start}, toujours en cours : {lasting}{business}.",
    "منذ {start}، ولا يزال مستمرًا؛ المدة: {lasting}{business}.",
    "Since {start}, still going on: {lasting}{business}.",
)
ENDED: Text = (
    "Du {start} au {end} : {lasting}{business}.",
    "من {start} إلى {end}؛ المدة: {lasting}{business}.",
    "From {start} to {end}: {lasting}{business}.",
)
ENDED_SAME_DAY: Text = (
    "Le {start}, terminé {end} : {lasting}{business}.",
    "{start}، وانتهى {end}؛ المدة: {lasting}{business}.",
    "On {start}, over {end}: {lasting}{business}.",
)
BUSINESS: Text = (
    ", dont {time} pendant les heures de travail",
    "، منها ضمن ساعات العمل: {time}",
    ", {time} of it in working hours",
)
ALL_BUSINESS: Text = (", pendant les heures de travail", "، ضمن ساعات العمل", ", in working hours")
NO_BUSINESS: Text = (", hors des heures de travail", "، خارج ساعات العمل", ", outside working hours")
SEEN_LINE: Text = ("Mesuré {at} : {seen}{value}.", "قِيسَ {at}: {seen}{value}.", "Measured {at}: {seen}{value}.")
DEVICES: Text = (
    "Touché : {count} ({names}).",
    "المتأثر: {count} ({names}).",
    "Affected: {count} ({names}).",
)
STOPPED: Text = ("Travail arrêté : {names}.", "العمل المتوقف: {names}.", "Work stopped: {names}.")
STOPPED_BUSINESS: Text = (
    "Travail arrêté : {names}. {business}.",
    "العمل المتوقف: {names}. {business}.",
    "Work stopped: {names}. {business}.",
)
NOT_STOPPED: Text = (
    "Aucun arrêt de service n’est mesuré.",
    "لم يُقَس أي توقف لخدمة.",
    "No service is measured to have stopped.",
)
STOP_UNKNOWN: Text = (
    "On ne peut pas savoir d’ici si le travail est arrêté.",
    "لا يمكن أن يُعرَف من هنا هل توقف العمل.",
    "Whether work has stopped cannot be known from here.",
)
CONFIRMED: Text = (
    "Cause confirmée : l’appareil lui-même la montre.",
    "السبب مؤكَّد: الجهاز نفسه يُظهره.",
    "Cause confirmed: the device itself shows it.",
)
PROBABLE: Text = (
    "Cause probable, déduite de l’ordre des pannes et du câblage noté dans l’inventaire.",
    "سبب مرجَّح، مستنتَج من تسلسل الأعطال ومن التوصيلات المسجّلة في الجرد.",
    "Probable cause, deduced from the order of the faults and from the wiring in the inventory.",
)
UNKNOWN: Text = (
    "Cause encore inconnue : les mesures montrent la panne, pas son origine.",
    "السبب غير معروف بعد: تُظهر القياسات العطل لا مصدره.",
    "Cause not known yet: the readings show the fault, not its origin.",
)
WORK_CAUSE: Text = (
    "Cause connue : des travaux ont été annoncés.",
    "السبب معروف: أُعلن عن أشغال.",
    "Cause known: work was announced.",
)
REVISED: Text = (
    " Première explication, revue depuis : {headline}.",
    " التفسير الأول، وقد رُوجِع: {headline}.",
    " First explanation, revised since: {headline}.",
)
AGAIN: Text = (
    "Même panne déjà vue le {day} : {count} en 180 jours.",
    "العطل نفسه سُجّل يوم {day}: {count} خلال 180 يومًا.",
    "The same fault was seen on {day}: {count} in 180 days.",
)
AGAIN_ONCE: Text = (
    "Même panne déjà vue le {day}.",
    "العطل نفسه سُجّل يوم {day}.",
    "The same fault was seen on {day}.",
)
TAKEN: Text = (
    "Prise en charge : {who}, {at}, soit {delay} après l’alerte.",
    "التكفّل: {who}، {at}؛ المدة بعد الإنذار: {delay}.",
    "Taken in charge: {who}, {at}, {delay} after the alert.",
)
NOT_TAKEN: Text = (
    "Personne ne l’a pris en charge.",
    "لم يتكفّل به أحد.",
    "Nobody has taken it in charge.",
)
STARTED: Text = (
    " Intervention : {who}, {at}.",
    " بدء التدخل: {who}، {at}.",
    " Work on it: {who}, {at}.",
)
TICKED: Text = (
    " Étapes cochées : {count}, par {who}.",
    " الخطوات المنجزة: {count}؛ أنجزها: {who}.",
    " Ticked off: {count}, by {who}.",
)
SAID: Text = (
    "{who} a écrit {at} : « {text} »",
    "كتب {who} {at}: « {text} »",
    "{who} wrote {at}: “{text}”",
)
SAID_MORE: Text = (" (et {count} de plus)", " (وأيضًا: {count})", " (and {count} more)")
RESPONSE: Text = ("Prise en charge", "التكفّل", "Response")
RESTORE: Text = ("remise en service", "الإعادة إلى الخدمة", "restoration")
COMMITMENTS: Text = ("Engagements : {parts}.", "الالتزامات: {parts}.", "Commitments: {parts}.")
COMMITMENT: Text = (
    "{what} en {allowed} : {state}",
    "{what} في أجل أقصاه {allowed}: {state}",
    "{what} within {allowed}: {state}",
)
KEPT: Text = ("tenu", "مُحترَم", "kept")
MISSED: Text = ("dépassé", "متجاوَز", "missed")
RUNNING: Text = ("échéance {at}", "الأجل {at}", "due {at}")
NO_COMMITMENT: Text = (
    "Engagements : aucun n’est noté.",
    "الالتزامات: لم يُسجَّل أي التزام.",
    "Commitments: none is on record.",
)
COST: Text = ("Coût estimé : {amount}{basis}.", "التكلفة المقدّرة: {amount}{basis}.", "Estimated cost: {amount}{basis}.")
NO_COST: Text = ("Coût : pas chiffré.", "التكلفة: غير محسوبة.", "Cost: not reckoned.")
DECISION: Text = (
    "Décision : {text} ({who}, avant le {day}).",
    "القرار: {text} ({who}، قبل {day}).",
    "Decision: {text} ({who}, by {day}).",
)
DECISION_OPEN_END: Text = (
    "Décision : {text} ({who}, sans date).",
    "القرار: {text} ({who}، دون أجل).",
    "Decision: {text} ({who}, no date).",
)
NO_DECISION: Text = ("Décision : aucune n’est notée.", "القرار: لم يُسجَّل أي قرار.", "Decision: none is on record.")

WHO: Mapping[str, Text] = {
    "gateway": ("le boîtier", "الجهاز المراقِب", "the gateway"),
    "panel": ("quelqu’un sur place", "شخص في المكان", "somebody on site"),
    "page": ("quelqu’un sur place", "شخص في المكان", "somebody on site"),
    "desk": ("le siège", "المقر", "headquarters"),
}

LINE_SINCE: Text = ("depuis {at}", "منذ {at}", "since {at}")
LINE_ENDED: Text = ("rétabli {at}", "عاد إلى الخدمة {at}", "restored {at}")
LINE_STOPPED: Text = ("arrêté : {names}", "متوقف: {names}", "stopped: {names}")
LINE_WHO: Text = ("{who} s’en occupe", "المتكفّل: {who}", "{who} is on it")
LINE_NOBODY: Text = ("personne ne s’en occupe", "لا أحد يتكفّل به", "nobody is on it")
MORE: Text = ("{first} et {n} de plus", "{first} و{n} أخرى", "{first} and {n} more")

OWNER_OVER: Text = (
    "C’est terminé : fin {end}, après {lasting}.",
    "انتهى الأمر {end}؛ المدة: {lasting}.",
    "It is over: it ended {end}, after {lasting}.",
)
OWNER_LASTS: Text = (
    "Cela a commencé {start} et dure encore ({lasting}).",
    "بدأ {start} ولا يزال مستمرًا (المدة: {lasting}).",
    "It began {start} and goes on ({lasting}).",
)
OWNER_WHO: Text = ("{who} s’en occupe.", "المتكفّل: {who}.", "{who} is on it.")
OWNER_NOBODY: Text = (
    "Personne ne s’en occupe encore : faites appeler le support.",
    "لا أحد يتكفّل به بعد: اطلبوا الاتصال بالدعم.",
    "Nobody is on it yet: have support called.",
)
OWNER_DUE: Text = (
    "Retour promis au plus tard {at}.",
    "الإعادة إلى الخدمة موعودة في أجل أقصاه {at}.",
    "Restoration is promised {at} at the latest.",
)
OWNER_MISSED: Text = (
    "Le délai promis est dépassé.",
    "تجاوزنا الأجل الموعود.",
    "The promised time has passed.",
)
