"""Datasets on pages: browsing, what is flagged, changing an example, versions and what changed between them."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

HTML = {"accept": "text/html"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
LONG = "Who pays for the parcel that was lost in transit between two countries in the first week of May"
LINES = [
    {
        "id": "one",
        "input": {"question": "Where is the counter?"},
        "expected": "in Bern",
        "tags": ["places"],
        "split": "dev",
    },
    {"id": "two", "input": {"question": LONG}, "expected": "the sender", "tags": ["claims"], "split": "dev"},
    {
        "id": "three",
        "input": {"question": LONG.upper()},
        "expected": "nobody",
        "split": "held-out",
        "origin": "traffic",
    },
    {"id": "four", "input": {"question": HOSTILE}, "expected": [HOSTILE, "x"], "split": "held-out", "tags": [HOSTILE]},
]


@pytest.fixture
def lost(folder: Path) -> Path:
    path = folder / "datasets" / "lost.jsonl"
    path.parent.mkdir()
    path.write_text("".join(f"{json.dumps(line)}\n" for line in LINES))
    return path


def test_no_dataset_says_which_command_makes_one(http):
    assert "hone datasets import NAME FILE" in http.get("/datasets", headers=HTML).text
    answer = http.get("/datasets/nope", headers=HTML)
    assert (answer.status_code, "no dataset" in answer.text) == (404, True)


def test_the_list_counts_each_split_and_shows_a_broken_file_as_one(http, lost):
    (lost.parent / "broken.jsonl").write_text('{"inptu": "a"}\n')
    broken, fine = http.get("/datasets.json").json()["items"]
    assert (fine["name"], fine["examples"]) == ("lost", 4)
    assert fine["splits"] == {"train": 0, "dev": 2, "held-out": 2}
    assert "inptu" in broken["problem"]
    page = http.get("/datasets", headers=HTML).text
    assert "datasets/broken.jsonl:1" in page
    assert http.get("/datasets/broken", headers=HTML).status_code == 422


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["one", "two", "three", "four"]),
        ("q=parcel+LOST", ["two", "three"]),
        ("q=bern", ["one"]),
        ("split=held-out", ["three", "four"]),
        ("origin=traffic", ["three"]),
        ("tag=claims", ["two"]),
        ("flag=duplicate", ["two", "three"]),
        ("flag=leak", ["three"]),
        ("q=nobody+here", []),
    ],
)
def test_examples_are_found_by_words_split_origin_tag_and_flag(http, lost, query, found):
    seen = http.get(f"/datasets/lost.json?{query}").json()
    assert [row["id"] for row in seen["rows"]] == found
    assert (seen["found"], seen["total"]) == (len(found), 4)
    page = http.get(f"/datasets/lost?{query}", headers=HTML).text
    assert ("Nothing matches" in page) is (not found)


def test_many_examples_come_in_pages(http, lost):
    lost.write_text("".join(json.dumps({"input": f"number {n}"}) + "\n" for n in range(120)))
    last = http.get("/datasets/lost.json?page=3").json()
    assert (last["pages"], len(last["rows"])) == (3, 20)
    assert http.get("/datasets/lost.json?page=99").json()["page"] == 3
    assert http.get("/datasets/lost.json?page=x").status_code == 400


def test_a_duplicate_across_splits_is_flagged_where_it_is_read(http, lost):
    seen = http.get("/datasets/lost.json?example=three").json()
    assert (seen["duplicates"], seen["leaks"]) == (1, 1)
    assert (seen["open"]["twins"], seen["open"]["known"]) == (["two"], "two")
    page = http.get("/datasets/lost?example=three", headers=HTML).text
    assert "it is held out" in page
    numbers = http.get("/datasets/lost/numbers", headers=HTML).text
    assert "1 of 2 held-out examples are known from dev and train" in numbers
    assert "hone datasets split lost --near" in numbers


def test_the_histogram_says_its_counts_in_words_too(http, lost):
    page = http.get("/datasets/lost/numbers", headers=HTML).text
    assert 'class="histogram"' in page
    assert re.search(r"<title>\d+ to \d+ characters: \d+</title>", page)
    seen = http.get("/datasets/lost/numbers.json").json()
    assert sum(each["count"] for each in seen["statistics"]["input"]["bins"]) == 4


def test_what_a_dataset_holds_is_never_markup(http, lost):
    for path in ["/datasets/lost", "/datasets/lost?example=four", "/datasets/lost?example=four&edit=fields",
                 "/datasets/lost?example=four&edit=json", "/datasets/lost/numbers"]:  # fmt: skip
        page = http.get(path, headers=HTML).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "\"'><img" not in page


class TestEditing:
    def test_one_line_changes_and_the_others_stay_byte_for_byte(self, http, lost, house):
        before = lost.read_bytes().splitlines()
        saved = http.post("/datasets/lost/save", data=self.form(http, "one") | {"text:expected": "at the corner"})
        assert (saved.status_code, saved.headers["location"]) == (303, "/datasets/lost?example=one")
        after = lost.read_bytes().splitlines()
        assert after[1:] == before[1:]
        assert json.loads(after[0]) == LINES[0] | {"expected": "at the corner"}
        assert [each.by for each in house.versions.all("lost")] == ["web", "file"]

    def test_what_was_not_touched_stays_as_it_was(self, http, lost):
        odd = {"id": "odd", "input": {"question": "a\r\nb", "n": 7}, "expected": {"deep": [1, None]}, "group": "g",
               "metadata": {"k": "v"}, "split": "dev", "evaluators": ["exact"], "probability": 0.25}  # fmt: skip
        lost.write_text(json.dumps(odd) + "\n")
        sent = {name: text.replace("\n", "\r\n") for name, text in self.form(http, "odd").items()}
        http.post("/datasets/lost/save", data=sent)
        assert json.loads(lost.read_text()) == odd

    def test_half_a_surrogate_pair_is_shown_edited_and_kept(self, http, lost):
        lost.write_text(json.dumps({"id": "half", "input": {"question": "a\ud800b"}, "expected": "yes"}) + "\n")
        assert "a?b" in http.get("/datasets/lost?example=half", headers=HTML).text
        seen = json.loads(http.get("/datasets/lost.json?example=half").text)
        assert seen["open"]["example"]["input"] == {"question": "a\ud800b"}
        form = self.form(http, "half")
        assert form["json:input.question"] == '"a\\ud800b"'
        http.post("/datasets/lost/save", data=form | {"text:expected": "no"})
        assert json.loads(lost.read_text()) == {"id": "half", "input": {"question": "a\ud800b"}, "expected": "no"}

    def test_a_drawn_split_is_not_written_down(self, http, lost):
        lost.write_text(json.dumps({"id": "a", "input": "where?", "expected": "here"}) + "\n")
        http.post("/datasets/lost/save", data=self.form(http, "a") | {"text:expected": "there"})
        assert json.loads(lost.read_text()) == {"id": "a", "input": "where?", "expected": "there"}

    def test_an_example_is_edited_as_json(self, http, lost):
        example = {"id": "one", "input": "now a text", "metadata": {"by": ["ana"]}}
        data = self.form(http, "one", "json") | {"json:example": json.dumps(example)}
        assert http.post("/datasets/lost/save", data=data).status_code == 303
        assert json.loads(lost.read_text().splitlines()[0]) == example

    def test_an_edit_of_a_file_that_has_changed_meanwhile_is_refused_and_nothing_is_lost(self, http, lost):
        form = self.form(http, "one") | {"text:expected": "my long careful answer"}
        lost.write_text(lost.read_text().replace("in Bern", "in Basel"))
        refused = http.post("/datasets/lost/save", data=form, headers=HTML)
        assert refused.status_code == 409
        assert "has changed since it was read" in refused.text
        assert "my long careful answer" in refused.text  # the form comes back as it was sent
        assert "in Basel" in lost.read_text()
        again = form | {"seen": re.search(r'name="seen" value="([0-9a-f]{64})"', refused.text)[1]}
        assert http.post("/datasets/lost/save", data=again).status_code == 303
        assert "my long careful answer" in lost.read_text()

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ({"json:example": "{not json"}, "not JSON"),
            ({"json:example": "[1]"}, "an example is a JSON object"),
            ({"json:example": '{"input": "a", "colour": 1}'}, "unknown field `colour`"),
            ({"json:example": '{"id": "two", "input": "a"}'}, "the id &#39;two&#39; stands in"),
            ({"json:example": '{"input": ""}'}, "the input is empty"),
        ],
    )
    def test_what_is_no_example_is_said_beside_the_form(self, http, lost, sent, said):
        before = lost.read_bytes()
        answer = http.post("/datasets/lost/save", data=self.form(http, "one", "json") | sent, headers=HTML)
        assert 400 <= answer.status_code < 500
        assert said in answer.text
        assert lost.read_bytes() == before

    def test_a_program_is_told_in_json(self, http, lost):
        form = self.form(http, "one", "json") | {"json:example": "[]"}
        answer = http.post("/datasets/lost/save", data=form, headers={"accept": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        form["json:example"] = '{"input": "a text"}'
        saved = http.post("/datasets/lost/save", data=form, headers={"accept": "application/json"}).json()
        assert (saved["name"], saved["id"], saved["examples"]) == ("lost", "one", 4)
        assert saved["sha256"] == http.get("/datasets/lost.json").json()["sha256"]

    def test_an_example_is_added_like_the_others_and_once(self, http, lost):
        page = http.get("/datasets/lost?edit=new", headers=HTML).text
        form = self.fields(page) | {"text:input.question": "Is it open?", "text:expected": "yes", "text:tags": "a, b"}
        added = http.post("/datasets/lost/save", data=form)
        assert added.status_code == 303
        made = json.loads(lost.read_text().splitlines()[4])
        assert made == {"input": {"question": "Is it open?"}, "expected": "yes", "tags": ["a", "b"]}
        opened = http.get(f"{added.headers['location']}", headers=HTML).text
        assert "Is it open?" in opened
        form["seen"] = http.get("/datasets/lost.json").json()["sha256"]
        twice = http.post("/datasets/lost/save", data=form, headers=HTML)
        assert (twice.status_code, "is there already" in twice.text) == (400, True)

    def test_an_example_is_taken_out_unless_the_file_has_changed(self, http, lost):
        seen = http.get("/datasets/lost.json").json()["sha256"]
        assert http.post("/datasets/lost/delete", data={"id": "two", "seen": "0" * 64}).status_code == 409
        assert http.post("/datasets/lost/delete", data={"id": "nobody", "seen": seen}).status_code == 404
        assert len(lost.read_text().splitlines()) == 4
        assert http.post("/datasets/lost/delete", data={"id": "two", "seen": seen}).status_code == 303
        assert [json.loads(line)["id"] for line in lost.read_text().splitlines()] == ["one", "three", "four"]

    def test_a_page_of_elsewhere_changes_nothing(self, http, lost):
        before = lost.read_bytes()
        headers = {"sec-fetch-site": "cross-site", "origin": "http://evil.example"}
        seen = http.get("/datasets/lost.json").json()["sha256"]
        for path in ("save", "delete"):
            answer = http.post(f"/datasets/lost/{path}", data={"id": "two", "seen": seen}, headers=headers)
            assert answer.status_code == 403
        assert lost.read_bytes() == before

    @pytest.mark.parametrize("name", ["..%2Fup", "%2e%2e", ".hidden", "nope"])
    def test_no_other_file_is_reached(self, http, lost, folder, name):
        (folder / "up.jsonl").write_text('{"input": "a"}\n')
        data = {"id": "", "seen": "", "json:example": '{"input": "b"}'}
        assert http.post(f"/datasets/{name}/save", data=data).status_code in (400, 404)
        assert (folder / "up.jsonl").read_text() == '{"input": "a"}\n'
        assert [path.name for path in lost.parent.iterdir()] == ["lost.jsonl"]

    def form(self, http, id, edit="fields"):
        return self.fields(http.get(f"/datasets/lost?example={id}&edit={edit}", headers=HTML).text)

    def fields(self, page):
        """What a browser would send of the form, untouched."""
        form = re.search(r'<form[^>]*class="example">(.*?)</form>', page, re.DOTALL)[1]
        found = dict(re.findall(r'<input[^>]*name="([^"]*)" value="([^"]*)"', form))
        found |= dict(re.findall(r'<textarea name="([^"]*)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL))
        for name, options in re.findall(r'<select name="([^"]*)">(.*?)</select>', form, re.DOTALL):
            found[name] = re.search(r'<option value="([^"]*)"(?= selected)', options)[1]
        return {name: unescape(value) for name, value in found.items()}


def test_versions_show_what_changed_word_by_word(http, lost):
    http.get("/datasets/lost")  # who looks at a state keeps it
    lost.write_text(lost.read_text().replace("in Bern", "in the middle of Bern").replace('"id": "two"', '"id": "2"'))
    page = http.get("/datasets/lost/versions", headers=HTML).text
    assert "v2" in page
    assert 'href="/datasets/lost/diff?old=v1&amp;new=v2"' in page
    assert "hone evals run TASK --data lost" in page
    diff = http.get("/datasets/lost/diff", headers=HTML).text
    assert "in <ins>the middle of </ins>Bern" in diff
    seen = http.get("/datasets/lost/diff.json?old=v1&new=v2").json()
    assert (seen["old"], seen["new"], seen["added"], seen["removed"], seen["changed"]) == (1, 2, 1, 1, 1)
    back = http.get("/datasets/lost/diff?old=v2&new=v1", headers=HTML).text
    assert "in <del>the middle of </del>Bern" in back
    old = http.get("/datasets/lost?version=v1&example=one", headers=HTML).text
    assert "as it was" in old
    assert "in Bern" in old
    assert ">Edit<" not in old  # what was is not changed
    assert http.get("/datasets/lost/diff?old=v9").status_code == 404


def test_one_version_alone_has_nothing_to_be_compared_with(http, lost):
    answer = http.get("/datasets/lost/diff", headers=HTML)
    assert (answer.status_code, "has one version" in answer.text) == (404, True)
