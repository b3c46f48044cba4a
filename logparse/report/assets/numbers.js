// Statistics of values, and values as texts. Durations are milliseconds. Unknown is NaN or null.

export const DASH = "–";
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function isKnown(value) {
  return value !== null && value !== undefined && !Number.isNaN(value);
}

// A percentile of sorted values: linear between the two nearest ones.
export function percentile(sorted, share) {
  if (sorted.length === 0) return NaN;
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below];
  return below + 1 < sorted.length ? low + (sorted[below + 1] - low) * (at - below) : low;
}

// The known values of a column in rows, sorted.
export function knownSorted(column, rows) {
  const found = new Float64Array(rows.length);
  let length = 0;
  for (const row of rows) {
    const value = column[row];
    if (!Number.isNaN(value)) found[length++] = value;
  }
  return found.subarray(0, length).sort();
}

function sumOf(values) {
  let total = 0;
  for (const value of values) total += value;
  return values.length ? total : NaN;
}

// Mean, percentiles and the largest of sorted values.
export function distribution(sorted) {
  return {
    known: sorted.length,
    sum: sumOf(sorted),
    mean: sorted.length ? sumOf(sorted) / sorted.length : NaN,
    p50: percentile(sorted, 0.5),
    p75: percentile(sorted, 0.75),
    p90: percentile(sorted, 0.9),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: sorted.length ? sorted[sorted.length - 1] : NaN,
  };
}

export function durationText(ms) {
  if (!isKnown(ms)) return DASH;
  const sign = ms < 0 ? "−" : "";
  const value = Math.abs(ms) / SECOND;
  if (value < 9.995) return `${sign}${value.toFixed(2)} s`;
  if (value < 59.95) return `${sign}${value.toFixed(1)} s`;
  const two = (number) => String(number).padStart(2, "0");
  if (value < 3599.5) {
    const seconds = Math.round(value);
    return `${sign}${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  }
  const minutes = Math.round(value / 60);
  const hours = Math.floor(minutes / 60);
  return `${sign}${countText(hours)}h ${two(minutes % 60)}m`;
}

// A duration to the millisecond; to the second where it has hours.
export function exactText(ms) {
  if (!isKnown(ms)) return DASH;
  const sign = ms < 0 ? "−" : "";
  const value = Math.abs(ms);
  if (value < MINUTE) return `${sign}${(value / SECOND).toFixed(3)} s`;
  const two = (number) => String(number).padStart(2, "0");
  if (value < HOUR) {
    return `${sign}${Math.floor(value / MINUTE)}m ${((value % MINUTE) / SECOND).toFixed(3).padStart(6, "0")}s`;
  }
  const seconds = Math.round(value / SECOND);
  return `${sign}${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60) % 60)}m ${two(seconds % 60)}s`;
}

// A formatter is made once, because making one takes longer than all its uses.
const [whole, tenths, hundredths] = [0, 1, 2].map((digits) =>
  new Intl.NumberFormat("en-US", { maximumFractionDigits: digits }));

export function countText(number) {
  return isKnown(number) ? whole.format(number) : DASH;
}

export function meanText(number) {
  if (!isKnown(number)) return DASH;
  return (Math.abs(number) < 10 ? hundredths : tenths).format(number);
}

export function percentText(share) {
  if (!isKnown(share)) return DASH;
  const percent = share * 100;
  const digits = percent > 0 && (percent < 10 || (percent > 99 && percent < 100)) ? 1 : 0;
  const text = percent.toFixed(digits);
  if (share > 0 && Number(text) === 0) return "< 0.1 %";
  if (share < 1 && Number(text) === 100) return "> 99.9 %";
  return `${text} %`;
}

// A number with its noun: 1 run, 2 runs.
export function counted(number, noun, plural = `${noun}s`) {
  return `${countText(number)} ${number === 1 ? noun : plural}`;
}

export function timeText(ms, { seconds = false } = {}) {
  if (!isKnown(ms)) return DASH;
  return new Date(ms).toISOString().slice(0, seconds ? 19 : 16).replace("T", " ");
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

export function dayText(ms, { year = false } = {}) {
  const date = new Date(ms);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}${year ? ` ${date.getUTCFullYear()}` : ""}`;
}

export function monthText(ms) {
  const date = new Date(ms);
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

// --- cells of CSV that a spreadsheet does not run as formulas -----------------------------------

const FORMULA_SIGNS = new Set("=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b");
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

function isFormula(text) {
  if (/^[\t\r\n]/.test(text)) return true;
  for (const character of text) {
    if (FORMULA_SIGNS.has(character)) return true;
    if (character !== " " && !UNPRINTABLE.test(character)) return false;
  }
  return false;
}

export function csvCell(value) {
  if (!isKnown(value)) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "true" : "false";
  const text = value.startsWith("'") || isFormula(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
