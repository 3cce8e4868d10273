// The Ask page with a script: the answer appears as it is written. Without one the form posts and the page comes back.

class Ask extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector("form.ask");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask(form.question.value, form.task.value);
    });
    form.question.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
  }

  async #ask(question, task) {
    const place = this.querySelector("#answer");
    const text = document.createElement("p");
    text.className = "answered waiting";
    text.textContent = "…";
    place.replaceChildren(text);
    const button = this.querySelector("form.ask button");
    button.disabled = true;
    try {
      const answer = await fetch("/ask/completions", {
        method: "POST",
        headers: {"content-type": "application/json", "x-hone-tags": "ask"},
        body: JSON.stringify({model: task, stream: true, messages: [{role: "user", content: question}]}),
      });
      if (answer.ok) await this.#read(answer.body, text);
      await this.#show(answer.headers.get("x-hone-trace-id"), place);
    } catch (error) {
      text.textContent = `The connection was lost: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  }

  async #read(body, text) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "", said = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + part.value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        if (!line.startsWith("data: {")) continue;
        said += JSON.parse(line.slice(6)).choices?.[0]?.delta?.content ?? "";
        if (said) text.textContent = said;
      }
    }
  }

  // What the answer came from is in its trace: the server renders that, the same as for a shared link.
  async #show(trace, place) {
    const url = `/ask?trace=${encodeURIComponent(trace)}`;
    const page = await fetch(url, {headers: {"hx-target": "section#answer", accept: "text/html"}});
    const made = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("#answer");
    place.replaceWith(made);
    htmx.process(made);
    history.pushState(null, "", url);
  }
}

customElements.define("hone-ask", Ask);
