// The choice of a range of time: bars of all runs, two handles, two fields.
import { timeTicks } from "./axes.js";
import { TICK_WIDTH, bucketText, stackBars, widthOf } from "./charts.js";
import { extent, fleet } from "./data.js";
import { byId, drawing, element } from "./dom.js";
import { timeText } from "./numbers.js";
import { change, state } from "./state.js";
import { bucketsOf, outcomeOf, widthText } from "./stats.js";

const BRUSH_HEIGHT = 52;
const BRUSH_FOOT = 18;
const SIDE = 8;
const MOST_BUCKETS = 120;
const GRAB = 10;
export const OUTCOME_SERIES = [
  { name: "succeeded", color: "ok" },
  { name: "failed", color: "bad" },
  { name: "aborted", color: "stopped" },
  { name: "unfinished", color: "open" },
];

export function outcomesOver(rows, buckets) {
  const series = OUTCOME_SERIES.map((one) => ({ ...one, values: new Array(buckets.count).fill(0) }));
  const valuesOf = Object.fromEntries(series.map((one) => [one.name, one.values]));
  for (const row of rows) {
    const place = Math.floor((fleet.created[row] - buckets.start) / buckets.width);
    if (place >= 0 && place < buckets.count) valuesOf[outcomeOf(row)][place]++;
  }
  return series;
}

const brush = { buckets: null, from: 0, to: 0, dragging: null, frame: null };

function brushEnds() {
  const { start, width, count } = brush.buckets;
  return [start, start + width * count];
}

// The range in the brush: its ends where the state has none.
function rangeInBrush() {
  const [first, last] = brushEnds();
  const clamped = (value) => Math.min(Math.max(value, first), last);
  return [clamped(state.from ?? first), clamped(state.to ?? last)];
}

function choose(from, to) {
  const [first, last] = brushEnds();
  change({ from: from <= first ? null : from, to: to >= last ? null : to });
}

function snapped(at) {
  const { start, width, count } = brush.buckets;
  return start + Math.min(Math.max(Math.round((at - start) / width), 0), count) * width;
}

export function drawBrush(fitting) {
  const host = byId("brush");
  if (extent.first > extent.last) {
    host.replaceChildren(element("figcaption", {}, element("span", {}, "No run has a time of creation, so that no range can be chosen.")));
    return;
  }
  brush.buckets = bucketsOf(extent.first, extent.last, MOST_BUCKETS);
  const width = widthOf(host) - 2 * SIDE;
  const [first, last] = brushEnds();
  const x = (at) => ((at - first) / (last - first)) * width;
  const series = outcomesOver(fitting, brush.buckets);
  const most = Math.max(1, ...series[0].values.map((_, place) => series.reduce((sum, one) => sum + one.values[place], 0)));
  const inside = drawing("g", { transform: `translate(${SIDE} 0)` });
  const y = (value) => BRUSH_HEIGHT - (value / most) * (BRUSH_HEIGHT - 4);
  brush.frame = { inside, x, y, at: (px) => first + (px / width) * (last - first) };
  stackBars(brush.frame, { series, buckets: brush.buckets, isQuiet: true });
  for (const tick of timeTicks(first, last, Math.max(2, Math.floor(width / TICK_WIDTH)))) {
    const at = x(tick.at);
    if (at > 20 && at < width - 20) inside.append(drawing("text", { x: at, y: BRUSH_HEIGHT + 14, "text-anchor": "middle" }, tick.text));
  }
  inside.append(drawing("line", { class: "axis", x1: 0, x2: width, y1: BRUSH_HEIGHT, y2: BRUSH_HEIGHT }));
  drawRange(inside, x, width);
  const picture = drawing("svg", {
    viewBox: `0 0 ${width + 2 * SIDE} ${BRUSH_HEIGHT + BRUSH_FOOT}`, height: BRUSH_HEIGHT + BRUSH_FOOT, role: "group",
    "aria-label": "Range of time. Two sliders choose it; arrow keys move them.",
  }, inside);
  picture.addEventListener("pointerdown", (event) => startDrag(event, picture));
  const hint = `Runs by ${widthText(brush.buckets.width)} of creation (UTC). Drag over the bars to choose a range of time.`;
  const focused = document.activeElement?.dataset?.end;
  host.replaceChildren(picture, element("figcaption", {}, element("span", {}, hint)));
  if (focused) host.querySelector(`[data-end="${focused}"]`)?.focus();
}

function drawRange(inside, x, width) {
  const [from, to] = rangeInBrush();
  const veil = (start, end) => drawing("rect", { class: "f-veil", x: start, y: 0, width: Math.max(0, end - start), height: BRUSH_HEIGHT });
  inside.append(veil(0, x(from)), veil(x(to), width),
    drawing("rect", { class: "f-shade", x: x(from), y: 0, width: Math.max(1, x(to) - x(from)), height: BRUSH_HEIGHT }));
  for (const [end, at] of [["from", from], ["to", to]]) inside.append(handle(end, at, x));
}

function handle(end, at, x) {
  const [first, last] = brushEnds();
  const node = drawing("g", {
    class: "handle", tabindex: "0", role: "slider", "data-end": end,
    "aria-label": end === "from" ? "Beginning of the range" : "End of the range",
    "aria-valuemin": first, "aria-valuemax": last, "aria-valuenow": at,
    "aria-valuetext": bucketText(at, brush.buckets.width),
  }, drawing("rect", { x: x(at) - 4, y: 10, width: 8, height: BRUSH_HEIGHT - 20, rx: 3 }));
  node.addEventListener("keydown", (event) => moveByKey(event, end));
  return node;
}

function moveByKey(event, end) {
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };
  if (event.key === "Escape") {
    change({ from: null, to: null });
    return;
  }
  if (!(event.key in steps)) return;
  event.preventDefault();
  const { width } = brush.buckets;
  const [first, last] = brushEnds();
  const [from, to] = rangeInBrush();
  const wanted = (end === "from" ? from : to) + steps[event.key] * width * (event.shiftKey ? 10 : 1);
  if (end === "from") choose(snapped(Math.min(Math.max(wanted, first), to - width)), to);
  else choose(from, snapped(Math.max(Math.min(wanted, last), from + width)));
}

function startDrag(event, picture) {
  if (event.button !== 0) return;
  const box = picture.getBoundingClientRect();
  const placeOf = (one) => brush.frame.at(one.clientX - box.left - SIDE);
  const [from, to] = rangeInBrush();
  const near = (at) => Math.abs(brush.frame.x(at) - (event.clientX - box.left - SIDE)) <= GRAB;
  const fixed = near(from) ? to : near(to) ? from : snapped(placeOf(event));
  const hasMoved = (one) => Math.abs(one.clientX - event.clientX) > 3;
  const move = (one) => {
    if (!hasMoved(one)) return;
    const at = snapped(placeOf(one));
    if (at !== fixed) choose(Math.min(at, fixed), Math.max(at, fixed));
  };
  const stop = () => {
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", stop);
    window.removeEventListener("pointercancel", stop);
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", stop);
  window.addEventListener("pointercancel", stop);
  event.preventDefault();
}

// The fields of the range, which show and take times in UTC.
export function rangeFields() {
  const fields = ["from", "to"].map((end) => {
    const field = element("input", { type: "datetime-local", id: `range-${end}` });
    field.addEventListener("change", () => {
      const at = Date.parse(`${field.value}Z`);
      change({ [end]: Number.isNaN(at) ? null : at });
    });
    return field;
  });
  const show = () => {
    const ends = brush.buckets ? rangeInBrush() : [null, null];
    fields.forEach((field, place) => {
      const at = (place ? state.to : state.from) ?? ends[place];
      field.value = at === null ? "" : timeText(at).replace(" ", "T");
    });
  };
  const label = (text, field) => element("label", {}, text, field);
  return { nodes: [label("From (UTC)", fields[0]), label("To, exclusive", fields[1])], show };
}

