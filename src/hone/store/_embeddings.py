"""Vectors of record, found by what they were made from: the model and the text, each by its SHA-256."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, select

from hone.store._database import dialect_of, reading, writing
from hone.store._schema import embeddings

_AT_ONCE = 1000  # texts in one statement: databases limit its parameters


class Embeddings:
    """One database's vectors, shared by every knowledge and project in it. Safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def vectors(self, model: str, texts: Sequence[str]) -> dict[str, bytes]:
        """The vectors that are there, by the hash of their text; each is float32, little-endian."""
        query = select(embeddings.c.text, embeddings.c.vector).where(embeddings.c.model == model)
        found: dict[str, bytes] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(texts), _AT_ONCE):
                some = query.where(embeddings.c.text.in_(texts[start : start + _AT_ONCE]))
                found.update((text, bytes(vector)) for text, vector in connection.execute(some))
        return found

    def add_vectors(self, model: str, vectors: Mapping[str, bytes]) -> None:
        """Keep these, durably; one that is there already stays, since the same text gives the same vector."""
        rows = [{"model": model, "text": text, "vector": vector} for text, vector in vectors.items()]
        if not rows:
            return
        with writing(self._engine) as connection:
            dialect = dialect_of(connection.dialect)
            connection.execute(dialect.insert(embeddings).on_conflict_do_nothing(), rows)
