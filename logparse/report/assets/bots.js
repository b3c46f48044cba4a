// Bots: how much they ran, and how that ended.
import { fleet, wordOf } from "./data.js";
import { isKnown } from "./numbers.js";
import { grouped, statistics } from "./stats.js";
import { Table } from "./table.js";

let botsTable = null;

// The last known word of a column.
function latest(rows, column) {
  for (let place = rows.length - 1; place >= 0; place--) {
    const word = wordOf(column, rows[place]);
    if (isKnown(word)) return word;
  }
  return null;
}

function infrastructureFailures(rows) {
  return rows.filter((row) => wordOf(fleet.cause, row) === "infrastructure").length;
}

export function drawBots(rows) {
  botsTable ??= new Table({
    name: "bots", noun: "bot", caption: "Bots", sort: "busy_s", descending: true,
    columns: [
      { key: "bot_id", title: "Bot", kind: "name", value: (one) => one.name },
      { key: "pool", title: "Pool", kind: "word", value: (one) => one.pool },
      { key: "os", title: "System", kind: "word", value: (one) => one.os },
      { key: "machine_type", title: "Machine", kind: "word", value: (one) => one.machine },
      { key: "runs", title: "Runs", kind: "count", value: (one) => one.stats.runs },
      { key: "success_rate", title: "Success", kind: "percent", value: (one) => one.stats.successRate },
      { key: "failed", title: "Failed", kind: "count", value: (one) => one.stats.failed },
      { key: "infrastructure", title: "Infra", hint: "failed by infrastructure", kind: "count", value: (one) => one.infrastructure },
      { key: "busy_s", title: "Busy", kind: "duration", value: (one) => one.stats.busy },
      { key: "utilization", title: "Use", kind: "percent", value: (one) => one.stats.utilization,
        hint: "busy, of the time from the first to the last run; a lower bound" },
      { key: "run_p50_s", title: "Run p50", kind: "duration", value: (one) => one.stats.run.p50 },
      { key: "run_p90_s", title: "Run p90", kind: "duration", value: (one) => one.stats.run.p90 },
      { key: "last_seen", title: "Last seen", kind: "time", value: (one) => one.stats.last },
    ],
  });
  botsTable.update(grouped(rows, fleet.bot).map((group) => ({
    name: group.name,
    stats: statistics(group.rows),
    infrastructure: infrastructureFailures(group.rows),
    pool: latest(group.rows, fleet.pool),
    os: latest(group.rows, fleet.os),
    machine: latest(group.rows, fleet.machine),
  })));
}
