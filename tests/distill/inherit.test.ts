import { describe, expect, test } from "vitest";
import { inherit } from "../../src/distill/inherit.js";
import { ArgumentError, ShapeError } from "../../src/errors.js";
import { toBytes } from "../../src/files/model.js";
import type { Model } from "../../src/model.js";
import * as nn from "../../src/nn/index.js";
import { add, mul, sub } from "../../src/ops/binary.js";
import { assign } from "../../src/ops/layout.js";
import { matmul } from "../../src/ops/matmul.js";
import { max } from "../../src/ops/reduce.js";
import { abs } from "../../src/ops/unary.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { dataset } from "../../src/train/dataset.js";
import { draw, zeroLeaks } from "../grid.js";
import { coarse } from "./coarse.js";

zeroLeaks();

const teacher = (widths: readonly number[] = [6, 5]) =>
  nn.sequential(
    [
      ...widths.flatMap((width, i) => [nn.linear(widths[i - 1] ?? 3, width, { bias: nn.constant(0.1) }), nn.relu()]),
      nn.linear(widths.at(-1)!, 2),
    ],
    { seed: 5 },
  );
const examples = (count = 64) => tensor(draw("normal", count * 3, 9), [count, 3]);
const values = (model: Model, name: string) => Array.from(readTensor(model.params[name]!) as Float32Array);
const set = (model: Model, name: string, change: (value: number, i: number) => number) =>
  scope(() => {
    const t = model.params[name]!;
    assign(t, tensor(values(model, name).map(change), t.shape));
  });
/** Calibration data as a dataset. */
const shown = dataset(draw("normal", 120, 9), new Uint8Array(40), { inputShape: [3] });
/** The largest difference between what two models say. */
const gap = (a: Model, b: Model, x: Tensor) =>
  scope(() => readTensor(max(abs(sub(a.apply(a.params, x), b.apply(b.params, x)))))[0]!);

/** Rows of in-weights and columns of out-weights, squared and summed in f64: what the neurons count. */
function naive(model: Model, layer: string, next: string, out: number, inputs: number): number[] {
  const [w, v] = [values(model, `${layer}.weight`), values(model, `${next}.weight`)];
  return Array.from({ length: out }, (_, k) => {
    const own = w.slice(k * inputs, (k + 1) * inputs).reduce((total, a) => total + a * a, 0);
    return own * v.filter((_, i) => i % out === k).reduce((total, a) => total + a * a, 0);
  });
}

describe("inherit", () => {
  test("of everything is a copy, to the bit, that shares nothing", () => {
    scope(() => {
      const model = teacher();
      for (const options of [
        {},
        { widths: { "0.linear": 6 } },
        { layers: ["0.linear", "2.linear", "4.linear"] },
        { widths: { "2.linear": 5 }, calibration: shown },
      ]) {
        const copy = inherit(model, options);
        expect(toBytes(copy)).toEqual(toBytes(model));
        set(copy, "0.linear.bias", () => 9);
        expect(values(model, "0.linear.bias")).not.toContain(9);
      }
    });
  });

  test.each([nn.sign(), nn.silu(), nn.clamp(-1, 1), nn.flatten(), nn.dropout(0.5)])(
    "sees neurons through %o",
    (between) => {
      scope(() => {
        const model = nn.sequential([nn.linear(3, 6), between, nn.linear(6, 2)], { seed: 5 });
        const small = inherit(model, { widths: { "0.linear": 4 } });
        expect(small.graph.map(({ op }) => op)).toEqual(model.graph.map(({ op }) => op));
        expect(small.params["2.linear.weight"]!.shape).toEqual([2, 4]);
      });
    },
  );

  test("takes the rows of the neurons that count most, and the columns that read them", () => {
    scope(() => {
      const model = teacher();
      const student = inherit(model, { widths: { "0.linear": 4, "2.linear": 2 } });
      const best = (scores: number[], keep: number) =>
        scores
          .map((score, i) => [score, i] as const)
          .sort(([a], [b]) => b - a)
          .slice(0, keep)
          .map(([, i]) => i)
          .sort((a, b) => a - b);
      const first = best(naive(model, "0.linear", "2.linear", 6, 3), 4);
      const second = best(naive(model, "2.linear", "4.linear", 5, 6), 2);
      const pick = (name: string, rows: number[] | undefined, cols: number[] | undefined, inputs: number) => {
        const all = values(model, name);
        const from = rows ?? Array.from({ length: all.length / inputs }, (_, i) => i);
        return from.flatMap((r) =>
          (cols ?? Array.from({ length: inputs }, (_, i) => i)).map((c) => all[r * inputs + c]),
        );
      };
      expect(values(student, "0.linear.weight")).toEqual(pick("0.linear.weight", first, undefined, 3));
      expect(values(student, "0.linear.bias")).toEqual(pick("0.linear.bias", first, undefined, 1));
      expect(values(student, "2.linear.weight")).toEqual(pick("2.linear.weight", second, first, 6));
      expect(values(student, "2.linear.bias")).toEqual(pick("2.linear.bias", second, undefined, 1));
      expect(values(student, "4.linear.weight")).toEqual(pick("4.linear.weight", undefined, second, 5));
      expect(values(student, "4.linear.bias")).toEqual(values(model, "4.linear.bias"));
      expect(
        student.graph.filter((node) => node.op === "linear").map((node) => [node.attributes.in, node.attributes.out]),
      ).toEqual([
        [3, 4],
        [4, 2],
        [2, 2],
      ]);
    });
  });

  test("of equals takes the first; neurons that nothing reads go first, and cost nothing", () => {
    scope(() => {
      const model = teacher([6]);
      set(model, "2.linear.weight", (v, i) => ([1, 4].includes(i % 6) ? 0 : v));
      const student = inherit(model, { widths: { "0.linear": 4 } });
      expect(gap(model, student, examples())).toBeLessThan(1e-6);
      set(model, "0.linear.weight", () => 1);
      set(model, "2.linear.weight", () => 1);
      set(model, "0.linear.bias", (_, i) => i);
      expect(values(inherit(model, { widths: { "0.linear": 3 } }), "0.linear.bias")).toEqual([0, 1, 2]);
    });
  });

  test("does not mind where the scale of a neuron lies: relu lets it move from rows to columns", () => {
    scope(() => {
      const [model, moved] = [teacher([6]), teacher([6])];
      const by = (i: number) => 4 ** (i - 2);
      set(moved, "0.linear.weight", (v, i) => v * by(Math.floor(i / 3)));
      set(moved, "0.linear.bias", (v, i) => v * by(i));
      set(moved, "2.linear.weight", (v, i) => v / by(i % 6));
      const [a, b] = [model, moved].map((m) => inherit(m, { widths: { "0.linear": 3 } }));
      expect(gap(a!, b!, examples())).toBeLessThan(1e-5);
    });
  });

  test("with calibration data leaves out what never speaks, however large its weights", () => {
    scope(() => {
      const model = teacher([6]);
      set(model, "0.linear.weight", (v, i) => (Math.floor(i / 3) === 2 ? 10 * v : v));
      set(model, "0.linear.bias", (v, i) => (i === 2 ? -1e4 : v));
      const student = inherit(model, { widths: { "0.linear": 5 }, calibration: examples() });
      expect(values(student, "0.linear.bias")).not.toContain(-1e4);
      expect(gap(model, student, examples())).toBeLessThan(1e-5);
    });
  });

  test("with calibration data makes up for neurons that others can stand in for", () => {
    scope(() => {
      const model = teacher([6, 5]);
      // Neuron 3 says half of what neuron 1 says.
      set(model, "0.linear.weight", (v, i) =>
        Math.floor(i / 3) === 3 ? values(model, "0.linear.weight")[i - 6]! / 2 : v,
      );
      set(model, "0.linear.bias", (v, i) => (i === 3 ? values(model, "0.linear.bias")[1]! / 2 : v));
      set(model, "2.linear.weight", (v, i) => (i % 6 === 3 || i % 6 === 1 ? v / 20 : v));
      const widths = { "0.linear": 5 };
      const [bare, made] = [inherit(model, { widths }), inherit(model, { widths, calibration: examples() })];
      expect(gap(model, bare, examples())).toBeGreaterThan(1e-3);
      expect(gap(model, made, examples())).toBeLessThan(1e-5);
    });
  });

  test("without a layer that fits: those around it join", () => {
    scope(() => {
      const model = teacher([5, 5]);
      const student = inherit(model, { layers: ["0.linear", "4.linear"] });
      expect(student.graph.map(({ name, input }) => [name, input])).toEqual([
        ["0.linear", "input"],
        ["1.relu", "0.linear"],
        ["4.linear", "1.relu"],
      ]);
      for (const name of Object.keys(student.params)) expect(values(student, name)).toEqual(values(model, name));
      const thin = inherit(model, { layers: ["0.linear", "4.linear"], widths: { "0.linear": 2 } });
      expect(thin.params["4.linear.weight"]!.shape).toEqual([2, 2]);
    });
  });

  test("without a layer that does not fit: the next is fitted to what it gave", () => {
    scope(() => {
      // Without an activation between, two layers are one, and the fit finds it.
      const model = nn.sequential([nn.linear(3, 6), nn.relu(), nn.linear(6, 4), nn.linear(4, 2)], { seed: 3 });
      const student = inherit(model, { layers: ["0.linear", "3.linear"], calibration: examples(200) });
      const p = model.params;
      const product = matmul(p["3.linear.weight"]!, p["2.linear.weight"]!);
      const offset = add(p["3.linear.bias"]!, matmul(p["3.linear.weight"]!, p["2.linear.bias"]!));
      const far = (a: Tensor, b: Tensor) => readTensor(max(abs(sub(a, b))))[0]!;
      expect(far(student.params["3.linear.weight"]!, product)).toBeLessThan(1e-5);
      expect(far(student.params["3.linear.bias"]!, offset)).toBeLessThan(1e-5);
      const headless = inherit(model, { layers: ["2.linear", "3.linear"], calibration: examples(200) });
      expect(headless.params["2.linear.weight"]!.shape).toEqual([4, 3]);
    });
  });

  test("takes packed weights, and makes them f32; takes sequences", () => {
    scope(() => {
      const model = teacher([6]);
      const packed = model.with({ "0.linear.weight": coarse(model.params["0.linear.weight"]!) });
      const student = inherit(packed, { widths: { "0.linear": 6 } });
      expect(student.params["0.linear.weight"]!.dtype).toBe("f32");
      expect(gap(packed, student, examples())).toBe(0);
      const steps = tensor(draw("normal", 60, 1), [4, 5, 3]);
      const narrow = inherit(packed, { widths: { "0.linear": 3 }, calibration: steps });
      expect(narrow.apply(narrow.params, steps).shape).toEqual([4, 5, 2]);
    });
  });

  test("frees all but the student", () => {
    const model = teacher();
    const before = memory().tensors;
    const student = inherit(model, {
      widths: { "0.linear": 3 },
      layers: ["0.linear", "4.linear"],
      calibration: shown,
    });
    expect(memory().tensors).toBe(before + 4);
    student.dispose();
    model.dispose();
  });
});

describe("refused:", () => {
  test.each<[RegExp, typeof ArgumentError, object]>([
    [
      /^inherit: widths names "9.linear"; the layers that stay are 0.linear/,
      ArgumentError,
      { widths: { "9.linear": 2 } },
    ],
    [/^inherit: widths names "1.relu"/, ArgumentError, { widths: { "1.relu": 2 } }],
    [
      /^inherit: the width of "0.linear" is 0; it must be an integer from 1 to 6/,
      ArgumentError,
      { widths: { "0.linear": 0 } },
    ],
    [/^inherit: the width of "0.linear" is 7/, ArgumentError, { widths: { "0.linear": 7 } }],
    [/^inherit: "4.linear" gives the output/, ArgumentError, { widths: { "4.linear": 1 } }],
    [/^inherit: there is no linear node "1.relu"/, ArgumentError, { layers: ["1.relu"] }],
    [/^inherit: "4.linear" gives the output and must be among/, ArgumentError, { layers: ["0.linear"] }],
    [/^inherit: layers is "0.linear"/, ArgumentError, { layers: "0.linear" }],
    [
      /^inherit: without the layers before it "4.linear" reads 6 values and takes 5; pass calibration/,
      ShapeError,
      { layers: ["0.linear", "4.linear"] },
    ],
    [/^inherit: l2 is -1/, ArgumentError, { l2: -1 }],
    [/^inherit: the calibration data has no examples/, ArgumentError, { calibration: shown.take(0) }],
    [/^inherit: calibration must be a dataset or a tensor/, ArgumentError, { calibration: 3 }],
  ])("%s", (message, error, options) => {
    scope(() => {
      const model = teacher();
      const before = memory().tensors;
      expect(() => inherit(model, options)).toThrow(error);
      expect(() => inherit(model, options)).toThrow(message);
      expect(memory().tensors).toBe(before);
    });
  });

  test("neurons that a softmax mixes, and parameters that are not finite", () => {
    scope(() => {
      const mixed = nn.sequential([nn.linear(3, 4), nn.softmax(), nn.linear(4, 2)]);
      expect(() => inherit(mixed, { widths: { "0.linear": 2 } })).toThrow(
        /"1.softmax" mixes the neurons of "0.linear"/,
      );
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const model = teacher([6]);
        set(model, "0.linear.weight", (v, i) => (i === 7 ? value : v));
        expect(() => inherit(model, { widths: { "0.linear": 2 } })).toThrow(
          /neuron 2 of "0.linear" counts (NaN|Infinity)/,
        );
      }
      const x = mul(examples(), Number.NaN);
      expect(() => inherit(teacher(), { widths: { "0.linear": 2 }, calibration: x })).toThrow(ArgumentError);
    });
  });
});
