"""What the docstrings of Python source files say, read from the syntax tree: nothing is imported or executed."""

import ast
from collections.abc import Iterator

from hone.knowledge._document import Document

_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_Block = ast.If | ast.Try | ast.TryStar | ast.With | ast.ExceptHandler  # what may stand around a definition


def documents(text: str, path: str) -> Iterator[Document]:
    """One document for every docstring of the module at `path`, classes and functions with their signatures.

    Raises:
        SyntaxError: the text is not Python.
    """
    tree = ast.parse(text, path)
    if doc := ast.get_docstring(tree):
        yield Document(path, path, doc)
    yield from _inside(tree, path, "")


def _inside(node: ast.AST, path: str, prefix: str) -> Iterator[Document]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Block):
            yield from _inside(child, path, prefix)
        if not isinstance(child, _Definition):
            continue
        name = prefix + child.name
        if doc := ast.get_docstring(child):
            yield Document(f"{path}#{name}", _signature(name, child), doc)
        if isinstance(child, ast.ClassDef):
            yield from _inside(child, path, f"{name}.")


def _signature(name: str, node: _Definition) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        return f"class {name}({bases})" if bases else f"class {name}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{name}({ast.unparse(node.args)}){returns}"
