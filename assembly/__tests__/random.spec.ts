import { bits_u32, dropout_f32, permutation_i32, uniform_f32 } from "../random";
import { at, same, untouched } from "./floats";

describe("random", () => {
  it("Philox-4x32-10 gives the known answer of Random123 for counter 0 and key 0", () => {
    const words = new StaticArray<u32>(5);
    bits_u32(at(words), 0, 0, 0, 0, 4);
    expect<u32>(words[0]).toBe(0x6627e8d5);
    expect<u32>(words[1]).toBe(0xe169c58d);
    expect<u32>(words[2]).toBe(0xbc57ac4c);
    expect<u32>(words[3]).toBe(0x9b00dbd8);
    expect<u32>(words[4]).toBe(0);
  });

  it("a word depends on seed, stream and index, not on the slice", () => {
    const whole = new StaticArray<u32>(23);
    bits_u32(at(whole), 1, 2, 3, 0, 23);
    for (let begin = 0; begin < 9; begin++)
      for (let end = begin; end <= 23; end += 3) {
        const part = new StaticArray<u32>(24).fill(7);
        bits_u32(at(part), 1, 2, 3, begin, end);
        for (let i = 0; i < 24; i++)
          expect<u32>(part[i]).toBe(i >= begin && i < end ? whole[i] : 7, `word ${i} of [${begin}, ${end})`);
      }
  });

  it("a uniform number is the upper 24 bits of its word", () => {
    const u = untouched(5);
    uniform_f32(at(u), 0, 1, 0, 0, 0, 0, 4);
    expect<f32>(u[0]).toBe(<f32>0x6627e8 / 16777216.0);
    expect<f32>(u[3]).toBe(<f32>0x9b00db / 16777216.0);
    expect<f32>(u[4]).toBe(99);
  });

  it("dropout keeps where the uniform number reaches p", () => {
    const u = untouched(6);
    const x: StaticArray<f32> = [1, 2, 3, 4, 5, 6];
    const y = untouched(6);
    uniform_f32(at(u), 0, 1, 5, 0, 0, 0, 6);
    dropout_f32(at(y), at(x), 0.5, 2, 5, 0, 0, 0, 6);
    for (let i = 0; i < 6; i++) expect<f32>(y[i]).toBe(u[i] >= 0.5 ? 2 * x[i] : 0);
    dropout_f32(at(y), at(x), 0, 1, 5, 0, 0, 0, 6);
    expect<bool>(same(y, x)).toBe(true);
  });

  it("a permutation holds each number once", () => {
    const order = new StaticArray<i32>(100);
    permutation_i32(at(order), 100, 1, 0, 0);
    const seen = new StaticArray<i32>(100);
    for (let i = 0; i < 100; i++) seen[order[i]]++;
    for (let i = 0; i < 100; i++) expect<i32>(seen[i]).toBe(1);
  });
});
