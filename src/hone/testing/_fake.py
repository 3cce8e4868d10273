"""The provider on a script, which the gateway has too: `fake/NAME`."""

from hone.providers._fake import FakeProvider, Step

__all__ = ["FakeProvider", "Step"]
