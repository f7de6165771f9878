import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { matmul } from "../../src/ops/matmul.js";
import { choleskyOfInverse } from "../../src/ops/solve.js";
import { int2, int4 } from "../../src/quantize/affine.js";
import { type GptqSettings, gptq, gptqCodes } from "../../src/quantize/gptq.js";
import { nf4 } from "../../src/quantize/nf4.js";
import * as ranges from "../../src/quantize/ranges/index.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, zeroLeaks } from "../grid.js";
import { roundEven } from "../reference/fakeQuantize.js";
import { watched } from "../watch.js";

zeroLeaks();

/** Inputs whose columns depend on each other, as those of layers do. */
function correlated(rows: number, columns: number, seed: number): Float32Array {
  const [own, mix] = [draw("normal", rows * columns, seed), draw("normal", rows, seed + 1)];
  return own.map((x, i) => x * 0.3 + mix[Math.floor(i / columns)]! * (1 + ((i % columns) % 3)));
}

function settings(scheme: ReturnType<typeof int4>, w: Tensor, more: Partial<GptqSettings> = {}): GptqSettings {
  const grid = (part: Tensor) => scheme.grid(part);
  return { block: 128, actOrder: false, damp: 0.01, codes: scheme.codes, group: scheme.groupOf(w), grid, ...more };
}

/** ‖X (W − Q)ᵀ‖² in f64. */
function loss(x: Float32Array, w: Float32Array, q: Float32Array, columns: number): number {
  const [examples, rows] = [x.length / columns, w.length / columns];
  let total = 0;
  for (let e = 0; e < examples; e++)
    for (let r = 0; r < rows; r++) {
      let off = 0;
      for (let c = 0; c < columns; c++) off += x[e * columns + c]! * (w[r * columns + c]! - q[r * columns + c]!);
      total += off * off;
    }
  return total;
}

/** Column after column, every one that follows made to answer for the error, without blocks: the definition, in f64. */
function slow(w: Float32Array, u: Float32Array, columns: number, scales: Float32Array): Int32Array {
  const rest = Float64Array.from(w);
  const codes = new Int32Array(w.length);
  for (let r = 0; r < w.length / columns; r++)
    for (let i = 0; i < columns; i++) {
      const at = r * columns;
      const code = Math.min(Math.max(roundEven(rest[at + i]! / scales[r]!), -8), 7);
      const error = (rest[at + i]! - code * scales[r]!) / u[i * columns + i]!;
      codes[at + i] = code;
      for (let j = i; j < columns; j++) rest[at + j]! -= error * u[i * columns + j]!;
    }
  return codes;
}

const sizes = [
  [1, 1],
  [1, 5],
  [3, 4],
  [5, 9],
  [2, 33],
  [7, 20],
] as const;

test("codes are those of the definition, in any blocks and slices", () => {
  for (const [rows, columns] of sizes)
    for (const block of [1, 3, 4, 8, 128])
      watched(() =>
        scope(() => {
          const w = tensor(draw("normal", rows * columns, columns), [rows, columns]);
          const x = tensor(correlated(60, columns, block), [60, columns]);
          const u = readTensor(choleskyOfInverse(x, { damp: 0.01 }));
          const scales = readTensor(int4().grid(w).scale);
          const { codes } = gptqCodes(w, x, settings(int4(), w, { block }));
          const exact = slow(readTensor(w as Tensor<"f32">), u, columns, scales);
          // f32 may turn a near tie, and what follows with it: some codes in a hundred, none by more than one.
          const off = readTensor(codes).map((code, i) => Math.abs(code - exact[i]!));
          const about = `[${rows}, ${columns}], blocks of ${block}`;
          expect(Math.max(...off), about).toBeLessThanOrEqual(1);
          expect(off.filter((d) => d > 0).length, about).toBeLessThanOrEqual(Math.ceil(off.length / 50));
        }),
      );
});

describe("what is lost on the data", () => {
  const columns = 48;
  const [w, x] = [draw("normal", 16 * columns, 1), correlated(200, columns, 3)];
  const of = (scheme: ReturnType<typeof int4>, method?: ReturnType<typeof gptq>): number =>
    scope(() => {
      const [weights, inputs] = [tensor(w, [16, columns]), tensor(x, [200, columns])];
      const packed =
        method === undefined
          ? scheme.pack(weights)
          : method.round({ w: weights, scheme, inputs: () => inputs as Tensor<"f32"> });
      return loss(x, w, readTensor(packed.dense()), columns);
    });

  test.each([
    ["int4", int4()],
    ["int4 by groups", int4({ group: 16 })],
    ["int4 by groups that do not divide", int4({ group: 20 })],
    ["int4 per tensor", int4({ per: "tensor" })],
    ["int4, mse", int4({ range: ranges.mse() })],
    ["int2", int2()],
    ["int2 by groups", int2({ group: 7 })],
  ])("%s: a third of that of the nearest codes, or less", (_, scheme) => {
    const plain = of(scheme);
    for (const options of [{}, { actOrder: true }, { block: 5 }])
      expect(of(scheme, gptq(options))).toBeLessThan(plain / 3);
  });
});

test("inputs that do not move together leave the nearest codes", () => {
  scope(() => {
    const x = tensor(
      Float32Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 2 : 0)),
      [8, 8],
    );
    const w = tensor(draw("normal", 24, 1), [3, 8]);
    const { codes, loss: left } = gptqCodes(w, x, settings(int4(), w));
    expect([...readTensor(codes)]).toEqual([...int4().pack(w).codes()]);
    expect(readTensor(left)[0]).toBeGreaterThan(0);
  });
});

test("a column that meets nothing is 0 and does not widen the grid", () => {
  scope(() => {
    const x = tensor(
      Float32Array.from({ length: 30 }, (_, i) => (i % 3 === 1 ? 0 : Math.sin(i))),
      [10, 3],
    );
    const w = tensor([[0.5, 100, -0.7]]);
    for (const actOrder of [false, true]) {
      const { codes, grid } = gptqCodes(w, x, settings(int4(), w, { actOrder }));
      expect(readTensor(codes)[1]).toBe(0);
      expect(readTensor(grid.scale)[0]).toBeCloseTo(0.1, 6);
    }
  });
});

test("zeros stay, and one example is enough", () => {
  scope(() => {
    const w = tensor(new Float32Array(12), [2, 6]);
    const x = tensor(draw("normal", 6, 1), [1, 6]);
    const round = (t: Tensor) => gptq().round({ w: t, scheme: int4(), inputs: () => x as Tensor<"f32"> });
    expectSame(readTensor(round(w).dense()), new Float32Array(12), "zeros");
    const some = round(tensor(draw("normal", 12, 2), [2, 6]));
    expect(readTensor(matmul(x, some, { transposeB: true })).every(Number.isFinite)).toBe(true);
  });
});

test("other schemes and bad options are refused", () => {
  scope(() => {
    const x = tensor([[1, 2]]);
    const call = () => gptq().round({ w: x, scheme: nf4(), inputs: () => x as Tensor<"f32"> });
    expect(call).toThrow("gptq: nf4 block 64 has no affine codes; take int8(), int4(), int2() or uint8()");
    const bad = tensor([[Number.NaN, 1]]) as Tensor<"f32">;
    expect(() => gptq().round({ w: x, scheme: int4(), inputs: () => bad })).toThrow(ArgumentError);
    for (const options of [{ block: 0 }, { block: 1.5 }, { damp: -1 }, { actOrder: 1 as never }])
      expect(() => gptq(options)).toThrow(ArgumentError);
  });
});
