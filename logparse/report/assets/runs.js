// All runs, each with its phases on demand.
import { fleet, wordOf } from "./data.js";
import { drawing, element } from "./dom.js";
import { DASH, exactText, isKnown, percentText, timeText } from "./numbers.js";
import { runLink, runName } from "./failures.js";
import { PHASES, swatch } from "./overview.js";
import { Table } from "./table.js";

const COLORS = new Map([["SUCCEEDED", "ok"], ["FAILED", "bad"], ["OVERRUN", "bad"], ["ABORTED", "stopped"]]);
let runsTable = null;

function statusMark(row) {
  const status = wordOf(fleet.status, row);
  return status === null ? DASH : element("span", { class: `mark ${COLORS.get(status) ?? "open"}` }, status);
}

function phaseLines(row) {
  const values = PHASES.map(([, name]) => fleet[name][row]);
  const total = values.reduce((sum, ms) => sum + (ms > 0 ? ms : 0), 0);
  let before = 0;
  return PHASES.flatMap(([title, , color], place) => {
    const ms = values[place];
    const share = total > 0 && ms > 0 ? ms / total : 0;
    const bar = drawing("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
      drawing("rect", { x: 0, y: 4.5, width: 100, height: 1, class: "f-shade" }));
    const [x, width] = [Math.min(before * 100, 99.5), Math.max(share * 100, 0.5)];
    if (share) bar.append(drawing("rect", { x, y: 0, width, height: 10, class: `f-${color}` }));
    before += share;
    const label = isKnown(ms) ? `${exactText(ms)}${share ? ` (${percentText(share)})` : ""}` : "unknown";
    return [element("span", {}, swatch(color), ` ${title}`), element("span", { class: "number" }, label), bar];
  });
}

function placeText(row) {
  const source = fleet.source(row);
  if (source === null) return DASH;
  return isKnown(fleet.line[row]) ? `${source}:${fleet.line[row]}` : source;
}

function buildText(row) {
  if (fleet.build(row) === null) return DASH;
  const number = isKnown(fleet.number[row]) ? ` #${fleet.number[row]}` : "";
  return [runLink(row, fleet.build(row)), number, ` ${wordOf(fleet.buildStatus, row) ?? ""}`];
}

function checksText(row) {
  if (!isKnown(fleet.polls[row])) return DASH;
  return `${fleet.polls[row]}, ${fleet.unchanged[row]} showed nothing new; ${fleet.notices[row]} notifications`;
}

function detailOf(row) {
  const facts = [
    ["Created", `${timeText(fleet.created[row], { seconds: true })}${isKnown(fleet.created[row]) ? " UTC" : ""}`],
    ["Duration", exactText(fleet.duration[row])],
    ["Queue latency", exactText(fleet.queue[row])],
    ["Build", buildText(row)],
    ["Bot", [wordOf(fleet.bot, row) ?? DASH, fleet.pool.codes[row] ? ` (pool ${wordOf(fleet.pool, row)})` : ""]],
    ["Job", `${wordOf(fleet.job, row) ?? DASH}${fleet.kind.codes[row] ? ` (${wordOf(fleet.kind, row)})` : ""}`],
    ["Launch attempts", isKnown(fleet.attempts[row]) ? String(fleet.attempts[row]) : DASH],
    ["Status checks", checksText(row)],
    ["Error", wordOf(fleet.error, row)],
    ["Odd values", fleet.odd[row] > 0 ? `${fleet.odd[row]}: impossible, and left out` : null],
    ["Read from", placeText(row)],
  ].filter(([, value]) => value !== null);
  return element("div", {},
    element("div", { class: "phases", role: "group", "aria-label": "Phases" }, phaseLines(row)),
    element("dl", { class: "facts" }, facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])));
}

export function drawRuns(rows) {
  runsTable ??= new Table({
    name: "runs", noun: "run", caption: "Runs", sort: "created_at", descending: true, first: 20, detail: detailOf,
    columns: [
      { key: "id", title: "Run", kind: "word", value: runName, show: (row, table) => table.opener(row, runName(row)) },
      { key: "status", title: "Status", kind: "word", value: (row) => wordOf(fleet.status, row), show: statusMark },
      { key: "builder_id", title: "Builder", kind: "name", value: (row) => wordOf(fleet.builder, row) ?? null },
      { key: "created_at", title: "Created (UTC)", kind: "time", value: (row) => fleet.created[row] },
      { key: "queue_latency_s", title: "Queue", kind: "duration", value: (row) => fleet.queue[row] },
      { key: "run_s", title: "Run", kind: "duration", value: (row) => fleet.run[row] },
      { key: "duration_s", title: "Duration", kind: "duration", value: (row) => fleet.duration[row] },
      { key: "bot_id", title: "Bot", kind: "word", value: (row) => wordOf(fleet.bot, row) },
      { key: "error", title: "Error", kind: "text", value: (row) => wordOf(fleet.error, row) },
      { key: "build", title: "Build", kind: "word", value: (row) => fleet.url(row) ?? fleet.build(row),
        show: (row) => (fleet.build(row) === null ? DASH : runLink(row, "build")) },
    ],
  });
  runsTable.update([...rows]);
}

