// What a user does in a first hour, and nothing of it may fail or stay behind: an op, a training, pruning, quantizing, bytes and back.
import * as spokeshave from "spokeshave";

export default async function visit() {
  const { init, matmul, tensor, nn, optim, train, evaluate, dataset, memory, Scope } = spokeshave;
  const info = await init();
  const before = memory().tensors;
  const scope = new Scope();

  const product = matmul(tensor([[1, 2, 3, 4, 5]]), tensor([[1], [2], [3], [4], [5]]));
  expect((await product.data())[0] === 55, "1·1 + … + 5·5 is 55");

  // With all processors where the host lets threads share memory, with one where it does not.
  const threads = await init({ threads: "auto" });
  const points = Float32Array.from({ length: 1200 }, (_, i) => ((i * 7919) % 1009) / 504.5 - 1);
  const labels = Uint8Array.from({ length: 600 }, (_, i) => (points[2 * i] > 0) + 2 * (points[2 * i + 1] > 0));
  const data = dataset(points, labels, { inputShape: [2] });
  const model = nn.sequential([nn.linear(2, 32), nn.relu(), nn.linear(32, 32), nn.relu(), nn.linear(32, 4)], {
    seed: 1,
  });
  await train(model, { data, optimizer: optim.adamW({ lr: 1e-2 }), epochs: 12, seed: 1 }).finish();
  const right = async (of) => (await evaluate(of, data)).accuracy;
  const trained = await right(model);
  expect(trained > 0.95, `trained, it is right on ${trained}`);

  const masks = spokeshave.prune(model, spokeshave.magnitude({ sparsity: 0.8, scope: "global" }));
  const sparse = await spokeshave.finetune(model, {
    masks,
    data,
    optimizer: optim.adamW({ lr: 1e-3 }),
    epochs: 4,
    seed: 1,
  });
  expect((await right(sparse)) > 0.9, `pruned, it is right on ${await right(sparse)}`);
  const { model: packed, receipt } = spokeshave.pack(sparse);
  expect(receipt.bytes <= receipt.denseBytes, `packed, it takes ${receipt.bytes} bytes of ${receipt.denseBytes}`);

  const { int4, int8, quantize } = spokeshave;
  const bytes = quantize(model, { weights: int8(), activations: int8(), calibration: data.take(128) });
  expect((await right(bytes)) > trained - 0.02, `in 8 bits, it is right on ${await right(bytes)}`);
  const nibbles = quantize(model, { weights: int4({ group: 16 }) });

  for (const each of [model, packed, bytes, nibbles]) {
    const file = await spokeshave.toFile(each);
    const again = await spokeshave.fromFile(file);
    expect((await right(again)) === (await right(each)), "what comes back from bytes computes the same");
    expect(same(spokeshave.toBytes(again), spokeshave.toBytes(each)), "what comes back from bytes has the same bytes");
  }

  await threads.dispose();
  scope.dispose();
  expect(memory().tensors === before, `${memory().tensors - before} tensors stayed`);
  return { binary: info.binary, heapBytes: memory().heapBytes };
}

function expect(holds, what) {
  if (!holds) throw new Error(`visit: ${what}`);
}

function same(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
