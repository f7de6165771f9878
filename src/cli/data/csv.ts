import { CsvError, parse } from "csv-parse/sync";
import { printable } from "../text.js";
import type { Examples, Parts } from "./examples.js";
import type { DataFile } from "./source.js";

/** Examples of a CSV file, a line each; of a second file, those to test on. */
export function readCsv(files: readonly DataFile[], label: string | undefined): Parts {
  const [train, test] = files.map((file) => readExamples(file, label));
  return { train: train!, test };
}

/** Where the labels stand, and what the columns are called. */
interface Columns {
  readonly label: number;
  readonly names: readonly string[];
  /** Whether the first line is names. */
  readonly header: boolean;
}

function readExamples({ name, bytes }: DataFile, label: string | undefined): Examples {
  const who = `data: ${name}`;
  if (bytes.subarray(0, 4096).includes(0)) throw new Error(`${who} is neither CSV nor IDX`);
  const rows: Float32Array[] = [];
  const labels: string[] = [];
  let columns: Columns | undefined;
  const take = (cells: string[], line: number): void => {
    const first = columns === undefined;
    columns ??= columnsOf(who, cells, label);
    if (first && columns.header) return;
    const at = columns.label;
    const where = (column: number): string => `${who}: line ${line}, column ${columns!.names[column]}`;
    if (cells[at] === "") throw new Error(`${where(at)} is blank; it must be a label`);
    labels.push(cells[at]!);
    const inputs = cells.filter((_, column) => column !== at);
    rows.push(
      Float32Array.from(inputs, (cell, i) => {
        const value = Math.fround(cell === "" ? Number.NaN : Number(cell));
        if (Number.isFinite(value)) return value;
        const came = cell === "" ? "blank" : `"${printable(cell.slice(0, 40))}"`;
        throw new Error(`${where(i < at ? i : i + 1)} is ${came}; it must be a finite number`);
      }),
    );
  };
  const options = { bom: true, delimiter: delimiterOf(bytes), skip_empty_lines: true, trim: true };
  try {
    // Each line is taken as it is read, and given back as nothing, so that the file is never held as texts.
    parse(bytes, { ...options, on_record: (cells: string[], { lines }) => void take(cells, lines) });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new Error(`${who}: ${cause.message}`, { cause });
  }
  const width = rows[0]?.length ?? 0;
  if (rows.length === 0) throw new Error(`${who} has no examples`);
  if (width === 0) throw new Error(`${who} has no column but the labels`);
  const inputs = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) inputs.set(row, i * width);
  return { name, inputs, labels };
}

/** Of comma, semicolon and tab the one that the first line has most of. */
function delimiterOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(10);
  const line = new TextDecoder().decode(bytes.subarray(0, end === -1 ? bytes.length : end));
  const times = (delimiter: string): number => line.split(delimiter).length;
  return [",", ";", "\t"].reduce((best, each) => (times(each) > times(best) ? each : best));
}

/** A first line without a number but for the label is names. */
function columnsOf(who: string, cells: readonly string[], label: string | undefined): Columns {
  const named = label === undefined ? cells.length - 1 : cells.indexOf(label);
  const numbered = named === -1 ? Number(label) - 1 : named;
  if (!(Number.isInteger(numbered) && numbered >= 0 && numbered < cells.length))
    throw new Error(
      `${who} has no column "${label}"; it has ${cells.length}: ${cells.slice(0, 8).join(", ")}${cells.length > 8 ? ", …" : ""}; give a name of the first line, or a number from 1`,
    );
  const isNumber = (cell: string): boolean => cell !== "" && Number.isFinite(Number(cell));
  const header = !cells.some((cell, column) => column !== numbered && isNumber(cell));
  return {
    label: numbered,
    names: cells.map((cell, i) => (header ? `${i + 1} (${printable(cell)})` : String(i + 1))),
    header,
  };
}
