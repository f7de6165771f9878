// ONNX models of a node or a few, as bytes.
import { createRequire } from "node:module";

const { onnx } = createRequire(import.meta.url)("onnx-proto");

/** ONNX's numbers for element types, by the array that holds them. */
const types = new Map([
  [Float32Array, 1],
  [Uint8Array, 2],
  [Int8Array, 3],
  [Int32Array, 6],
]);

/** A model with one input, `x`, and one output, `y`, which name their array type and shape. */
export function modelOf(nodes, x, y, constants) {
  const value = (name, { type, shape }) => ({
    name,
    type: { tensorType: { elemType: types.get(type), shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
  });
  const initializer = Object.entries(constants).map(([name, { values, shape }]) => ({
    name,
    dataType: types.get(values.constructor),
    dims: shape,
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  }));
  const graph = { name: "work", node: nodes, initializer, input: [value("x", x)], output: [value("y", y)] };
  const opsetImport = [
    { domain: "", version: 17 },
    { domain: "com.microsoft", version: 1 },
  ];
  return onnx.ModelProto.encode({ irVersion: 8, opsetImport, graph }).finish();
}

/** A node; attributes are integers. */
export function nodeOf(opType, input, output = "y", attributes = {}, domain = "") {
  const attribute = Object.entries(attributes).map(([name, i]) => ({
    name,
    type: onnx.AttributeProto.AttributeType.INT,
    i,
  }));
  return { opType, input, output: [output], attribute, domain };
}
