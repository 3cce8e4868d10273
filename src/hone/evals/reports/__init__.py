"""What a run says to others: JUnit XML, GitHub's annotations and job summary, one HTML file that needs nothing else."""

from typing import TYPE_CHECKING

from hone.core import lazily

if TYPE_CHECKING:
    from hone.evals.reports._github import annotations, job_summary
    from hone.evals.reports._html import page
    from hone.evals.reports._junit import junit
    from hone.evals.reports._story import Story, story, wrong
    from hone.evals.reports._write import write

__getattr__ = lazily(
    __name__,
    {
        "Story": "_story",
        "annotations": "_github",
        "job_summary": "_github",
        "junit": "_junit",
        "page": "_html",
        "story": "_story",
        "wrong": "_story",
        "write": "_write",
    },
)

__all__ = ["Story", "annotations", "job_summary", "junit", "page", "story", "write", "wrong"]
