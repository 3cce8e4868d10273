"""The input of a batch, line by line."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hone.batches import _lines
from hone.batches._lines import MOST, check, read

URL = "/v1/chat/completions"


def line(name: str, body: dict | None = None) -> str:
    return json.dumps({"custom_id": name, "method": "POST", "url": URL, "body": body or {"model": "m"}})


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "input.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_lines_are_read_with_their_numbers_without_those_to_skip(tmp_path):
    path = written(tmp_path, "\n".join(["", line("a"), "  ", line("b", {"x": "é"}), line("c")]))
    assert check(path, URL).total == 3
    found = list(read(path, {2}))
    assert [(each.number, each.custom_id) for each in found] == [(4, "b"), (5, "c")]
    assert json.loads(found[0].body) == {"x": "é"}


def test_windows_line_ends_and_byte_order_marks_are_no_error(tmp_path):
    path = written(tmp_path, b"\xef\xbb\xbf" + f"{line('a')}\r\n{line('b')}\r\n".encode())
    assert check(path, URL).errors == []
    assert [each.custom_id for each in read(path, set())] == ["a", "b"]


def test_the_models_that_are_asked_are_told(tmp_path):
    bodies = [{"model": "a"}, {"model": "b"}, {"model": "a"}, {"model": 7}, {}]
    path = written(tmp_path, "\n".join(line(str(n), body or {"y": 1}) for n, body in enumerate(bodies)))
    assert check(path, URL).models == ["a", "b"]


def test_an_input_with_too_many_lines_is_refused(tmp_path, monkeypatch):
    assert MOST == 50_000
    monkeypatch.setattr(_lines, "MOST", 5)
    assert check(written(tmp_path, "\n".join(map(line, "abcde"))), URL).errors == []
    found = check(written(tmp_path, "\n".join(map(line, "abcdef"))), URL)
    assert [each.code for each in found.errors] == ["too_many_requests"]


def test_a_file_of_mistakes_is_not_read_to_its_end(tmp_path):
    assert len(check(written(tmp_path, "{\n" * 5000), URL).errors) == 100


@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(["a", "b", "é"]).map(lambda n: line(n).encode()))))
def test_whatever_is_sent_is_either_in_order_or_named_with_its_line(tmp_path_factory, lines):
    path = written(tmp_path_factory.mktemp("input"), b"\n".join(lines))
    found = check(path, URL)
    if found.errors:
        assert all(each.code == "empty_file" or each.line for each in found.errors)
    else:
        assert len(list(read(path, set()))) == found.total > 0
