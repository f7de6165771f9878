// Between packed tensors on the heap and their sections in a file: section `s` of parameter `p` is the tensor `p.s`.
import { FileError, SpokeshaveError } from "../errors.js";
import { BitTensor } from "../ops/bits.js";
import { CodebookTensor } from "../ops/codebook.js";
import { FloatTensor } from "../ops/floats.js";
import { QTensor } from "../ops/quantized.js";
import { SparseTensor } from "../ops/sparse.js";
import { sparseLayouts } from "../ops/sparseLayouts.js";
import { assemble, type Format, type Packed, type PackedClass, sectionOf } from "../packed.js";
import type { Shape } from "../shape.js";
import { quote } from "./json.js";
import type { StoredTensor } from "./safetensors.js";

/** By the kind that the format names. A map, so that a name from a file is only ever data. */
const kinds: ReadonlyMap<string, PackedClass> = /* @__PURE__ */ new Map<string, PackedClass>([
  ["affine", QTensor],
  ["binary", BitTensor],
  ["ternary", BitTensor],
  ["codebook", CodebookTensor],
  ["float", FloatTensor],
]);

/** What the graph says of a packed parameter. */
export interface PackedEntry {
  readonly shape: Shape;
  readonly format: Format;
}

/** The sections under the names they have in a file. */
export function storePacked(name: string, packed: Packed): [string, StoredTensor][] {
  return packed.sections.map((section) => [
    `${name}.${section.name}`,
    { dtype: section.dtype, shape: section.shape, data: sectionOf(packed, section) },
  ]);
}

/**
 * Takes the sections of a packed parameter out of `tensors` and makes it of them.
 *
 * @throws {FileError} E_MODEL if the format is unknown, or the sections do not fit it.
 */
export function restorePacked(
  name: string,
  { shape, format }: PackedEntry,
  tensors: Map<string, StoredTensor>,
): Packed {
  const kind = Object.hasOwn(sparseLayouts, format.kind) ? SparseTensor : kinds.get(format.kind);
  if (kind === undefined)
    throw new FileError(
      `model: ${quote(name)} is packed as ${quote(format.kind)}, which this version does not know`,
      "E_MODEL",
    );
  try {
    const parts: Record<string, Uint8Array> = Object.create(null);
    for (const section of kind.layout(shape, format).sections) {
      const key = `${name}.${section.name}`;
      const stored = tensors.get(key);
      if (stored?.dtype !== section.dtype || `${stored.shape}` !== `${section.shape}`)
        throw new FileError(
          `model: tensor ${quote(key)} must be ${section.dtype} [${section.shape}], ` +
            `the file has ${stored === undefined ? "none" : `${stored.dtype} [${stored.shape}]`}`,
          "E_MODEL",
        );
      parts[section.name] = stored.data;
      tensors.delete(key);
    }
    return assemble(kind, shape, format, parts);
  } catch (cause) {
    if (!(cause instanceof SpokeshaveError) || cause instanceof FileError) throw cause;
    throw new FileError(`model: ${quote(name)}: ${cause.message}`, "E_MODEL", undefined, { cause });
  }
}
