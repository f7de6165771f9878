import { expect, test } from "vitest";
import { gammaBytes, gammaPack, gammaUnpack, packSigns, roundToLevels, unpackSigns } from "../../src/ops/codec.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { draw, expectSame, pick, random, sizes, zeroLeaks } from "../grid.js";
import { bytesOf, gamma } from "../reference/codec.js";
import { watched } from "../watch.js";

zeroLeaks();

test("signs go to bits and come back as ± a scale; 0, −0 and NaN as +", () => {
  for (const size of [...sizes, 6, 8, 10, 23, 24, 25])
    for (const shift of [0, 4])
      watched(
        () =>
          scope(() => {
            const x = draw("special", size, size + 1);
            const bits = packSigns(tensor(x));
            expect([...readTensor(bits)]).toEqual(bytesOf([...x].map((v) => (v < 0 ? "1" : "0")).join("")));
            const back = unpackSigns(bits, { shape: [size, 1], scale: 0.5 });
            expect(back.shape).toEqual([size, 1]);
            expectSame(
              readTensor(back),
              x.map((v) => (v < 0 ? -0.5 : 0.5)),
              `size ${size}`,
            );
          }),
        shift,
      );
});

test("levels are rounded up where the random number is below the fraction", () => {
  const next = random(1);
  for (const size of sizes.filter((n) => n < 100))
    for (const levels of [1, 4, 255, 65535])
      watched(() =>
        scope(() => {
          const x = draw("normal", size, size + levels);
          const largest = x.reduce((most, v) => Math.max(most, Math.abs(v)), 0) * (1 + next());
          const uniforms = Float32Array.from({ length: size }, () => next());
          const codes = readTensor(roundToLevels(tensor(x), tensor(uniforms), { levels, largest }));
          const expected = x.map((v, i) => {
            const exact = Math.fround(Math.fround(Math.abs(v) * levels) / Math.fround(largest));
            const level = Math.floor(exact) + (uniforms[i]! < Math.fround(exact - Math.floor(exact)) ? 1 : 0);
            return Math.min(level, levels) * Math.sign(v) || 0;
          });
          expectSame(codes, expected, `size ${size}, ${levels} levels`);
        }),
      );
  scope(() => {
    // The largest itself is the highest level, whatever is drawn.
    const x = tensor([3, -3]);
    for (const u of [0, 1 - 2 ** -24])
      expect([...readTensor(roundToLevels(x, tensor([u, u]), { levels: 255, largest: 3 }))]).toEqual([255, -255]);
  });
});

const ends = [1, 2, 3, 4, 7, 8, 127, 128, 255, 256, 65535, 65536, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1];

test("the gamma code is Elias's, and read back", () => {
  const next = random(2);
  const lists = [
    [],
    ...ends.map((v) => [v]),
    ends,
    [...ends].reverse(),
    Array(100).fill(1),
    ...Array.from({ length: 60 }, (_, n) => Array.from({ length: n }, () => 1 + pick(next, 2 ** pick(next, 31)))),
  ];
  for (const values of lists)
    watched(() =>
      scope(() => {
        const about = JSON.stringify(values);
        const bits = gamma(values);
        const code = gammaPack(tensor(Int32Array.from(values)));
        expect([...readTensor(code)], about).toEqual(bytesOf(bits));
        expect(gammaBytes(values), about).toBe(Math.ceil(bits.length / 8));
        expect([...readTensor(gammaUnpack(code, values.length))], about).toEqual(values);
      }),
    );
});

test("of a gamma code cut short, or of zeros, come zeros, and nothing is read past it", () => {
  const values = [5, 1, 70000, 2 ** 31 - 1, 3];
  const bytes = bytesOf(gamma(values));
  for (let size = 0; size <= bytes.length; size++)
    watched(() =>
      scope(() => {
        const got = [...readTensor(gammaUnpack(tensor(Uint8Array.from(bytes.slice(0, size))), 5))];
        let held = size * 8;
        const whole = values.map((v) => {
          held -= gamma([v]).length;
          return held >= 0 ? v : 0;
        });
        expect(got, `${size} bytes`).toEqual(whole);
      }),
    );
  scope(() => {
    expect([...readTensor(gammaUnpack(tensor(new Uint8Array(40)), 3))]).toEqual([0, 0, 0]);
    // 31 zeros before the 1 would make 2³¹.
    expect([...readTensor(gammaUnpack(tensor(Uint8Array.of(0, 0, 0, 128, 0, 0, 0, 0)), 1))]).toEqual([0]);
  });
});
