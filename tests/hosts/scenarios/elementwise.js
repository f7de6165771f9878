// Number by number: sizes around the vector, numbers unlike others, and what moves values without changing them.
import { draw, drawn, sizes, special } from "./numbers.js";

export function elementwise(s) {
  const f = (values, shape = [values.length]) => s.tensor(new Float32Array(values), shape);
  const bytes = (values, shape = [values.length]) => s.tensor(Uint8Array.from(values), shape);
  const ints = (values, shape = [values.length]) => s.tensor(Int32Array.from(values), shape);

  const unary = {
    ...{ neg: s.neg, abs: s.abs, exp: s.exp, log: s.log, sqrt: s.sqrt, square: s.square, relu: s.relu, silu: s.silu },
    ...{ sigmoid: s.sigmoid, tanh: s.tanh, gelu: s.gelu, leakyRelu: s.leakyRelu, softplus: s.softplus },
    "gelu by tanh": (x) => s.gelu(x, { approximate: "tanh" }),
    "softplus with beta": (x) => s.softplus(x, { beta: 2, threshold: 3 }),
    clamp: (x) => s.clamp(x, { min: -0.25, max: 0.5 }),
    sign: s.signSte,
  };
  const binary = {
    ...{ add: s.add, sub: s.sub, mul: s.mul, div: s.div, maximum: s.maximum, minimum: s.minimum },
    ...{ equal: s.equal, greater: s.greater, less: s.less },
  };
  /** All pairs of special numbers, moved as bits. */
  const left = () => s.reshape(s.expand(f(special, [12, 1]), [12, 12]), [144]);
  const right = () => s.reshape(s.expand(f(special, [1, 12]), [12, 12]), [144]);
  const each = (of) => Object.fromEntries(of);

  return {
    ...each(
      Object.entries(unary).map(([name, op]) => [
        name,
        () => [
          op(f(special)),
          ...sizes.flatMap((n) => [op(f(draw(n, n))), op(f(draw(n, n + 1, 8))), op(f(draw(n, n + 2, 100)))]),
        ],
      ]),
    ),
    ...each(
      Object.entries(binary).map(([name, op]) => [
        name,
        () => [
          op(left(), right()),
          op(f(special), 0.5),
          ...sizes.map((n) => op(f(draw(n, 1)), f(draw(n, 2)))),
          op(drawn(s, [2, 1, 3, 1], 3), drawn(s, [1, 4, 1, 17], 4)),
          op(drawn(s, [5, 33], 5), drawn(s, [33], 6)),
        ],
      ]),
    ),
    cast: () => [
      ...["f32", "i32", "u8"].flatMap((to) => [s.cast(f(special), to), s.cast(f(draw(101, 7, 300)), to)]),
      ...["f32", "u8"].map((to) => s.cast(ints([-1, 0, 255, 256, -(2 ** 31), 2 ** 31 - 1, 16777217]), to)),
      s.cast(bytes([0, 1, 255]), "f32"),
    ],
    where: () => [
      s.where(bytes(special.map((_, i) => i % 2)), f(special), f(special.map((x) => -x))),
      s.where(bytes([1, 0, 1, 0, 1]), drawn(s, [3, 5], 1), drawn(s, [3, 1], 2)),
    ],
    gather: () => [s.gather(drawn(s, [7, 5], 1), ints([6, 0, 3, 3])), s.gather(drawn(s, [7], 1), ints([6, 1]))],
    concat: () => [0, 1, -1].map((axis) => s.concat([drawn(s, [3, 3], 1), drawn(s, [3, 3], 2)], { axis })),
    expand: () => s.expand(drawn(s, [3, 1, 5], 1), [2, 3, 4, 5]),
    slice: () => [
      s.slice(drawn(s, [7, 9], 1), [{ step: -2 }, { start: 1, end: 8, step: 3 }]),
      s.slice(f(special), [{ start: 2 }]),
    ],
    transpose: () => [s.transpose(drawn(s, [17, 5], 1)), s.transpose(drawn(s, [2, 3, 4], 2), [2, 0, 1])],
    reshape: () => s.reshape(s.transpose(drawn(s, [4, 6], 1)), [3, -1]),
    assign: () => {
      const to = s.zeros([12]);
      s.assign(to, f(special));
      return to;
    },
    oneHot: () => s.oneHot(ints([2, 0, 1]), { classes: 4 }),
    fill: () => [s.zeros([5]), s.ones([3], { dtype: "u8" }), s.full([2, 3], -7, { dtype: "i32" }), s.full([5], 0.1)],
    uniform: () => [s.uniform([101], { seed: 1 }), s.uniform([33], { seed: 2 ** 40 + 1, stream: 3, low: -2, high: 5 })],
    normal: () => [s.normal([101], { seed: 1 }), s.normal([1000], { seed: 2, stream: 9, mean: 1, std: 0.1 })],
    permutation: () => [0, 1, 2, 1000].map((n) => s.permutation(n, { seed: 3 })),
    dropout: () => [s.dropout(drawn(s, [1001], 1), { p: 0.3, seed: 4 }), s.dropout(f(special), { p: 0.5, seed: 5 })],
    straightThrough: () => s.straightThrough(drawn(s, [17], 1), drawn(s, [17], 2)),
    fakeQuantize: () => {
      const scale = f([0.1, 0.02, 0.5]);
      return [
        s.fakeQuantize(drawn(s, [3, 17], 1), { low: -8, high: 7, scale, axis: 0 }),
        s.fakeQuantize(drawn(s, [3, 17], 1), { low: 0, high: 15, scale: f([0.1]), zeroPoint: ints([8]) }),
      ];
    },
    affineCodes: () => s.affineCodes(drawn(s, [3, 17], 1), { low: -8, high: 7, scale: s.full([3, 5], 0.1), group: 4 }),
    lsq: () => s.lsq(drawn(s, [3, 17], 1), f([0.2]), { low: -2, high: 1 }),
    "proximal steps": () => [
      s.proxL1(drawn(s, [101], 1), { lambda: 0.3 }),
      s.proxL0(drawn(s, [101], 2), { lambda: 0.1 }),
      s.proxL2Squared(drawn(s, [101], 3), { lambda: 0.3 }),
      s.proxElasticNet(drawn(s, [101], 4), { l1: 0.1, l2: 0.3 }),
      s.proxGroupLasso(drawn(s, [9, 11], 5), { lambda: 1 }),
      s.proxSparseGroupLasso(drawn(s, [9, 11], 6), { l1: 0.1, group: 0.5, axis: 1 }),
      s.projectTopK(drawn(s, [101], 7), { k: 13 }),
    ],
  };
}
