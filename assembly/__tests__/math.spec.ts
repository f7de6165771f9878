import { cos2pi4, erf4, exp4, log1p4, log4, sigmoid4, softplus4, tanh4 } from "../math";
import { within } from "./floats";

/** One lane of a function; all four lanes are given different values. */
function lane(y: v128, i: i32): f32 {
  return i == 0
    ? f32x4.extract_lane(y, 0)
    : i == 1
      ? f32x4.extract_lane(y, 1)
      : i == 2
        ? f32x4.extract_lane(y, 2)
        : f32x4.extract_lane(y, 3);
}

function expectLanes(y: v128, exact: StaticArray<f64>, ulps: f64): void {
  for (let i = 0; i < 4; i++) {
    expect<bool>(within(lane(y, i), exact[i], ulps)).toBe(true, `lane ${i}: ${lane(y, i)}, expected ${exact[i]}`);
  }
}

// Constants from Abramowitz & Stegun, to more digits than f32 holds.
describe("math", () => {
  it("exp within 1 ULP", () => {
    expectLanes(exp4(f32x4(0, 1, -1, 10)), [1, 2.718281828459045, 0.36787944117144233, 22026.465794806718], 1);
    expectLanes(exp4(f32x4(88, -87, 0.5, -0.5)), [1.6516362549940018e38, 1.6458114310822737e-38, 1.6487212707001282, 0.6065306597126334], 1);
  });

  it("exp at its ends: Infinity, 0, denormals, NaN", () => {
    const y = exp4(f32x4(Infinity, -Infinity, NaN, 89));
    expect<f32>(lane(y, 0)).toBe(Infinity);
    expect<f32>(lane(y, 1)).toBe(0);
    expect<f32>(lane(y, 2)).toBeNaN();
    expect<f32>(lane(y, 3)).toBe(Infinity);
    // e⁻¹⁰⁰ = 3.72e−44 is 27 of the smallest denormals.
    expect<u32>(reinterpret<u32>(lane(exp4(f32x4.splat(-100)), 0))).toBe(27);
  });

  it("log within 1 ULP, also of denormals", () => {
    expectLanes(log4(f32x4(1, 2, 10, 0.5)), [0, 0.6931471805599453, 2.302585092994046, -0.6931471805599453], 1);
    const tiny = reinterpret<f32>(1); // 2⁻¹⁴⁹
    expectLanes(log4(f32x4(tiny, f32.MAX_VALUE, 1.1754943508222875e-38, 3)), [-103.27892990343184, 88.722839111673, -87.33654475055310, 1.0986122886681098], 1);
  });

  it("log of 0, −0, a negative number, Infinity", () => {
    const y = log4(f32x4(0, -0.0, -1, Infinity));
    expect<f32>(lane(y, 0)).toBe(-Infinity);
    expect<f32>(lane(y, 1)).toBe(-Infinity);
    expect<f32>(lane(y, 2)).toBeNaN();
    expect<f32>(lane(y, 3)).toBe(Infinity);
    expect<f32>(lane(log4(f32x4.splat(NaN)), 0)).toBeNaN();
  });

  it("log1p keeps small arguments", () => {
    expectLanes(log1p4(f32x4(0, 1, 0.5, 1e-7)), [0, 0.6931471805599453, 0.4054651081081644, 9.999999616903162e-8], 2);
  });

  it("tanh within 2 ULP, odd, and ±1 at the ends", () => {
    expectLanes(tanh4(f32x4(0.5, -0.5, 1, 2)), [0.46211715726000973, -0.46211715726000973, 0.7615941559557649, 0.9640275800758169], 2);
    const y = tanh4(f32x4(Infinity, -Infinity, NaN, -0.0));
    expect<f32>(lane(y, 0)).toBe(1);
    expect<f32>(lane(y, 1)).toBe(-1);
    expect<f32>(lane(y, 2)).toBeNaN();
    expect<u32>(reinterpret<u32>(lane(y, 3))).toBe(0x80000000);
  });

  it("erf within 1 ULP, odd, and ±1 at the ends", () => {
    expectLanes(erf4(f32x4(0.5, 1, 2, -1)), [0.5204998778130465, 0.8427007929497149, 0.9953222650189527, -0.8427007929497149], 1);
    const y = erf4(f32x4(Infinity, -Infinity, NaN, -0.0));
    expect<f32>(lane(y, 0)).toBe(1);
    expect<f32>(lane(y, 1)).toBe(-1);
    expect<f32>(lane(y, 2)).toBeNaN();
    expect<u32>(reinterpret<u32>(lane(y, 3))).toBe(0x80000000);
  });

  it("sigmoid and softplus", () => {
    expectLanes(sigmoid4(f32x4(0, 1, -1, 4)), [0.5, 0.7310585786300049, 0.2689414213699951, 0.9820137900379085], 2);
    expectLanes(softplus4(f32x4(0, 1, -1, 10)), [0.6931471805599453, 1.3132616875182228, 0.31326168751822286, 10.000045398899218], 2);
  });

  it("cos 2πt, and sin 2πt a quarter turn later", () => {
    const eighth = 0.7071067811865476;
    expectLanes(cos2pi4(f32x4(0, 0.125, 0.375, 0.5), 0), [1, eighth, -eighth, -1], 2);
    expectLanes(cos2pi4(f32x4(0.25, 0.125, 0.75, 0.625), 1), [1, eighth, -1, -eighth], 2);
  });
});
