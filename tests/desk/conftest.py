"""The company on paper, for every test of headquarters."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load_sahel() -> ModuleType:
    """The module `sahel.py` of this folder (tests are no packages)."""
    name = "sahel_on_paper"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("sahel.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture
def sahel() -> ModuleType:
    """Its facts: ``sahel.fleet()``, ``sahel.sites()``, ``sahel.NOW`` ..."""
    return load_sahel()
