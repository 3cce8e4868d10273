"""A project: the folder with a hone.toml, read once into frozen structs that every room can use."""

from hone.project._check import cleared
from hone.project._load import BASELINE, find, load
from hone.project._scaffold import scaffold
from hone.project._shapes import (
    Balanced,
    Budget,
    Gate,
    Judge,
    Knowledge,
    Metric,
    ModelConfig,
    OnCut,
    Project,
    Retention,
    Rollback,
    Search,
    Server,
    Settings,
    Task,
    Telemetry,
    Timeout,
    Variant,
)
from hone.project._units import Period, Rate, Spend, duration, rate, spend

__all__ = [
    "BASELINE",
    "Balanced",
    "Budget",
    "Gate",
    "Judge",
    "Knowledge",
    "Metric",
    "ModelConfig",
    "OnCut",
    "Period",
    "Project",
    "Rate",
    "Retention",
    "Rollback",
    "Search",
    "Server",
    "Settings",
    "Spend",
    "Task",
    "Telemetry",
    "Timeout",
    "Variant",
    "cleared",
    "duration",
    "find",
    "load",
    "rate",
    "scaffold",
    "spend",
]
