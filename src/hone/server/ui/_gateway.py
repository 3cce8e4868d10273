"""The gateway as it is now: what is going on, how each model does, what is left alone, what hone itself takes."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from hone.local import House
from hone.monitors import Latencies, ModelNow, Traffic
from hone.server.ui._face import Asked


class ModelRow(Struct, frozen=True, kw_only=True):
    """A model of the project, or one that was asked by its `provider/name`, in the last minutes."""

    model: str
    provider: str
    calls: int = 0
    errors: int = 0
    cancelled: int = 0
    error_share: float | None = None
    errors_by_class: dict[str, int]
    latency: Latencies | None = None
    first_token: Latencies | None = None
    open_until: int | None = None  # ns; None where the breaker is closed


class GatewayPage(Struct, frozen=True, kw_only=True):
    """Of this server alone. Errors and latencies are of attempts: a retry or a fallback counts as one more."""

    paused: bool
    in_flight: int
    minutes: int
    since: int | None  # ns; where the figures begin when there was more than is remembered
    calls: int
    errors: int
    overhead: Latencies | None
    models: list[ModelRow]
    version: str
    in_force_since: int
    trouble: str | None = None


def gateway(house: House) -> Callable[[Asked], GatewayPage]:
    def view(asked: Asked) -> GatewayPage:
        traffic = house.monitor.recent.traffic()
        return GatewayPage(
            paused=bool(asked.query.get("paused")),
            in_flight=house.gateway.in_flight,
            minutes=traffic.minutes,
            since=traffic.since,
            calls=traffic.calls,
            errors=traffic.errors,
            overhead=traffic.overhead,
            models=_rows(house, traffic),
            version=house.version,
            in_force_since=house.since,
            trouble=None if house.trouble is None else house.trouble.message,
        )

    return view


def _rows(house: House, traffic: Traffic) -> list[ModelRow]:
    """In the order of hone.toml, then by name: rows stay where they are while the page refreshes itself."""
    seen, opened = {(one.model, one.provider): one for one in traffic.models}, house.gateway.open_breakers()
    known = [(alias, config.provider) for alias, config in house.project.models.items()]
    others = {*seen, *((alias, alias.partition("/")[0]) for alias in opened)}
    return [_row(model, provider, seen, opened) for model, provider in [*known, *_new(others, known)]]


def _new(others: Iterable[tuple[str, str]], known: list[tuple[str, str]]) -> list[tuple[str, str]]:
    aliases = {alias for alias, _ in known}
    return sorted(each for each in others if each[0] not in aliases)


def _row(model: str, provider: str, seen: dict[tuple[str, str], ModelNow], opened: dict[str, int]) -> ModelRow:
    one, until = seen.get((model, provider)), opened.get(model)
    if one is None:
        return ModelRow(model=model, provider=provider, errors_by_class={}, open_until=until)
    return ModelRow(
        model=model,
        provider=provider,
        calls=one.calls,
        errors=one.errors,
        cancelled=one.cancelled,
        error_share=one.errors / one.calls,
        errors_by_class=one.errors_by_class,
        latency=one.latency,
        first_token=one.first_token,
        open_until=until,
    )
