import { broadcastShape, type Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { expand } from "./expand.js";

/** Steps per row and column of two operands seen as `rows × cols`; 0 where an operand repeats. */
export interface Pairing {
  readonly cols: number;
  readonly aRow: number;
  readonly aCol: number;
  readonly bRow: number;
  readonly bCol: number;
}

/** A kernel that broadcasts its operands as a pairing says. */
export type PairKernel = (
  out: number,
  a: number,
  b: number,
  cols: number,
  aRow: number,
  aCol: number,
  bRow: number,
  bCol: number,
  begin: number,
  end: number,
) => void;

/**
 * Folds the dimensions of two operands into rows and columns, joining neighbours that behave alike. `undefined` if that takes
 * more than two: then the operands are expanded first.
 */
export function pair(shape: Shape, a: Shape, b: Shape): Pairing | undefined {
  const sizes: number[] = [];
  const repeats: [boolean, boolean][] = [];
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] === 1) continue;
    const aRepeats = (a[a.length - shape.length + i] ?? 1) === 1;
    const bRepeats = (b[b.length - shape.length + i] ?? 1) === 1;
    const before = repeats[repeats.length - 1];
    if (before !== undefined && before[0] === aRepeats && before[1] === bRepeats) sizes[sizes.length - 1]! *= shape[i]!;
    else {
      sizes.push(shape[i]!);
      repeats.push([aRepeats, bRepeats]);
    }
  }
  if (sizes.length > 2) return undefined;
  const cols = sizes.pop() ?? 1;
  const [aCol, bCol] = (repeats.pop() ?? [false, false]).map((r) => (r ? 0 : 1)) as [number, number];
  const [aRow, bRow] = (repeats.pop() ?? [true, true]).map((r) => (r ? 0 : 1)) as [number, number];
  return { cols, aCol, bCol, aRow: aRow * (aCol === 0 ? 1 : cols), bRow: bRow * (bCol === 0 ? 1 : cols) };
}

/** Two operands that pair: as they are, or expanded to their common shape. @throws {ShapeError} if they do not broadcast. */
export function paired(who: string, a: Tensor, b: Tensor): [Tensor, Tensor] {
  const shape = broadcastShape(who, a.shape, b.shape);
  return pair(shape, a.shape, b.shape) === undefined ? [expand(a, shape), expand(b, shape)] : [a, b];
}
