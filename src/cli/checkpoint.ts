// A training that was stopped, in one file: model, state and settings, so that all three are of the same step.
import { readFile, writeFileAtomic } from "../files/disk.js";
import {
  fromBytes,
  type Model,
  parseSafetensors,
  type StoredTensor,
  serializeSafetensors,
  stateFromBytes,
  stateToBytes,
  type TrainState,
  toBytes,
} from "../index.js";
import { argumentsOf, type Settings, settingsFrom } from "./settings.js";

/** The metadata entry that holds the settings. */
const entry = "spokeshave-train";

export interface Checkpoint {
  readonly model: Model;
  readonly state: TrainState;
  readonly settings: Settings;
}

/** Atomic: whenever the process stops, the path holds the old file or the new one, whole. */
export async function saveCheckpoint(path: string, { model, state, settings }: Checkpoint): Promise<void> {
  const bytesOf = (data: Uint8Array): StoredTensor => ({ dtype: "U8", shape: [data.length], data });
  const parts = { model: bytesOf(toBytes(model)), state: bytesOf(stateToBytes(state)) };
  const line = JSON.stringify(argumentsOf(settings));
  await writeFileAtomic(path, serializeSafetensors(Object.entries(parts), [[entry, line]]));
}

/** @throws {Error} if the file holds no training. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = parseSafetensors(await readFile(path));
  const [model, state, text] = [tensors.get("model"), tensors.get("state"), metadata.get(entry)];
  if (model === undefined || state === undefined || text === undefined)
    throw new Error(`train: ${path} is no stopped training; --resume takes the file that one leaves`);
  const settings = settingsOf(path, text);
  return { settings, model: fromBytes(model.data), state: stateFromBytes(state.data) };
}

function settingsOf(path: string, text: string): Settings {
  try {
    const line: unknown = JSON.parse(text);
    if (!Array.isArray(line) || !line.every((each) => typeof each === "string")) throw new Error("they are no list");
    return settingsFrom(line);
  } catch (cause) {
    throw new Error(`train: ${path}: its settings are broken: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}
