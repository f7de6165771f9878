import { parseArgs } from "node:util";
import { demo } from "./demo.js";

const usage = `spokeshave demo [--epochs 10] [--seed 1] [--out digits.safetensors] [--json]

  Trains a network on MNIST, tests it, saves it and loads it again.
  --json prints one JSON object: { "error": %, "seconds", "bytes", "params" }`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      epochs: { type: "string", default: "10" },
      seed: { type: "string", default: "1" },
      out: { type: "string", default: "digits.safetensors" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || positionals.length === 0) {
    console.log(usage);
    return;
  }
  if (positionals.length !== 1 || positionals[0] !== "demo")
    throw new Error(`unknown command "${positionals.join(" ")}"; the command is demo`);
  await demo({
    json: values.json,
    epochs: count("epochs", values.epochs),
    seed: count("seed", values.seed),
    out: values.out,
  });
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} is "${text}"; it must be an integer from 1`);
  return value;
}

main().catch((error: unknown) => {
  console.error(`spokeshave: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
