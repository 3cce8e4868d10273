"""Evaluators of words: equality, overlap, distance."""

_HERE = "hone.evals.metrics.text"

NAMES: dict[str, str] = {
    "exact": f"{_HERE}._equal:exact",
    "equals": f"{_HERE}._equal:equals",
    "contains": f"{_HERE}._contains:contains",
    "contains-all": f"{_HERE}._contains:contains_all",
    "contains-any": f"{_HERE}._contains:contains_any",
    "icontains": f"{_HERE}._contains:icontains",
    "icontains-all": f"{_HERE}._contains:icontains_all",
    "icontains-any": f"{_HERE}._contains:icontains_any",
    "starts-with": f"{_HERE}._contains:starts_with",
    "ends-with": f"{_HERE}._contains:ends_with",
    "regex": f"{_HERE}._pattern:regex",
    "word-count": f"{_HERE}._length:word_count",
    "levenshtein": f"{_HERE}._distance:levenshtein",
    "f1": f"{_HERE}._squad:f1",
    "squad-f1": f"{_HERE}._squad:squad_f1",
    "squad-em": f"{_HERE}._squad:squad_em",
    "numeric": f"{_HERE}._numeric:numeric",
    "gsm8k": f"{_HERE}._numeric:gsm8k",
    "rouge": f"{_HERE}._rouge:rouge",
    "rouge-n": f"{_HERE}._rouge:rouge_n",
    "bleu": f"{_HERE}._bleu:bleu",
    "chrf": f"{_HERE}._bleu:chrf",
    "gleu": f"{_HERE}._gleu:gleu",
    "meteor": f"{_HERE}._meteor:meteor",
    "parent": f"{_HERE}._parent:parent",
    "similar": f"{_HERE}._similar:similar",
    "sentence-match": f"{_HERE}._similar:sentence_match",
}
"""Evaluators by name, as `module:factory`."""
