import { stat } from "node:fs/promises";
import { SingleBar } from "cli-progress";
import type { Command } from "commander";
import { confusion, evaluate, init, load, nn, optim, save, train } from "../index.js";
import { mnist } from "./data/mnist.js";
import { count } from "./options.js";
import { jsonLine, percent } from "./text.js";

interface DemoOptions {
  readonly json?: boolean;
  readonly epochs: number;
  readonly seed: number;
  readonly out: string;
}

export function demoCommand(program: Command): void {
  program
    .command("demo")
    .description("Train a network on MNIST, test it, save it and load it again.")
    .option("--epochs <n>", "passes over the data", count(1), 10)
    .option("--seed <n>", "for all that is drawn", count(0), 1)
    .option("--out <file>", "where the model goes", "digits.safetensors")
    .option("--json", "end with one line of JSON")
    .addHelpText("after", "\nExample:\n  $ spokeshave demo --json")
    .action(demo);
}

/** Trains 784-300-100-10 on MNIST, shows how well it reads, saves it and proves that the saved one reads the same. */
async function demo({ json = false, epochs, seed, out }: DemoOptions): Promise<void> {
  const say = json ? () => {} : console.log;
  const { binary } = await init();
  const digits = await mnist();
  const layers = [nn.linear(784, 300), nn.relu(), nn.linear(300, 100), nn.relu(), nn.linear(100, 10)];
  const model = nn.sequential(layers, { seed });
  const params = model.size;
  say(
    `784-300-100-10 on MNIST: ${params} parameters, ${digits.train.size} digits, ${epochs} epochs, ${binary} kernels\n`,
  );

  const batchSize = 128;
  const steps = epochs * Math.ceil(digits.train.size / batchSize);
  const optimizer = optim.adamW({ lr: optim.oneCycle(3e-3, steps), weightDecay: 0.02 });
  const bar = new SingleBar({
    format: "  {bar} {percentage}%  epoch {epoch}  loss {loss}  {duration_formatted}, {eta_formatted} to go",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    stream: process.stderr,
  });
  if (!json) bar.start(steps, 0, { epoch: 1, loss: "-" });
  const began = performance.now();
  for await (const { epoch, step, loss } of train(model, {
    data: digits.train,
    optimizer,
    epochs,
    batchSize,
    seed,
    report: 50,
  }))
    bar.update(step, { epoch, loss: loss.toFixed(4) });
  const seconds = (performance.now() - began) / 1000;
  bar.stop();

  const test = await evaluate(model, digits.test);
  const error = percent(1 - test.accuracy);
  await save(model, out);
  const { size: bytes } = await stat(out);
  const again = await load(out);
  const reloaded = percent(1 - (await evaluate(again, digits.test)).accuracy);
  if (reloaded !== error) throw new Error(`demo: the saved model errs on ${reloaded} %, the trained one on ${error} %`);

  say(`\ntest error ${error} % of ${test.size} digits, after ${seconds.toFixed(1)} s of training`);
  say(`saved ${out} (${bytes} bytes), loaded it again: ${reloaded} %, the same\n`);
  say(tableOf(await confusion(again, digits.test, { classes: 10 })));
  model.dispose();
  again.dispose();
  if (json) console.log(jsonLine({ error, seconds, bytes, params }));
}

/** Rows: what a digit is; columns: what it was taken for. Zeros are dots, so that the mistakes stand out. */
function tableOf(table: readonly (readonly number[])[]): string {
  const cell = (value: number | string): string => String(value === 0 ? "·" : value).padStart(5);
  const head = `taken for ${table.map((_, digit) => String(digit).padStart(5)).join("")}   missed`;
  const rows = table.map((row, digit) => {
    const missed = row.reduce((sum, count, guess) => sum + (guess === digit ? 0 : count), 0);
    return `digit   ${digit} ${row.map(cell).join("")}   ${String(missed).padStart(6)}`;
  });
  return [head, ...rows].join("\n");
}
