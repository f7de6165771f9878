import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Command } from "commander";
import { readFile } from "../files/disk.js";
import { fromFile, init, parseSafetensors } from "../index.js";
import { modelFile } from "./ask.js";
import { fileParts, modelParts, type Part, total } from "./parts.js";
import { jsonLine, percent, printable, sizeText, table } from "./text.js";

/** The most that a gzipped file may unpack to. */
const mostBytes = 2 ** 31 - 1;

export function inspectCommand(program: Command): void {
  program
    .command("inspect")
    .description("Show what is in a model file, or in any safetensors file: layers, shapes, zeros, bits and bytes.")
    .argument("[file]", "a safetensors file, plain or gzipped")
    .option("--json", "end with one line of JSON")
    .addHelpText("after", "\nExample:\n  $ spokeshave inspect small.safetensors")
    .action(async (file: string | undefined, { json = false }: { json?: boolean }) => {
      await inspect(await modelFile(file, "inspect"), json);
    });
}

async function inspect(file: string, json: boolean): Promise<void> {
  const bytes = await readFile(file);
  const plain = await unpacked(file, bytes);
  const { tensors, metadata } = parseSafetensors(plain);
  await init();
  const model = metadata.has("spokeshave") ? await fromFile(bytes) : undefined;
  const parts = model === undefined ? fileParts(tensors) : await modelParts(model, tensors);
  const graph = model?.graph.map(({ name, op, input }) => ({ name, op, input })) ?? null;
  model?.dispose();
  const all = total(parts);
  if (json) {
    const sizes = { bytes: bytes.length, unpackedBytes: plain.length };
    console.log(jsonLine({ file, ...sizes, graph, tensors: parts, total: all }));
    return;
  }
  const packed = plain === bytes ? "" : `, ${sizeText(plain.length)} unpacked`;
  console.log(`${printable(file)}: ${sizeText(bytes.length)}${packed}`);
  console.log(graph === null ? "no graph, tensors alone" : graph.map(({ op }) => printable(op)).join(" → "));
  const sum: Part = { name: "total", layer: null, stored: "", shape: [all.size], ...all };
  const head = ["tensor", "layer", "stored", "shape", "zeros", "bits", "bytes"];
  console.log(`\n${table(head, [...parts, sum].map(rowOf))}`);
}

function rowOf({ name, layer, stored, shape, sparsity, bits, bytes }: Part): (string | number)[] {
  return [name, layer ?? "", stored, shape.join("×"), `${percent(sparsity)} %`, bits.toFixed(2), bytes];
}

async function unpacked(file: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: mostBytes });
  } catch (cause) {
    throw new Error(`inspect: ${file} is no whole gzip file; fetch it again`, { cause });
  }
}
