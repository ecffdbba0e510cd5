"""Text that messages are expected to hold: deflated against it, a message of 400 bytes takes about 120.

zlib writes the checksum of the dictionary into the message (RFC 1950, DICTID), so a reader knows which one it needs:
entries are added, never changed or removed. What is most common stands at the end, where zlib reaches it most cheaply.
"""

from __future__ import annotations

import zlib

_FIRST = (
    '"power_lost","battery_worn","ups_overloaded","link_down","uplink_lost","port_errors","disk_full","disk_failing",'
    '"raid_degraded","memory_exhausted","cpu_saturated","overheating","fan_failed","psu_failed","service_down",'
    '"service_slow","backup_missed","certificate_expiring","clock_wrong","supply_empty","rebooted","anomaly","reported",'
    '"gateway_fault","system.cpu.utilization","system.memory.utilization","system.filesystem.utilization",'
    '"system.network.io_rate.receive","system.network.io_rate.transmit","system.network.errors.receive",'
    '"system.uptime","hw.network.up","hw.temperature","hw.fan.speed","hw.status","hw.voltage","hw.power","hw.humidity",'
    '"hw.physical_disk.smart.reallocated_sectors","battery.charge","battery.runtime","ups.load","ups.status",'
    '"input.voltage","output.voltage","ups.temperature","printer.supply.level","backup.age","reach.duration",'
    '"reach.loss","anomaly.score","gateway.fault","gateway.uplink.up",'
    '"results":[{"order":"","kind":"diagnostics","at":"2026-","answer":{"version":"0.1.0"}}],"refusal":"refused: "'
    '"kind":"revised","kind":"merged","into":"","kind":"intervention_started","kind":"silenced","until":"2026-'
    '"kind":"note","text":"","kind":"reopened","kind":"restored","kind":"acknowledged","who":"'
    '{"transitions":[{"subject":"srv-1","metric":"reach.up","instance":"","before":"unknown","after":"ok",'
    '"at":"2026-","detected_at":"2026-","value":1.0,"cause":"device_unreachable","label":""},{"subject":"sw-1",'
    '"metric":"ups.status","instance":"","before":"warning","after":"critical","value":"OB DISCHRG"}],'
    '"changes":[{"incident":"","kind":"opened","at":"2026-","detected_at":"2026-","cause":"device_unreachable",'
    '"root_device":"sw-1","root_metric":"reach.up","priority":"P1","value":0.0,"symptoms":[{"device":"srv-1",'
    '"metric":"reach.up","instance":""}],"services":["erp"]},{"incident":"","kind":"symptom","at":"2026-'
    '"before":"ok","after":"warning","before":"critical","after":"ok","at":"'
    '"hour":"2026-","series":"","mean":[0,null,0,1,1.0,0.0],"lowest":[],"highest":[],'
    '{"v":1,"site":"","stream":"","seq":1,"boot_id":"","clock":"estimated","written_at":"2026-","sent_at":"2027-'
    '","kind":"summary","body":{"at":"2026-01-01T00:00:00.000Z","counts":{"ok":50,"warning":1,"critical":2,"unknown":3,'
    '"maintenance":4},"states":{"srv-1":"unknown","sw-1":"critical","nas-1":"warning"},"signal":"green steady",'
    '"signal":"red fast","signal":"amber slow","signal":"blue double","waiting":{"1":1,"2":1,"3":0}}}'
    '","clock":"trusted","written_at":"2026-01-01T00:00:00.000Z","sent_at":"2026-01-01T00:00:00.000Z","kind":"evt",'
    '"body":{"transitions":[{"subject":"'
)

NEWEST = _FIRST.encode()
"""What messages are deflated against."""
DICTIONARIES = {zlib.adler32(one): one for one in (NEWEST,)}
"""Every dictionary that a message may need, by its checksum."""
