import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileError } from "../../src/errors.js";
import { fromBytes, load, save, toBytes } from "../../src/files/model.js";
import { parseSafetensors, serializeSafetensors } from "../../src/files/safetensors.js";
import { stateFromBytes } from "../../src/files/state.js";
import * as nn from "../../src/nn/index.js";
import { memory } from "../../src/runtime/heap.js";
import { scope } from "../../src/scope.js";
import { readTensor, tensor } from "../../src/tensor.js";
import { zeroLeaks } from "../grid.js";

zeroLeaks();

const specs = [
  nn.linear(3, 5),
  nn.leakyRelu({ slope: 0.125 }),
  nn.dropout(0.5),
  nn.gelu({ approximate: "tanh" }),
  nn.linear(5, 2, { bias: false }),
];
const network = () => nn.sequential(specs, { seed: 1 });

/** The file of a model with its graph replaced. */
function withGraph(graph: unknown): Uint8Array {
  return scope(() => {
    const { tensors } = parseSafetensors(toBytes(network()));
    return serializeSafetensors(tensors, [["spokeshave", typeof graph === "string" ? graph : JSON.stringify(graph)]]);
  });
}

describe("a model file", () => {
  test("gives the model back: same graph, same parameters, same output, same bytes", () => {
    scope(() => {
      const model = network();
      const again = fromBytes(toBytes(model));
      expect(again.graph.map((node) => ({ ...node, attributes: { ...node.attributes } }))).toEqual(model.graph);
      const x = tensor([[1, -2, 3]]);
      expect(readTensor(again.apply(again.params, x))).toEqual(readTensor(model.apply(model.params, x)));
      expect(toBytes(again)).toEqual(toBytes(model));
    });
  });

  test("goes to disk and back, by path and by URL", async () => {
    const folder = await mkdtemp(join(tmpdir(), "spokeshave-"));
    const model = network();
    for (const path of [join(folder, "a.safetensors"), new URL(`file://${folder}/b.safetensors`)]) {
      await save(model, path);
      const again = await load(path);
      expect(toBytes(again)).toEqual(toBytes(model));
      expect(new Uint8Array(await readFile(path))).toEqual(toBytes(model));
      again.dispose();
    }
    await writeFile(join(folder, "c"), "no model");
    await expect(load(join(folder, "c"))).rejects.toMatchObject({ code: "E_HEADER_SIZE" });
    await expect(load(join(folder, "none"))).rejects.toMatchObject({ code: "E_READ" });
    model.dispose();
  });

  const node = { name: "n", op: "relu", input: "input", attributes: {} };
  test.each<[string, unknown, RegExp]>([
    ["no JSON", "{", /header/],
    ["another version", { version: 2, graph: [] }, /version "?2"?; this release reads version 1/],
    ["no version", { graph: [] }, /version missing/],
    ["no list", { version: 1, graph: {} }, /no list of nodes/],
    ["a node that is no object", { version: 1, graph: [1] }, /node 0 of the graph needs/],
    ["a node without a name", { version: 1, graph: [{ ...node, name: 1 }] }, /node 0 of the graph needs/],
    [
      "an attribute that is a list",
      { version: 1, graph: [{ ...node, attributes: { a: [] } }] },
      /attribute "a" is a list/,
    ],
    [
      "an op from the prototype",
      { version: 1, graph: [{ ...node, op: "constructor" }] },
      /"constructor", which this version does not know/,
    ],
    ["a duplicate key", '{"version":1,"version":1,"graph":[]}', /twice/],
    ["parameters of no node", { version: 1, graph: [] }, /belongs to no node/],
    ["depth", `{"version":1,"graph":${"[".repeat(50)}${"]".repeat(50)}}`, /nested deeper/],
  ])("with %s is refused, and nothing stays behind", (_, graph, message) => {
    const before = memory().tensors;
    expect(() => fromBytes(withGraph(graph))).toThrow(FileError);
    expect(() => fromBytes(withGraph(graph))).toThrow(message);
    expect(memory().tensors).toBe(before);
  });

  test("with f64 parameters, or tensors and no graph, says so", () => {
    const wide = serializeSafetensors(
      [["w", { dtype: "F64", shape: [1], data: new Uint8Array(8) }]],
      [["spokeshave", '{"version":1,"graph":[]}']],
    );
    expect(() => fromBytes(wide)).toThrow(/F64 cannot be computed with/);
    expect(() => fromBytes(serializeSafetensors([]))).toThrow(/tensors but no graph/);
    expect(() => stateFromBytes(serializeSafetensors([]))).toThrow(/no training state/);
  });

  test.each([
    '["tensor",0]',
    '["value",1]',
    '["record",[["step",["value",-1]]]]',
    "[]",
    '{"a":1}',
    '["record",[[1,null]]]',
  ])("a training state of %s is refused", (text) => {
    expect(() => stateFromBytes(serializeSafetensors([], [["spokeshave-training", text]]))).toThrow(FileError);
  });

  test("cut anywhere, or with any byte flipped in its header, never gives a broken model", () => {
    scope(() => {
      const whole = toBytes(network());
      for (let end = 0; end < whole.length; end += 3) expect(() => fromBytes(whole.slice(0, end))).toThrow(FileError);
      const header = 8 + whole[0]! + 256 * whole[1]!;
      for (let at = 0; at < header; at++) {
        const bent = whole.slice();
        bent[at]! ^= 1 << (at % 8);
        try {
          fromBytes(bent).dispose();
        } catch (error) {
          expect(error, `byte ${at}`).toBeInstanceOf(FileError);
        }
      }
    });
  });
});
