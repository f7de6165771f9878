import { FileError } from "../errors.js";
import { scope } from "../scope.js";
import { Tensor } from "../tensor.js";
import type { TrainState } from "../train/train.js";
import type { Tree } from "../tree.js";
import { type JsonValue, Numeral, quote, readJson } from "./json.js";
import { type Bytes, parseSafetensors, type StoredTensor, serializeSafetensors } from "./safetensors.js";
import { restore, store } from "./tensors.js";

/** The metadata entry that holds everything but the tensors. */
const entry = "spokeshave-training";
const limits = { start: 0, depth: 64, containers: 3_000_000, members: 1_000_000 };

/** A value as JSON that cannot be mistaken: names are data, and a tensor is its number in the file. */
type Packed =
  | null
  | ["value", number | string | boolean]
  | ["tensor", number]
  | ["list", Packed[]]
  | ["record", [string, Packed][]];

/**
 * The state of a training as the bytes of a safetensors file, to go on elsewhere or later; the model is saved on its own.
 *
 * @example
 * const training = train(model, { data, optimizer: optim.adam(), epochs: 9 });
 * for await (const step of training) if (step.epoch === 3) break;
 * const bytes = stateToBytes(training.state);
 * training.dispose();
 */
export function stateToBytes(state: TrainState<Tree>): Bytes {
  const tensors: [string, StoredTensor][] = [];
  const pack = (value: unknown): Packed => {
    if (value === undefined || value === null) return null;
    if (value instanceof Tensor) return ["tensor", tensors.push([String(tensors.length), store(value)]) - 1];
    if (Array.isArray(value)) return ["list", value.map(pack)];
    if (typeof value === "object") return ["record", Object.entries(value).map(([name, item]) => [name, pack(item)])];
    return ["value", value as number];
  };
  const text = JSON.stringify(pack(state));
  return serializeSafetensors(tensors, [[entry, text]]);
}

/**
 * The state of a training from its bytes.
 *
 * @throws {FileError} what is wrong with them.
 * @example
 * const first = train(model, { data, optimizer: optim.adam(), epochs: 9 });
 * for await (const step of first) break;
 * const state = stateFromBytes(stateToBytes(first.state));
 * first.dispose();
 * await train(model, { data, optimizer: optim.adam(), epochs: 9, state }).finish();
 */
export function stateFromBytes(bytes: Uint8Array): TrainState {
  const { tensors, metadata } = parseSafetensors(bytes);
  const text = metadata.get(entry);
  if (text === undefined) throw broken("the file holds no training state; make one with stateToBytes()");
  return scope(() => {
    const unpack = (value: JsonValue): unknown => {
      if (value === null) return undefined;
      const [kind, content] = Array.isArray(value) && value.length === 2 ? value : [];
      if (kind === "value") return content instanceof Numeral ? Number(content.text) : content;
      if (kind === "list" && Array.isArray(content)) return content.map(unpack);
      if (kind === "record" && Array.isArray(content)) {
        const record: Record<string, unknown> = Object.create(null);
        for (const pair of content) {
          if (!Array.isArray(pair) || typeof pair[0] !== "string") throw broken("a record has an entry without a name");
          if (Object.hasOwn(record, pair[0])) throw broken(`a record has two entries ${quote(pair[0])}`);
          record[pair[0]] = unpack(pair[1] ?? null);
        }
        return record;
      }
      const stored = kind === "tensor" ? tensors.get(String(content)) : undefined;
      if (stored === undefined) throw broken("a value is neither number, list, record nor tensor of the file");
      return restore(String(content), stored);
    };
    const state = unpack(readJson(new TextEncoder().encode(text), limits)) as Partial<TrainState> | undefined;
    if (
      typeof state !== "object" ||
      !isOptimizerState(state.optimizer) ||
      !isCount(state.step) ||
      !isCount(state.waited)
    )
      throw broken("step, waited or optimizer is missing");
    const { best } = state;
    if (best !== undefined && (typeof best !== "object" || typeof best.value !== "number" || !isTree(best.params)))
      throw broken("best is no value with parameters");
    return { ...state, best } as TrainState;
  });
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Tensors in lists and records, and nothing else. */
function isTree(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return value instanceof Tensor || Object.values(value).every(isTree);
}

function isOptimizerState(value: unknown): boolean {
  const { step, slots, links } = (value ?? {}) as Record<string, unknown>;
  return isCount(step) && isTree(slots) && Array.isArray(links) && links.every(isOptimizerState);
}

function broken(what: string): FileError {
  return new FileError(`training state: ${what}`, "E_MODEL");
}
