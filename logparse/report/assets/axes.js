// Scales of charts, and their ticks.
import { DAY, HOUR, MINUTE, SECOND, countText, dayText, monthText, timeText } from "./numbers.js";

const NICE_DURATIONS = [
  ...[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 4000].map((n) => n * DAY),
];
const LOG_DURATIONS = [
  ...[0.01, 0.1, 1, 10].map((n) => n * SECOND), ...[1, 10].map((n) => n * MINUTE), HOUR, 10 * HOUR,
  ...[4, 40, 400, 4000].map((n) => n * DAY),
];

function tickDuration(ms) {
  const [size, unit] = [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"]].find(([one]) => ms >= one) ?? [SECOND, "s"];
  return ms === 0 ? "0" : `${Number((ms / size).toFixed(2))} ${unit}`;
}

function niceCount(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= raw);
}

function linearScale(most, height, step) {
  const top = Math.max(step, Math.ceil(most / step - 1e-9) * step);
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, place) => place * step);
  return { ticks, isLog: false, y: (value) => height - (value / top) * height };
}

// A scale of counts, or of means of counts, which are not whole.
export function countScale(most, height, isWhole = true) {
  const step = most > 0 ? Math.max(niceCount(most / 4), isWhole ? 1 : 0) : 1;
  return { ...linearScale(most, height, step), text: (value) => (step < 1 ? String(Number(value.toFixed(6))) : countText(value)) };
}

// A scale of durations: logarithmic where the largest would flatten the others.
export function durationScale(values, height) {
  const known = values.filter((value) => value > 0).sort((a, b) => a - b);
  const most = known.length ? known[known.length - 1] : SECOND;
  const hasOther = values.some((value) => value <= 0);
  if (known.length > 1 && !hasOther && most / known[Math.floor(known.length / 2)] > 20) {
    return { ...logScale(known[0], most, height), text: tickDuration };
  }
  const step = NICE_DURATIONS.find((one) => most / one <= 4.5) ?? most;
  return { ...linearScale(most, height, step), text: tickDuration };
}

function logScale(least, most, height) {
  const below = LOG_DURATIONS.filter((tick) => tick <= least).pop() ?? least;
  const above = LOG_DURATIONS.find((tick) => tick >= most) ?? most;
  const ticks = LOG_DURATIONS.filter((tick) => tick >= below && tick <= above);
  const [low, high] = [Math.log(below), Math.log(Math.max(above, below * 2))];
  return { ticks, isLog: true, y: (value) => height - ((Math.log(value) - low) / (high - low)) * height };
}

const STEPS = [
  ...[1, 5, 15, 30].map((n) => n * SECOND),
  ...[1, 5, 15, 30].map((n) => n * MINUTE),
  ...[1, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14].map((n) => n * DAY),
];

function monthTicks(first, last, most) {
  const date = new Date(first);
  const months = (last - first) / (30.4 * DAY);
  const step = [1, 2, 3, 6, 12, 24, 60, 120].find((one) => months / one <= most) ?? 240;
  const found = [];
  let month = Math.ceil((date.getUTCFullYear() * 12 + date.getUTCMonth() + 1) / step) * step;
  for (; found.length <= most + 1; month += step) {
    const at = Date.UTC(Math.floor(month / 12), month % 12);
    if (at > last) break;
    found.push({ at, text: monthText(at) });
  }
  return found;
}

// Ticks of time between two moments, at most so many.
export function timeTicks(first, last, most) {
  const step = STEPS.find((one) => (last - first) / one <= most);
  if (step === undefined) return monthTicks(first, last, most);
  const origin = step >= 7 * DAY ? -3 * DAY : 0;
  const found = [];
  for (let at = Math.ceil((first - origin) / step) * step + origin; at <= last; at += step) {
    const isDay = at % DAY === 0;
    found.push({ at, text: isDay ? dayText(at) : timeText(at, { seconds: step < MINUTE }).slice(11) });
  }
  return found;
}
