"""The client of a hone on the other end of HTTP: its errors, its headers, a server that is none."""

import json

import pytest

import hone
from hone import errors
from hone.client import _exporter
from hone.client._remote import error_from


def problem(code: str) -> bytes:
    return json.dumps({"title": code, "detail": "so it is", "hint": "do this"}).encode()


def openai(code: str | None) -> bytes:
    return json.dumps({"error": {"message": "so it is", "code": code}}).encode()


@pytest.mark.parametrize("body", [problem, openai])
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (500, "invalid_project", errors.ProjectError),
        (500, "invalid_prompt", errors.PromptError),
        (400, "invalid_request", errors.CallError),
        (404, "model_not_found", errors.UnknownModel),
        (404, "not_found", errors.NotFound),
        (413, "request_too_large", errors.TooLarge),
        (403, "not_allowed", errors.NotAllowed),
        (503, "store_busy", errors.StoreBusy),
        (500, "store_error", errors.StoreError),
        (503, "upstream_refused", errors.UpstreamRefused),
        (502, "upstream_unreachable", errors.UpstreamUnreachable),
        (504, "upstream_timeout", errors.UpstreamTimeout),
        (502, "upstream_garbage", errors.UpstreamGarbage),
        (502, "upstream_cut", errors.UpstreamCut),
        (502, "upstream_error", errors.UpstreamError),
    ],
)
def test_an_error_has_the_class_that_its_code_names(status, code, kind, body):
    error = error_from(status, body(code))
    assert type(error) is kind
    assert (error.status, error.code, error.message) == (status, code, "so it is")


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_an_error_of_the_models_own_server_is_an_upstream_error(status):
    error = error_from(status, openai("its_own_word"))
    assert type(error) is errors.UpstreamRefused
    assert error.status == status


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.NotAllowed),
        (413, errors.TooLarge),
        (418, errors.CallError),
        (429, errors.UpstreamRefused),
        (503, errors.UpstreamError),
    ],
)
def test_without_a_code_the_status_decides(status, kind):
    for body in (b"<html>", b"[1]", b"{}", b""):
        assert type(error_from(status, body)) is kind


def test_users_sessions_and_tags_may_be_in_any_script(wire):
    hone.run("answer", "x", user="日本", session="größe\nzwei", tags=["grün"])
    (headers,) = wire.headers
    sent = {name: headers[f"x-hone-{name}"].encode("latin-1").decode() for name in ("user", "session", "tags")}
    assert sent == {"user": "日本", "session": "größe zwei", "tags": "grün"}


def test_a_server_that_speaks_no_http_is_no_hone(wire):
    wire.raw = b"NONSENSE\r\n\r\n"
    with pytest.raises(errors.UpstreamUnreachable, match="no hone at"):
        hone.run("answer", "x")


def test_spans_wait_until_the_server_speaks_http_again(wire, monkeypatch):
    monkeypatch.setattr(_exporter, "EVERY_SECONDS", 0.01)
    wire.raw = b"NONSENSE\r\n\r\n"
    with hone.span("patient"):
        pass
    assert not hone.flush(0.3)
    wire.raw = b""
    assert hone.flush(10)
    assert wire.bodies[0][0]["name"] == "patient"
