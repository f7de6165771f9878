// Students, taught by answers and by what is inside of their teachers, and those who inherit.
import { drawn } from "./numbers.js";

export function distilling(s, examples) {
  const each = (of) => Object.fromEntries(of);
  const optimizer = () => s.optim.adam({ lr: 5e-3 });
  const usual = { batchSize: 48, seed: 3 };
  const hint = { teacher: "1.relu", student: "1.relu" };
  const wide = { teacher: "1.relu", student: "1.relu", loss: s.similarityPreserving };
  const ways = {
    kd: { loss: s.kd({ temperature: 4, alpha: 0.9 }) },
    dkd: { loss: s.dkd({ alpha: 1, beta: 2 }) },
    generations: { generations: 2 },
    "hints by a regressor": { hints: [{ ...hint, regressor: true }] },
    similarities: { hints: [wide] },
    relations: {
      hints: [
        { ...hint, loss: s.rkdDistance },
        { ...hint, loss: s.rkdAngle, weight: 0.5 },
      ],
    },
  };
  return {
    ...each(
      Object.entries(ways).map(([name, way]) => [
        name,
        async () => {
          const { model, data } = await examples.trained();
          return s.distill(model, examples.network([12], 2), {
            data: data.take(250),
            optimizer: optimizer(),
            ...usual,
            ...way,
          });
        },
      ]),
    ),
    "two teachers": async () => {
      const { model, data } = await examples.trained();
      return s.distill([model, examples.network()], examples.network([12], 2), {
        data: data.take(250),
        optimizer: optimizer(),
        ...usual,
      });
    },
    attention: () => s.attentionTransfer(drawn(s, [3, 4, 9], 1), drawn(s, [3, 7, 9], 2), { p: 3 }),
    inherit: async () => {
      const { model, data } = await examples.trained();
      return [
        s.inherit(model, { widths: { "0.linear": 9, "2.linear": 8 }, calibration: data.take(200) }),
        s.inherit(model, { widths: { "0.linear": 9 } }),
      ];
    },
    "layers fitted": async () => {
      const { model, data } = await examples.trained();
      return s.fitLayers(model, examples.network([24, 16], 5), { calibration: data.take(200), l2: 0.01 });
    },
    pull: async () => {
      const { model, data } = await examples.trained();
      const student = model.with({});
      const pulled = s.optim.chain(s.pull(model.params, { strength: 0.1 }), optimizer());
      await s.train(student, { data: data.take(250), optimizer: pulled, ...usual }).finish();
      return student;
    },
  };
}
