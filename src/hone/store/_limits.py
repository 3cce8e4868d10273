"""Every number the telemetry store can be tuned by, with the reason for its default."""

from msgspec import Struct

MB = 1024 * 1024


class Limits(Struct, frozen=True, kw_only=True):
    """Sizes and times of the telemetry store. The defaults suit a laptop; tests make them tiny."""

    queue_rows: int = 20_000  # what may wait for the writer before `put` says StoreBusy
    queue_bytes: int = 64 * MB
    group_rows: int = 500  # a commit costs one fsync, so rows travel together ...
    group_seconds: float = 0.01  # ... but none waits longer than this for company
    hot_bytes: int = 512 * MB  # unsealed rows in memory; past this, `put` says StoreBusy until sealing catches up
    seal_rows: int = 20_000
    seal_seconds: float = 45.0
    segment_rows: int = 500_000  # a compacted segment is no larger: 350 MB of usual spans, one rewrite of a minute
    fan_in: int = 16  # so many segments of one size class make one of the next; usually a row is rewritten once
    grace_seconds: float = 60.0  # files of replaced segments stay this long for readers that still use them
    spool_bytes: int = 8 * MB  # a spool file is rotated at this size
    maintain_seconds: float = 1.0  # how often the background looks for something to seal
    background: bool = True  # False: nobody seals or compacts unless asked to
