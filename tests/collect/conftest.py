"""The misbehaving SNMP agents, for every test of the collectors."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def load_agents() -> ModuleType:
    """The module `agents.py` of this folder (tests are no packages)."""
    name = "misbehaving_snmp_agents"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("agents.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture
def agents() -> ModuleType:
    """``agents.agent(...)``, ``agents.Secure(...)`` ..."""
    return load_agents()


@pytest.fixture(params=["2c", "3"])
def bench(request: pytest.FixtureRequest, agents: ModuleType) -> Any:
    """Agents and a collector that speak one version of SNMP: ``agents.Bench``."""
    return agents.Bench(request.param)
