// The queue over time: how many builds waited and ran, on average over each bucket.
import { fleet } from "./data.js";

// The mean number of spans that are open in each bucket. Spans are pairs of start and length.
function meanOpen(starts, lengths, buckets) {
  const { start: origin, width, count } = buckets;
  const total = new Float64Array(count);
  for (let place = 0; place < starts.length; place++) {
    const start = Math.max(starts[place] - origin, 0);
    const end = Math.min(starts[place] + lengths[place] - origin, count * width);
    if (!(end > start)) continue;
    let bucket = Math.floor(start / width);
    for (let at = start; at < end; bucket++) {
      const stop = Math.min((bucket + 1) * width, end);
      total[bucket] += stop - at;
      at = stop;
    }
  }
  return total.map((open) => open / width);
}

export function depthOver(rows, buckets) {
  const found = { waiting: [[], []], running: [[], []] };
  for (const row of rows) {
    const created = fleet.created[row];
    const sides = [
      ["waiting", created + fleet.buildAt[row], fleet.waiting[row]],
      ["running", created + fleet.startedAt[row], fleet.running[row]],
    ];
    for (const [name, start, length] of sides) {
      if (Number.isNaN(start) || Number.isNaN(length)) continue;
      found[name][0].push(start);
      found[name][1].push(length);
    }
  }
  return {
    waiting: meanOpen(...found.waiting, buckets),
    running: meanOpen(...found.running, buckets),
  };
}
