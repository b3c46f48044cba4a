// The health of builders by Chromium's rules: business days on which a metric is over its threshold.
import { fleet, specs } from "./data.js";
import { DAY, MINUTE, SECOND, percentile } from "./numbers.js";

const NEAR = 0.02;
const specsOfBuilders = new Map(Object.entries(specs.builders));
// 1 January 1970 was a Thursday: day 0. Monday is the first day of a week.
const isBusinessDay = (day) => (((day + 3) % 7) + 7) % 7 < 5;

function businessDays(today, number) {
  const found = new Map();
  for (let day = today - 1; found.size < number; day--) if (isBusinessDay(day)) found.set(day, found.size);
  return found;
}

function dayOf(row) {
  return Math.floor((fleet.created[row] + fleet.buildAt[row]) / DAY);
}

function countsForHealth(row) {
  return fleet.isBuild[row] === 1 && !Number.isNaN(dayOf(row)) && fleet.builder.codes[row] !== 0;
}

// The day of the last build, which is seldom whole and is left out.
export function lastDay(rows) {
  let last = -Infinity;
  for (const row of rows) if (countsForHealth(row)) last = Math.max(last, dayOf(row));
  return last;
}

const wholeMinutes = (ms) => (Math.trunc(ms / SECOND) * SECOND) / MINUTE;

function sortedMinutes(column, rows) {
  return Float64Array.from(rows, (row) => column[row]).filter((ms) => !Number.isNaN(ms)).map(wholeMinutes).sort();
}

function shareOfStatus(rows, status) {
  const code = fleet.buildStatus.words.indexOf(status);
  let number = 0;
  for (const row of rows) if (fleet.buildStatus.codes[row] === code) number++;
  return number / rows.length;
}

// A day without any start has 0 minutes of waiting, as Chromium counts it.
function minutesOf(column, rows, share, nothing) {
  const sorted = sortedMinutes(column, rows);
  return sorted.length ? percentile(sorted, share) : nothing;
}

const METRICS = {
  fail_rate: (rows) => shareOfStatus(rows, "FAILURE"),
  infra_fail_rate: (rows) => shareOfStatus(rows, "INFRA_FAILURE"),
  pending_p50_mins: (rows) => minutesOf(fleet.pending, rows, 0.5, 0),
  pending_p95_mins: (rows) => minutesOf(fleet.pending, rows, 0.95, 0),
  build_p50_mins: (rows) => minutesOf(fleet.run, rows, 0.5, NaN),
  build_p95_mins: (rows) => minutesOf(fleet.run, rows, 0.95, NaN),
};

function judgedBy(spec, days, today) {
  const period = businessDays(today, spec.days);
  const chosen = days.keys.filter((day) => period.has(day)).sort((a, b) => b - a);
  const thresholds = Object.entries(spec.over);
  if (!chosen.length || !thresholds.length) return null;
  const metrics = thresholds.map(([name, over]) => {
    const values = chosen.map((day) => days.metric(day, name));
    return { name, over, values, bad: values.map((value) => value > over) };
  });
  const isBad = chosen.map((_, place) => metrics.some((metric) => metric.bad[place]));
  const badDays = (metric) => metric.bad.filter(Boolean).length;
  const nearness = (metric) => (metric.over ? metric.values[0] / metric.over : metric.values[0]) || 0;
  const ranked = [...metrics].sort((a, b) => badDays(b) - badDays(a) || nearness(b) - nearness(a));
  const good = chosen.filter((_, place) => !isBad[place]).map((day) => period.get(day));
  return {
    problem: spec.name,
    score: spec.score,
    unhealthy: isBad.every(Boolean),
    days: chosen.length,
    badDays: isBad.filter(Boolean).length,
    daysLeft: good.length ? spec.days - Math.min(...good) : 0,
    metric: ranked[0].name,
    value: ranked[0].values[0],
    threshold: ranked[0].over,
    near: metrics.some((metric) => Math.abs(metric.values[0] - metric.over) <= NEAR * metric.over),
  };
}

// What each specification of a builder says about its rows; the worst first.
export function judged(builder, rows, today) {
  const byDay = new Map();
  for (const row of rows.filter(countsForHealth)) {
    const day = dayOf(row);
    if (!byDay.has(day)) byDay.set(day, []);
    byDay.get(day).push(row);
  }
  const known = new Map();
  const metric = (day, name) => {
    const key = `${day} ${name}`;
    if (!known.has(key)) known.set(key, METRICS[name](byDay.get(day)));
    return known.get(key);
  };
  const days = { keys: [...byDay.keys()], metric };
  return (specsOfBuilders.get(builder) ?? [])
    .map((place) => judgedBy(specs.all[place], days, today))
    .filter((one) => one !== null)
    .sort((a, b) => b.unhealthy - a.unhealthy || a.daysLeft - b.daysLeft || b.score - a.score);
}
