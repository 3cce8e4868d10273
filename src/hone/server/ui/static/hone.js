// Keys for every page. Whatever a key does, a link or a button on the page does too.

const HELP = [
  ["/", "search traces"], ["j k", "next, previous row"], ["enter", "open the row"], ["x", "choose the row"], ["c", "compare"],
  ["esc", "back"],
  ["g o", "overview"], ["g t", "traces"], ["g a", "ask"], ["g d", "datasets"], ["g e", "experiments"], ["g j", "judges"], ["g r", "releases"], ["g p", "prompts"],
  ["g g", "gateway"], ["g k", "keys and budgets"],
  ["ctrl k", "go to"], ["?", "these keys"],
];

const make = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

class Keys extends HTMLElement {
  #went = -Infinity; // when g was pressed

  connectedCallback() {
    this.#help = this.#dialog("Keyboard", make("dl", {}, ...HELP.flatMap(([keys, does]) => [
      make("dt", {}, ...keys.split(" ").map((key) => make("kbd", {textContent: key}))), make("dd", {textContent: does}),
    ])));
    this.#finder = this.#dialog("Go to", this.#places());
    document.addEventListener("keydown", (event) => this.#pressed(event));
    document.querySelector("[data-help]")?.addEventListener("click", () => this.#help.showModal());
  }

  #help;
  #finder;

  #dialog(name, body) {
    const close = make("button", {textContent: "Close", className: "quiet", onclick: () => dialog.close()});
    const dialog = make("dialog", {ariaLabel: name}, make("h2", {textContent: name}), body, close);
    this.append(dialog);
    return dialog;
  }

  #places() {
    const links = [...document.querySelectorAll("nav[aria-label=Rooms] a, .same a, [data-up]")].map((link) =>
      make("li", {}, make("a", {href: link.href, textContent: link.ariaLabel || link.textContent})));
    const list = make("ul", {className: "places"}, ...links);
    const box = make("input", {ariaLabel: "Go to", placeholder: "a room, or words to search for", autocomplete: "off"});
    box.addEventListener("input", () => {
      for (const item of links) item.hidden = !item.textContent.toLowerCase().includes(box.value.toLowerCase());
    });
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      const first = links.find((item) => !item.hidden);
      location.assign(first ? first.firstChild.href : `/traces?q=${encodeURIComponent(box.value)}`);
    });
    return make("div", {}, box, list);
  }

  #pressed(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "k") {
      event.preventDefault();
      this.#finder.showModal();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (performance.now() - this.#went < 1500) {
      this.#went = -Infinity;
      document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
      return;
    }
    const does = {
      "/": () => document.querySelector(".filter input, [data-search]")?.select(),
      "?": () => this.#help.showModal(),
      g: () => { this.#went = performance.now(); },
      j: () => this.#step(1),
      k: () => this.#step(-1),
      x: () => this.#row()?.querySelector("input[type=checkbox]")?.click(),
      c: () => document.querySelector("[data-compare]")?.click(),
      Escape: () => document.querySelector("[data-up]")?.click(),
    }[event.key];
    if (does) {
      event.preventDefault();
      does();
    }
  }

  #row() {
    return document.activeElement?.closest("tbody tr");
  }

  // Focus moves from link to link, so that enter opens the row without any code of ours.
  #step(by) {
    const table = document.querySelector("[data-rows]");
    const links = [...(table?.querySelectorAll("tbody tr td:not(.n) a") ?? [])];
    if (!links.length) return;
    const open = links.findIndex((link) => link.closest("tr").classList.contains("open"));
    const at = this.#row() ? links.findIndex((link) => link.closest("tr") === this.#row()) : open;
    const next = links[Math.min(Math.max(at + by, 0), links.length - 1)];
    next.focus();
    next.scrollIntoView({block: "nearest"});
    if (table.dataset.rows === "walk") next.click();
  }
}

customElements.define("hone-keys", Keys);

// The row whose span is shown beside the waterfall is the one that was followed last.
document.addEventListener("click", (event) => {
  const row = event.target.closest?.("[data-rows=walk] tbody tr");
  if (!row || !event.target.closest("a")) return;
  for (const other of row.parentElement.querySelectorAll(".open")) other.classList.remove("open");
  row.classList.add("open");
});
