// What the status checks cost, and what they showed.
import { barChart, rangeText } from "./charts.js";
import { fleet } from "./data.js";
import { byId, element } from "./dom.js";
import { DASH, countText, counted, distribution, durationText, isKnown, knownSorted, percentText } from "./numbers.js";
import { bucketed, grouped, totalOf } from "./stats.js";
import { Table } from "./table.js";

let pollingTable = null;

// Checks of rows, where their number is known.
function pollingOf(rows) {
  const known = rows.filter((row) => isKnown(fleet.polls[row]));
  const polls = totalOf(fleet.polls, known);
  const cost = totalOf(fleet.pollCost, known);
  const ran = known.filter((row) => isKnown(fleet.run[row]) && isKnown(fleet.pollCost[row]));
  return {
    runs: known.length,
    polls,
    unchanged: totalOf(fleet.unchanged, known),
    cost,
    each: polls > 0 ? cost / polls : NaN,
    slowest: largestOf(fleet.pollMost, known),
    ofRun: totalOf(fleet.pollCost, ran) / totalOf(fleet.run, ran),
    notices: totalOf(fleet.notices, known),
    silent: known.filter((row) => fleet.notices[row] === 0 && isKnown(fleet.run[row])).length,
  };
}

function largestOf(column, rows) {
  let most = NaN;
  for (const row of rows) if (!(column[row] <= most) && isKnown(column[row])) most = column[row];
  return most;
}

function shareOf(part, whole) {
  return whole > 0 ? part / whole : NaN;
}

function lagText(found) {
  return found.known ? `median ${durationText(found.p50)}, p90 ${durationText(found.p90)} (${countText(found.known)} known)` : DASH;
}

export function drawPolling(rows, buckets) {
  const all = pollingOf(rows);
  const known = rows.filter((row) => isKnown(fleet.polls[row]));
  const of = (column) => distribution(knownSorted(column, known));
  const facts = [
    ["Status checks", isKnown(all.polls) ? `${countText(all.polls)}, of ${counted(all.runs, "run")}` : "not known: no log is selected"],
    ["Showed nothing new", `${countText(all.unchanged)} (${percentText(shareOf(all.unchanged, all.polls))})`],
    ["Cost", `${durationText(all.cost)} in all, ${durationText(all.each)} a check, slowest ${durationText(all.slowest)}`],
    ["Share of the run time", percentText(all.ofRun)],
    ["Late, median of the runs", durationText(of(fleet.pollLate).p50)],
    ["Notifications", countText(all.notices)],
    ["Runs without one", `${countText(all.silent)} (${percentText(shareOf(all.silent, all.runs))})`],
    ["Start was seen after", lagText(of(fleet.startLag))],
    ["End was seen after", lagText(of(fleet.endLag))],
  ];
  byId("polling-facts").replaceChildren(element("dl", { class: "facts" },
    facts.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)])));
  drawPollingChart(rows, buckets);
  drawPollingTable(rows);
}

function drawPollingChart(rows, buckets) {
  const members = bucketed(rows, buckets);
  const unchanged = members.map((group) => totalOf(fleet.unchanged, group) || 0);
  const changed = members.map((group, place) => (totalOf(fleet.polls, group) || 0) - unchanged[place]);
  const total = unchanged.map((number, place) => number + changed[place]);
  barChart(byId("polling-chart"), {
    title: "Status checks by the time of creation of their runs",
    text: rangeText("Checks", total, buckets, countText),
    nothing: "No selected run has a known status check.",
    series: [
      { name: "showed something new", color: "ok", values: changed },
      { name: "showed nothing new", color: "open", values: unchanged },
    ],
    buckets, show: countText,
  });
}

function drawPollingTable(rows) {
  pollingTable ??= new Table({
    name: "polling", noun: "builder", caption: "Polling by builder", sort: "poll_rpc_s", descending: true, first: 10,
    columns: [
      { key: "builder_id", title: "Builder", kind: "name", value: (one) => one.name },
      { key: "poll_count", title: "Checks", kind: "count", value: (one) => one.polls },
      { key: "unchanged_share", title: "Nothing new", kind: "percent", value: (one) => shareOf(one.unchanged, one.polls) },
      { key: "poll_rpc_s", title: "Cost", kind: "duration", value: (one) => one.cost },
      { key: "poll_rpc_mean_s", title: "A check", kind: "duration", value: (one) => one.each },
      { key: "poll_rpc_max_s", title: "Slowest", kind: "duration", value: (one) => one.slowest },
      { key: "poll_overhead_ratio", title: "Of the run", kind: "percent", value: (one) => one.ofRun },
      { key: "notification_count", title: "Notifications", kind: "count", value: (one) => one.notices },
      { key: "runs_without_notification", title: "Runs without one", kind: "count", value: (one) => one.silent },
    ],
  });
  const groups = grouped(rows, fleet.builder).map((group) => ({ name: group.name, ...pollingOf(group.rows) }));
  pollingTable.update(groups.filter((one) => one.runs > 0));
}
