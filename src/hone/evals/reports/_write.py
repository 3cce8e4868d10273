"""Writing reports: each file whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path

from hone.errors import ProjectError
from hone.evals.reports._github import annotations, job_summary
from hone.evals.reports._html import page
from hone.evals.reports._junit import junit
from hone.evals.reports._story import story
from hone.evals.runs._report import Run
from hone.evals.statistics._compare import Comparison


def write(
    run: Run,
    comparison: Comparison | None = None,
    *,
    html: Path | None = None,
    junit_file: Path | None = None,
    github: bool = False,
    file: str | None = None,
    lines: Mapping[str, int] | None = None,
) -> list[str]:
    """Write what is asked for; the lines that GitHub reads are given back, to be printed.

    With `github` the job summary goes to the file of `$GITHUB_STEP_SUMMARY`, where there is one. `file` and `lines` say
    where the examples stand, for the annotations.

    Raises:
        ProjectError: a file cannot be written.
    """
    told = story(run, comparison)
    if html is not None:
        _whole(html, page(told))
    if junit_file is not None:
        _whole(junit_file, junit(run))
    if not github:
        return []
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        _appended(Path(summary), job_summary(told))
    return annotations(told, file=file, lines=lines)


def _whole(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, "utf-8", "replace")
        beside.replace(path)
    except OSError as problem:
        raise ProjectError(f"cannot write {path} ({problem.strerror})", hint="name another file") from None
    finally:
        beside.unlink(missing_ok=True)


def _appended(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as problem:
        raise ProjectError(f"cannot write {path} ({problem.strerror})", hint="see GITHUB_STEP_SUMMARY") from None
