// Each allocation in turn finds no memory: the error is typed, nothing stays behind, and what was given is as it was.
import { afterEach, expect, test, vi } from "vitest";
import { distill } from "../../src/distill/distill.js";
import { fitLayers } from "../../src/distill/fit.js";
import { inherit } from "../../src/distill/inherit.js";
import { rkdAngle, rkdDistance } from "../../src/distill/relations.js";
import { OutOfMemoryError } from "../../src/errors.js";
import { toBytes } from "../../src/files/model.js";
import type { Model } from "../../src/model.js";
import * as optim from "../../src/optim/index.js";
import { heap, memory } from "../../src/runtime/heap.js";
import { zeroLeaks } from "../grid.js";
import { free, network, options, quadrants } from "./points.js";

zeroLeaks();
afterEach(() => vi.restoreAllMocks());

const data = quadrants(8);
const hints = [
  { teacher: "1.relu", student: "1.relu" },
  { teacher: "0.linear", student: "0.linear", loss: rkdDistance },
  { teacher: "0.linear", student: "0.linear", loss: rkdAngle },
];
const calls: Readonly<Record<string, (teacher: Model, small: Model) => Model | Promise<Model>>> = {
  distill: (teacher, small) =>
    distill(teacher, small, options({ data, epochs: 1, batchSize: 4, optimizer: optim.adam() })),
  "distill by hints": (teacher, small) =>
    distill(teacher, small, options({ data, epochs: 1, batchSize: 4, optimizer: optim.adam(), hints })),
  "distill two teachers": (teacher, small) =>
    distill([teacher, small], small, { ...options({ data, epochs: 1, batchSize: 8 }), generations: 2 }),
  inherit: (teacher) => inherit(teacher, { widths: { "0.linear": 4 }, calibration: data }),
  fitLayers: (teacher, small) => fitLayers(teacher, small, { calibration: data }),
};

test.each(Object.entries(calls))("%s", async (_, call) => {
  const [teacher, small] = [network(6, 1), network(5, 2)];
  const given = [toBytes(teacher), toBytes(small)];
  const before = memory();
  const allocate = heap.allocate.bind(heap);
  let failures = 0;
  for (let n = 1; ; n++) {
    let count = 0;
    const spy = vi.spyOn(heap, "allocate").mockImplementation((bytes) => {
      if (++count === n) throw new OutOfMemoryError("none", bytes, 0, 0);
      return allocate(bytes);
    });
    const made = await Promise.resolve()
      .then(() => call(teacher, small))
      .catch((error: unknown) => error);
    spy.mockRestore();
    if (!(made instanceof OutOfMemoryError)) {
      free(made as Model);
      break;
    }
    failures++;
    expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  }
  expect(failures).toBeGreaterThan(20);
  expect(memory()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
  expect([toBytes(teacher), toBytes(small)]).toEqual(given);
  free(teacher, small);
});
