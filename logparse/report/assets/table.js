// Tables that can be sorted, searched, and copied as CSV.
import { byId, drawing, element } from "./dom.js";
import {
  DASH, SECOND, countText, counted, csvCell, durationText, isKnown, meanText, percentText, timeText,
} from "./numbers.js";
import { rememberTables, tableState } from "./state.js";

// A name that can be broken after each slash.
function breakable(name) {
  return name.split("/").flatMap((part, place) => (place ? ["/", element("wbr"), part] : [part]));
}

const KINDS = {
  name: { className: "name", show: breakable, isText: true },
  text: { className: "text", show: (value) => value, isText: true },
  word: { className: "word", show: (value) => value, isText: true },
  count: { className: "number", show: countText },
  mean: { className: "number", show: meanText },
  percent: { className: "number", show: percentText },
  duration: { className: "number", show: durationText, csv: (ms) => ms / SECOND },
  time: { className: "time", show: (ms) => timeText(ms), csv: (ms) => new Date(ms).toISOString() },
  picture: { className: "", show: () => null, isPicture: true },
};
// Words of at most so many characters are in one line.
const LONG_WORD = 24;
const inOrder = new Intl.Collator("en", { numeric: true }).compare;

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { class: "hidden-text" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function compared(a, b) {
  return typeof a === "string" ? inOrder(a, b) : Number(a) - Number(b);
}

export class Table {
  // columns: {key, title, kind, value(item), show(item), hint}. The first column names the row.
  constructor({ name, caption, columns, sort, descending = false, first = 15, detail = null, noun = "row" }) {
    // A column that is seldom is shown only where some value is above 0.
    Object.assign(this, { name, caption, all: columns, columns, first, detail, noun });
    this.usual = { sort, descending };
    this.items = [];
    this.shown = first;
    this.open = new Set();
    this.headers = new Map();
    this.build(byId(`${name}-table`));
  }

  build(host) {
    this.find = element("input", { type: "search", id: `${this.name}-find`, autocomplete: "off" });
    this.find.addEventListener("input", () => {
      tableState(this.name).find = this.find.value;
      this.shown = this.first;
      this.draw();
      rememberTables();
    });
    this.said = element("span", { role: "status", class: "quiet-text" });
    const copy = element("button", { type: "button", onclick: () => this.copy() }, "Copy as CSV");
    const label = element("label", {}, "Find ", this.find);
    this.head = element("thead");
    this.body = element("tbody");
    this.captionElement = element("caption");
    const table = element("table", {}, this.captionElement, this.head, this.body);
    const caption = `${this.caption}. A table that can be scrolled.`;
    this.more = element("button", { type: "button", class: "more", onclick: () => this.showMore() });
    host.replaceChildren(
      element("div", { class: "tools" }, label, copy, this.said),
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table),
      element("div", { class: "tools" }, this.more),
    );
  }

  buildHead() {
    const focused = [...this.headers].find(([, { cell }]) => cell.contains(document.activeElement))?.[0];
    this.headers = new Map();
    const cells = this.columns.map((column) => {
      const { className, isPicture } = KINDS[column.kind];
      const mark = element("span", { "aria-hidden": "true" });
      const inside = isPicture
        ? column.title
        : element("button", { type: "button", class: "plain", onclick: () => this.sortBy(column) }, column.title, mark);
      const cell = element("th", { scope: "col", class: className, title: column.hint ?? null }, inside);
      this.headers.set(column.key, { cell, mark });
      return cell;
    });
    this.head.replaceChildren(element("tr", {}, cells));
    this.headers.get(focused)?.cell.querySelector("button")?.focus();
  }

  get order() {
    const asked = tableState(this.name);
    return this.columns.some((column) => column.key === asked.sort)
      ? { sort: asked.sort, descending: asked.descending }
      : this.usual;
  }

  sortBy(column) {
    const { sort, descending } = this.order;
    const isText = KINDS[column.kind].isText === true;
    const wanted = sort === column.key ? !descending : !isText;
    Object.assign(tableState(this.name), { sort: column.key, descending: wanted });
    this.shown = this.first;
    this.draw();
    rememberTables();
  }

  update(items) {
    this.items = items;
    this.shown = this.first;
    this.columns = this.all.filter((column) => !column.isSeldom || items.some((item) => column.value(item) > 0));
    this.buildHead();
    this.find.value = tableState(this.name).find;
    this.draw();
  }

  // The items that the words of the search are in, in the order that is asked for. Unknown values are last.
  listed() {
    const { sort, descending } = this.order;
    const column = this.columns.find((one) => one.key === sort);
    const words = tableState(this.name).find.toLowerCase().split(/\s+/).filter(Boolean);
    const texts = this.columns.filter((one) => KINDS[one.kind].isText);
    const fits = (item) => {
      const text = texts.map((one) => one.value(item) ?? "").join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    };
    const keyed = (words.length ? this.items.filter(fits) : this.items).map((item) => [column.value(item), item]);
    const known = keyed.filter(([key]) => isKnown(key));
    const unknown = keyed.filter(([key]) => !isKnown(key));
    known.sort(([a], [b]) => (descending ? compared(b, a) : compared(a, b)));
    return [...known, ...unknown].map(([, item]) => item);
  }

  draw() {
    const items = this.listed();
    const visible = items.slice(0, this.shown);
    const found = items.length < this.items.length ? ` of ${countText(this.items.length)}` : "";
    const part = visible.length < items.length ? `; the first ${countText(visible.length)} are shown` : "";
    this.captionElement.textContent = `${this.caption}: ${countText(items.length)}${found}${part}`;
    this.drawOrder();
    const rows = visible.flatMap((item) => this.rowOf(item));
    if (!rows.length) {
      const nothing = this.items.length ? "Nothing fits the search." : "Nothing is selected that this table could show.";
      rows.push(element("tr", {}, element("td", { colspan: String(this.columns.length) }, nothing)));
    }
    this.body.replaceChildren(...rows);
    this.more.hidden = visible.length === items.length;
    this.more.textContent = `Show ${countText(Math.min(50, items.length - visible.length))} more`;
  }

  drawOrder() {
    const { sort, descending } = this.order;
    for (const [key, { cell, mark }] of this.headers) {
      const isSorted = key === sort;
      if (isSorted) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
      mark.textContent = isSorted ? (descending ? "\u00a0▼" : "\u00a0▲") : "";
    }
  }

  rowOf(item) {
    const cells = this.columns.map((column, place) => {
      const kind = KINDS[column.kind];
      const value = column.value ? column.value(item) : null;
      const shown = column.show ? column.show(item, this) : isKnown(value) ? kind.show(value) : DASH;
      const isLong = column.kind === "word" && String(value).length > LONG_WORD;
      const attributes = { class: isLong ? `${kind.className} long` : kind.className };
      return place ? element("td", attributes, shown) : element("th", { scope: "row", ...attributes }, shown);
    });
    const row = element("tr", {}, cells);
    return this.detail && this.open.has(item) ? [row, this.detailRow(item)] : [row];
  }

  detailRow(item) {
    const cell = element("td", { class: "detail", colspan: String(this.columns.length) }, this.detail(item));
    return element("tr", { id: `${this.name}-detail-${item}` }, cell);
  }

  // The button that opens and closes the details of a row.
  opener(item, text) {
    const isOpen = this.open.has(item);
    const button = element(
      "button",
      { type: "button", class: "plain", "aria-expanded": String(isOpen), "aria-controls": isOpen ? `${this.name}-detail-${item}` : null },
      drawing("svg", { width: 12, height: 12, viewBox: "0 0 12 12", "aria-hidden": "true", class: "opener" },
        drawing("path", { d: isOpen ? "M1 3h10l-5 7z" : "M3 1v10l7-5z", fill: "currentColor" })),
      ` ${text}`,
    );
    button.addEventListener("click", () => {
      if (!this.open.delete(item)) this.open.add(item);
      const place = [...this.body.querySelectorAll("button")].indexOf(button);
      this.draw();
      this.body.querySelectorAll("button")[place]?.focus();
    });
    return button;
  }

  showMore() {
    const before = this.body.rows.length;
    this.shown += 50;
    this.draw();
    const next = this.body.rows[before];
    if (next) {
      next.tabIndex = -1;
      next.focus({ preventScroll: true });
    }
  }

  csv() {
    const columns = this.all.filter((column) => column.value && !KINDS[column.kind].isPicture);
    const cellOf = (column, item) => {
      const value = column.value(item);
      return csvCell(isKnown(value) && KINDS[column.kind].csv ? KINDS[column.kind].csv(value) : value);
    };
    const lines = this.listed().map((item) => columns.map((column) => cellOf(column, item)).join(","));
    return [columns.map((column) => column.key).join(","), ...lines].join("\n") + "\n";
  }

  async copy() {
    const done = await copyText(this.csv());
    this.said.textContent = done
      ? `Copied ${counted(this.listed().length, this.noun)}.`
      : "The browser refused to copy.";
  }
}
