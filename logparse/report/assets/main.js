// The page: everything is drawn anew when the selection or the width changes.
import { drawBots } from "./bots.js";
import { drawBrush, rangeFields } from "./brush.js";
import { drawBuilders } from "./builders.js";
import { measureCharts } from "./charts.js";
import { extent, fleet } from "./data.js";
import { byId, element, oncePerFrame } from "./dom.js";
import { drawFailures } from "./failures.js";
import { countText, counted, isKnown, timeText } from "./numbers.js";
import { drawCoverage, drawPhases, drawTiles } from "./overview.js";
import { buildPickers, drawPickers } from "./pickers.js";
import { drawPolling } from "./polling.js";
import { drawRuns } from "./runs.js";
import { hasRange, isFiltered, selection } from "./select.js";
import { FILTERS, change, onChange, startState, state } from "./state.js";
import { statistics } from "./stats.js";
import { chartBuckets, drawTimes } from "./times.js";
import { drawUnread } from "./unread.js";

const range = rangeFields();
const showAll = () => change({ from: null, to: null, ...noFilters() });
const reset = element("button", { type: "button", id: "reset", onclick: showAll }, "Show all");

function noFilters() {
  return Object.fromEntries(FILTERS.map((name) => [name, new Set()]));
}

function selectedText(rows, stats) {
  const all = counted(fleet.count, "run");
  const parts = [rows.length === fleet.count ? `All ${all}` : `${countText(rows.length)} of ${all}`];
  if (hasRange()) {
    const from = state.from === null ? [] : [`from ${timeText(state.from)}`];
    const to = state.to === null ? [] : [`before ${timeText(state.to)}`];
    parts.push(`created ${[...from, ...to].join(" and ")} UTC`);
  } else if (isKnown(stats.first)) {
    parts.push(`created from ${timeText(extent.first)} to ${timeText(extent.last)} UTC`);
  }
  for (const name of FILTERS) if (state[name].size) parts.push(`${name}: ${[...state[name]].sort().join(", ")}`);
  return parts.join(" · ");
}

let later = null;

// Draw the selection and the overview at once, and the rest after the browser has shown them.
// The times that both take are in the page's performance marks.
function drawEverything() {
  performance.mark("draw");
  clearTimeout(later);
  const found = selection();
  const stats = statistics(found.rows);
  const buckets = chartBuckets();
  byId("selected").textContent = selectedText(found.rows, stats);
  reset.disabled = !isFiltered() && !hasRange();
  drawBrush(found.fitting);
  range.show();
  drawPickers();
  drawTiles(found.rows, stats);
  drawCoverage(found.rows);
  drawPhases(found.rows);
  drawTimes(found, buckets);
  performance.measure("drawn-first", "draw");
  later = setTimeout(() => drawRest(found, buckets), 0);
}

function drawRest(found, buckets) {
  performance.mark("rest");
  drawBuilders(found.rows, buckets);
  drawBots(found.rows);
  drawFailures(found.rows);
  drawPolling(found.rows, buckets);
  drawRuns(found.rows);
  drawUnread(found.rows);
  performance.measure("drawn-rest", "rest");
  performance.measure("drawn", "draw");
}

// Links to sections scroll. The address keeps the selection.
function scrollToSections() {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="#"]') : null;
    if (!link) return;
    event.preventDefault();
    const target = byId(link.getAttribute("href").slice(1));
    const panel = byId("selection");
    const covered = getComputedStyle(panel).position === "sticky" ? panel.offsetHeight : 0;
    document.documentElement.style.scrollPaddingTop = `${covered}px`;
    target.scrollIntoView();
    const heading = target.querySelector("h2") ?? target;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  });
}

const drawSoon = oncePerFrame(drawEverything);
let drawnWidth = 0;

function watchWidth() {
  new ResizeObserver(() => {
    const width = document.body.clientWidth;
    if (width === drawnWidth) return;
    drawnWidth = width;
    measureCharts();
    drawSoon();
  }).observe(document.body);
}

startState();
buildPickers(reset, ...range.nodes);
onChange(drawSoon);
scrollToSections();
drawnWidth = document.body.clientWidth;
measureCharts();
drawEverything();
watchWidth();
