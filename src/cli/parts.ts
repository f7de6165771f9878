import { type Model, Packed, type StoredTensor, sparsity } from "../index.js";

/** A parameter of a model, or a tensor of a file. */
export interface Part extends Amount {
  readonly name: string;
  /** The kind of layer it belongs to, in a model. */
  readonly layer: string | null;
  /** How its numbers are stored. */
  readonly stored: string;
  readonly shape: readonly number[];
}

export interface Amount {
  /** Numbers, stored or not. */
  readonly size: number;
  /** How many of them are 0. */
  readonly zeros: number;
  /** Share of zeros. */
  readonly sparsity: number;
  /** Before gzip. */
  readonly bytes: number;
  /** Bits to a number: scales and places included. */
  readonly bits: number;
}

type Stored = ReadonlyMap<string, StoredTensor>;

/** The parameters of a model, in the order of its graph, with what they take in its file. */
export async function modelParts(model: Model, tensors: Stored): Promise<Part[]> {
  const { weights } = await sparsity(model);
  return Object.entries(model.params).map(([name, t]) => {
    const layer = model.graph.find((node) => node.name === name.slice(0, name.lastIndexOf(".")))!.op;
    if (!(t instanceof Packed)) return { ...partOf(name, tensors.get(name)!), layer, stored: t.dtype };
    const bytes = t.sections.reduce((sum, section) => sum + tensors.get(`${name}.${section.name}`)!.data.length, 0);
    return { name, layer, stored: kindOf(t), shape: t.shape, ...amount(t.size, weights[name]!.zeros, bytes) };
  });
}

/** The tensors of any file. */
export function fileParts(tensors: Stored): Part[] {
  return Array.from(tensors, ([name, stored]) => partOf(name, stored));
}

function partOf(name: string, { dtype, shape, data }: StoredTensor): Part {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return {
    name,
    layer: null,
    stored: dtype,
    shape,
    ...amount(size, zerosIn(data, size, /^B?F/.test(dtype)), data.length),
  };
}

/** All of them together. */
export function total(parts: readonly Part[]): Amount {
  const sum = (key: "size" | "zeros" | "bytes"): number => parts.reduce((all, part) => all + part[key], 0);
  return amount(sum("size"), sum("zeros"), sum("bytes"));
}

function amount(size: number, zeros: number, bytes: number): Amount {
  return { size, zeros, sparsity: size === 0 ? 0 : zeros / size, bytes, bits: size === 0 ? 0 : (8 * bytes) / size };
}

/** E.g. `int4 groups of 32`, `csr`, `float bf16`. */
function kindOf({ format }: Packed): string {
  const { kind, bits, group, signed, type } = format;
  const names = [kind === "affine" ? undefined : kind, type];
  if (bits !== undefined) names.push(`${signed === false ? "u" : ""}int${bits}`);
  if (typeof group === "number" && group > 0) names.push(`groups of ${group}`);
  return names.filter((name) => name !== undefined).join(" ");
}

/** How many elements have no bit set, the sign of floats aside. */
function zerosIn(data: Uint8Array, size: number, float: boolean): number {
  const width = data.length / size;
  let zeros = 0;
  for (let at = 0; at < data.length; at += width) {
    let bits = 0;
    for (let i = 0; i < width - 1; i++) bits |= data[at + i]!;
    bits |= data[at + width - 1]! & (float ? 0x7f : 0xff);
    if (bits === 0) zeros++;
  }
  return zeros;
}
