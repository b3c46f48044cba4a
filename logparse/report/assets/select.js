// The rows that are selected.
import { everyRow, fleet } from "./data.js";
import { FILTERS, state } from "./state.js";

export function isFiltered() {
  return FILTERS.some((name) => state[name].size > 0);
}

export function hasRange() {
  return state.from !== null || state.to !== null;
}

// Rows that fit filters, whenever they were created.
export function fittingRows(filters = FILTERS) {
  const tests = filters.filter((name) => state[name].size > 0).map((name) => {
    const column = fleet[name];
    return [column.codes, column.words.map((word) => word !== null && state[name].has(word))];
  });
  if (!tests.length) return everyRow;
  return everyRow.filter((row) => tests.every(([codes, fits]) => fits[codes[row]]));
}

// Rows that were created within the range. One without a time is in no range.
export function withinRange(rows) {
  if (!hasRange()) return rows;
  const from = state.from ?? -Infinity;
  const to = state.to ?? Infinity;
  return rows.filter((row) => fleet.created[row] >= from && fleet.created[row] < to);
}

export function selection() {
  const fitting = fittingRows();
  return { fitting, rows: withinRange(fitting) };
}
