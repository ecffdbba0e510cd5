"""The box itself: what the kernel and the firmware say, read from a made-up machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.clock import FakeClock, SystemClock
from gateway.collect.self import OwnHealth
from gateway.collect.self_values import (
    Mount,
    busy_share,
    default_interface,
    filesystem,
    memory,
    mount_of,
    mounts,
    throttled,
    wear,
    written,
)
from gateway.core.device import gateway_device
from gateway.core.reading import Poll, Severity
from gateway.core.units import METRICS

ROUTE = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
wwan0 00000000 010200C0 0003 0 0 700 00000000 0 0 0
eth0 00000000 010200C0 0003 0 0 100 00000000 0 0 0
eth0 000200C0 00000000 0001 0 0 100 00FFFFFF 0 0 0
"""
FILES = {
    "proc/loadavg": "0.52 0.40 0.30 1/200 999\n",
    "proc/meminfo": "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 750 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
    "proc/uptime": "3600.25 7000.00\n",
    "proc/stat": "cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 1 1 1\n",
    "proc/mounts": "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\nproc /proc proc rw 0 0\n",
    "proc/net/route": ROUTE,
    "proc/sys/kernel/hostname": "vigie-1\n",
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
    "sys/class/thermal/thermal_zone0/temp": "48312\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "50000\n",
    "sys/block/mmcblk0/stat": "10 0 2048 5 20 0 4096 9 0 0 0\n",
    "sys/block/mmcblk0/device/life_time": "0x02 0x05\n",
    "sys/block/mmcblk0/device/pre_eol_info": "0x01\n",
    "sys/block/loop0/stat": "1 0 1 1 1 0 1 1 0 0 0\n",
    "sys/class/net/eth0/carrier": "1\n",
    "sys/class/net/eth0/speed": "1000\n",
    "sys/class/net/eth0/device/uevent": "",
    "sys/class/net/eth0/statistics/rx_bytes": "123\n",
    "sys/class/net/eth0/statistics/tx_errors": "4\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A made-up Raspberry Pi."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


async def look(own: OwnHealth) -> Poll:
    """One poll of the box."""
    return await own.poll(gateway_device())


def at(poll: Poll) -> dict[tuple[str, str], float | str]:
    """(metric, instance) -> value."""
    return {(reading.metric, reading.instance): reading.value for reading in poll.readings}


async def test_everything_a_raspberry_pi_tells_is_read(root: Path) -> None:
    poll = await look(OwnHealth(FakeClock(), root=root))
    found = at(poll)
    space = {key for key in found if key[0].startswith("system.filesystem.")}
    assert {key: value for key, value in found.items() if key not in space} == {
        ("system.cpu.load_average.1m", ""): 0.52,
        ("system.cpu.load_average.5m", ""): 0.40,
        ("system.cpu.load_average.15m", ""): 0.30,
        ("system.memory.utilization", ""): 0.25,
        ("system.memory.usage", ""): 256_000,
        ("system.memory.limit", ""): 1_024_000,
        ("system.uptime", ""): 3600.25,
        ("hw.temperature", "cpu-thermal"): 48.312,
        ("gateway.under_voltage", ""): 0,
        ("gateway.under_voltage.since_boot", ""): 1,
        ("gateway.throttled", ""): 0,
        ("gateway.throttled.since_boot", ""): 1,
        ("gateway.power.supply", ""): "ok",
        ("gateway.storage.read_only", "/"): 0,
        ("gateway.storage.wear", "mmcblk0"): 0.5,
        ("gateway.storage.end_of_life", "mmcblk0"): "normal",
        ("system.disk.io.read", "mmcblk0"): 2048 * 512,
        ("system.disk.io.write", "mmcblk0"): 4096 * 512,
        ("hw.network.up", "eth0"): 1,
        ("hw.network.bandwidth.limit", "eth0"): 125_000_000,
        ("system.network.io.receive", "eth0"): 123,
        ("system.network.errors.transmit", "eth0"): 4,
        ("system.clock.synchronized", ""): 1,
    }
    assert space
    assert poll.partial == ()
    assert (poll.identity.model, poll.identity.name) == ("Raspberry Pi 4 Model B Rev 1.5", "vigie-1")


async def test_every_metric_is_in_the_vocabulary(root: Path) -> None:
    assert {reading.metric for reading in (await look(OwnHealth(FakeClock(), root=root))).readings} <= set(METRICS)


async def test_the_processors_share_is_known_from_the_second_look_on(root: Path) -> None:
    own = OwnHealth(FakeClock(), root=root)
    assert ("system.cpu.utilization", "") not in at(await look(own))
    (root / "proc/stat").write_text("cpu  130 0 100 760 110 0 0 0 80 0\n")
    assert at(await look(own))["system.cpu.utilization", ""] == pytest.approx(0.3)


async def test_a_cable_that_is_out_is_seen_though_it_takes_the_route_away(root: Path) -> None:
    own = OwnHealth(FakeClock(), root=root)
    await look(own)
    (root / "proc/net/route").write_text(ROUTE.splitlines()[0])
    (root / "sys/class/net/eth0/carrier").write_text("0\n")
    assert at(await look(own))["hw.network.up", "eth0"] == 0
    # and after a restart without a cable: the port with hardware behind it
    assert at(await look(OwnHealth(FakeClock(), root=root)))["hw.network.up", "eth0"] == 0


async def test_a_port_that_is_switched_off_is_down(root: Path) -> None:
    (root / "sys/class/net/eth0/carrier").unlink()
    assert at(await look(OwnHealth(FakeClock(), root=root)))["hw.network.up", "eth0"] == 0


async def test_the_port_of_the_depot_can_be_named_where_the_route_leads_over_a_modem(root: Path) -> None:
    folder = root / "sys/class/net/eth1"
    folder.mkdir()
    (folder / "carrier").write_text("0\n")
    assert at(await look(OwnHealth(FakeClock(), root=root, interface="eth1")))["hw.network.up", "eth1"] == 0


async def test_a_clock_without_a_time_service_is_told(root: Path) -> None:
    clock = FakeClock()
    clock.is_trusted = False
    assert at(await look(OwnHealth(clock, root=root)))["system.clock.synchronized", ""] == 0


async def test_the_firmware_is_asked_by_its_program_where_there_is_no_file(root: Path) -> None:
    (root / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    own = OwnHealth(FakeClock(), root=root, throttled=lambda: "throttled=0x50005\n")
    found = at(await look(own))
    assert found["gateway.under_voltage", ""] == 1
    assert found["gateway.power.supply", ""] == "under_voltage"


async def test_a_kernel_that_watches_the_supply_itself_is_enough(root: Path) -> None:
    (root / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    folder = root / "sys/class/hwmon/hwmon1"
    folder.mkdir(parents=True)
    (folder / "name").write_text("rpi_volt\n")
    (folder / "in0_lcrit_alarm").write_text("1\n")
    own = OwnHealth(FakeClock(), root=root, throttled=lambda: "")
    assert at(await look(own))["gateway.under_voltage", ""] == 1


async def test_what_cannot_be_understood_is_told_and_hides_nothing_else(root: Path) -> None:
    (root / "sys/class/thermal/thermal_zone0/temp").write_text("hot\n")
    (root / "proc/meminfo").unlink()
    poll = await look(OwnHealth(FakeClock(), root=root))
    assert [failure.what for failure in poll.partial] == ["proc", "temperatures"]
    assert at(poll)["hw.network.up", "eth0"] == 1


async def test_a_bare_machine_gives_what_it_has(tmp_path: Path) -> None:
    poll = await look(OwnHealth(FakeClock(), root=tmp_path, throttled=lambda: ""))
    assert at(poll) == {("system.clock.synchronized", ""): 1}


async def test_this_very_machine_can_be_read() -> None:
    own = OwnHealth(SystemClock())
    poll = await look(own)
    found = {reading.metric for reading in poll.readings}
    assert {"system.memory.utilization", "system.uptime", "system.filesystem.utilization"} <= found
    assert found <= set(METRICS)


# understanding


@pytest.mark.parametrize(
    ("bits", "supply", "under", "slow", "past"),
    [
        ("0", "ok", 0, 0, (0, 0)),
        ("0x1", "under_voltage", 1, 0, (0, 0)),
        ("throttled=0x50005", "under_voltage", 1, 1, (1, 1)),
        ("8", "throttled", 0, 1, (0, 0)),
        ("20000", "ok", 0, 0, (0, 1)),
    ],
)
def test_bits_of_the_firmware(bits: str, supply: str, under: int, slow: int, past: tuple[int, int]) -> None:
    found = {value.metric: value.value for value in throttled(bits)}
    assert found == {
        "gateway.power.supply": supply,
        "gateway.under_voltage": under,
        "gateway.throttled": slow,
        "gateway.under_voltage.since_boot": past[0],
        "gateway.throttled.since_boot": past[1],
    }


def test_worn_storage_says_so_and_an_sd_card_says_nothing() -> None:
    urgent = {value.metric: (value.value, value.severity) for value in wear("mmcblk0", "0x0b 0x01", "0x03")}
    assert urgent == {
        "gateway.storage.wear": (1.1, None),
        "gateway.storage.end_of_life": ("urgent", Severity.CRITICAL),
    }
    assert list(wear("mmcblk0", "", "")) == []
    assert list(wear("mmcblk0", "0x00 0x00", "0x00")) == []


def test_each_filesystem_is_named_once_and_pseudo_ones_never() -> None:
    text = (
        "/dev/sda1 /srv/my\\040data ext4 rw 0 0\n/dev/sda1 /srv ext4 rw 0 0\n"
        "tmpfs /run tmpfs rw 0 0\n/dev/mmcblk0p1 /boot vfat ro,relatime 0 0\n"
    )
    assert mounts(text) == [Mount("/boot", "/dev/mmcblk0p1", "vfat", True), Mount("/srv", "/dev/sda1", "ext4", False)]
    assert mounts(text.splitlines()[0]) == [Mount("/srv/my data", "/dev/sda1", "ext4", False)]


def test_a_folder_lies_on_the_nearest_mount() -> None:
    found = [Mount("/", "a", "ext4", False), Mount("/var", "b", "ext4", True)]
    assert mount_of(found, "/var/lib/vigie") == found[1]
    assert mount_of(found, "/variable") == found[0]
    assert mount_of([], "/x") is None


@dataclass
class Space:
    """What statvfs tells."""

    f_blocks: int = 1000
    f_bfree: int = 300
    f_bavail: int = 200
    f_frsize: int = 4096
    f_files: int = 100
    f_ffree: int = 75


def test_space_is_counted_as_df_does() -> None:
    found = {value.metric: value.value for value in filesystem(Mount("/", "a", "ext4", False), Space())}
    assert found == {
        "system.filesystem.utilization": pytest.approx(700 / 900),
        "system.filesystem.usage": 700 * 4096,
        "system.filesystem.limit": 1000 * 4096,
        "system.filesystem.inodes.utilization": 0.25,
    }
    assert list(filesystem(Mount("/", "a", "ext4", False), Space(f_blocks=0, f_bfree=0, f_bavail=0))) == []


def test_counters_that_start_again_give_no_share() -> None:
    assert busy_share((100, 200), (10, 20)) is None
    assert busy_share((100, 200), (100, 200)) is None


def test_swap_is_told_only_where_there_is_some() -> None:
    found = {value.metric for value in memory("SwapTotal: 10 kB\nSwapFree: 5 kB\n")}
    assert found == {"system.paging.utilization", "system.paging.usage", "system.paging.limit"}


def test_the_default_route_of_least_metric_counts() -> None:
    assert default_interface(ROUTE) == "eth0"
    assert default_interface("") == ""


def test_a_disk_without_figures_gives_none() -> None:
    assert list(written("sda", "")) == []
