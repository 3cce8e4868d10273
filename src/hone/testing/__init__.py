"""For tests of what is built on hone, and of hone itself: a model on a script, in the process or behind real HTTP."""

from hone.providers._fake import FakeProvider, Step
from hone.testing._upstream import FakeAnthropic, FakeBedrock, FakeCohere, FakeGoogle, FakeUpstream, Received

__all__ = [
    "FakeAnthropic",
    "FakeBedrock",
    "FakeCohere",
    "FakeGoogle",
    "FakeProvider",
    "FakeUpstream",
    "Received",
    "Step",
]
