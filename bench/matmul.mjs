/** f32 matrix products, [m, k, n]. */
const shapes = [
  [64, 64, 64],
  [128, 128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [1024, 1024, 1024],
  [128, 784, 300],
];

export function matmul(all) {
  return shapes.map((shape) => {
    const [m, k, n] = shape;
    return {
      name: `matmul ${shape.join("×")}`,
      shape,
      flops: 2 * m * k * n,
      async start() {
        const contenders = await all();
        const a = Float32Array.from({ length: m * k }, (_, i) => ((i * 7919) % 1000) / 1000 - 0.5);
        const b = Float32Array.from({ length: k * n }, (_, i) => ((i * 104729) % 1000) / 1000 - 0.5);
        return contenders.map(({ name, matmul: prepare }) => ({ name, run: prepare(a, b, shape) }));
      },
    };
  });
}
