"""Batches: files of calls that are made beside the others, within a day, each answered once."""

from hone.batches._engine import Engine
from hone.batches._vendors import vendor_prices

__all__ = ["Engine", "vendor_prices"]
