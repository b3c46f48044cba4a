// Charts as SVG. Each has a caption, a sentence with its main values, and its values as a table.
import { countScale, durationScale, timeTicks } from "./axes.js";
import { drawing, element } from "./dom.js";
import { DAY, countText, dayText, durationText, isKnown, timeText } from "./numbers.js";
import { bucketStarts, widthText } from "./stats.js";

const HEIGHT = 170;
const WIDEST_BAR = 56;
const MARGIN = { left: 58, right: 14, top: 8, bottom: 24 };
export const TICK_WIDTH = 66;

// Widths are read once, because reading one after a change makes the browser lay out the page.
const widths = new Map();

export function widthOf(host) {
  if (!widths.has(host)) widths.set(host, Math.max(240, Math.floor(host.clientWidth)));
  return widths.get(host);
}

export function measureCharts() {
  widths.clear();
  for (const host of document.querySelectorAll("figure.chart")) widthOf(host);
}

function legend(series) {
  const items = series.map((one) =>
    element("li", {}, sample(one), one.name));
  return element("ul", { class: "legend" }, items);
}

function sample(one) {
  const mark = one.isLine
    ? drawing("line", { x1: 0, x2: 22, y1: 6, y2: 6, class: `series c-${one.color} ${one.isDashed ? "dashed" : ""}` })
    : drawing("rect", { width: 12, height: 12, x: 5, class: `f-${one.color}` });
  return drawing("svg", { viewBox: "0 0 22 12", "aria-hidden": "true" }, mark);
}

export function bucketText(at, width) {
  return width >= DAY ? dayText(at, { year: true }) : timeText(at);
}

function valueTable(chart) {
  const head = ["time (UTC)", ...chart.series.map((one) => one.name)];
  const rows = bucketStarts(chart.buckets).map((at, place) => [at, place])
    .filter(([, place]) => chart.series.some((one) => isKnown(one.values[place])))
    .map(([at, place]) => element("tr", {},
      element("th", { scope: "row", class: "time" }, bucketText(at, chart.buckets.width)),
      chart.series.map((one) => element("td", { class: "number" }, chart.show(one.values[place])))));
  return element("table", {}, element("caption", {}, chart.title),
    element("thead", {}, element("tr", {}, head.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, rows));
}

// The figure of a chart: caption, legend, drawing, and values on demand.
function fillFigure(host, chart, picture) {
  const wasOpen = host.querySelector("details")?.open ?? false;
  const values = element("details", { ontoggle: () => showValues() }, element("summary", {}, "Values as a table"));
  const showValues = () => {
    if (values.open && values.children.length === 1) {
      const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": `Values: ${chart.title}` };
      values.append(element("div", region, valueTable(chart)));
    }
  };
  const caption = element("figcaption", {}, element("b", {}, chart.title), element("span", {}, chart.text));
  const parts = picture ? [legend(chart.series), picture, values] : [];
  host.replaceChildren(caption, ...parts);
  values.open = wasOpen;
}

function frameOf(host, buckets, scale, label) {
  const width = widthOf(host) - MARGIN.left - MARGIN.right;
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const first = buckets.start;
  const last = first + buckets.count * buckets.width;
  const x = (at) => ((at - first) / (last - first)) * width;
  const made = scale(height);
  const inside = drawing("g", { transform: `translate(${MARGIN.left} ${MARGIN.top})` });
  for (const tick of made.ticks) {
    const y = made.y(tick);
    inside.append(drawing("line", { class: "grid", x1: 0, x2: width, y1: y, y2: y }),
      drawing("text", { x: -8, y: y + 4, "text-anchor": "end" }, made.text(tick)));
  }
  for (const tick of timeTicks(first, last, Math.max(2, Math.floor(width / TICK_WIDTH)))) {
    const at = x(tick.at);
    if (at < 14 || at > width - 14) continue;
    inside.append(drawing("line", { class: "axis", x1: at, x2: at, y1: height, y2: height + 4 }),
      drawing("text", { x: at, y: height + 17, "text-anchor": "middle" }, tick.text));
  }
  inside.append(drawing("line", { class: "axis", x1: 0, x2: width, y1: height, y2: height }));
  const size = { viewBox: `0 0 ${width + MARGIN.left + MARGIN.right} ${HEIGHT}`, height: HEIGHT };
  const picture = drawing("svg", { ...size, role: "img", "aria-label": label }, inside);
  return { picture, inside, x, y: made.y, isLog: made.isLog, height, width };
}

// Lines of values over buckets of time. A bucket without a value makes a gap.
export function lineChart(host, chart) {
  const values = chart.series.flatMap((one) => [...one.values].filter(isKnown));
  if (!values.length) {
    fillFigure(host, { ...chart, text: chart.nothing ?? "No value is known in the selection." }, null);
    return;
  }
  const scale = chart.isCount
    ? (height) => countScale(Math.max(...values), height, false)
    : (height) => durationScale(values, height);
  const frame = frameOf(host, chart.buckets, scale, `${chart.title}. ${chart.text}`);
  const text = frame.isLog ? `${chart.text} The scale is logarithmic.` : chart.text;
  for (const one of chart.series) drawLine(frame, one, chart);
  fillFigure(host, { ...chart, text, series: chart.series.map((one) => ({ ...one, isLine: true })) }, frame.picture);
}

function drawLine(frame, one, chart) {
  const middle = (place) => chart.buckets.start + (place + 0.5) * chart.buckets.width;
  const points = [...one.values].map((value, place) => (isKnown(value) ? [frame.x(middle(place)), frame.y(value)] : null));
  let path = "";
  points.forEach((point, place) => {
    if (point) path += `${points[place - 1] ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
  });
  frame.inside.append(drawing("path", { d: path, class: `series c-${one.color} ${one.isDashed ? "dashed" : ""}` }));
  points.forEach((point, place) => {
    if (!point) return;
    const isAlone = !points[place - 1] && !points[place + 1];
    const size = isAlone || points.length <= 40 ? 2.5 : 0;
    const { start, width } = chart.buckets;
    const title = `${one.name}, ${bucketText(start + place * width, width)}: ${chart.show(one.values[place])}`;
    frame.inside.append(drawing("circle", { cx: point[0], cy: point[1], r: size, class: `f-${one.color}` }, drawing("title", {}, title)));
  });
}

// Stacked bars of counts over buckets of time. Quiet ones do not have the values as titles.
export function barChart(host, chart) {
  const totals = Array.from({ length: chart.buckets.count }, (_, place) =>
    chart.series.reduce((total, one) => total + one.values[place], 0));
  if (!totals.some((total) => total > 0)) {
    fillFigure(host, { ...chart, text: chart.nothing ?? "Nothing is known in the selection." }, null);
    return;
  }
  const frame = frameOf(host, chart.buckets, (height) => countScale(Math.max(...totals), height), `${chart.title}. ${chart.text}`);
  stackBars(frame, chart);
  fillFigure(host, chart, frame.picture);
}

export function stackBars(frame, chart) {
  const wide = frame.x(chart.buckets.start + chart.buckets.width);
  const gap = wide > 4 ? 1 : 0;
  for (let place = 0; place < chart.buckets.count; place++) {
    let below = 0;
    for (const one of chart.series) {
      const value = one.values[place];
      if (!value) continue;
      const top = frame.y(below + value);
      const at = chart.buckets.start + place * chart.buckets.width;
      const width = Math.min(Math.max(wide - gap, 0.8), WIDEST_BAR);
      const bar = { x: frame.x(at) + (wide - width) / 2, y: top, width, height: frame.y(below) - top };
      const node = drawing("rect", { ...bar, class: `f-${one.color}` });
      const title = `${one.name}, ${bucketText(at, chart.buckets.width)}: ${countText(value)}`;
      if (!chart.isQuiet) node.append(drawing("title", {}, title));
      frame.inside.append(node);
      below += value;
    }
  }
}

// A small line without axes: its values are in the table beside it.
export function sparkline(values, label) {
  const [width, height] = [104, 24];
  const known = values.filter(isKnown);
  if (!known.length) return element("span", {}, "–");
  const most = Math.max(...known);
  const step = values.length > 1 ? (width - 6) / (values.length - 1) : 0;
  const points = values.map((value, place) =>
    isKnown(value) ? [3 + place * step, height - 3 - (most > 0 ? value / most : 0) * (height - 6)] : null);
  let path = "";
  points.forEach((point, place) => {
    if (point) path += `${points[place - 1] ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
  });
  const dots = points.filter((point, place) => point && !points[place - 1] && !points[place + 1])
    .map((point) => drawing("circle", { cx: point[0], cy: point[1], r: 2, class: "f-median" }));
  return drawing("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    drawing("path", { d: path, class: "series c-median" }), dots);
}

// Horizontal bars with their names and numbers, the largest first.
export function rankedBars(host, chart) {
  if (!chart.bars.length) {
    host.replaceChildren(element("figcaption", {}, element("b", {}, chart.title), element("span", {}, chart.nothing)));
    return;
  }
  const width = widthOf(host);
  const [rowHeight, barHeight] = [38, 12];
  const most = Math.max(...chart.bars.map((bar) => bar.value));
  const numberWidth = 96;
  const picture = drawing("svg", {
    viewBox: `0 0 ${width} ${rowHeight * chart.bars.length}`, height: rowHeight * chart.bars.length,
    role: "img", "aria-label": `${chart.title}. ${chart.text}`,
  });
  chart.bars.forEach((bar, place) => {
    const y = place * rowHeight;
    const long = Math.max(2, (bar.value / most) * (width - numberWidth));
    picture.append(
      drawing("text", { x: 0, y: y + 14, class: "label" }, shortened(bar.name, width)),
      drawing("rect", { x: 0, y: y + 19, width: long, height: barHeight, class: `f-${chart.color}` }, drawing("title", {}, bar.name)),
      drawing("text", { x: long + 6, y: y + 29 }, bar.text));
  });
  host.replaceChildren(element("figcaption", {}, element("b", {}, chart.title), element("span", {}, chart.text)), picture);
}

function shortened(text, width) {
  const most = Math.max(12, Math.floor(width / 6.6));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

// A sentence about values over time: their name, and the least and the largest of them.
export function rangeText(name, series, buckets, show = durationText) {
  const known = [...series].map((value, place) => [value, place]).filter(([value]) => isKnown(value));
  if (!known.length) return "";
  const least = known.reduce((a, b) => (b[0] < a[0] ? b : a));
  const most = known.reduce((a, b) => (b[0] > a[0] ? b : a));
  const when = ([, place]) => bucketText(buckets.start + place * buckets.width, buckets.width);
  if (known.length === 1) return `${name}: ${show(most[0])} (${when(most)}).`;
  return `${name} by ${widthText(buckets.width)}: from ${show(least[0])} (${when(least)}) to ${show(most[0])} (${when(most)}).`;
}
