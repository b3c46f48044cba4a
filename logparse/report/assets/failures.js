// Why runs failed, and what that cost.
import { rankedBars } from "./charts.js";
import { fleet, wordOf } from "./data.js";
import { byId, linkTo } from "./dom.js";
import { HOUR, countText, counted, isKnown, meanText, percentText } from "./numbers.js";
import { distinct, totalOf } from "./stats.js";
import { Table } from "./table.js";

const MOST_BARS = 8;
let failuresTable = null;

function causesOf(rows) {
  const found = new Map();
  for (const row of rows) {
    if (fleet.cause.codes[row] === 0) continue;
    const key = `${fleet.cause.codes[row]} ${fleet.detail.codes[row]}`;
    if (found.has(key)) found.get(key).push(row);
    else found.set(key, [row]);
  }
  const all = [...found.values()].reduce((sum, members) => sum + members.length, 0);
  return [...found.values()].map((members) => causeOf(members, all));
}

function causeOf(members, all) {
  const dated = members.filter((row) => isKnown(fleet.created[row]));
  const last = dated[dated.length - 1] ?? members[members.length - 1];
  return {
    cause: wordOf(fleet.cause, last),
    detail: wordOf(fleet.detail, last),
    failed: members.length,
    share: members.length / all,
    botTime: totalOf(fleet.run, members) || 0,
    builders: distinct(members, fleet.builder),
    bots: distinct(members, fleet.bot),
    first: dated.length ? fleet.created[dated[0]] : NaN,
    last: dated.length ? fleet.created[last] : NaN,
    example: last,
  };
}

export function runName(row) {
  if (fleet.invocation(row) !== null) return fleet.invocation(row);
  return fleet.build(row) !== null ? `build ${fleet.build(row)}` : "without an id";
}

// The link to a run's build where there is one, else its name.
export function runLink(row, text = runName(row)) {
  const address = fleet.url(row);
  return address === null ? text : linkTo(address, text);
}

function causeText(one) {
  const cause = one.cause.replaceAll("_", " ");
  return one.detail === null ? cause : `${cause}: ${one.detail}`;
}

export function drawFailures(rows) {
  failuresTable ??= new Table({
    name: "failures", noun: "cause", caption: "Causes of failures", sort: "failed", descending: true,
    columns: [
      { key: "cause", title: "Cause", kind: "word", value: (one) => one.cause, show: (one) => one.cause.replaceAll("_", " ") },
      { key: "detail", title: "Detail", kind: "text", value: (one) => one.detail },
      { key: "failed", title: "Failed", kind: "count", value: (one) => one.failed },
      { key: "share", title: "Share", kind: "percent", value: (one) => one.share },
      { key: "bot_hours", title: "Bot hours", kind: "mean", value: (one) => one.botTime / HOUR },
      { key: "builders", title: "Builders", kind: "count", value: (one) => one.builders },
      { key: "bots", title: "Bots", kind: "count", value: (one) => one.bots },
      { key: "first_seen", title: "First seen", kind: "time", value: (one) => one.first },
      { key: "last_seen", title: "Last seen", kind: "time", value: (one) => one.last },
      { key: "example", title: "Latest", kind: "word", value: (one) => runName(one.example), show: (one) => runLink(one.example) },
    ],
  });
  const causes = causesOf(rows);
  failuresTable.update(causes);
  const failed = causes.reduce((sum, one) => sum + one.failed, 0);
  const hours = causes.reduce((sum, one) => sum + one.botTime, 0) / HOUR;
  const ranked = [...causes].sort((a, b) => b.failed - a.failed || b.botTime - a.botTime);
  const left = ranked.slice(MOST_BARS).reduce((sum, one) => sum + one.failed, 0);
  rankedBars(byId("failures-chart"), {
    title: "Most frequent causes",
    color: "bad",
    nothing: rows.length ? "No selected run failed." : "No run is selected.",
    text: `${counted(failed, "run")} failed or were aborted; bots ran for them ${meanText(hours)} hours.`
      + (left ? ` Other causes, which are in the table alone, have ${counted(left, "run")}.` : ""),
    bars: ranked.slice(0, MOST_BARS).map((one) => ({
      name: causeText(one), value: one.failed, text: `${countText(one.failed)} (${percentText(one.share)})`,
    })),
  });
}
