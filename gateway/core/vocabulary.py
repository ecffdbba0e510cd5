"""The words of the vocabulary as plain tables, one metric a line; ``gateway.core.units`` is made from them.

Columns are separated by ``|``; the comment above each table names them. Nothing else reads this module.
"""

PHASES = ("L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1")
"""Where a three-phase device measures, as NUT names it: ``input.L1-N.voltage``."""

# name | unit | description
POWER_GAUGES = """
ups.load|percent|Load of the UPS, of its rated power
ups.load.high|percent|Load above which the UPS reports an overload
ups.temperature|Cel|Temperature inside the UPS
ups.temperature.high|Cel|Temperature above which the UPS reports overheating
ups.power|VA|Apparent power delivered
ups.power.nominal|VA|Rated apparent power
ups.realpower|W|Real power delivered
ups.realpower.nominal|W|Rated real power
ups.efficiency|percent|Output power as a share of input power
ups.delay.shutdown|s|Wait between the order to switch off and switching off
ups.delay.start|s|Wait before the load is switched on again
ups.delay.reboot|s|Wait before the UPS restarts
ups.timer.shutdown|s|Time until the load is switched off; no reading when no shutdown is under way
ups.timer.start|s|Time until the load is switched on
ups.timer.reboot|s|Time until the UPS restarts
ups.test.interval|s|Time between two self-tests
battery.charge|percent|Charge of the battery
battery.charge.approx|percent|Charge of the battery, a rough figure
battery.charge.low|percent|Charge at which the UPS reports a low battery
battery.charge.restart|percent|Charge needed before the load is switched on again
battery.charge.warning|percent|Charge at which the UPS warns
battery.runtime|s|Time the battery lasts at the present load
battery.runtime.low|s|Remaining time at which the UPS reports a low battery
battery.runtime.restart|s|Remaining time needed before the load is switched on again
battery.runtime.elapsed|s|Time spent on battery
battery.voltage|V|Voltage of the battery
battery.voltage.nominal|V|Rated voltage of the battery
battery.voltage.low|V|Voltage at which the battery is empty
battery.voltage.high|V|Voltage at which the battery is full
battery.voltage.cell.max|V|Highest voltage of a cell
battery.voltage.cell.min|V|Lowest voltage of a cell
battery.current|A|Current of the battery; negative while it discharges
battery.current.total|A|Current of all strings of the battery
battery.capacity|A.h|Capacity of the battery
battery.capacity.nominal|A.h|Rated capacity of the battery
battery.temperature|Cel|Temperature of the battery
battery.temperature.cell.max|Cel|Highest temperature of a cell
battery.temperature.cell.min|Cel|Lowest temperature of a cell
battery.packs|{pack}|Number of battery packs
battery.packs.bad|{pack}|Number of battery packs that are bad
battery.packs.external|{pack}|Number of external battery packs
battery.age|s|Age of the battery since it was last replaced
input.transfer.low|V|Input voltage below which the UPS goes to battery
input.transfer.high|V|Input voltage above which the UPS goes to battery
input.transfer.boost.low|V|Input voltage below which the UPS boosts
input.transfer.trim.high|V|Input voltage above which the UPS trims
input.transfer.delay|s|Wait before the UPS goes back to the mains
input.voltage.extended|V|Span of input voltages the UPS accepts, extended
input.phases|{phase}|Number of input phases
input.quality|percent|Quality of the input
output.phases|{phase}|Number of output phases
ambient.temperature|Cel|Temperature of the room
ambient.temperature.high|Cel|Room temperature at which the sensor warns
ambient.temperature.low|Cel|Low room temperature at which the sensor warns
ambient.humidity|percent|Relative humidity of the room
ambient.humidity.high|percent|Humidity at which the sensor warns
ambient.humidity.low|percent|Low humidity at which the sensor warns
"""

# measured on the input, the output, the bypass and the outlets of a power device; [phase] where it has three
LINE_GAUGES = """
voltage|V|Voltage
voltage.nominal|V|Rated voltage
voltage.minimum|V|Lowest voltage seen
voltage.maximum|V|Highest voltage seen
current|A|Current
current.nominal|A|Rated current
current.minimum|A|Lowest current seen
current.maximum|A|Highest current seen
peakcurrent|A|Peak current
frequency|Hz|Frequency
frequency.nominal|Hz|Rated frequency
frequency.low|Hz|Lowest frequency seen
frequency.high|Hz|Highest frequency seen
load|percent|Load
power|VA|Apparent power
power.nominal|VA|Rated apparent power
power.percent|percent|Apparent power, of the rated one
realpower|W|Real power
realpower.nominal|W|Rated real power
powerfactor|1|Power factor
crestfactor|1|Crest factor
"""

STATES = """
ups.status|State of the UPS: a set of words separated by blanks, such as `OL CHRG` (see core/ups.py)|
ups.alarm|Alarms of the UPS in its own words|
ups.test.result|Result of the last self-test|
ups.shutdown|What safe shutdown does with a server: ready, would shut down, asked, down, refused, still up|server
backup.status|What a backup job that calls the box told last: good, failed, none yet|job
ups.beeper.status|Buzzer of the UPS: enabled, disabled or muted|
battery.charger.status|What the charger does: charging, discharging, floating, resting|
battery.type|Chemistry of the battery|
input.transfer.reason|Why the UPS last went to battery|
input.sensitivity|Sensitivity of the UPS to disturbances of the mains|
input.voltage.status|Judgement of the device on the input voltage|
input.frequency.status|Judgement of the device on the input frequency|
input.current.status|Judgement of the device on the input current|
outlet.status|An outlet is on or off|outlet
hw.status|What a component says of itself|component
hw.network.duplex|Whether an interface sends and receives at once: full, half or unknown|interface
hw.physical_disk.status|Judgement of a disk on itself: passed or failed|disk
hw.physical_disk.smart.self_test|Result of the last self-test of a disk|disk
printer.status|What a printer says of itself|
gateway.storage.end_of_life|The storage's own judgement on its reserve: normal, warning, urgent|disk
gateway.power.supply|The supply as the firmware judges it: ok, under_voltage or throttled|
"""

# name | unit | how it is read | instance | description
GAUGES = """
hw.temperature|Cel||sensor|Temperature
system.rebooted|1|||1 for two minutes after a boot was seen to have happened
reach.slowness|1|||How many times the usual an answer took
hw.temperature.excess|K||sensor|Temperature above the mean of the last day
hw.fan.speed|rpm||fan|Speed of a fan
hw.fan.speed_ratio|1|fraction|fan|Speed of a fan, of its highest
hw.voltage|V||sensor|Voltage
hw.electric_current|A||sensor|Current
hw.power|W||sensor|Real power
hw.apparent_power|VA||sensor|Apparent power
hw.power_factor|1||sensor|Power factor
hw.frequency|Hz||sensor|Frequency
hw.humidity|percent||sensor|Relative humidity
hw.airflow|m3/h||sensor|Flow of air
hw.signal|dBm||link|Strength of a radio signal
hw.signal.receive|dBm||link|Power that a transceiver receives
hw.signal.transmit|dBm||link|Power that a transceiver sends
hw.snr|dB||link|Signal to noise
hw.delay|s||sensor|Delay
hw.count|1||sensor|Number of things that a device counts
hw.load|percent||sensor|Load of a component, of its rating
hw.battery.charge|1|fraction|battery|Charge of a battery that is not a UPS's
hw.battery.time_left|s||battery|Time a battery that is not a UPS's lasts
hw.network.up|1|flag|interface|The interface has a link (1) or none (0)
hw.network.enabled|1|flag|interface|The interface is meant to be up (1) or was switched off by people (0)
hw.network.bandwidth.limit|By/s||interface|Highest rate of the interface
hw.network.bandwidth.utilization.receive|1|fraction|interface|Rate received, of the highest
hw.network.bandwidth.utilization.transmit|1|fraction|interface|Rate sent, of the highest
hw.physical_disk.size|By||disk|Size of a disk
hw.physical_disk.endurance_utilization|1|fraction|disk|Share of a solid-state disk's life used up; may exceed 1
hw.physical_disk.available_spare|1|fraction|disk|Spare blocks a solid-state disk has left
hw.physical_disk.smart.pending_sectors|1||disk|Sectors waiting to be remapped
hw.physical_disk.smart.reallocated_sectors|1||disk|Sectors remapped
hw.physical_disk.smart.uncorrectable_sectors|1||disk|Sectors that could not be read off line
hw.physical_disk.smart.growth|1||disk|Bad sectors and uncorrected errors that a disk gained within a week
hw.physical_disk.smart.self_test.age|s||disk|Working hours of a disk since its last self-test
hw.physical_disk.smart.critical_warning|1||disk|NVMe critical warning bits; 0 is good
hw.logical_disk.limit|By||volume|Size of a volume
hw.logical_disk.usage|By||volume|Used bytes of a volume
hw.logical_disk.utilization|1|fraction|volume|Used share of a volume
system.cpu.utilization|1|fraction|processor|Busy share of the processors
system.cpu.load_average.1m|{thread}|||Mean length of the run queue over 1 minute
system.cpu.load_average.5m|{thread}|||Mean length of the run queue over 5 minutes
system.cpu.load_average.15m|{thread}|||Mean length of the run queue over 15 minutes
system.memory.utilization|1|fraction|pool|Used share of memory, caches not counted
system.memory.time_to_full|s||pool|Time until memory is full at the pace of the last hour
system.memory.usage|By||pool|Used memory
system.memory.limit|By||pool|Size of memory
system.paging.utilization|1|fraction||Used share of swap
system.paging.usage|By|||Used swap
system.paging.limit|By|||Size of swap
system.filesystem.utilization|1|fraction|mount|Used share of a filesystem
system.filesystem.time_to_full|s||mount|Time until a filesystem is full at the pace of the last hour
system.filesystem.usage|By||mount|Used bytes of a filesystem
system.filesystem.limit|By||mount|Size of a filesystem
system.filesystem.inodes.utilization|1|fraction|mount|Used share of the inodes of a filesystem
system.network.io_rate.receive|By/s||interface|Rate received
system.network.io_rate.transmit|By/s||interface|Rate sent
system.network.packet_rate.receive|{packet}/s||interface|Packets received per second
system.network.packet_rate.transmit|{packet}/s||interface|Packets sent per second
system.network.error_rate.receive|1/s||interface|Faulty packets received per second
system.network.error_rate.transmit|1/s||interface|Packets per second that could not be sent
system.network.error_rate.checksum|1/s||interface|Frames per second received with a wrong checksum
system.network.error_rate.symbol|1/s||interface|Times per second that the signal on the wire made no sense
system.network.error_rate.late_collision|1/s||interface|Collisions per second after the first 64 bytes of a frame
system.network.drop_rate.receive|1/s||interface|Packets received and dropped per second
system.network.drop_rate.transmit|1/s||interface|Packets to be sent and dropped per second
system.disk.io_rate.read|By/s||disk|Rate read from disk
system.disk.io_rate.write|By/s||disk|Rate written to disk
system.process.count|{process}|||Number of processes
system.users|{user}|||Number of users signed in
system.uptime|s|||Time since the device started
system.clock.synchronized|1|flag||The clock is kept by a time service (1) or runs freely (0)
system.clock.offset|s|||The device's clock less the gateway's
printer.supply.level|1|fraction|supply|What is left of toner, ink, drum ...
printer.paper.level|1|fraction|tray|What is left of paper
reach.up|1|flag||The device or service answers (1) or not (0)
reach.duration|s|||Time until the answer was complete
reach.loss|1|fraction||Share of the echo requests without answer
reach.certificate.remaining|s|||Time until the certificate expires; negative once it has
collect.up|1|flag|collector|The device answers this collector (1) or not (0)
collect.duration|s||collector|Time one poll took
backup.age|s||job|Time since the last good backup
backup.size|By||job|Size of the last good backup
log.events|{event}||event|Lines of a log about one kind of event (and the loudest part) in the last 15 minutes
trap.events|{event}||notification|SNMP notifications of one kind in the last 15 minutes
anomaly.score|1|fraction|metric|How unusual the newest values are
forecast.time_left|s||end|Time until something ends, as forecast once a day (`disk_full C:`, `battery_worn` ...)
forecast.margin|s||end|Time left beyond what criticality needs to act, to the earliest likely end; below 0 it is time
gateway.outbox.waiting|{message}||lane|Messages that headquarters has not acknowledged
gateway.outbox.age|s||lane|Age of the oldest message that headquarters has not acknowledged
gateway.uplink.up|1|flag||The broker at headquarters is connected (1) or not (0)
gateway.under_voltage|1|flag||The supply is below 4.63 V now (1) or not (0)
gateway.under_voltage.since_boot|1|flag||The supply has been below 4.63 V since the start
gateway.throttled|1|flag||The processor is slowed down now (1) or not (0)
gateway.throttled.since_boot|1|flag||The processor has been slowed down since the start
gateway.storage.wear|1|fraction|disk|Share of the storage's life used up, at most, as it tells itself
gateway.storage.read_only|1|flag|mount|A filesystem can no longer be written
gateway.store.size|By|||Size of the record on disk
gateway.poll.lag|s|||How late polls start
gateway.polls.overdue|{poll}|||Polls that should have started by now
gateway.fault|1|flag|part|A part of Vigie failed for a reason it does not know
"""

# name | unit | instance | description
COUNTERS = """
hw.energy|J|sensor|Energy used
hw.errors|{error}|component|Errors of a component
hw.physical_disk.smart.power_on_time|s|disk|Time a disk has been switched on
hw.physical_disk.smart.power_cycles|{cycle}|disk|Times a disk was switched on
hw.physical_disk.smart.load_cycles|{cycle}|disk|Times the heads of a disk were parked
hw.physical_disk.smart.unsafe_shutdowns|{shutdown}|disk|Times a disk lost power without notice
hw.physical_disk.smart.spin_retries|1|disk|Attempts to spin a disk up that failed
hw.physical_disk.smart.reported_uncorrectable|{error}|disk|Errors that a disk could not correct
hw.physical_disk.smart.command_timeouts|{error}|disk|Commands that a disk gave up
hw.physical_disk.smart.crc_errors|{error}|disk|Errors between a disk and its controller: often the cable
hw.physical_disk.smart.reallocation_events|1|disk|Attempts to remap sectors
hw.physical_disk.smart.media_errors|{error}|disk|Integrity errors of the medium of an NVMe disk
hw.physical_disk.io.read|By|disk|Bytes read from a disk in its life
hw.physical_disk.io.write|By|disk|Bytes written to a disk in its life
system.network.io.receive|By|interface|Bytes received
system.network.io.transmit|By|interface|Bytes sent
system.network.packets.receive|{packet}|interface|Packets received
system.network.packets.transmit|{packet}|interface|Packets sent
system.network.errors.receive|{error}|interface|Faulty packets received
system.network.errors.transmit|{error}|interface|Packets that could not be sent
system.network.errors.checksum|{error}|interface|Frames received with a wrong checksum: a cable, a plug, an optic
system.network.errors.symbol|{error}|interface|Times the signal on the wire made no sense: a cable, a plug, an optic
system.network.errors.late_collision|{error}|interface|Late collisions: one end is half duplex, the other full
system.network.dropped.receive|{packet}|interface|Packets received and dropped
system.network.dropped.transmit|{packet}|interface|Packets to be sent and dropped
system.disk.io.read|By|disk|Bytes read since the start
system.disk.io.write|By|disk|Bytes written since the start
printer.page.count|{page}||Pages printed in the printer's life
gateway.outbox.dropped|{message}|lane|Messages dropped because the outbox was full
gateway.samples.dropped|{sample}||Readings dropped because the disk was full
"""
