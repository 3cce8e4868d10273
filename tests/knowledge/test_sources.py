"""Sources: text, Markdown and docstrings become documents with names to quote."""

import os
import sys
from pathlib import Path

import pytest

from hone.errors import ProjectError
from hone.knowledge import documents
from hone.knowledge._sources import find


def named(patterns: list[str], root: Path) -> dict[str, str]:
    return {document.source: f"{document.title}|{document.text}" for document in documents(patterns, root)}


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


# -- files


def test_a_text_file_is_one_document(tmp_path: Path) -> None:
    write(tmp_path, "notes.txt", "\ufeffRing twice.")
    assert named(["*.txt"], tmp_path) == {"notes.txt": "|Ring twice."}


def test_markdown_is_taken_apart_at_its_headings(tmp_path: Path) -> None:
    write(
        tmp_path, "docs/guide.md", "Hello.\n# Parcels\nAll of them.\n## Lost ones ##\nWrite to us.\n# Prices\nFree.\n"
    )
    assert named(["docs/**/*.md"], tmp_path) == {
        "docs/guide.md": "|Hello.",
        "docs/guide.md#Parcels": "# Parcels|All of them.",
        "docs/guide.md#Lost ones": "# Parcels > Lost ones|Write to us.",
        "docs/guide.md#Prices": "# Prices|Free.",
    }


def test_a_comment_in_a_code_block_is_no_heading(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "# Run\n````sh\n```\n# not a heading\n````\n# Next\nText.")
    assert named(["*.md"], tmp_path) == {
        "a.md#Run": "# Run|````sh\n```\n# not a heading\n````",
        "a.md#Next": "# Next|Text.",
    }


def test_python_files_are_read_and_never_run(tmp_path: Path) -> None:
    write(
        tmp_path,
        "src/shop.py",
        '"""The shop."""\nraise SystemExit("this ran")\n'
        'class Cart(dict):\n    """What is bought."""\n'
        '    async def add(self, item: str, *, count: int = 1) -> None:\n        """Put it in."""\n'
        'if True:\n    def bare(): ...\n    def total(cart):\n        """The sum."""\n',
    )
    assert named(["src/**/*.py"], tmp_path) == {
        "src/shop.py": "src/shop.py|The shop.",
        "src/shop.py#Cart": "class Cart(dict)|What is bought.",
        "src/shop.py#Cart.add": "Cart.add(self, item: str, *, count: int=1) -> None|Put it in.",
        "src/shop.py#total": "total(cart)|The sum.",
    }


def test_a_file_that_two_patterns_match_is_read_once_and_hidden_folders_never(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", ".venv/c.txt"):
        write(tmp_path, name, name)
    assert list(named(["**/*.txt", "a.*"], tmp_path)) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("pattern", ["docs/**/*.md", "/etc/*.conf", "", "**text"])
def test_a_pattern_without_a_file_is_an_error(pattern: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        named([pattern], tmp_path)
    assert repr(pattern) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(("data", "why"), [(b"caf\xe9", "byte 0xe9 at 3"), (b"a\0b", "NUL at 1")])
def test_a_file_that_is_not_text_is_named(data: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_bytes(data)
    with pytest.raises(ProjectError, match=rf"old\.txt is not UTF-8 text \({why}\)"):
        named(["*.txt"], tmp_path)


def test_python_with_a_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "bad.py", "x = 1\ndef (:\n")
    with pytest.raises(ProjectError, match=r"bad\.py:2 is not Python"):
        named(["*.py"], tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path, "secret.txt", "x")
    (tmp_path / "secret.txt").chmod(0)
    with pytest.raises(ProjectError, match=r"secret\.txt cannot be read"):
        named(["*.txt"], tmp_path)


# -- modules


def test_a_module_gives_the_docstrings_of_itself_and_its_submodules(tmp_path: Path) -> None:
    found = named(["python:json"], tmp_path)
    assert found["python:json.loads"].startswith("json.loads(s, *, cls=None")
    assert {"python:json", "python:json.decoder", "python:json.JSONEncoder.default"} <= found.keys()
    assert not any("._" in source for source in found)


def test_builtins_go_by_their_own_names(tmp_path: Path) -> None:
    found = named(["python:builtins"], tmp_path)
    assert found["python:str.split"].startswith("str.split(sep=None, maxsplit=-1)|")
    assert found["python:dict.fromkeys"].startswith("dict.fromkeys(iterable, value=None, /)|")
    assert "python:len" in found


def test_no_file_of_the_project_is_imported_in_a_modules_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "textwrap.py", '"""Not the one that was asked for."""')
    monkeypatch.chdir(tmp_path)
    assert "python:textwrap.dedent" in named(["python:textwrap"], tmp_path)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules can be imported here and in the process that reads them."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def test_a_module_may_print_and_its_broken_parts_are_passed_over(installed: Path) -> None:
    write(installed, "chatty_pkg/__init__.py", 'print("hello")\nimport os\nos.write(1, b"there")\n"""no docstring"""')
    write(installed, "chatty_pkg/good.py", 'def f(x=object()):\n    """Works, \\ud800 and \\0 too."""\n')
    write(installed, "chatty_pkg/bad.py", "raise SystemExit(1)")
    (found,) = named(["python:chatty_pkg"], installed).items()
    assert found == ("python:chatty_pkg.good.f", "chatty_pkg.good.f(x=<object object>)|Works, ? and  too.")


def test_what_is_documented_twice_is_told_once(installed: Path) -> None:
    write(
        installed,
        "twice_mod.py",
        '__all__ = ["Base", "Sub", "go"]\n'
        'class Base:\n    def run(self):\n        """Run it."""\n'
        'class Sub(Base):\n    def run(self):\n        """Run it."""\n    size = 3\n'
        "go = Base().run\n",
    )
    assert named(["python:twice_mod"], installed) == {"python:twice_mod.go": "twice_mod.go()|Run it."}


def test_a_class_says_what_its_init_says_and_what_its_private_bases_define(installed: Path) -> None:
    write(
        installed,
        "paths_mod.py",
        'class _Base:\n    def exists(self, *, follow=True):\n        """Is it there?"""\n'
        'class Path(_Base):\n    def __init__(self, text):\n        """Made of a text."""\n'
        '    @classmethod\n    def home(cls):\n        """Where one lives."""\n'
        '    @staticmethod\n    def here(deep):\n        """Where one is."""\n'
        '    @property\n    def name(self):\n        """The last part."""\n'
        '    LIMITS = ["a list has a docstring of its own"]\n'
        "class Plain:\n    pass\n",
    )
    assert named(["python:paths_mod"], installed) == {
        "python:paths_mod.Path": "paths_mod.Path(text)|Made of a text.",
        "python:paths_mod.Path.exists": "paths_mod.Path.exists(*, follow=True)|Is it there?",
        "python:paths_mod.Path.here": "paths_mod.Path.here(deep)|Where one is.",
        "python:paths_mod.Path.home": "paths_mod.Path.home()|Where one lives.",
        "python:paths_mod.Path.name": "paths_mod.Path.name|The last part.",
    }


def test_a_name_that_fails_when_it_is_looked_at_is_passed_over(installed: Path) -> None:
    write(
        installed,
        "lazy_mod.py",
        '__all__ = ["broken", "whole"]\ndef whole():\n    """Here."""\n'
        'def __getattr__(name):\n    raise ImportError("not installed")\n',
    )
    assert named(["python:lazy_mod"], installed) == {"python:lazy_mod.whole": "lazy_mod.whole()|Here."}


@pytest.mark.parametrize("name", ["no_such_module", "json.no_such_part", "__main__", "a b", "-c", ""])
def test_a_module_that_is_not_there_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=f"python:{name} names") as caught:
        named([f"python:{name}"], tmp_path)
    assert caught.value.hint


def test_a_module_that_ends_the_process_is_an_error(installed: Path) -> None:
    write(installed, "fatal_mod.py", "import os\nos._exit(7)")
    with pytest.raises(ProjectError, match=r"docstrings of python:fatal_mod failed \(status 7\)"):
        named(["python:fatal_mod"], installed)


# -- fingerprints


def test_a_fingerprint_tells_an_edited_file_and_an_edited_module(installed: Path) -> None:
    def prints() -> list[str]:
        return [source.fingerprint() for source in find(["*.py", "python:edited_mod", "python:json"], installed)]

    write(installed, "edited_mod.py", '"""One."""')
    before = prints()
    assert prints() == before
    write(installed, "edited_mod.py", '"""Another."""')
    after = prints()
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]
    assert sys.version in after[2]
