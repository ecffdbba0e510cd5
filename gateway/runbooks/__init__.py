"""The shipped runbooks, one file per cause, and a site's own."""

from gateway.runbooks.load import load_runbooks, own_runbooks, shipped_runbooks

__all__ = ["load_runbooks", "own_runbooks", "shipped_runbooks"]
