"""Evaluators that ask a model, and how such a judge is calibrated against people."""

_HERE = "hone.evals.judges"

NAMES: dict[str, str] = {
    "agent-rubric": f"{_HERE}._rubric:agent_rubric",
    "answer-relevance": f"{_HERE}._relevance:answer_relevance",
    "coherence": f"{_HERE}._scales:coherence",
    "context-faithfulness": f"{_HERE}._groundedness:context_faithfulness",
    "context-precision": f"{_HERE}._context:context_precision",
    "context-recall": f"{_HERE}._context:context_recall",
    "context-relevance": f"{_HERE}._context:context_relevance",
    "conversation-relevance": f"{_HERE}._relevance:conversation_relevance",
    "factuality": f"{_HERE}._factuality:factuality",
    "fluency": f"{_HERE}._scales:fluency",
    "g-eval": f"{_HERE}._scales:g_eval",
    "groundedness": f"{_HERE}._groundedness:groundedness",
    "incorporates-feedback": f"{_HERE}._feedback:incorporates_feedback",
    "llm-rubric": f"{_HERE}._rubric:llm_rubric",
    "max-score": f"{_HERE}._choice:max_score",
    "model-graded-closedqa": f"{_HERE}._rubric:closedqa",
    "model-graded-factuality": f"{_HERE}._factuality:model_graded_factuality",
    "moderation": f"{_HERE}._moderation:moderation",
    "pairwise": f"{_HERE}._pairwise:pairwise",
    "qa-faithfulness": f"{_HERE}._questions:qa_faithfulness",
    "select-best": f"{_HERE}._choice:select_best",
}
"""Evaluators by name, as `module:factory`."""
