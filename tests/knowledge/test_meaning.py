"""Search by meaning: vectors are made once, kept by content, and ranked alone or together with the words."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Engine

from hone.errors import ProjectError
from hone.knowledge import Embedding, Knowledge
from hone.knowledge._meaning import OPENING, gist, meaning_of
from hone.knowledge._search import Snapshot, best, fused
from hone.store import Catalog, Embeddings

TOPICS = ("parcel post mail box", "money price refund pay", "night moon dark day")


class Topics:
    """Knows three topics: a text's vector says how many of its words belong to each, and a little of something else."""

    def __init__(self, sha256: str = "a" * 64) -> None:
        self.sha256 = sha256
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        rows = [[sum(word in text.lower() for word in topic.split()) for topic in TOPICS] + [0.1] for text in texts]
        found = np.array(rows, np.float32)
        normed: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return normed


DOCS = {
    "post.md": "# Post\nParcels travel in the mail.",
    "costs.md": "# Costs\nWhat a refund pays.",
    "hours.md": "# Hours\nThe counter is dark at night.",
}


@pytest.fixture
def embedder() -> Topics:
    return Topics()


@pytest.fixture
def make(engine: Engine, tmp_path: Path, embedder: Topics) -> Callable[..., Knowledge]:
    """A knowledge of the files in `docs`, in a real database of each kind."""
    (tmp_path / "docs").mkdir()
    for name, text in DOCS.items():
        (tmp_path / "docs" / name).write_text(text)

    def make(model: Topics = embedder, **settings: Any) -> Knowledge:
        options = {"embedder": lambda: model, "vectors": Embeddings(engine), **settings}
        made = Knowledge("handbook", ("docs/*.md",), root=tmp_path, builds=Catalog(engine), project="demo", **options)
        made.build()
        return made

    return make


# -- vectors


def test_each_text_is_embedded_once_whoever_asks(make: Callable[..., Knowledge], embedder: Topics) -> None:
    make().embed()
    assert len(embedder.asked) == 3
    make().embed()
    assert len(embedder.asked) == 3


def test_an_edited_document_alone_is_embedded_again(
    make: Callable[..., Knowledge], embedder: Topics, tmp_path: Path
) -> None:
    make().embed()
    (tmp_path / "docs" / "post.md").write_text("# Post\nBoxes travel by day.")
    told: list[Embedding] = []
    make().embed(told.append)
    assert embedder.asked[3:] == ["# Post\nBoxes travel by day."]
    assert told == [Embedding(3, 3)]


def test_another_model_makes_its_own_vectors(make: Callable[..., Knowledge], embedder: Topics) -> None:
    make().embed()
    other = Topics("b" * 64)
    make(other).embed()
    assert sorted(other.asked) == sorted(embedder.asked)


def test_texts_that_are_the_same_count_once(engine: Engine, embedder: Topics) -> None:
    told: list[Embedding] = []
    chunks = [("a", "t\nparcel"), ("b", "t\nparcel"), ("c", "t\nnight")]
    meaning = meaning_of(chunks, embedder, Embeddings(engine), told.append)
    assert told == [Embedding(2, 2)]
    scores = meaning.scores("parcel")
    assert scores[0] == scores[1] > scores[2]


def test_an_interrupted_embedding_goes_on_where_it_was(
    engine: Engine, embedder: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hone.knowledge._meaning._AT_ONCE", 2)
    chunks = [(f"{number}", f"t\nparcel {number}") for number in range(7)]

    def stop(at: Embedding) -> None:
        if at.done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        meaning_of(chunks, embedder, Embeddings(engine), stop)
    assert len(embedder.asked) == 4
    told: list[Embedding] = []
    meaning_of(chunks, embedder, Embeddings(engine), told.append)
    assert sorted(embedder.asked) == sorted(gist(text) for _, text in chunks)
    assert told == [Embedding(6, 7), Embedding(7, 7)]


def test_vectors_that_are_there_stay_as_they_are(engine: Engine) -> None:
    store = Embeddings(engine)
    store.add_vectors("m", {"one": b"1", "two": b"2"})
    store.add_vectors("m", {"two": b"other", "three": b"3"})
    store.add_vectors("m", {})
    assert store.vectors("m", ["one", "two", "three", "four"]) == {"one": b"1", "two": b"2", "three": b"3"}
    assert store.vectors("n", ["one"]) == {}


def test_more_texts_than_a_statement_takes_are_all_found(engine: Engine) -> None:
    store = Embeddings(engine)
    rows = {f"{number}": b"v" for number in range(2500)}
    store.add_vectors("m", rows)
    assert store.vectors("m", list(rows)) == rows


def test_what_is_embedded_is_the_title_and_the_opening() -> None:
    assert gist("f(x)\nOpens   a\n file.") == "f(x)\nOpens a file."
    long = gist(f"{'signature, ' * 50}\n{'words ' * 100}")
    assert len(long) == OPENING
    assert long.partition("\n")[2].startswith("words words")


# -- search


def found(knowledge: Knowledge, query: str, mode: Any, **settings: Any) -> list[str]:
    return [passage.source.partition("#")[0] for passage in knowledge.search(query, mode=mode, **settings)]


def test_meaning_finds_what_shares_no_word(make: Callable[..., Knowledge]) -> None:
    knowledge = make()
    assert found(knowledge, "money back", "lexical") == []
    assert found(knowledge, "money back", "semantic", k=1) == ["docs/costs.md"]
    assert found(knowledge, "money back", "hybrid", k=1) == ["docs/costs.md"]


def test_a_semantic_score_is_the_cosine_and_a_threshold_leaves_out_what_is_far(
    make: Callable[..., Knowledge], embedder: Topics
) -> None:
    knowledge = make()
    passages = knowledge.search("money", mode="semantic")
    query, *vectors = embedder.embed(["money", *(passage.text for passage in passages)])
    assert [passage.score for passage in passages] == pytest.approx([float(query @ vector) for vector in vectors])
    assert found(knowledge, "money", "semantic", threshold=0.5) == ["docs/costs.md"]
    assert found(knowledge, "money", "semantic", threshold=1.0) == []


def test_opposite_directions_are_no_likeness_at_all(engine: Engine) -> None:
    class Opposites(Topics):
        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.array([[1.0 if "yes" in text else -1.0] for text in texts], np.float32)

    snapshot = Snapshot("build", [("a", "t\nyes"), ("b", "t\nno")])
    snapshot.meaning = meaning_of(snapshot.chunks, Opposites(), Embeddings(engine))
    assert [(p.source, p.score) for p in snapshot.search("yes", 5, None, "semantic")] == [("a", 1.0)]


def test_hybrid_ranks_by_both_and_scores_by_the_mean(make: Callable[..., Knowledge]) -> None:
    knowledge = make()
    query = "a refund for mail at night"
    scores: dict[str, dict[str, float]] = {
        mode: {passage.source: passage.score for passage in knowledge.search(query, mode=mode)}  # type: ignore[arg-type]
        for mode in ("lexical", "semantic", "hybrid")
    }
    for source, score in scores["hybrid"].items():
        assert score == pytest.approx((scores["lexical"].get(source, 0) + scores["semantic"].get(source, 0)) / 2)
    assert next(iter(scores["hybrid"])) == "docs/costs.md#Costs"


def test_fusion_sums_the_reciprocal_ranks() -> None:
    # 1/61 + 1/63 > 1/62 + 1/62 > 1/61 alone, and a tie goes to the earlier one.
    assert fused([[7, 3, 9], [5, 3, 7]]) == [7, 3, 5, 9]
    assert fused([[4, 2], [2, 4]]) == [2, 4]
    assert fused([[], []]) == []


def test_the_best_are_positive_and_the_earlier_of_two_that_are_the_same_comes_first() -> None:
    assert best(np.array([0.5, 0.9, 0.0, 0.5, 0.1], np.float32), 3) == [1, 0, 3]
    assert best(np.array([0.0, 0.2], np.float32), 5) == [1]


def test_more_may_be_asked_for_than_are_fused(engine: Engine, embedder: Topics) -> None:
    chunks = [(f"{number}", f"parcel {number}") for number in range(250)]
    snapshot = Snapshot("build", chunks)
    snapshot.meaning = meaning_of(chunks, embedder, Embeddings(engine))
    for mode in ("lexical", "semantic", "hybrid"):
        assert len(snapshot.search("parcel", 200, None, mode)) == 200  # type: ignore[arg-type]


def test_a_new_build_is_searched_by_its_own_meaning(make: Callable[..., Knowledge], tmp_path: Path) -> None:
    knowledge = make()
    assert found(knowledge, "money", "semantic", k=1) == ["docs/costs.md"]
    (tmp_path / "docs" / "a-new-one.md").write_text("# Prices\nThe price of money.")
    knowledge.build()
    assert found(knowledge, "money", "semantic", k=1) == ["docs/a-new-one.md"]


def test_knowledge_without_a_model_is_searched_by_words_alone(make: Callable[..., Knowledge]) -> None:
    knowledge = make(embedder=None)
    assert found(knowledge, "refund", "lexical") == ["docs/costs.md"]
    with pytest.raises(ProjectError, match=r"knowledge\.handbook was opened without a model"):
        knowledge.search("refund", mode="hybrid")
