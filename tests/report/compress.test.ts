// All the way: a model is compressed, and what its page shows are the numbers that a command line would print.
import { expect, test } from "vitest";
import { compress, digits, nn, optim, train } from "../../src/index.js";
import { figures, report, reportData } from "../../src/report/index.js";
import { zeroLeaks } from "../grid.js";
import { all, attribute, pageOf } from "./page.js";

zeroLeaks();

test("a compression of digits becomes a page, with its numbers and the digits that it misreads", async () => {
  const { train: examples, test: unseen } = await digits();
  const model = nn.sequential([nn.linear(64, 24), nn.relu(), nn.linear(24, 10)], { seed: 1 });
  const losses: { step: number; loss: number }[] = [];
  for await (const { step, loss } of train(model, {
    data: examples,
    epochs: 4,
    optimizer: optim.adam({ lr: 1e-2 }),
    seed: 1,
  }))
    losses.push({ step, loss });
  const budget = { bytes: 2200 };
  const options = { data: examples, test: unseen, budget, trials: 6, finish: 2, epochs: 2, seed: 1 };
  const found = await compress(model, options);
  const about = { title: "digits", model, budget, seconds: 1, losses, test: unseen, picture: [8, 8] as const };
  const data = await reportData(found, about);
  for (const one of [model, ...found.front.map(({ model: made }) => made)]) one.dispose();

  const printed = JSON.parse(JSON.stringify(figures(found)));
  const page = pageOf(report(data));
  const shown = new Map(all(page, "data").map((one) => [attribute(one, "data-of"), attribute(one, "value")]));
  for (const name of ["error", "bytes", "ms"]) expect(shown.get(`dense.${name}`)).toBe(String(printed.dense[name]));
  for (const name of ["error", "bytes", "ms", "sparsity", "bits"]) {
    expect(shown.get(`best.${name}`)).toBe(String(printed.best[name]));
    for (const [i, one] of printed.front.entries()) expect(shown.get(`front.${i}.${name}`)).toBe(String(one[name]));
  }
  expect(page.errors).toEqual([]);
  expect(data.kept).toBe(true);
  expect(data.trials).toHaveLength(6);
  expect(data.misread!.best).toBe(Math.round((data.best!.error / 100) * unseen.size));
  expect(all(page, "img")).toHaveLength(data.misread!.pictures.length);
});
