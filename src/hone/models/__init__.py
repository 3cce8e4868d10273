"""Choosing a model: prices, and later the catalogue, comparison and the registry of versions."""

from hone.models._prices import Prices

__all__ = ["Prices"]
