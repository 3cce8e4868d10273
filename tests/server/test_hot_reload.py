"""A running server and files that are edited under it: real files, real HTTP, a real watch."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import openai
import pytest

from hone.testing import Step

MESSAGES = [{"role": "user", "content": "hello"}]


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 15
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_an_edited_prompt_is_what_the_next_call_sends(client, upstream, folder, house, spans):
    first = client.chat.completions.with_raw_response.create(model="answer", messages=MESSAGES)
    before = house.version
    edit(folder / "prompts" / "answer.prompt.md", "Be kind.", "Be brief.")
    assert eventually(lambda: house.version != before)
    second = client.chat.completions.with_raw_response.create(model="answer", messages=MESSAGES)
    assert [each.body["messages"][0]["content"] for each in upstream.received] == ["Be kind.", "Be brief."]
    told = [spans(each.headers["x-hone-trace-id"], 2) for each in (first, second)]
    assert {span.attributes["config"] for span in told[0]} == {before}
    assert {span.attributes["config"] for span in told[1]} == {house.version}
    assert len(house.catalog.prompt_versions("parcels", "answer")) == 2


def test_a_new_task_and_a_new_model_can_be_asked_for(client, folder, house):
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="later", messages=MESSAGES)
    with (folder / "hone.toml").open("a") as file:
        file.write('\n[tasks.later]\nmodels = ["fast"]\n[tasks.later.variants.other]\nmodels = ["backup"]\n')
    assert eventually(lambda: "later" in house.project.tasks)
    assert client.chat.completions.create(model="later", messages=MESSAGES).choices
    assert client.chat.completions.create(model="later@other", messages=MESSAGES).choices
    assert "later" in [model.id for model in client.models.list()]


def test_a_task_that_is_taken_out_is_gone(client, folder, house):
    assert client.chat.completions.create(model="hasty", messages=MESSAGES).choices
    edit(folder / "hone.toml", '[tasks.hasty]\nmodels = ["fast"]\ntimeout = "500ms"\n', "")
    assert eventually(lambda: "hasty" not in house.project.tasks)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="hasty", messages=MESSAGES)


def test_a_variant_that_is_taken_out_leaves_its_share_to_the_others(client, upstream, folder, house):
    edit(folder / "hone.toml", '[tasks.split.variants.other]\nprompt = "concise"\n', "")
    edit(folder / "hone.toml", "[releases.split]\nproduction = { baseline = 0.5, other = 0.5 }\n", "")
    assert eventually(lambda: "other" not in house.project.tasks["split"].variants)
    for _ in range(12):
        client.chat.completions.create(model="split", messages=MESSAGES)
    assert all("In one word" not in str(each.body) for each in upstream.received)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('project = "parcels"', 'project = "parcels', "hone.toml:1"),
        ("[models.fast]\n", "[models.fast]\nretires = 3\n", "retries"),
        ('use = "extractive/extractive"', 'use = "extractif/extractive"', "extractive/extractive"),
        ('project = "parcels"', 'project = "letters"', "restart hone"),
    ],
)
def test_a_broken_file_changes_nothing_and_is_complained_about_once(client, folder, house, caplog, old, new, said):
    before = house.version
    edit(folder / "hone.toml", old, new)
    assert eventually(lambda: house.trouble is not None)
    assert said in str(house.trouble)
    assert client.chat.completions.create(model="answer", messages=MESSAGES).choices
    assert house.version == before
    time.sleep(1)  # four more looks
    own = [record for record in caplog.records if record.threadName == "hone-reload"]
    assert len({record.getMessage() for record in own}) == 1

    edit(folder / "hone.toml", new, old)
    assert eventually(lambda: house.trouble is None)
    assert house.version == before


def test_a_broken_prompt_keeps_the_last_good_one(client, upstream, folder, house):
    edit(folder / "prompts" / "answer.prompt.md", "{{ question }}", "{{ question")
    assert eventually(lambda: house.trouble is not None)
    client.chat.completions.create(model="answer", messages=MESSAGES)
    assert upstream.received[-1].body["messages"][-1]["content"] == "Question: hello"


def test_the_overview_shows_what_is_wrong_with_the_files(http, folder, house):
    assert http.get("/overview.json").json()["needs"] == []
    edit(folder / "hone.toml", "[models.fast]\n", "[models.fast]\nretires = 3\n")
    assert eventually(lambda: house.trouble is not None)
    (need,) = http.get("/overview.json").json()["needs"]
    assert "retires" in need
    assert "retires" in http.get("/").text


def test_what_is_read_at_the_start_alone_stays_and_is_said(server, folder, house, caplog):
    with (folder / "hone.toml").open("a") as file:
        file.write('\n[server]\nmax_body = "1 kB"\n[tasks.more]\nmodels = ["fast"]\n')
    assert eventually(lambda: "more" in house.project.tasks)
    assert house.project.server.max_body == 8_000_000
    assert eventually(lambda: any("[server] was edited" in record.getMessage() for record in caplog.records))


def test_a_call_that_is_going_on_ends_as_it_began(client, upstream, folder, house, spans):
    upstream.script(Step(text="slow but whole", latency=1.5))
    before, answers = house.version, []

    def ask() -> None:
        answers.append(client.chat.completions.with_raw_response.create(model="answer", messages=MESSAGES))

    asking = threading.Thread(target=ask)
    asking.start()
    assert eventually(lambda: len(upstream.received) == 1)
    edit(folder / "hone.toml", 'models = ["fast", "backup"]', 'models = ["backup"]')
    assert eventually(lambda: house.project.tasks["answer"].variant("baseline").models == ("backup",))
    asking.join()
    assert answers[0].parse().choices[0].message.content == "slow but whole"
    assert {span.attributes["config"] for span in spans(answers[0].headers["x-hone-trace-id"], 2)} == {before}


def test_no_call_fails_while_the_files_change_again_and_again(client, upstream, folder, house):
    over, problems = threading.Event(), []

    def ask() -> None:
        while not over.is_set():
            try:
                client.chat.completions.create(model="split", messages=MESSAGES)
            except openai.APIError as problem:
                problems.append(problem)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    toml, versions = (folder / "hone.toml").read_text(), set()
    for number in range(20):
        # The variant comes and goes under traffic that is routed to it.
        part = '[tasks.split.variants.other]\nprompt = "concise"\n'
        release = "[releases.split]\nproduction = { baseline = 0.5, other = 0.5 }\n"
        changed = toml if number % 2 else toml.replace(part, "").replace(release, "")
        (folder / "hone.toml").write_text(f"{changed}\n# {number}\n")
        house.reload()
        versions.add(house.version)
        time.sleep(0.05)
    over.set()
    for asker in askers:
        asker.join()
    assert problems == []
    assert len(upstream.received) > len(versions), "there were calls between the edits"
    assert len(versions) == 20


def test_knowledge_that_changes_is_built_before_calls_search_it(client, folder, house, spans):
    first = client.chat.completions.with_raw_response.create(
        model="look-up", messages=[{"role": "user", "content": "When is a refund paid?"}]
    )
    assert "fourteen days" in first.text
    (folder / "more").mkdir()
    (folder / "more" / "stamps.md").write_text("# Stamps\n\nA stamp for a letter abroad costs two francs fifty.\n")
    edit(folder / "hone.toml", 'sources = ["docs/*.md"]', 'sources = ["docs/*.md", "more/*.md"]')
    assert eventually(lambda: len(house.project.knowledge["handbook"].sources) == 2)
    second = client.chat.completions.with_raw_response.create(
        model="look-up", messages=[{"role": "user", "content": "What does a stamp for a letter abroad cost?"}]
    )
    assert "two francs fifty" in second.text
