"""How many letters apart are two texts?"""

from hone.datasets import Example
from hone.errors import MissingExtra
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import check, number
from hone.evals.metrics.text._expected import wanted
from hone.store import Judgement


def levenshtein(given: Given) -> Evaluator:
    """The least number of letters that are to be put in, taken out or replaced to come from the answer to an expected
    text (V. I. Levenshtein, 1966), the nearest of them. `levenshtein:ratio` is 1 - distance / length of the longer
    text, between 0 and 1.

    Computed by the library rapidfuzz. White space around both is left out.

    Raises:
        MissingExtra: rapidfuzz is not installed.
    """
    check("levenshtein", given, options=("ratio",), threshold=True)
    try:
        from rapidfuzz.distance import Levenshtein
    except ModuleNotFoundError:
        raise MissingExtra("the evaluator `levenshtein`", "evals") from None
    find, ratio = wanted(given, reference=True), given.option == "ratio"
    name = "levenshtein:ratio" if ratio else "levenshtein"

    def judge(example: Example, answer: Answer) -> list[Judgement]:
        each, text = find(example), answer.text.strip()
        if not each:
            return []
        if ratio:
            return [Judgement(name, max(Levenshtein.normalized_similarity(text, one.strip()) for one in each))]
        return [Judgement(name, float(min(Levenshtein.distance(text, one.strip()) for one in each)))]

    # There is no largest distance that a failed call could count as.
    return number(name, judge) if ratio else number(name, judge, worst=None, direction="down")
