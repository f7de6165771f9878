// Products of matrices: f32 in every way it may lie, and every way to store a weight.
import { draw, drawn, special } from "./numbers.js";

/** Around the tile, the vector and the block of k; a single row, a single column, many rows. */
const sizes = [
  [1, 1, 1],
  [1, 33, 17],
  [4, 4, 4],
  [5, 9, 13],
  [17, 33, 9],
  [33, 16, 1],
  [64, 65, 31],
  [3, 300, 70],
];
const rowsOfX = [1, 2, 9, 33];

export function products(s) {
  const each = (of) => Object.fromEntries(of);
  const bytes = (count, seed) => Uint8Array.from(draw(count, seed, 127.9), (x) => Math.floor(x) + 128);
  const transposed = [{}, { transposeA: true }, { transposeB: true }, { transposeA: true, transposeB: true }];
  const bias = () => drawn(s, [13], 5);

  /** Batches of rows times a weight that is stored in some way, with bias and activation. */
  const meets = (w, shape) => [
    w.dense(),
    ...rowsOfX.flatMap((rows) => {
      const x = drawn(s, [rows, shape[1]], rows);
      return [
        s.matmul(x, w, { transposeB: true }),
        s.matmul(x, w, { transposeB: true, bias: drawn(s, [shape[0]], 7), activation: "tanh" }),
      ];
    }),
  ];
  const stored = (scheme, shape = [29, 67]) => meets(scheme.pack(drawn(s, shape, 3)), shape);
  /** Half the numbers, as each layout may store them. */
  const thinned = (layout) => {
    const [rows, cols] = [16, 64];
    const w = draw(rows * cols, 4);
    const keeps = {
      ...{ csr: (i) => w[i] > 0.4, bitmap: (i) => w[i] > 0 },
      ...{ "2:4": (i) => i % 4 < 2, "4:8": (i) => i % 8 > 3 },
      ...{
        block4x1: (i) => ((i % cols) + Math.floor(i / cols / 4)) % 3 === 0,
        block1x4: (i) => Math.floor(i / 4) % 3 === 1,
      },
    };
    return s.tensor(
      w.map((x, i) => (keeps[layout](i) ? x : 0)),
      [rows, cols],
    );
  };

  return {
    ...each(
      transposed.map((ways) => [
        `f32 ${Object.keys(ways).join(" ") || "as they lie"}`,
        () =>
          sizes.map(([m, k, n], i) =>
            s.matmul(
              drawn(s, ways.transposeA ? [k, m] : [m, k], i),
              drawn(s, ways.transposeB ? [n, k] : [k, n], i + 50),
              ways,
            ),
          ),
      ]),
    ),
    ...each(
      ["relu", "sigmoid", "tanh"].map((activation) => [
        `f32 with bias and ${activation}`,
        () =>
          [1, 5, 33].flatMap((m) => [
            s.matmul(drawn(s, [m, 21], m), drawn(s, [21, 13], 9), { bias: bias(), activation }),
            s.matmul(drawn(s, [m, 21], m), drawn(s, [13, 21], 9), { bias: bias(), activation, transposeB: true }),
          ]),
      ]),
    ),
    "f32 in batches": () => [
      s.matmul(drawn(s, [2, 1, 5, 7], 1), drawn(s, [3, 7, 9], 2)),
      s.matmul(drawn(s, [4, 9, 7], 3), drawn(s, [4, 9, 5], 4), { transposeA: true }),
    ],
    "f32 of vectors": () => [
      s.matmul(drawn(s, [101], 1), drawn(s, [101], 2)),
      s.matmul(drawn(s, [101], 1), drawn(s, [101, 7], 2)),
      s.matmul(drawn(s, [7, 101], 1), drawn(s, [101], 2)),
    ],
    "f32 of special numbers": () =>
      s.matmul(s.tensor(special, [12, 1]), s.tensor(special, [1, 12]), { activation: "relu" }),
    "special numbers and stored weights": () => {
      const x = drawn(s, [12, 67], 1);
      s.assign(s.slice(x, [{}, { start: 3, end: 4 }]), s.tensor(special, [12, 1]));
      const { int8, int4, binary, ternary, fp8, nf4 } = s;
      const schemes = [int8(), int4({ group: 8 }), binary(), binary({ input: "sign" }), ternary(), fp8(), nf4()];
      const weights = schemes.map((scheme) => scheme.pack(drawn(s, [9, 67], 2)));
      const dynamic = s.quantized(new Int8Array(9 * 67).fill(3), 0.5, undefined, [9, 67], {
        bits: 8,
        input: "dynamic",
      });
      return [...weights, dynamic, s.sparse(s.proxL0(drawn(s, [9, 67], 3), { lambda: 0.3 }))].flatMap((w) => [
        s.matmul(x, w, { transposeB: true }),
        ...[0, 1, 2].map((row) => s.matmul(s.slice(x, [{ start: row, end: row + 1 }]), w, { transposeB: true })),
      ]);
    },
    "f32, larger": () => s.matmul(drawn(s, [130, 257], 1), drawn(s, [100, 257], 2), { transposeB: true }),
    "f32 of nothing": () => [
      s.matmul(s.zeros([3, 0]), s.zeros([0, 13]), { bias: bias() }),
      s.matmul(s.zeros([0, 3]), s.zeros([3, 4])),
    ],
    ...each(
      [0, 100].map((zeroPointA) => [
        `integers, zero point ${zeroPointA}`,
        () =>
          sizes.map(([m, k, n]) =>
            s.intMatmul(s.tensor(bytes(m * k, 1), [m, k]), s.tensor(bytes(k * n, 2), [k, n]), { zeroPointA }),
          ),
      ]),
    ),
    ...each(
      Object.entries({
        ...{ int8: s.int8(), uint8: s.uint8(), int4: s.int4(), int2: s.int2() },
        ...{
          "int8 by groups": s.int8({ group: 16 }),
          "int4 by groups": s.int4({ group: 32 }),
          "int4 whole": s.int4({ per: "tensor" }),
        },
        ...{
          "int4 mse": s.int4({ range: s.ranges.mse({ candidates: 20 }) }),
          "int8 kl": s.int8({ per: "tensor", range: s.ranges.kl() }),
        },
        "int8 percentile": s.int8({ range: s.ranges.percentile(99) }),
        ...{ binary: s.binary(), "binary and signs": s.binary({ input: "sign" }), ternary: s.ternary() },
        "binary and scaled signs": s.binary({ input: "sign", scaled: true }),
        "ternary whole": s.ternary({ per: "tensor" }),
        ...{ f16: s.f16(), bf16: s.bf16(), "fp8 e4m3fn": s.fp8(), "fp8 e5m2": s.fp8({ format: "e5m2" }), nf4: s.nf4() },
      }).map(([name, scheme]) => [name, () => [stored(scheme), stored(scheme, [4, 5]), stored(scheme, [33, 130])]]),
    ),
    ...each(
      ["f32", "dynamic", { scale: 0.01, zeroPoint: 3 }].flatMap((input) =>
        [8, 4].map((bits) => [
          `codes of ${bits} bits and ${typeof input === "string" ? input : "fixed"} activations`,
          () => {
            const codes = Int8Array.from(draw(29 * 70, 6, 2 ** (bits - 1) - 0.1), Math.floor);
            return meets(s.quantized(codes, 0.05, undefined, [29, 70], { bits, input }), [29, 70]);
          },
        ]),
      ),
    ),
    ...each(
      ["csr", "bitmap", "2:4", "4:8", "block4x1", "block1x4"].map((layout) => [
        `sparse ${layout}`,
        () => meets(s.sparse(thinned(layout), { layout }), [16, 64]),
      ]),
    ),
    "sparse codes": () => [8, 4].map((bits) => meets(s.sparse(thinned("csr"), { layout: "csr", bits }), [16, 64])),
  };
}
