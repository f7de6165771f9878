// Whole models in few bits, by every method; and gradients for the wire.
import { drawn } from "./numbers.js";

export function quantizing(s, examples) {
  const each = (of) => Object.fromEntries(of);
  const ways = {
    int8: { weights: s.int8() },
    uint8: { weights: s.uint8({ per: "tensor" }) },
    "int4 by groups": { weights: s.int4({ group: 16 }) },
    "int4, least error": { weights: s.int4({ range: s.ranges.mse({ candidates: 20 }) }) },
    "int8 and int8": { weights: s.int8(), activations: s.int8() },
    "int4 and uint8": { weights: s.int4(), activations: s.uint8() },
    "int8 and dynamic": { weights: s.int8(), activations: s.int8({ dynamic: true }) },
    "int8 and percentile": { weights: s.int8(), activations: s.int8({ range: s.ranges.percentile(99.9) }) },
    gptq: { weights: s.int4({ group: 16 }), method: s.gptq({ block: 32 }) },
    "gptq in order": { weights: s.int4(), method: s.gptq({ actOrder: true }) },
    awq: { weights: s.int2(), method: s.awq({ grid: 10 }) },
    nf4: { weights: s.nf4({ block: 32 }) },
    binary: { weights: s.binary() },
    ternary: { weights: s.ternary() },
    ...{ f16: { weights: s.f16() }, bf16: { weights: s.bf16() }, fp8: { weights: s.fp8() } },
  };
  const rounded = {
    int4: { weights: s.int4() },
    "int4 and int8": { weights: s.int4(), activations: s.int8() },
    "int2, learned": { weights: s.int2(), scales: "learned" },
    ternary: { weights: s.ternary() },
    "binary and signs": { weights: s.binary({ input: "sign" }) },
    fp8: { weights: s.fp8() },
  };
  const codecs = {
    signSgd: s.codecs.signSgd(),
    ternGrad: s.codecs.ternGrad({ seed: 1 }),
    qsgd: s.codecs.qsgd({ levels: 4, seed: 1 }),
    topK: s.codecs.topK({ ratio: 0.1 }),
    powerSgd: s.codecs.powerSgd({ rank: 2, seed: 1 }),
  };
  return {
    ...each(
      Object.entries(ways).map(([name, way]) => [
        `model in ${name}`,
        async () => {
          const { model, data } = await examples.trained();
          const made = s.quantize(model, { ...way, calibration: data.take(200) });
          const { x } = data.batch([0, 7, 99]);
          return [made, made.apply(made.params, x), s.fromBytes(s.toBytes(made)), await s.evaluate(made, data)];
        },
      ]),
    ),
    ...each(
      Object.entries(rounded).map(([name, way]) => [
        `training with ${name}`,
        async () => {
          const { model, data } = await examples.trained();
          const training = s.qat(model, { ...way, calibration: data.take(200) });
          const optimizer = s.optim.adam({ lr: 2e-3 });
          await s.train(training, { data: data.take(250), optimizer, batchSize: 48, seed: 4 }).finish();
          return [training.params, training.finish()];
        },
      ]),
    ),
    ...each(
      Object.entries(codecs).map(([name, codec]) => [
        `gradients by ${name}`,
        () => {
          const params = { w: s.zeros([9, 17]), b: s.zeros([9]) };
          const state = codec.init(params);
          return [1, 2, 3].map((t) => {
            const bytes = codec.encode({ w: drawn(s, [9, 17], t), b: drawn(s, [9], t + 9) }, state);
            return [bytes, codec.decode(bytes, params), state];
          });
        },
      ]),
    ),
    "training over a wire": async () => {
      const { model, data } = await examples.trained();
      const optimizer = s.codecs.compressed(s.codecs.qsgd({ levels: 8, seed: 2 }), s.optim.sgd({ lr: 0.05 }));
      await s.train(model, { data, optimizer, batchSize: 48 }).finish();
      return model;
    },
  };
}
