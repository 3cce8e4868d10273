"""Circuit breakers: a model that keeps failing is left alone for a while, so that callers do not wait for it."""

from msgspec import Struct

from hone.core import Clock, forget_oldest

TRIPS_AFTER = 5
"""Failures in a row that open a breaker."""

_SECOND = 1_000_000_000
_FIRST, _LONGEST = 5 * _SECOND, 60 * _SECOND  # how long it stays open: doubling, as long as the probes fail


class _State(Struct):
    failures: int = 0  # in a row
    open_until: int = 0  # ns
    opened: int = 0  # times in a row
    probing: bool = False


class Breakers:
    """One breaker a model, by its alias. They belong to one event loop.

    Closed, calls go through. Open, `allows` says no until its time is over; then one call may probe, and what becomes
    of it closes the breaker or opens it for twice as long.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._states: dict[str, _State] = {}

    def allows(self, alias: str) -> bool:
        """May the model be asked now? After a yes, `succeeded`, `failed` or `undecided` must follow."""
        state = self._states.get(alias)
        if state is None or state.open_until == 0:
            return True
        if self._clock() < state.open_until or state.probing:
            return False
        state.probing = True
        return True

    def succeeded(self, alias: str) -> None:
        self._states.pop(alias, None)

    def forget(self, alias: str) -> None:
        """The alias means another model now."""
        self._states.pop(alias, None)

    def undecided(self, alias: str) -> None:
        """The call says nothing about the model: the caller left, the request was wrong, or its stream goes on yet."""
        if (state := self._states.get(alias)) is not None:
            state.probing = False

    def failed(self, alias: str, stay_away: float | None = None) -> None:
        """`stay_away` are the seconds that the model's server asks for: it is left alone for so long at once."""
        state = self._states.setdefault(alias, _State())
        forget_oldest(self._states)
        state.failures += 1
        state.probing = False
        if stay_away is not None:
            state.open_until = max(state.open_until, self._clock() + min(int(stay_away * _SECOND), _LONGEST))
        elif state.failures >= TRIPS_AFTER:
            state.open_until = self._clock() + min(_FIRST * 2**state.opened, _LONGEST)
            state.opened += 1

    def open(self) -> dict[str, int]:
        """The models that are left alone now, and until when (ns)."""
        now = self._clock()
        return {alias: state.open_until for alias, state in list(self._states.items()) if state.open_until > now}
