"""Once a second, what calls have spent is written to the accounts, and what is held in vain is given back."""

import logging
import threading

from hone.core import Clock
from hone.errors import StoreError
from hone.gateway import Admission
from hone.store import Accounts

log = logging.getLogger("hone")

_EVERY = 1.0  # seconds


class Bookkeeper:
    """Works on a thread of its own, which begins with the first call that comes under a budget."""

    def __init__(self, admission: Admission, accounts: Accounts, clock: Clock) -> None:
        self._admission = admission
        self._accounts = accounts
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hone-budgets", daemon=True)
        admission.first = self._begin

    def close(self) -> None:
        """Write what is not written, and hold nothing any more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
            self._tick(last=True)

    def _begin(self) -> None:
        self._thread.start()

    def _work(self) -> None:
        self._forget()
        while not self._over.wait(_EVERY):
            self._tick()

    def _tick(self, *, last: bool = False) -> None:
        try:
            self._admission.tick(last=last)
        except StoreError as problem:
            log.error("what budgets have spent could not be written, and will be: %s", problem)

    def _forget(self) -> None:
        try:
            self._accounts.forget(self._clock())
        except StoreError as problem:
            log.error("accounts of old periods could not be dropped: %s", problem)
