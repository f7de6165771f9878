import { said } from "../check.js";
import { ArgumentError, FileError, SpokeshaveError } from "../errors.js";
import type { Attributes } from "../layers.js";
import { checkModel, type GraphNode, Model } from "../model.js";
import { type Format, Packed } from "../packed.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";
import { readFile, writeFileAtomic } from "./disk.js";
import { gunzip, gzip, isGzip } from "./gzip.js";
import { type JsonValue, Numeral, quote, readJson } from "./json.js";
import { type PackedEntry, restorePacked, storePacked } from "./packed.js";
import { type Bytes, claimedLength, parseSafetensors, type StoredTensor, serializeSafetensors } from "./safetensors.js";
import { claimedBytes } from "./size.js";
import { restore, store } from "./tensors.js";

/** The metadata entry that holds the graph. */
const entry = "spokeshave";
const version = 1;
const limits = { start: 0, depth: 8, containers: 200_000, members: 100_000 };

/**
 * A model as the bytes of a safetensors file: parameters under their names, the graph in the metadata. The same model gives
 * the same bytes.
 *
 * @throws {DisposedError} if the model was disposed of.
 * @example
 * const copy = fromBytes(toBytes(model));
 */
export function toBytes(model: Model): Bytes {
  checkModel("toBytes", "model", model);
  const packed: Record<string, PackedEntry> = Object.create(null);
  const params = Object.entries(model.params).flatMap(([name, t]): [string, StoredTensor][] => {
    if (!(t instanceof Packed)) return [[name, store(t)]];
    packed[name] = { shape: t.shape, format: t.format };
    return storePacked(name, t);
  });
  const some = Object.keys(packed).length > 0;
  const text = JSON.stringify({ version, graph: model.graph, ...(some && { packed }) });
  return serializeSafetensors(params, [[entry, text]]);
}

/**
 * A model from the bytes of a safetensors file. Everything is checked before anything is made of it.
 *
 * @throws {FileError} what is wrong, as a `code`, and where, as an `offset`.
 * @throws {OutOfMemoryError}
 * @example
 * const again = fromBytes(toBytes(model));
 */
export function fromBytes(bytes: Uint8Array | ArrayBuffer): Model {
  const whole = bytesIn("fromBytes", bytes);
  if (isGzip(whole)) throw new FileError("fromBytes: gzipped; use fromFile", "E_GZIP");
  const { tensors, metadata } = parseSafetensors(whole);
  const text = metadata.get(entry);
  if (text === undefined)
    throw new FileError(
      `model: the file has tensors but no graph (metadata "${entry}"); save models with save() or toBytes()`,
      "E_MODEL",
    );
  const { graph, packed } = graphFrom(text);
  return scope(() => {
    const params: Record<string, Tensor> = Object.create(null);
    for (const [name, one] of packed) params[name] = restorePacked(name, one, tensors);
    for (const [name, stored] of tensors) params[name] = restore(name, stored);
    try {
      return new Model(graph, params);
    } catch (cause) {
      if (!(cause instanceof SpokeshaveError)) throw cause;
      throw new FileError(`model: ${cause.message}`, "E_MODEL", undefined, { cause });
    }
  });
}

/**
 * A model as the bytes of the file that `save` writes: those of `toBytes`, gzipped if weights are packed, so that codes and indices
 * take what they tell; a model of f32 stays a plain safetensors file. The same model gives the same bytes on every host.
 *
 * @throws {DisposedError} if the model was disposed of.
 * @example
 * const { length } = await toFile(pack(model).model);
 */
export async function toFile(model: Model): Promise<Bytes> {
  const bytes = toBytes(model);
  return Object.values(model.params).some((t) => t instanceof Packed) ? gzip(bytes) : bytes;
}

/**
 * A model from the bytes of a file, gzipped or plain. No more is unpacked than the header inside claims.
 *
 * @throws {FileError} E_GZIP for what is not one whole gzip member, E_TRUNCATED or E_TRAILING if it claims more than it can hold or
 *   holds more than it claims; else as `fromBytes`.
 * @throws {OutOfMemoryError}
 * @example
 * const again = await fromFile(await toFile(model));
 */
export async function fromFile(bytes: Uint8Array | ArrayBuffer): Promise<Model> {
  const whole = bytesIn("fromFile", bytes);
  return fromBytes(isGzip(whole) ? await gunzip("fromFile", whole, claimedLength) : whole);
}

/**
 * Saves a model to disk, as `toFile` gives it. Atomic: at any moment the path holds the old file or the new one, whole.
 *
 * @throws {FileError} E_WRITE with its cause, or E_NO_DISK on a host without one: there use `toFile`.
 * @example
 * await save(model, "digits.safetensors");
 */
export async function save(model: Model, path: string | URL): Promise<void> {
  await writeFileAtomic(path, await toFile(model));
}

/**
 * Loads a model from disk.
 *
 * @throws {FileError} E_READ if it cannot be read, or what is wrong with it.
 * @example
 * const model = await load("digits.safetensors");
 */
export async function load(path: string | URL): Promise<Model> {
  return fromFile(await readFile(path));
}

function bytesIn(who: string, bytes: Uint8Array | ArrayBuffer): Uint8Array {
  const whole = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  if (whole instanceof Uint8Array) return whole;
  throw new ArgumentError(`${who}: got ${said(bytes)}; it takes bytes`);
}

function graphFrom(text: string): { graph: GraphNode[]; packed: Map<string, PackedEntry> } {
  const root = readJson(new TextEncoder().encode(text), limits);
  const fields = root instanceof Map ? root : new Map<string, JsonValue>();
  const [found, nodes, packed = new Map<string, JsonValue>()] = ["version", "graph", "packed"].map((key) =>
    fields.get(key),
  );
  if (found !== version)
    throw new FileError(
      `model: the graph has version ${shown(found)}; this release reads version ${version}`,
      "E_MODEL",
    );
  if (!Array.isArray(nodes)) throw new FileError("model: the graph is no list of nodes", "E_MODEL");
  if (!(packed instanceof Map)) throw new FileError("model: packed is no object", "E_MODEL");
  return {
    graph: nodes.map(nodeFrom),
    packed: new Map([...packed].map(([name, value]) => [name, packedFrom(name, value)])),
  };
}

function nodeFrom(value: JsonValue, i: number): GraphNode {
  const fields = value instanceof Map ? value : new Map<string, JsonValue>();
  const [name, op, input, settings] = ["name", "op", "input", "attributes"].map((key) => fields.get(key));
  if (typeof name !== "string" || typeof op !== "string" || typeof input !== "string" || !(settings instanceof Map))
    throw new FileError(`model: node ${i} of the graph needs the texts name, op and input, and attributes`, "E_MODEL");
  return { name, op, input, attributes: attributesFrom(`node ${i}: attribute`, settings) };
}

function packedFrom(name: string, value: JsonValue): PackedEntry {
  const fields = value instanceof Map ? value : new Map<string, JsonValue>();
  const [shape, settings] = [fields.get("shape"), fields.get("format")];
  const sizes = Array.isArray(shape) ? shape.filter((d) => typeof d === "number") : [];
  const format = settings instanceof Map ? attributesFrom(`${quote(name)}: setting`, settings) : {};
  if (!Array.isArray(shape) || sizes.length !== shape.length || typeof format.kind !== "string")
    throw new FileError(`model: ${quote(name)} needs a shape of integers, and a format with a kind`, "E_MODEL");
  claimedBytes(`model: ${quote(name)}`, sizes, 1);
  return { shape: sizes, format: format as Format };
}

/** Numbers, booleans and texts by name. */
function attributesFrom(who: string, settings: ReadonlyMap<string, JsonValue>): Attributes {
  const attributes: Record<string, number | boolean | string> = Object.create(null);
  for (const [key, setting] of settings) {
    const plain = setting instanceof Numeral ? Number(setting.text) : setting;
    if (typeof plain !== "number" && typeof plain !== "boolean" && typeof plain !== "string")
      throw new FileError(`model: ${who} ${quote(key)} is ${shown(setting)}, no number, boolean or text`, "E_MODEL");
    attributes[key] = plain;
  }
  return attributes;
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return "missing";
  if (value instanceof Numeral) return value.text;
  return value instanceof Map ? "an object" : Array.isArray(value) ? "a list" : quote(String(value));
}
