// What every sparse layout must hold, whatever it stores: the files of the kernels call it for theirs.
import { describe, expect, test } from "vitest";
import { FileError } from "../../src/errors.js";
import { fromBytes, toBytes } from "../../src/files/model.js";
import { parseSafetensors, serializeSafetensors } from "../../src/files/safetensors.js";
import { Model } from "../../src/model.js";
import { matmul } from "../../src/ops/matmul.js";
import { type SparseOptions, sparse } from "../../src/ops/sparse.js";
import type { Parts, SparseKind } from "../../src/ops/sparseLayouts.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { deterministic, draw, expectSame, expectWithin, pick, random, roundoff } from "../grid.js";
import { product } from "../reference/matmul.js";
import { watched } from "../watch.js";

/** Rows and columns that share one fate: the blocks and groups of each layout. */
const shapes: Readonly<Record<SparseKind, readonly [rows: number, cols: number]>> = {
  csr: [1, 1],
  bitmap: [1, 1],
  block1x4: [1, 4],
  block4x1: [4, 1],
  "2:4": [1, 4],
  "4:8": [1, 8],
};

/** A matrix that the layout can store, of which about `density` is left (of N:M at most half); `fill` draws the numbers. */
export function sparsely(
  kind: SparseKind,
  [n, k]: readonly [number, number],
  density: number,
  seed: number,
  fill: ArrayLike<number> = draw("normal", n * k, seed),
): Float32Array {
  const next = random(seed + 1);
  const [high, wide] = shapes[kind];
  const w = new Float32Array(n * k);
  for (let row = 0; row < n; row += high)
    for (let col = 0; col < k; col += wide) {
      const cells = Array.from(
        { length: high * wide },
        (_, i) => [row + Math.floor(i / wide), col + (i % wide)] as const,
      );
      const inside = cells.filter(([r, c]) => r < n && c < k);
      const kept = kind.includes(":")
        ? inside.filter(() => next() < density).slice(0, wide / 2)
        : next() < density
          ? inside
          : [];
      for (const [r, c] of kept) w[r * k + c] = fill[r * k + c]!;
    }
  return w;
}

const T = { transposeB: true } as const;

/** y of x · wᵀ. */
function times(kind: SparseKind, x: Float32Array, w: Float32Array, [m, k, n]: readonly [number, number, number]) {
  return scope(() => readTensor(matmul(tensor(x, [m, k]), sparse(tensor(w, [n, k]), { layout: kind }), T)));
}

export function proves(kind: SparseKind): void {
  const densities = kind.includes(":") ? [0, 0.3, 1] : [0, 0.1, 0.5, 1];

  describe(`${kind}:`, () => {
    test("products are within the bound of f64, around lanes, panels, blocks and words; dense() gives the matrix back", () => {
      let seed = 0;
      for (const n of [1, 2, 3, 4, 5, 8, 9, 17])
        for (const k of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130, 264])
          for (const m of [1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 20, 33]) {
            const density = densities[seed % densities.length]!;
            const w = sparsely(kind, [n, k], density, seed);
            const x = draw("normal", m * k, seed + 2);
            const about = `[${m}, ${k}] · [${n}, ${k}]ᵀ, density ${density}, seed ${seed++}`;
            const { sums, magnitudes } = product(Float64Array.from(x), Float64Array.from(w), [m, k, n], T);
            for (let i = 0; i < magnitudes.length; i++) magnitudes[i]! *= (k + 1) * roundoff;
            expectWithin(times(kind, x, w, [m, k, n]), sums, magnitudes, about);
            if (m === 1) {
              const again = scope(() => readTensor(sparse(tensor(w, [n, k]), { layout: kind }).dense()));
              expectSame(again, w, about);
            }
          }
    });

    test.each<[number, number, number]>([
      [1, 1009, 61],
      [70, 300, 100],
      [33, 1009, 13],
      [5, 784, 30],
      [64, 70, 513],
    ])("large: [%i, %i] · [%i, …]ᵀ", (m, k, n) => {
      for (const distribution of ["normal", "logNormal"] as const) {
        const w = sparsely(kind, [n, k], 0.1, m, draw(distribution, n * k, m));
        const x = draw(distribution, m * k, n);
        const { sums, magnitudes } = product(Float64Array.from(x), Float64Array.from(w), [m, k, n], T);
        expectWithin(times(kind, x, w, [m, k, n]), sums, (i) => (k + 1) * roundoff * magnitudes[i]!, distribution);
      }
    });

    test("no columns give the bias, no rows nothing", () => {
      // What is read before it is written would be NaN.
      for (const m of [0, 1, 3, 5, 17, 33])
        watched(() =>
          scope(() => {
            const none = sparse(tensor([], [4, 0]), { layout: kind });
            const bias = tensor([1, -2, 3, 4]);
            const y = matmul(tensor([], [m, 0]), none, { ...T, bias, activation: "relu" });
            expectSame(readTensor(y), Array.from({ length: m }, () => [1, 0, 3, 4]).flat(), `${m} rows`);
            const x = tensor(new Float32Array(m * 3), [m, 3]);
            expect(matmul(x, sparse(tensor([], [0, 3]), { layout: kind }), T).shape).toEqual([m, 0]);
          }),
        );
    });

    test("the same bits in any slices, no byte written beside them, anywhere in memory; bias and activations as in dense", () => {
      const next = random(3);
      for (const [m, k, n] of [
        [1, 9, 7],
        [1, 67, 9],
        [3, 5, 6],
        [17, 12, 5],
        [35, 70, 9],
        [2, 141, 5],
        [18, 300, 6],
      ] as const)
        for (const activation of [undefined, "relu", "sigmoid", "tanh"] as const) {
          const w = sparsely(kind, [n, k], 0.5, m + k);
          const [x, bias] = [draw("normal", m * k, k), draw("normal", n, n)];
          const run = (layout: SparseKind | undefined) =>
            scope(() => {
              const matrix = tensor(w, [n, k]);
              const stored = layout === undefined ? matrix : sparse(matrix, { layout });
              return readTensor(matmul(tensor(x, [m, k]), stored, { ...T, bias: tensor(bias), activation }));
            });
          const made = watched(() => run(kind), 4 * pick(next, 4));
          expectWithin(made, run(undefined), (k + 2) * 4e-7 * Math.sqrt(k), `[${m}, ${k}, ${n}], ${activation}`);
        }
    });

    test("of a batch, the plain binary adds in the order of columns, bit for bit", async () => {
      await deterministic(() => {
        for (const [m, k, n] of [
          [9, 33, 9],
          [16, 70, 5],
          [37, 128, 12],
        ] as const) {
          const w = sparsely(kind, [n, k], 0.3, k);
          const x = draw("logNormal", m * k, n);
          const expected = Float32Array.from({ length: m * n }, (_, at) => {
            const [row, column] = [Math.floor(at / n) * k, (at % n) * k];
            let sum = 0;
            for (let p = 0; p < k; p++) sum = Math.fround(sum + Math.fround(x[row + p]! * w[column + p]!));
            return sum;
          });
          expectSame(times(kind, x, w, [m, k, n]), expected, `[${m}, ${k}, ${n}]`);
        }
      });
    });

    test("a weight that is not stored adds nothing, though x holds NaN or infinities there", () => {
      for (const m of [1, 5, 33]) {
        const [k, n] = [67, 13];
        const w = sparsely(kind, [n, k], 0.4, m);
        // No weight of these columns, nor of a group of theirs, is left.
        const spoiled = [8, 9, 10, 11, 12, 13, 14, 15];
        for (let row = 0; row < n; row++) for (const c of spoiled) w[row * k + c] = 0;
        const clean = draw("normal", m * k, 7);
        const x = clean.slice();
        for (let row = 0; row < m; row++)
          for (const [i, c] of spoiled.entries())
            x[row * k + c] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38][i % 4]!;
        const found = times(kind, x, w, [m, k, n]);
        if (kind.includes(":")) {
          // Two of each four are stored, be they 0.
          expect(found.every(Number.isNaN)).toBe(true);
          continue;
        }
        expectSame(found, times(kind, clean, w, [m, k, n]), `${m} rows`);
      }
    });

    test("a stored weight meets what x holds", () => {
      for (const m of [1, 4]) {
        const w = sparsely(kind, [3, 9], 1, 5, new Float32Array(27).fill(2));
        const at = w.findIndex((value) => value !== 0);
        for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          const x = new Float32Array(m * 9).fill(1);
          x[(m - 1) * 9 + (at % 9)] = value;
          const y = times(kind, x, w, [m, 9, 3]);
          expect(y[(m - 1) * 3 + Math.floor(at / 9)], String(value)).toBe(value);
          w[at] = Number.NaN;
          expect(times(kind, new Float32Array(m * 9), w, [m, 9, 3])[Math.floor(at / 9)]).toBeNaN();
          w[at] = 2;
        }
      }
    });
  });

  provesFiles(kind, { layout: kind });
}

export function provesFiles(kind: SparseKind, options: SparseOptions): void {
  describe(`${JSON.stringify(options)} in a file`, () => {
    test("goes to a file and back: same numbers, same bytes", () => {
      for (const [n, k] of [
        [5, 7],
        [8, 33],
        [1, 1],
        [300, 9],
      ] as const)
        scope(() => {
          const model = modelOf(options, sparsely(kind, [n, k], 0.3, n), [n, k]);
          const bytes = toBytes(model);
          const again = fromBytes(bytes);
          expect(toBytes(again)).toEqual(bytes);
          const x = tensor(draw("normal", 3 * k, 4), [3, k]);
          expectSame(
            readTensor(again.apply(again.params, x)),
            readTensor(model.apply(model.params, x)),
            `[${n}, ${k}]`,
          );
        });
    });

    test("any byte of its places changed is refused, or another matrix: never a read out of bounds", () => {
      scope(() => {
        const [n, k] = [9, 21];
        const { tensors, metadata } = parseSafetensors(
          toBytes(modelOf(options, sparsely(kind, [n, k], 0.4, 3), [n, k])),
        );
        const x = draw("normal", 2 * k, 5);
        let refused = 0;
        for (const section of ["n.weight.places", "n.weight.starts", ...(options.bits ? ["n.weight.values"] : [])]) {
          const stored = tensors.get(section);
          for (let at = 0; at < (stored?.data.length ?? 0); at++)
            for (const bits of [1, 0x80, 0xff]) {
              const bent = stored!.data.slice();
              bent[at]! ^= bits;
              const file = serializeSafetensors(new Map(tensors).set(section, { ...stored!, data: bent }), metadata);
              try {
                const model = fromBytes(file);
                const w = model.params["n.weight"]!;
                const other = readTensor((w as ReturnType<typeof sparse>).dense());
                const { sums, magnitudes } = product(Float64Array.from(x), Float64Array.from(other), [2, k, n], T);
                const y = watched(() =>
                  scope(() => {
                    const again = fromBytes(file);
                    return readTensor(again.apply(again.params, tensor(x, [2, k])));
                  }),
                );
                expectWithin(y, sums, (i) => (k + 1) * roundoff * magnitudes[i]!, `${section}, byte ${at}`);
              } catch (error) {
                if (!(error instanceof FileError)) throw error;
                refused++;
              }
            }
        }
        expect(refused).toBeGreaterThan(0);
      });
    }, 30_000);
  });
}

/** A linear node with this weight. */
export function modelOf(options: SparseOptions, w: Float32Array, [n, k]: readonly [number, number]): Model {
  const node = { name: "n", op: "linear", input: "input", attributes: { in: k, out: n, bias: false } };
  return new Model([node], { "n.weight": sparse(tensor(w, [n, k]), options) });
}

/** A file of `kind` whose format and sections are replaced, which must be refused. */
export function refuses(kind: SparseKind, what: string, change: Change, message: RegExp, bits?: number): void {
  const options = { layout: kind, ...(bits && { bits }) };
  test(`a file with ${what} is refused`, () => {
    scope(() => {
      const { tensors, metadata } = parseSafetensors(toBytes(modelOf(options, sparsely(kind, [5, 9], 0.5, 1), [5, 9])));
      const text = JSON.parse(metadata.get("spokeshave")!);
      const format = text.packed["n.weight"].format;
      const views = { F32: Float32Array, U8: Uint8Array, I8: Int8Array, U16: Uint16Array, I32: Int32Array };
      const parts = Object.fromEntries(
        ["values", "scales", "places", "starts"].flatMap((name) => {
          const stored = tensors.get(`n.weight.${name}`);
          if (stored === undefined) return [];
          return [[name, new views[stored.dtype as keyof typeof views](stored.data.slice().buffer)]];
        }),
      );
      change(parts as unknown as Parameters<Change>[0], format);
      for (const [name, data] of Object.entries(parts)) {
        const key = `n.weight.${name}`;
        tensors.set(key, { ...tensors.get(key)!, data: new Uint8Array(data.buffer) });
      }
      const file = serializeSafetensors(tensors, [["spokeshave", JSON.stringify(text)]]);
      expect(() => fromBytes(file)).toThrow(FileError);
      expect(() => fromBytes(file)).toThrow(message);
    });
  });
}

type Change = (parts: Required<Parts>, format: Record<string, unknown>) => void;
