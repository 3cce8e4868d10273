"""For tests of what is built on hone, and of hone itself: a model on a script, in the process or behind real HTTP; and
datasets as tests."""

from typing import TYPE_CHECKING

from hone.core import lazily

if TYPE_CHECKING:
    from hone.testing._case import case
    from hone.testing._fake import FakeProvider, Step
    from hone.testing._upstream import FakeAnthropic, FakeBedrock, FakeCohere, FakeGoogle, FakeUpstream, Received

# pytest loads a plugin from here whenever it starts, also where nothing of hone is tested.
__getattr__ = lazily(
    __name__,
    {
        "FakeAnthropic": "_upstream",
        "FakeBedrock": "_upstream",
        "FakeCohere": "_upstream",
        "FakeGoogle": "_upstream",
        "FakeProvider": "_fake",
        "FakeUpstream": "_upstream",
        "Received": "_upstream",
        "Step": "_fake",
        "case": "_case",
    },
)

__all__ = [
    "FakeAnthropic",
    "FakeBedrock",
    "FakeCohere",
    "FakeGoogle",
    "FakeProvider",
    "FakeUpstream",
    "Received",
    "Step",
    "case",
]
