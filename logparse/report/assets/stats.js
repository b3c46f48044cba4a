// Statistics of rows and of their groups, and buckets of time.
import { fleet } from "./data.js";
import { DAY, HOUR, MINUTE, distribution, knownSorted } from "./numbers.js";

// A group that was seen less often, or for less time, has no utilization.
const LEAST_RUNS = 10;
const OUTCOMES = new Map([
  ["SUCCEEDED", "succeeded"], ["FAILED", "failed"], ["OVERRUN", "failed"], ["ABORTED", "aborted"],
]);
const outcomeOfCode = fleet.status.words.map((word) => OUTCOMES.get(word) ?? "unfinished");

export function outcomeOf(row) {
  return outcomeOfCode[fleet.status.codes[row]];
}

// Runs that have not ended: those whose build has not started wait, the others run.
function openRuns(rows) {
  const open = { waiting: 0, running: 0 };
  for (const row of rows) {
    if (outcomeOf(row) !== "unfinished") continue;
    if (Number.isNaN(fleet.startedAt[row])) open.waiting++;
    else if (Number.isNaN(fleet.run[row])) open.running++;
  }
  return open;
}

export function statistics(rows) {
  const made = { runs: rows.length, succeeded: 0, failed: 0, aborted: 0, unfinished: 0, invocations: 0, odd: 0 };
  let first = Infinity;
  let last = -Infinity;
  for (const row of rows) {
    made[outcomeOf(row)]++;
    if (!isLoneBuild(row)) made.invocations++;
    made.odd += fleet.odd[row] || 0;
    const created = fleet.created[row];
    if (created < first) first = created;
    const seen = created + fleet.seenAt[row];
    if (seen > last) last = seen;
  }
  const run = distribution(knownSorted(fleet.run, rows));
  const ended = made.succeeded + made.failed;
  const span = last - first;
  return {
    ...made,
    first: first === Infinity ? NaN : first,
    last: last === -Infinity ? NaN : last,
    successRate: ended ? made.succeeded / ended : NaN,
    busy: run.sum,
    utilization: run.known >= LEAST_RUNS && span >= DAY ? run.sum / span : NaN,
    run,
    queue: distribution(knownSorted(fleet.queue, rows)),
    open: openRuns(rows),
  };
}

export function isLoneBuild(row) {
  return fleet.isLone[row] === 1;
}

// Rows by the word of a column. Rows without a word are left out.
export function grouped(rows, column) {
  const found = new Map();
  for (const row of rows) {
    const code = column.codes[row];
    if (code === 0) continue;
    const group = found.get(code);
    if (group) group.push(row);
    else found.set(code, [row]);
  }
  return [...found].map(([code, members]) => ({ name: column.words[code], rows: members }));
}

export function distinct(rows, column) {
  const found = new Set();
  for (const row of rows) if (column.codes[row]) found.add(column.codes[row]);
  return found.size;
}

// The sum of the known values; NaN without one.
export function totalOf(column, rows) {
  let total = 0;
  let known = 0;
  for (const row of rows) {
    const value = column[row];
    if (Number.isNaN(value)) continue;
    total += value;
    known++;
  }
  return known ? total : NaN;
}

// --- buckets of time ------------------------------------------------------------------------------

const WIDTHS = [
  ...[1, 5, 15, 30].map((n) => n * MINUTE),
  ...[1, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 7, 14, 28, 91, 182, 364].map((n) => n * DAY),
];
// 1 January 1970 was a Thursday. Weeks begin on Monday.
const MONDAY = -3 * DAY;

// Buckets of equal width, at most so many, that hold the times from first to last.
export function bucketsOf(first, last, most) {
  if (!Number.isFinite(first) || !Number.isFinite(last) || first > last) return { start: 0, width: HOUR, count: 0 };
  const widest = WIDTHS[WIDTHS.length - 1];
  const width =
    WIDTHS.find((one) => (last - first) / one < most - 1) ?? Math.ceil((last - first) / most / widest) * widest;
  const origin = width >= 7 * DAY ? MONDAY : 0;
  const start = Math.floor((first - origin) / width) * width + origin;
  return { start, width, count: Math.floor((last - start) / width) + 1 };
}

export function bucketStarts(buckets) {
  return Array.from({ length: buckets.count }, (_, place) => buckets.start + place * buckets.width);
}

// Rows by the bucket of their creation: a list for each bucket.
export function bucketed(rows, buckets) {
  const found = Array.from({ length: buckets.count }, () => []);
  for (const row of rows) {
    const place = Math.floor((fleet.created[row] - buckets.start) / buckets.width);
    if (place >= 0 && place < buckets.count) found[place].push(row);
  }
  return found;
}

const WIDTH_NAMES = new Map([
  [DAY, "day"], [7 * DAY, "week"], [HOUR, "hour"], [MINUTE, "minute"],
]);

export function widthText(width) {
  if (WIDTH_NAMES.has(width)) return WIDTH_NAMES.get(width);
  const [size, noun] = [[7 * DAY, "weeks"], [DAY, "days"], [HOUR, "hours"], [MINUTE, "minutes"]]
    .find(([one]) => width % one === 0);
  return `${width / size} ${noun}`;
}
