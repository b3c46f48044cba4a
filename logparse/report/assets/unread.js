// What was not understood, contradicts itself, or could not be read.
import { findings, fleet, readFailures, wordOf } from "./data.js";
import { byId, element } from "./dom.js";
import { countText, counted } from "./numbers.js";
import { totalOf } from "./stats.js";
import { Table } from "./table.js";

let findingsTable = null;
let inputsTable = null;

// Findings of the selected runs, and those that belong to no run.
function selectedFindings(rows) {
  const isSelected = new Uint8Array(fleet.count);
  for (const row of rows) isSelected[row] = 1;
  return Array.from(findings.row, (row, place) => [row, place])
    .filter(([row]) => row < 0 || isSelected[row])
    .map(([, place]) => place);
}

function codeLines(places) {
  const counts = new Map();
  for (const place of places) {
    const code = wordOf(findings.code, place);
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([code, number]) =>
    element("li", {}, `${countText(number)} × `, element("b", {}, code), `: ${findings.meanings[code] ?? ""}`));
}

export function drawUnread(rows) {
  const places = selectedFindings(rows);
  const unknown = totalOf(fleet.unrecognized, rows) || 0;
  const odd = totalOf(fleet.odd, rows) || 0;
  const failed = readFailures.skipped.filter((skipped) => !skipped).length;
  const left = findings.all - findings.row.length;
  const texts = [
    unknown
      ? `${counted(unknown, "entry", "entries")} of logs fit no message that the scheduler ever wrote.`
      : "Every entry of the selected logs was understood.",
    odd ? `${counted(odd, "impossible value")} of the selected runs are in no statistic.` : "",
    failed ? `${counted(failed, "input")} could not be read.` : "",
    left > 0
      ? `This page has the first ${countText(findings.row.length)} of ${countText(findings.all)} findings; logparse check names all.`
      : "",
  ].filter(Boolean);
  byId("unread-facts").replaceChildren(...texts.map((text) => element("p", {}, text)), element("ul", {}, codeLines(places)));
  drawFindings(places);
  drawInputs();
}

function drawFindings(places) {
  byId("findings-table").hidden = findings.all === 0;
  if (findings.all === 0) return;
  findingsTable ??= new Table({
    name: "findings", noun: "finding", caption: "Findings of the selected runs, and of no run", sort: "code", first: 10,
    columns: [
      { key: "code", title: "Code", kind: "word", value: (place) => wordOf(findings.code, place) },
      { key: "message", title: "Finding", kind: "text", value: (place) => wordOf(findings.message, place) },
      { key: "source", title: "Source", kind: "text", value: (place) => wordOf(findings.source, place) },
      { key: "line", title: "Line", kind: "count", value: (place) => findings.line[place] },
    ],
  });
  findingsTable.update(places);
}

function drawInputs() {
  byId("inputs-table").hidden = readFailures.all === 0;
  if (readFailures.all === 0 || inputsTable !== null) return;
  const more = readFailures.all - readFailures.source.length;
  const leftOut = more > 0 ? ` (${countText(more)} more are not in this page)` : "";
  inputsTable = new Table({
    name: "inputs", noun: "input", sort: "skipped", first: 10,
    caption: `Inputs that could not be read, and parts that were skipped${leftOut}`,
    columns: [
      { key: "source", title: "Input", kind: "text", value: (place) => readFailures.source[place] },
      { key: "reason", title: "Reason", kind: "text", value: (place) => readFailures.reason[place] },
      { key: "remedy", title: "Remedy", kind: "text", value: (place) => readFailures.remedy[place] },
      { key: "skipped", title: "Kind", kind: "word", value: (place) => (readFailures.skipped[place] ? "skipped" : "failed") },
    ],
  });
  inputsTable.update(readFailures.source.map((_, place) => place));
}
