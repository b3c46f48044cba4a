// Queue and run over time.
import { OUTCOME_SERIES, outcomesOver } from "./brush.js";
import { barChart, lineChart, rangeText } from "./charts.js";
import { extent, fleet } from "./data.js";
import { byId } from "./dom.js";
import { MINUTE, countText, durationText, knownSorted, meanText, percentile } from "./numbers.js";
import { depthOver } from "./spans.js";
import { state } from "./state.js";
import { bucketed, bucketsOf } from "./stats.js";

const MOST_POINTS = 56;

// A chart shows at least so long.
const LEAST_SPAN = 8 * MINUTE;

function bucketsUntil(last) {
  const first = Math.max(state.from ?? -Infinity, extent.first);
  return bucketsOf(first, Math.min(state.to === null ? Infinity : state.to - 1, last), MOST_POINTS);
}

// The buckets of charts by time of creation: of the range that is chosen, else of all runs.
export function chartBuckets() {
  return bucketsUntil(Math.max(extent.last, extent.first + LEAST_SPAN));
}

// Percentiles of each bucket: a list over the buckets for each share.
export function percentilesOver(column, members, ...shares) {
  const sorted = members.map((rows) => knownSorted(column, rows));
  return shares.map((share) => sorted.map((values) => percentile(values, share)));
}

function durationChart(host, title, column, members, buckets) {
  const [middle, high] = percentilesOver(column, members, 0.5, 0.9);
  const series = [
    { name: "median (p50)", color: "median", values: middle },
    { name: "p90", color: "high", isDashed: true, values: high },
  ];
  const text = rangeText("The median", middle, buckets);
  lineChart(byId(host), { title, text, series, buckets, show: durationText });
}

export function drawTimes({ fitting, rows }, buckets) {
  const members = bucketed(rows, buckets);
  durationChart("queue-chart", "Queue latency by time of creation", fleet.queue, members, buckets);
  durationChart("run-chart", "Run time by time of creation", fleet.run, members, buckets);
  drawDepth(fitting, bucketsUntil(extent.seen));
  drawOutcomes(rows, buckets);
}

const BEFORE = "Builds that were created before the range count as long as they are in it.";

// Builds wait and run after the last creation, too.
function drawDepth(fitting, buckets) {
  const depth = depthOver(fitting, buckets);
  const hasDepth = [...depth.waiting, ...depth.running].some((value) => value > 0);
  lineChart(byId("depth-chart"), {
    title: "Builds that waited and ran at once, on average",
    text: `${rangeText("Waiting builds", depth.waiting, buckets, meanText)} ${BEFORE}`,
    series: hasDepth ? [
      { name: "running", color: "median", values: depth.running },
      { name: "waiting", color: "high", isDashed: true, values: depth.waiting },
    ] : [],
    buckets, show: meanText, isCount: true,
  });
}

function drawOutcomes(rows, buckets) {
  const series = outcomesOver(rows, buckets);
  const total = series[0].values.map((_, place) => series.reduce((sum, one) => sum + one.values[place], 0));
  barChart(byId("count-chart"), {
    title: "Runs by time of creation, and how they ended",
    text: rangeText("Runs", total, buckets, countText),
    series: OUTCOME_SERIES.map((one, place) => ({ ...one, values: series[place].values })),
    buckets, show: countText,
  });
}
