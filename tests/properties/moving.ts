import { concat } from "../../src/ops/concat.js";
import { expand } from "../../src/ops/expand.js";
import { gather } from "../../src/ops/gather.js";
import { copy, reshape, slice, transpose } from "../../src/ops/layout.js";
import { dropout } from "../../src/ops/random.js";
import { where } from "../../src/ops/where.js";
import { tensor } from "../../src/tensor.js";
import { pick } from "../grid.js";
import { broadcastShapes, generate, type Reference, sizeOf, sumTo } from "../reference/array.js";
import * as joined from "../reference/concat.js";
import * as rows from "../reference/gather.js";
import * as layout from "../reference/layout.js";
import { unitAt } from "../reference/random.js";
import { where as choose, whereVjp } from "../reference/where.js";
import { type Draw, pairOf, ranked, real, shapes } from "./operands.js";

/** Ops that move values: exact but for sums of what repeats. */
export const moving: Record<string, Draw> = {
  gather: (next, i) => {
    const shape = ranked(i);
    const indices = generate([[5], [2, 3], [], [1], [0]][i % 5]!, () => pick(next, shape[0]!));
    return {
      operands: [real(shape, next)],
      forward: ([x]) => rows.gather(x!, indices),
      vjp: (g, [x]) => [rows.gatherVjp(g, x!.shape, indices).sums],
      ours: ([x]) => gather(x!, tensor(Int32Array.from(indices.data), indices.shape)),
      roundings: [6],
    };
  },
  concat: (next, i) => {
    const shape = ranked(i);
    const axis = pick(next, shape.length);
    const sizes = [shape[axis]!, 3, 0, 1].slice(0, 2 + (i % 3));
    const all = sizes.map((d) => shape.map((size, a) => (a === axis ? d : size)));
    return {
      operands: all.map((s) => real(s, next)),
      forward: (xs) => joined.concat(xs, axis),
      vjp: (g) =>
        sizes.map((d, part) => {
          const start = sizes.slice(0, part).reduce((n, size) => n + size, 0);
          return layout.slice(
            g,
            g.shape.map((_, a) => (a === axis ? { start, end: start + d } : {})),
          );
        }),
      ours: (xs) => concat([...xs], { axis }),
      roundings: sizes.map(() => 0),
    };
  },
  slice: (next, i) => {
    const shape = ranked(i);
    const range = (d: number) =>
      [{}, { start: pick(next, d) }, { end: -pick(next, d) || d }, { step: -1 }, { start: -1, step: -2 }, { step: 2 }][
        pick(next, 6)
      ]!;
    const ranges = shape.map(range);
    return {
      operands: [real(shape, next)],
      forward: ([x]) => layout.slice(x!, ranges),
      vjp: (g) => [layout.sliceVjp(g, shape, ranges)],
      ours: ([x]) => slice(x!, ranges),
      roundings: [0],
    };
  },
  transpose: (next, i) => {
    const axes = shapes[i]!.map((_, axis) => [next(), axis] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, axis]) => axis);
    return {
      operands: [real(shapes[i]!, next)],
      forward: ([x]) => layout.transpose(x!, axes),
      vjp: (g) => [
        layout.transpose(
          g,
          axes.map((_, axis) => axes.indexOf(axis)),
        ),
      ],
      ours: ([x]) => transpose(x!, axes),
      roundings: [0],
    };
  },
  reshape: (next, i) => ({
    operands: [real(shapes[i]!, next)],
    forward: ([x]) => ({ ...x!, shape: [1, x!.data.length] }),
    vjp: (g, [x]) => [{ ...g, shape: x!.shape }],
    ours: ([x]) => reshape(x!, [1, -1]),
    roundings: [0],
  }),
  copy: (next, i) => ({
    operands: [real(shapes[i]!, next)],
    forward: ([x]) => x!,
    vjp: (g) => [g],
    ours: ([x]) => copy(x!),
    roundings: [0],
  }),
  expand: (next, i) => {
    const from = shapes[i]!.map((d) => (next() < 0.5 ? 1 : d));
    const to = i % 3 === 0 ? [2, ...shapes[i]!] : shapes[i]!;
    return {
      operands: [real(from, next)],
      forward: ([x]) => layout.expand(x!, to),
      vjp: (g) => [sumTo(g, from)],
      ours: ([x]) => expand(x!, to),
      roundings: [sizeOf(to) / sizeOf(from)],
    };
  },
  where: (next, i) => {
    const [a, b] = pairOf(i);
    const shape = broadcastShapes(a, b);
    const mask = generate(shape, () => pick(next, 2));
    return {
      operands: [real(a, next), real(b, next)],
      forward: ([x, y]) => choose(mask, x!, y!),
      vjp: (g, [x, y]) => whereVjp(g, mask, x!, y!),
      ours: ([x, y]) => where(tensor(Uint8Array.from(mask.data), shape), x!, y!),
      roundings: [sizeOf(shape) / sizeOf(a), sizeOf(shape) / sizeOf(b)],
    };
  },
  dropout: (next, i) => {
    const [seed, stream, p] = [pick(next, 1e9), pick(next, 100), [0, 0.3, 0.5, 1][i % 4]!];
    const scaled = (x: Reference): Reference =>
      generate(x.shape, (j) => (unitAt(seed, stream, j) >= Math.fround(p) ? x.data[j]! / (1 - p) : 0));
    return {
      operands: [real(shapes[i]!, next)],
      forward: ([x]) => scaled(x!),
      vjp: (g) => [scaled(g)],
      ours: ([x]) => dropout(x!, { p, seed, stream }),
      roundings: [1],
    };
  },
};
