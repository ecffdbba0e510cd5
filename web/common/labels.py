"""What metrics are called by people who have never read a manual; the others keep their name in the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping

from web.common.language import Language


def metric_label(metric: str, say: Language) -> str:
    """The name of a metric in words; the metric's own name where there are none."""
    return _labels(say).get(metric, metric)


def _labels(say: Language) -> Mapping[str, str]:
    temperature, voltage, load = say.gettext("Température"), say.gettext("Tension"), say.gettext("Charge branchée")
    return {
        "ups.status": say.gettext("Courant"),
        "ups.load": load,
        "output.load": load,
        "ups.temperature": temperature,
        "battery.charge": say.gettext("Batterie"),
        "battery.runtime": say.gettext("Autonomie si coupure"),
        "battery.temperature": say.gettext("Température de la batterie"),
        "battery.voltage": say.gettext("Tension de la batterie"),
        "input.voltage": say.gettext("Tension du secteur"),
        "input.frequency": say.gettext("Fréquence du secteur"),
        "output.voltage": say.gettext("Tension de sortie"),
        "ambient.temperature": say.gettext("Température du local"),
        "ambient.humidity": say.gettext("Humidité du local"),
        "system.cpu.utilization": say.gettext("Processeur"),
        "system.memory.utilization": say.gettext("Mémoire"),
        "system.paging.utilization": say.gettext("Mémoire d’échange"),
        "system.filesystem.utilization": say.gettext("Disque occupé"),
        "system.filesystem.usage": say.gettext("Espace occupé"),
        "system.uptime": say.gettext("Allumé depuis"),
        "system.network.io_rate.receive": say.gettext("Débit reçu"),
        "system.network.io_rate.transmit": say.gettext("Débit envoyé"),
        "system.network.error_rate.receive": say.gettext("Erreurs reçues"),
        "system.network.error_rate.transmit": say.gettext("Erreurs envoyées"),
        "hw.network.up": say.gettext("Lien du port"),
        "hw.temperature": temperature,
        "hw.fan.speed": say.gettext("Ventilateur"),
        "hw.voltage": voltage,
        "hw.power": say.gettext("Puissance"),
        "hw.humidity": say.gettext("Humidité"),
        "hw.status": say.gettext("État d’un composant"),
        "hw.physical_disk.status": say.gettext("Santé du disque"),
        "hw.physical_disk.smart.pending_sectors": say.gettext("Secteurs douteux"),
        "hw.physical_disk.smart.reallocated_sectors": say.gettext("Secteurs remplacés"),
        "hw.physical_disk.smart.uncorrectable_sectors": say.gettext("Secteurs perdus"),
        "hw.physical_disk.smart.growth": say.gettext("Défauts du disque en 7 jours"),
        "hw.physical_disk.smart.self_test": say.gettext("Auto-test du disque"),
        "hw.network.duplex": say.gettext("Sens de transmission"),
        "system.network.error_rate.checksum": say.gettext("Trames abîmées"),
        "system.network.error_rate.late_collision": say.gettext("Collisions tardives"),
        "hw.signal.receive": say.gettext("Signal reçu"),
        "hw.signal.transmit": say.gettext("Signal émis"),
        "printer.supply.level": say.gettext("Encre ou toner"),
        "printer.status": say.gettext("État de l’imprimante"),
        "backup.age": say.gettext("Dernière sauvegarde"),
        "backup.size": say.gettext("Taille de la sauvegarde"),
        "backup.status": say.gettext("Résultat de la sauvegarde"),
        "reach.up": say.gettext("Réponse"),
        "reach.duration": say.gettext("Temps de réponse"),
        "reach.loss": say.gettext("Paquets perdus"),
        "collect.up": say.gettext("Lecture des mesures"),
        "anomaly.score": say.gettext("Caractère inhabituel"),
    }


FIGURES = (
    "ups.status",
    "battery.runtime",
    "battery.charge",
    "ups.load",
    "system.cpu.utilization",
    "system.memory.utilization",
    "system.filesystem.utilization",
    "hw.physical_disk.smart.growth",
    "printer.supply.level",
    "hw.temperature",
    "ambient.temperature",
    "system.network.io_rate.receive",
    "system.network.error_rate.receive",
    "reach.duration",
    "reach.loss",
    "system.uptime",
    "reach.up",
)
"""What a device's page shows in large figures, the first four that the device has."""

CHARTED = (
    "battery.charge",
    "battery.temperature",
    "ups.load",
    "input.voltage",
    "system.cpu.utilization",
    "system.memory.utilization",
    "hw.temperature",
    "ambient.temperature",
    "system.network.io_rate.receive",
    "reach.duration",
    *FIGURES,
)
"""What is drawn if nobody chose: the first that the device has."""

LOWEST_MATTERS = frozenset({"battery.charge", "battery.runtime", "printer.supply.level", "hw.fan.speed"})
"""Of several instances the lowest is shown, not the highest."""
