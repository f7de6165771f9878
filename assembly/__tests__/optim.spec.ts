import { adagrad_f32, adam_f32, rmsprop_f32, sgd_f32 } from "../optim";
import { at, same, untouched } from "./floats";

// Numbers with few bits, so that a step worked out by hand is exact.
describe("optim", () => {
  it("SGD: w − lr · (g + decay · w)", () => {
    const w: StaticArray<f32> = [1, 2, 4, 8, 16, 99];
    sgd_f32(at(w), 0, at<f32>([1, 1, 2, 2, 4]), 0.5, 0, 1, 0.25, 1, 0, 0, 5);
    expect<bool>(same(w, [0.375, 1.25, 2.5, 6, 12, 99])).toBe(true);
  });

  it("SGD climbs with sign −1", () => {
    const w: StaticArray<f32> = [1];
    sgd_f32(at(w), 0, at<f32>([2]), 0.5, 0, 1, 0, -1, 0, 0, 1);
    expect<f32>(w[0]).toBe(2);
  });

  it("momentum: two steps, plain and Nesterov", () => {
    const w: StaticArray<f32> = [1];
    const v: StaticArray<f32> = [0];
    sgd_f32(at(w), at(v), at<f32>([1]), 0.5, 0.5, 1, 0, 1, 0, 0, 1); // v = 1, w = 0.5
    sgd_f32(at(w), at(v), at<f32>([1]), 0.5, 0.5, 1, 0, 1, 0, 0, 1); // v = 1.5, w = −0.25
    expect<f32>(v[0]).toBe(1.5);
    expect<f32>(w[0]).toBe(-0.25);
    const u: StaticArray<f32> = [1];
    const n: StaticArray<f32> = [0];
    sgd_f32(at(u), at(n), at<f32>([1]), 0.5, 0.5, 1, 0, 1, 1, 0, 1); // g + 0.5 · v = 1.5
    expect<f32>(u[0]).toBe(0.25);
  });

  it("Adam's first step is lr · sign(g), whatever the size of g", () => {
    const w: StaticArray<f32> = [1, 1, 1];
    const m = new StaticArray<f32>(3);
    const v = new StaticArray<f32>(3);
    // β₁ = β₂ = ½: m = g/2, v = g²/2; step = lr / ½, correction = √½.
    adam_f32(at(w), at(m), at(v), 0, at<f32>([4, -4, 1024]), 0.5, <f32>0.7071067811865476, 0.5, 0.5, 0.5, 0.5, 0, 1, 0, 1, 0, 3);
    expect<bool>(same(m, [2, -2, 512])).toBe(true);
    expect<bool>(same(v, [8, 8, 524288])).toBe(true);
    for (let i = 0; i < 3; i++) expect<f32>(w[i]).toBeCloseTo(i == 1 ? 1.25 : 0.75, 6);
  });

  it("AdamW shrinks w first; AMSGrad keeps the largest second moment", () => {
    const w: StaticArray<f32> = [8];
    const m: StaticArray<f32> = [0];
    const v: StaticArray<f32> = [4];
    const largest: StaticArray<f32> = [16];
    // g = 0: m = 0, v = 2, the largest stays 16, w only shrinks.
    adam_f32(at(w), at(m), at(v), at(largest), at<f32>([0]), 1, 1, 0.5, 0.5, 0.5, 0.5, 1, 0.75, 0, 1, 0, 1);
    expect<f32>(w[0]).toBe(6);
    expect<f32>(v[0]).toBe(2);
    expect<f32>(largest[0]).toBe(16);
    // g = 4: m = 2, v = 1 + 8 = 9, √16 = 4: w = 6 − 2 / 4.
    adam_f32(at(w), at(m), at(v), at(largest), at<f32>([4]), 1, 1, 0.5, 0.5, 0.5, 0.5, 0, 1, 0, 1, 0, 1);
    expect<f32>(w[0]).toBe(5.5);
  });

  it("RMSProp: s = ½ s + ½ g², w − lr · g / √s", () => {
    const w: StaticArray<f32> = [1];
    const s: StaticArray<f32> = [14];
    rmsprop_f32(at(w), at(s), 0, 0, at<f32>([2]), 0.75, 0.5, 0.5, 0, 0, 0, 1, 0, 1); // s = 9, 0.75 · 2 / 3
    expect<f32>(s[0]).toBe(9);
    expect<f32>(w[0]).toBe(0.5);
  });

  it("RMSProp centred, with momentum", () => {
    const w: StaticArray<f32> = [1];
    const s: StaticArray<f32> = [6];
    const mean: StaticArray<f32> = [0];
    const velocity: StaticArray<f32> = [2];
    // s = 5, mean = 1, √(5 − 1) = 2; move = ½ · 2 + 2 / 2 = 2.
    rmsprop_f32(at(w), at(s), at(mean), at(velocity), at<f32>([2]), 0.25, 0.5, 0.5, 0, 0.5, 0, 1, 0, 1);
    expect<f32>(velocity[0]).toBe(2);
    expect<f32>(w[0]).toBe(0.5);
  });

  it("Adagrad: s = s + g², w − lr · g / √s", () => {
    const w: StaticArray<f32> = [1];
    const s: StaticArray<f32> = [7];
    adagrad_f32(at(w), at(s), at<f32>([3]), 0.5, 0, 0, 1, 0, 1); // s = 16, 0.5 · 3 / 4
    expect<f32>(w[0]).toBe(0.625);
  });

  it("steps elements [begin, end) alone", () => {
    const w = untouched(7);
    sgd_f32(at(w), 0, at<f32>([1, 1, 1, 1, 1, 1, 1]), 9, 0, 1, 0, 1, 0, 1, 6);
    expect<bool>(same(w, [99, 90, 90, 90, 90, 90, 99])).toBe(true);
  });
});
