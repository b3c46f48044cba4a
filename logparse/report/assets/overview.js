// The first numbers, how much is known, and where the time of a run goes.
import { fleet } from "./data.js";
import { byId, drawing, element } from "./dom.js";
import { DASH, HOUR, countText, counted, distribution, durationText, isKnown, knownSorted, meanText, percentText } from "./numbers.js";
import { distinct, isLoneBuild, totalOf } from "./stats.js";

function tile(title, value, ...lines) {
  const texts = lines.filter(Boolean).map((line) => element("p", {}, line));
  return element("div", { class: "tile" }, element("h3", {}, title), element("p", { class: "value" }, value), texts);
}

function percentilesText(found) {
  return `p90 ${durationText(found.p90)}, p99 ${durationText(found.p99)}, largest ${durationText(found.max)}`;
}

function knownText(found, open, verb, runs) {
  const unknown = runs - found.known - open;
  const parts = [`${countText(found.known)} known`];
  if (open) parts.push(`${countText(open)} still ${verb}`);
  if (unknown > 0) parts.push(`${countText(unknown)} unknown`);
  return parts.join(", ");
}

export function drawTiles(rows, stats) {
  const polls = totalOf(fleet.polls, rows);
  const lone = rows.filter(isLoneBuild).length;
  const ends = [["succeeded", stats.succeeded], ["failed", stats.failed], ["aborted", stats.aborted], ["not ended", stats.unfinished]];
  const bots = distinct(rows, fleet.bot);
  const tiles = [
    tile("Runs", countText(stats.runs),
      `${counted(stats.invocations, "invocation")}${lone ? `, ${counted(lone, "build")} without one` : ""}`,
      ends.filter(([, number]) => number).map(([word, number]) => `${countText(number)} ${word}`).join(", ")),
    tile("Success rate", percentText(stats.successRate), "of the runs that succeeded or failed"),
    tile("Queue latency, median", durationText(stats.queue.p50), percentilesText(stats.queue),
      knownText(stats.queue, stats.open.waiting, "waiting", stats.runs)),
    tile("Run time, median", durationText(stats.run.p50), percentilesText(stats.run),
      knownText(stats.run, stats.open.running, "running", stats.runs)),
    tile("Time on bots", isKnown(stats.busy) ? `${meanText(stats.busy / HOUR)} h` : DASH,
      `${counted(bots, "bot")}, ${counted(distinct(rows, fleet.builder), "builder")}`),
    tile("Status checks", countText(polls), isKnown(polls) ? `cost ${durationText(totalOf(fleet.pollCost, rows))}` : "not known"),
  ];
  if (stats.odd) tiles.push(tile("Odd values", countText(stats.odd), "impossible, and in no statistic"));
  byId("tiles").replaceChildren(...tiles);
}

function smallTable(caption, head, lines) {
  const table = element("table", {}, element("caption", {}, caption),
    element("thead", {}, element("tr", {}, head)), element("tbody", {}, lines));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
}

const COVERED = [
  ["time of creation", (row) => isKnown(fleet.created[row])],
  ["builder", (row) => fleet.builder.codes[row] !== 0],
  ["pool", (row) => fleet.pool.codes[row] !== 0],
  ["bot", (row) => fleet.bot.codes[row] !== 0],
  ["queue latency", (row) => isKnown(fleet.queue[row])],
  ["run time", (row) => isKnown(fleet.run[row])],
  ["all five phases", (row) => PHASES.every(([, name]) => isKnown(fleet[name][row]))],
  ["status checks", (row) => isKnown(fleet.polls[row])],
];

export function drawCoverage(rows) {
  const lines = COVERED.map(([title, test]) => {
    let number = 0;
    for (const row of rows) if (test(row)) number++;
    return element("tr", {}, element("th", { scope: "row" }, title),
      element("td", { class: "number" }, countText(number)),
      element("td", { class: "number" }, percentText(rows.length ? number / rows.length : NaN)));
  });
  const head = ["fact", "known of runs", "share"].map((text, place) =>
    element("th", { scope: "col", class: place ? "number" : null }, text));
  byId("coverage").replaceChildren(
    smallTable(`Facts known of ${counted(rows.length, "selected run")}`, head, lines),
    element("p", { class: "quiet-text" }, originText(rows)));
}

const ORIGINS = new Map([["log", "from logs alone"], ["build", "from builds alone"], ["both", "from both a log and a build"]]);

function originText(rows) {
  const counts = new Map();
  for (const row of rows) {
    const word = fleet.origin.words[fleet.origin.codes[row]];
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([word, number]) => `${countText(number)} ${ORIGINS.get(word) ?? "from an unknown source"}`);
  const repeats = totalOf(fleet.repeats, rows);
  const cut = totalOf(fleet.truncated, rows);
  const more = [
    repeats > 0 ? `${countText(repeats)} other copies were in the inputs, and count nowhere.` : "",
    cut > 0 ? `The scheduler trimmed ${counted(cut, "log")}, so that some facts of them are lost.` : "",
  ];
  return parts.length ? `Read ${parts.join(", ")}. ${more.join(" ")}` : "";
}

export const PHASES = [
  ["scheduler wait", "wait", "phase-1"],
  ["launch", "launch", "phase-2"],
  ["pending", "pending", "phase-3"],
  ["run", "run", "phase-4"],
  ["finish lag", "lag", "phase-5"],
];

export function swatch(color) {
  return drawing("svg", { width: 12, height: 12, viewBox: "0 0 12 12", "aria-hidden": "true", class: "opener" },
    drawing("rect", { width: 12, height: 12, class: `f-${color}` }));
}

// One bar, divided as the phases divide the time.
function shareBar(shares) {
  let before = 0;
  const text = PHASES.map(([title], place) => `${title} ${percentText(shares[place])}`).join(", ");
  const parts = PHASES.map(([title, , color], place) => {
    const part = drawing("rect", { x: before * 100, y: 0, width: Math.max(0, shares[place] * 100), height: 10, class: `f-${color}` },
      drawing("title", {}, `${title}: ${percentText(shares[place])}`));
    before += shares[place];
    return part;
  });
  return drawing("svg", { class: "share", viewBox: "0 0 100 10", preserveAspectRatio: "none", role: "img", "aria-label": text }, parts);
}

export function drawPhases(rows) {
  const whole = rows.filter((row) => PHASES.every(([, name]) => isKnown(fleet[name][row])));
  const totals = PHASES.map(([, name]) => totalOf(fleet[name], whole));
  const all = totals.reduce((sum, total) => sum + (total || 0), 0);
  const lines = PHASES.map(([title, name, color], place) => {
    const found = distribution(knownSorted(fleet[name], rows));
    return element("tr", {}, element("th", { scope: "row", class: "word" }, swatch(color), ` ${title}`),
      element("td", { class: "number" }, durationText(found.p50)), element("td", { class: "number" }, durationText(found.p90)),
      element("td", { class: "number" }, percentText(all > 0 ? totals[place] / all : NaN)),
      element("td", { class: "number" }, countText(found.known)));
  });
  const head = ["phase", "median", "p90", "of all time", "known"].map((text, place) =>
    element("th", { scope: "col", class: place ? "number" : null }, text));
  byId("phases").replaceChildren(
    ...(all > 0 ? [shareBar(totals.map((total) => total / all))] : []),
    smallTable(`Phases. The shares are of the ${counted(whole.length, "run")} of which all five are known`, head, lines));
}
