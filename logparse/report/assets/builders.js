// Builders: health, percentiles, and the run time over time.
import { sparkline } from "./charts.js";
import { fleet } from "./data.js";
import { element } from "./dom.js";
import { DASH, countText, counted, durationText, meanText } from "./numbers.js";
import { judged, lastDay } from "./health.js";
import { fittingRows, withinRange } from "./select.js";
import { state } from "./state.js";
import { bucketed, grouped, statistics, widthText } from "./stats.js";
import { Table } from "./table.js";
import { percentilesOver } from "./times.js";

function verdictOf(health) {
  if (health === null || !health.length) return null;
  if (health.some((one) => one.unhealthy)) return "unhealthy";
  return health.some((one) => one.near || one.daysLeft <= 1) ? "near" : "healthy";
}

function reasonOf(health) {
  const worst = health[0];
  if (!worst.badDays) return `no bad day of ${countText(worst.days)}`;
  const days = `${countText(worst.badDays)} of ${counted(worst.days, "business day")} bad by the rule “${worst.problem}”`;
  return `${days}; on the last ${worst.metric} was ${meanText(worst.value)}, threshold ${meanText(worst.threshold)}`;
}

function healthCell(item) {
  const verdict = verdictOf(item.health);
  if (verdict === null) return DASH;
  const color = { unhealthy: "bad", near: "stopped", healthy: "ok" }[verdict];
  const reason = element("small", {}, reasonOf(item.health));
  return [element("span", { class: `mark ${color}` }, verdict), " ", reason];
}

let buildersTable = null;

function columnsOfBuilders() {
  return [
    { key: "builder_id", title: "Builder", kind: "name", value: (one) => one.name },
    { key: "health", title: "Health", kind: "text", value: (one) => verdictOf(one.health), show: healthCell, hint: "by Chromium's rules" },
    { key: "runs", title: "Runs", kind: "count", value: (one) => one.stats.runs },
    { key: "success_rate", title: "Success", kind: "percent", value: (one) => one.stats.successRate,
      hint: "succeeded / (succeeded + failed)" },
    { key: "failed", title: "Failed", kind: "count", value: (one) => one.stats.failed },
    { key: "queue_latency_p50_s", title: "Queue p50", kind: "duration", value: (one) => one.stats.queue.p50 },
    { key: "queue_latency_p90_s", title: "Queue p90", kind: "duration", value: (one) => one.stats.queue.p90 },
    { key: "waiting_still", title: "Waiting", kind: "count", value: (one) => one.stats.open.waiting,
      hint: "still waiting: in no percentile", isSeldom: true },
    { key: "sparkline", title: "Run p50, trend", kind: "picture", show: sparkOf },
    { key: "run_p50_s", title: "Run p50", kind: "duration", value: (one) => one.stats.run.p50 },
    { key: "run_p90_s", title: "Run p90", kind: "duration", value: (one) => one.stats.run.p90 },
    { key: "run_max_s", title: "Run max", kind: "duration", value: (one) => one.stats.run.max },
    { key: "running_still", title: "Running", kind: "count", value: (one) => one.stats.open.running,
      hint: "still running: in no percentile", isSeldom: true },
    { key: "busy_s", title: "On bots", kind: "duration", value: (one) => one.stats.busy },
  ];
}

function sparkOf({ name, spark, width }) {
  const known = spark.filter((value) => !Number.isNaN(value));
  const text = known.length ? `${durationText(Math.min(...known))} to ${durationText(Math.max(...known))}` : "unknown";
  return sparkline(spark, `Median run time of ${name} by ${widthText(width)}: ${text}`);
}

export function drawBuilders(rows, buckets) {
  buildersTable ??= new Table({
    name: "builders", noun: "builder", caption: "Builders", sort: "runs", descending: true, columns: columnsOfBuilders(),
  });
  const isJudged = state.status.size === 0;
  const today = lastDay(withinRange(fittingRows([])));
  buildersTable.caption = isJudged ? "Builders" : "Builders (not judged while statuses are filtered)";
  buildersTable.update(grouped(rows, fleet.builder).map((group) => ({
    name: group.name,
    stats: statistics(group.rows),
    health: isJudged ? judged(group.name, group.rows, today) : null,
    spark: percentilesOver(fleet.run, bucketed(group.rows, buckets), 0.5)[0],
    width: buckets.width,
  })));
}

