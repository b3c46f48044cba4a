// What is selected, and how tables are shown. It is in the address after #, so that a link shows the same.

export const FILTERS = ["builder", "pool", "status"];

function emptyState() {
  // Names in an address are anybody's: one of them can be that of a property that each object has.
  const tables = Object.create(null);
  return { from: null, to: null, builder: new Set(), pool: new Set(), status: new Set(), tables };
}

export const state = emptyState();
const listeners = [];

export function onChange(listener) {
  listeners.push(listener);
}

export function tableState(name) {
  state.tables[name] ??= { sort: null, descending: false, find: "" };
  return state.tables[name];
}

function shortTime(ms) {
  return new Date(ms).toISOString().replace(/(?::00)?\.000Z$/, "Z");
}

function hashOf() {
  const words = new URLSearchParams();
  if (state.from !== null) words.set("from", shortTime(state.from));
  if (state.to !== null) words.set("to", shortTime(state.to));
  for (const name of FILTERS) for (const value of [...state[name]].sort()) words.append(name, value);
  for (const [name, table] of Object.entries(state.tables)) {
    if (table.sort) words.set(`sort.${name}`, `${table.sort}${table.descending ? ".desc" : ""}`);
    if (table.find) words.set(`find.${name}`, table.find);
  }
  return words.toString();
}

// Take the state from the address. A part that cannot be read is left out.
function readHash() {
  Object.assign(state, emptyState());
  const words = new URLSearchParams(location.hash.slice(1));
  for (const name of ["from", "to"]) {
    const at = Date.parse(words.get(name) ?? "");
    if (!Number.isNaN(at)) state[name] = at;
  }
  for (const name of FILTERS) state[name] = new Set(words.getAll(name).filter(Boolean));
  for (const [key, value] of words) {
    const [kind, name] = key.split(".", 2);
    if (kind === "find" && name) tableState(name).find = value;
    if (kind === "sort" && name) {
      tableState(name).descending = value.endsWith(".desc");
      tableState(name).sort = value.replace(/\.desc$/, "");
    }
  }
}

let writtenHash = null;

function writeHash() {
  const words = hashOf();
  if (words === location.hash.slice(1)) return;
  writtenHash = words;
  history.replaceState(null, "", words ? `#${words}` : location.pathname + location.search);
}

// Change the selection, and show it everywhere.
export function change(values) {
  Object.assign(state, values);
  writeHash();
  for (const listener of listeners) listener();
}

// Remember how a table is shown. The selection is the same.
export function rememberTables() {
  writeHash();
}

export function startState() {
  readHash();
  window.addEventListener("hashchange", () => {
    const words = location.hash.slice(1);
    if (words === writtenHash || (words && !words.includes("="))) return;
    readHash();
    for (const listener of listeners) listener();
  });
}
