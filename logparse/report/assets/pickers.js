// The choice of builders, pools and statuses.
import { fleet } from "./data.js";
import { byId, element } from "./dom.js";
import { countText } from "./numbers.js";
import { fittingRows, withinRange } from "./select.js";
import { FILTERS, change, state } from "./state.js";
import { grouped } from "./stats.js";

const MOST_CHOICES = 200;
const NOUNS = { builder: "Builder", pool: "Pool", status: "Status" };

function choicesOf(name) {
  const others = FILTERS.filter((one) => one !== name);
  const counts = new Map(grouped(withinRange(fittingRows(others)), fleet[name]).map((group) => [group.name, group.rows.length]));
  const words = new Set([...fleet[name].words.filter((word) => word !== null), ...state[name]]);
  return [...words]
    .map((word) => ({ word, count: counts.get(word) ?? 0, isChosen: state[name].has(word) }))
    .sort((a, b) => b.isChosen - a.isChosen || b.count - a.count || (a.word < b.word ? -1 : 1));
}

class Picker {
  constructor(name) {
    this.name = name;
    this.summary = element("summary");
    this.find = element("input", { type: "search", autocomplete: "off", "aria-label": `Find a ${name}` });
    this.find.addEventListener("input", () => this.draw());
    this.list = element("fieldset");
    const clear = element("button", { type: "button", onclick: () => change({ [name]: new Set() }) }, "All");
    const tools = element("div", { class: "tools" }, this.find, clear);
    this.node = element("details", { class: "picker", id: `pick-${name}` }, this.summary, element("div", {}, tools, this.list));
    this.node.addEventListener("toggle", () => this.draw());
    this.node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.node.open) return;
      this.node.open = false;
      this.summary.focus();
    });
  }

  draw() {
    const chosen = state[this.name];
    const words = chosen.size === 0 ? "all" : chosen.size === 1 ? [...chosen][0] : `${chosen.size} chosen`;
    this.summary.textContent = `${NOUNS[this.name]}: ${words.length > 34 ? `${words.slice(0, 33)}…` : words}`;
    if (!this.node.open) return;
    const focused = document.activeElement?.dataset?.word;
    const text = this.find.value.toLowerCase();
    const fitting = choicesOf(this.name).filter((one) => one.word.toLowerCase().includes(text));
    const rows = fitting.slice(0, MOST_CHOICES).map((one) => this.choice(one));
    const rest = fitting.length - rows.length;
    if (rest > 0) rows.push(element("p", {}, `${countText(rest)} more; find them by name.`));
    if (!fitting.length) rows.push(element("p", {}, "None."));
    this.list.replaceChildren(element("legend", { class: "hidden-text" }, NOUNS[this.name]), ...rows);
    if (focused) [...this.list.querySelectorAll("input")].find((one) => one.dataset.word === focused)?.focus();
  }

  choice({ word, count, isChosen }) {
    const box = element("input", { type: "checkbox", checked: isChosen, "data-word": word });
    box.addEventListener("change", () => {
      const wanted = new Set(state[this.name]);
      if (box.checked) wanted.add(word);
      else wanted.delete(word);
      change({ [this.name]: wanted });
    });
    return element("label", { class: "choice" }, box, element("span", {}, word), element("small", {}, countText(count)));
  }
}

const pickers = FILTERS.map((name) => new Picker(name));

export function buildPickers(...others) {
  byId("filters").append(...pickers.map((picker) => picker.node), ...others);
  document.addEventListener("pointerdown", (event) => {
    for (const picker of pickers) if (!picker.node.contains(event.target)) picker.node.open = false;
  });
}

export function drawPickers() {
  for (const picker of pickers) picker.draw();
}
