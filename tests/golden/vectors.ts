import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A tensor of a golden file, every element as a number. */
export interface Vector {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** Plain JSON of the manifest; each runner knows the arguments of its op. */
export type Args = Readonly<Record<string, unknown>>;

export interface Case extends Tolerance {
  readonly name: string;
  readonly op: string;
  readonly args: Args;
  readonly inputs: Readonly<Record<string, Vector>>;
  readonly outputs: Readonly<Record<string, Vector>>;
  /** Outputs with a tolerance of their own. */
  readonly tol: Readonly<Record<string, Tolerance>>;
  /** Plain numbers to compare with. */
  readonly values: Args;
}

export interface Group {
  readonly name: string;
  readonly cases: readonly Case[];
}

type Read = (view: DataView, at: number) => number;

const readers: Readonly<Record<string, readonly [bytes: number, read: Read]>> = {
  F64: [8, (view, at) => view.getFloat64(at, true)],
  F32: [4, (view, at) => view.getFloat32(at, true)],
  I64: [8, (view, at) => Number(view.getBigInt64(at, true))],
  I32: [4, (view, at) => view.getInt32(at, true)],
  I8: [1, (view, at) => view.getInt8(at)],
  U8: [1, (view, at) => view.getUint8(at)],
  BOOL: [1, (view, at) => view.getUint8(at)],
};

/** Every group of a folder that has both of its files, by name. */
export function readGroups(folder: string): Group[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json") && existsSync(join(folder, file.replace(/json$/, "safetensors"))))
    .sort()
    .map((file) => readGroup(folder, file.slice(0, -".json".length)));
}

function readGroup(folder: string, name: string): Group {
  const find = tensorsOf(readFileSync(join(folder, `${name}.safetensors`)));
  const manifest = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  const cases = manifest.cases.map((row: Args) => ({
    ...row,
    args: row.args ?? {},
    inputs: resolve(row.inputs, find),
    outputs: resolve(row.outputs, find),
    tol: row.tol ?? {},
    values: row.values ?? {},
  }));
  return { name, cases };
}

function resolve(keys: unknown, find: (key: string) => Vector): Record<string, Vector> {
  return Object.fromEntries(Object.entries(keys ?? {}).map(([name, key]) => [name, find(key)]));
}

/** The tensors of a safetensors file, each read when it is first asked for. */
function tensorsOf(file: Buffer): (key: string) => Vector {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(file.toString("utf8", 8, start));
  const found = new Map<string, Vector>();
  return (key) => {
    const known = found.get(key);
    if (known !== undefined) return known;
    const { dtype, shape, data_offsets: offsets } = header[key];
    const [bytes, read] = readers[dtype]!;
    const length = (offsets[1] - offsets[0]) / bytes;
    const values = Array.from({ length }, (_, i) => read(view, start + offsets[0] + i * bytes));
    const made = { dtype, shape, values };
    found.set(key, made);
    return made;
  };
}

/** What was computed. */
export interface Got {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

const exact = new Set(["I64", "I32", "I8", "U8", "BOOL"]);

/** In words how `got` differs from `expected`, if by more than the README of the vectors allows. */
export function difference(got: Got, expected: Vector, { rtol, atol }: Tolerance): string | undefined {
  if (`${got.shape}` !== `${expected.shape}` || got.values.length !== expected.values.length)
    return `has shape [${got.shape}], expected [${expected.shape}]`;
  const far = expected.values.flatMap((want, i) => {
    const have = got.values[i]!;
    if (Object.is(have, want) || have === want) return [];
    const within =
      !exact.has(expected.dtype) && Number.isFinite(want) && Math.abs(have - want) <= atol + rtol * Math.abs(want);
    return within ? [] : [`[${i}] is ${have}, expected ${want}`];
  });
  return far.length === 0 ? undefined : `${far.length} of ${expected.values.length} off, first ${far[0]}`;
}
