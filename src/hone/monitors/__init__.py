"""Watching: what the gateway does now, in numbers, for a person's page and for Prometheus."""

from hone.monitors._exposition import Live, exposition
from hone.monitors._meter import Meter
from hone.monitors._recent import KEPT, Latencies, ModelNow, Recent, Traffic

__all__ = ["KEPT", "Latencies", "Live", "Meter", "ModelNow", "Recent", "Traffic", "exposition"]
