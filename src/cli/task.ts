// What a search searches: a module whose default export is the objective.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Direction, SearchObjective, Space } from "../index.js";
import type { DataOptions } from "./data/source.js";

export interface Task {
  readonly url: URL;
  readonly objective: SearchObjective<unknown>;
  readonly space: Space<unknown>;
  /** Which way a value is better; default "minimize". */
  readonly direction: Direction | readonly Direction[] | undefined;
  /** What the value is called. */
  readonly title: string;
}

/** A module of the user's. @throws {Error} if it cannot be loaded, or does not export what a search needs. */
export async function taskFrom(path: string): Promise<Task> {
  const url = pathToFileURL(resolve(path));
  const exports = await load(url).catch((cause: unknown) => {
    throw new Error(`search: ${path} cannot be loaded: ${cause instanceof Error ? cause.message : cause}`, { cause });
  });
  for (const [name, value] of [
    ["a default export, the objective", exports.objective],
    ["an export `space`", exports.space],
  ] as const)
    if (typeof value !== "function") throw new Error(`search: ${path} needs ${name}, that is a function`);
  return exports;
}

/** The network on data that objective.ts trains; it is built to lie beside the command line. */
export async function networkTask(
  data: string,
  options: DataOptions & { epochs: number; seed: number },
): Promise<Task> {
  const url = new URL("./objective.js", import.meta.url);
  const { label, scale, epochs, seed } = options;
  for (const [name, value] of Object.entries({ data, label, scale, epochs, seed }))
    if (value !== undefined) url.searchParams.set(name, String(value));
  return load(url);
}

async function load(url: URL): Promise<Task> {
  const { default: objective, space, direction, title = "value" } = await import(url.href);
  return { url, objective, space, direction, title };
}
