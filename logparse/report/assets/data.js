// The data of the page: columns of numbers, in which NaN is unknown, and of codes, in which 0 is.

const LEAST = { i1: -(2 ** 7), i2: -(2 ** 15), i4: -(2 ** 31) };
const ARRAYS = {
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  f8: Float64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
};

function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function decodedNumbers(column) {
  const found = new ARRAYS[column.type](bytesOf(column.data).buffer);
  const made = Float64Array.from(found);
  const least = LEAST[column.type];
  if (least !== undefined) {
    for (let at = 0; at < made.length; at++) if (made[at] === least) made[at] = NaN;
  }
  return made;
}

function decodedCodes(column) {
  return { codes: new ARRAYS[column.type](bytesOf(column.data).buffer), words: [null, ...column.words] };
}

// The ids or texts of a column, as a function of the row.
function decodedIds(column) {
  if (column.type === "u8") {
    const found = new BigUint64Array(bytesOf(column.data).buffer);
    return (row) => (found[row] === 0n ? null : String(found[row]));
  }
  const { codes, words } = decodedCodes(column);
  return (row) => words[codes[row]];
}

const sent = JSON.parse(document.getElementById("data").textContent);
const TEXT_COLUMNS =
  "builder bot pool os machine job kind status buildStatus origin cause detail error".split(" ");

function decodedColumns() {
  const made = {};
  const columns = { ...sent.columns };
  for (const name of ["invocation", "build"]) made[name] = decodedIds(columns[name]);
  for (const [name, key] of [["url", made.build], ["source", made.invocation]]) {
    const text = decodedIds(columns[name]);
    made[name] = (row) => text(row)?.replaceAll("\x01", () => key(row) ?? "") ?? null;
    delete columns[name];
  }
  for (const name of TEXT_COLUMNS) made[name] = decodedCodes(columns[name]);
  for (const name of Object.keys(columns)) made[name] ??= decodedNumbers(columns[name]);
  return made;
}

export const fleet = { count: sent.count, ...decodedColumns() };
export const specs = sent.specs;
export const readFailures = sent.failures;
export const findings = {
  ...sent.findings,
  code: decodedCodes(sent.findings.code),
  message: decodedCodes(sent.findings.message),
  source: decodedCodes(sent.findings.source),
  line: decodedNumbers(sent.findings.line),
  row: decodedNumbers(sent.findings.row),
};

export function wordOf(column, row) {
  return column.words[column.codes[row]];
}

export const everyRow = Int32Array.from({ length: fleet.count }, (_, row) => row);

// The first and the last creation, and the last time that is seen. Without any, first is after last.
export const extent = { first: Infinity, last: -Infinity, seen: -Infinity };
for (const row of everyRow) {
  const at = fleet.created[row];
  if (Number.isNaN(at)) continue;
  const seen = at + fleet.seenAt[row];
  extent.first = Math.min(extent.first, at);
  extent.last = Math.max(extent.last, at);
  if (seen > extent.seen) extent.seen = seen;
}
