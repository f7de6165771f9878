import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { decodeFloats, encodeFloats, type FloatType, packFloats } from "../../src/ops/floats.js";
import { scope } from "../../src/scope.js";
import { readTensor, type Tensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, sizes, zeroLeaks } from "../grid.js";
import {
  expectDenseProduct,
  expectGraphRefused,
  expectRefused,
  expectRoundTrip,
  productSizes,
  withFloat,
} from "../packing.js";
import { type NarrowFloat, narrowFloats, nearestCode, numberOf, thresholds, topCode } from "../reference/floats.js";
import { watched } from "../watch.js";

zeroLeaks();

const types = Object.keys(narrowFloats) as FloatType[];
const bytesOf = ({ exponent, mantissa }: NarrowFloat): number => (1 + exponent + mantissa) / 8;

/** Codes as numbers. */
function numbers(codes: Tensor<"u8">): Uint8Array | Uint16Array {
  const bytes = readTensor(codes);
  return codes.shape.at(-1) === 2 ? new Uint16Array(bytes.buffer) : bytes;
}

/** What the code of x is, by bisection; NaN has many. */
function truth(x: number, float: NarrowFloat, steps: Float64Array, saturate: boolean): number {
  const sign = Object.is(Math.sign(x), -1) || Object.is(x, -0) ? 1 << (float.exponent + float.mantissa) : 0;
  return (saturate ? Math.min(nearestCode(x, steps), topCode(float)) : nearestCode(x, steps)) + sign;
}

function expectCodes(x: Float32Array, type: FloatType, about: string): void {
  const float = narrowFloats[type];
  const steps = thresholds(float);
  for (const saturate of [false, true])
    scope(() => {
      const codes = encodeFloats(tensor(x), type, { saturate });
      const wrong = Array.from(numbers(codes)).findIndex((code, i) =>
        Number.isNaN(x[i]!)
          ? !Number.isNaN(numberOf(code, float))
          : code !== truth(x[i]!, float, steps, saturate) && !Object.is(numberOf(code, float), x[i]),
      );
      expect(wrong === -1 ? "" : `${x[wrong]} is ${numbers(codes)[wrong]}`, `${about}, saturate ${saturate}`).toBe("");
      const values = Float64Array.from(numbers(codes), (code) => numberOf(code, float));
      expectSame(readTensor(decodeFloats(codes, type)), values, `back, ${about}`);
    });
}

describe.each(types)("%s", (type) => {
  const float = narrowFloats[type];

  test("any size, in slices, and no byte beside", () => {
    for (const n of sizes.filter((n) => n < 2000))
      for (const shift of [0, 4]) watched(() => expectCodes(draw("logNormal", n, n), type, `${n} numbers`), shift);
  });

  test("a packed matrix multiplies as its dense numbers do", () => {
    for (const [m, k, n] of productSizes)
      watched(() =>
        scope(() => {
          const scale = bytesOf(float) === 1 ? tensor(draw("uniform", n, k).map((v) => Math.abs(v) + 0.1)) : undefined;
          const w = packFloats(tensor(draw("normal", n * k, k), [n, k]), type, scale);
          const scales = scale === undefined ? new Float32Array(n).fill(1) : readTensor(scale);
          const steps = thresholds(float);
          const exact = draw("normal", n * k, k).map((v, i) => {
            const unit = scales[Math.floor(i / k)]!;
            return Math.fround(numberOf(truth(Math.fround(v / unit), float, steps, true), float)) * unit;
          });
          expectSame(readTensor(w.dense()), exact, `${type} [${n}, ${k}]`);
          expectDenseProduct(w, m, `${type} [${m}, ${k}] · [${n}, ${k}]ᵀ`);
        }),
      );
  });

  test("what lies beyond becomes the largest; the bytes are those of the codes and scales", () => {
    scope(() => {
      const narrow = bytesOf(float) === 1;
      const w = packFloats(tensor([[3e38, -3e38]]), type, narrow ? tensor([1]) : undefined);
      const top = numberOf(topCode(float), float);
      if (type !== "bf16") expect([...readTensor(w.dense())]).toEqual([top, -top]);
      expect(w.bytes).toBe(narrow ? 32 : 16);
    });
  });

  test("files give it back, and refuse what makes no sense", () => {
    scope(() => {
      const scale = bytesOf(float) === 1 ? tensor([0.5, 2, 1]) : undefined;
      const w = packFloats(tensor(draw("normal", 15, 1), [3, 5]), type, scale);
      expectRoundTrip(w);
      if (scale !== undefined)
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 0, -1])
          expectRefused(w, "scale", withFloat(1, bad), /scale 1 is .*; it must be finite and above 0/);
      const infinite = (stored: { data: Uint8Array }) => stored.data.slice().fill(0xff);
      expectRefused(
        w,
        "codes",
        (stored) => ({ ...stored, data: infinite(stored) }),
        /number \d+ is .*; it must be finite/,
      );
      expectRefused(w, "codes", (stored) => ({ ...stored, shape: [5, 3] }), /must be U/);
      expectGraphRefused(w, (graph) => graph.replace("[3,5]", "[15]"), /the shape is \[15\]; it must be \[out, in\]/);
      expectGraphRefused(w, (graph) => graph.replace(`"${type}"`, '"f12"'), /"f12" is no float/);
      expectGraphRefused(w, (graph) => graph.replace(`"${type}"`, "3"), /3 is no float/);
    });
  });
});

// Last, because kernels under watch copy the whole memory, and these make it grow.
describe.each(types)("%s, all of it", (type) => {
  const float = narrowFloats[type];

  // All 2³² were run once, by hand, against the same thresholds: none differed.
  test("a million f32, all exponents among them, go to the nearest code", () => {
    const words = new Uint32Array(2 ** 20).map((_, i) => i * 4093 + (i & 1));
    expectCodes(new Float32Array(words.buffer), type, "strided");
  });

  test("ties go to even, and one f32 beside them to the nearer side", () => {
    const steps = thresholds(float);
    const middles = new Uint32Array(Float32Array.from(steps.subarray(1)).buffer);
    const words = Uint32Array.from([-1, 0, 1].flatMap((by) => Array.from(middles, (word) => word + by)));
    const x = new Float32Array(words.buffer);
    expectCodes(x, type, "ties");
    expectCodes(
      x.map((v) => -v),
      type,
      "negative ties",
    );
  });

  test("every code comes back from its number", () => {
    scope(() => {
      const count = 2 ** (8 * bytesOf(float));
      const codes = Uint32Array.from({ length: count }, (_, i) => i);
      const bytes = bytesOf(float) === 2 ? new Uint8Array(Uint16Array.from(codes).buffer) : Uint8Array.from(codes);
      const x = decodeFloats(tensor(bytes, [count, bytesOf(float)]), type);
      expectSame(
        readTensor(x),
        Float64Array.from(codes, (code) => numberOf(code, float)),
        "numbers",
      );
      const again = numbers(encodeFloats(x, type));
      const lost = codes.findIndex((code, i) => !Number.isNaN(numberOf(code, float)) && again[i] !== code);
      expect(lost).toBe(-1);
    });
  });
});

test("there is no other float", () => {
  scope(() => {
    for (const name of ["f32", "e4m3", "toString", 8] as never[])
      expect(() => encodeFloats(tensor([1]), name)).toThrow(ArgumentError);
  });
});
