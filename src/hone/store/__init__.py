from hone.store._database import open_database, reading, writing

__all__ = [
    "open_database",
    "reading",
    "writing",
]
