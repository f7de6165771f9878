/** [m, k, n] */
const shapes = [
  [1, 1024, 1024],
  [1, 4096, 4096],
  [64, 784, 300],
  [256, 256, 256],
  [512, 512, 512],
  [1024, 1024, 1024],
];

/** Activations are codes of 8 bits already, so that rounding them changes nothing and all contenders give one result. */
const input = { scale: 2 ** -7, zeroPoint: 128 };
const schemes = {
  "int8 × int8": { bits: 8, input },
  "int8 × int4": { bits: 4, input },
  "int8 × int4 in groups of 32": { bits: 4, group: 32, input },
  "int8 × int2 in groups of 64": { bits: 2, group: 64, input },
  "f32 × int8": { bits: 8 },
  "f32 × int4 in groups of 32": { bits: 4, group: 32 },
};

/** Products with affine weights, beside the same weights as f32. */
export function integers({ name, affine }) {
  return Object.entries(schemes).flatMap(([scheme, options]) =>
    shapes.map((shape) => {
      const [m, k, n] = shape;
      return {
        name: `${scheme}, ${shape.join("×")}`,
        shape,
        flops: 2 * m * k * n,
        async start() {
          const x = Float32Array.from({ length: m * k }, (_, i) => (((i * 7919) % 256) - 128) / 128);
          const half = 2 ** (options.bits - 1);
          const codes = Int8Array.from({ length: n * k }, (_, i) => ((i * 104729) % (2 * half)) - half);
          return [
            { name, run: affine(x, codes, shape, options) },
            { name: "f32", run: affine(x, codes, shape, options, true) },
          ];
        },
      };
    }),
  );
}
