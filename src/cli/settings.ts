// What fixes the result of a training: flags on the command line, and the same flags in the file of a stopped training.
import { Command, Option } from "commander";
import { amount, count, widths } from "./options.js";

export interface Settings {
  readonly data?: string;
  readonly label?: string;
  readonly scale?: number;
  readonly layers: readonly number[];
  readonly epochs: number;
  readonly lr: number;
  readonly batch: number;
  readonly weightDecay: number;
  readonly validation: number;
  readonly seed: number;
}

/** The flags that say which data. */
export function withData(command: Command): Command {
  return command
    .option("--data <source>", "digits, mnist, a CSV file, or IDX files or their folder")
    .option("--label <column>", "CSV column of the labels, by name or number (default: the last)")
    .option(
      "--scale <factor>",
      "multiplies the inputs (default: 1, for bytes 1/255)",
      amount(0, Number.MAX_VALUE, { from: false }),
    );
}

/** The flags that fix a training, data among them. */
export function withSettings(command: Command): Command {
  return withData(command)
    .addOption(
      new Option("--layers <widths>", "widths of the hidden layers, or none")
        .argParser(widths)
        .default([300, 100], "300,100"),
    )
    .option("--epochs <n>", "passes over the data", count(1, 1e6), 10)
    .option("--lr <rate>", "highest learning rate", amount(0, 10, { from: false }), 3e-3)
    .option("--batch <n>", "examples to a step", count(1, 65536), 64)
    .option("--weight-decay <rate>", "pull towards 0", amount(0, 10), 0.02)
    .option("--validation <share>", "share of the training data to hold out", amount(0, 0.9), 0.1)
    .option("--seed <n>", "for all that is drawn", count(0, 2 ** 32 - 1), 1);
}

const names = Object.keys({
  data: 0,
  label: 0,
  scale: 0,
  layers: 0,
  epochs: 0,
  lr: 0,
  batch: 0,
  weightDecay: 0,
  validation: 0,
  seed: 0,
} satisfies Record<keyof Settings, 0>) as (keyof Settings)[];

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** As a command line that gives the same settings again. */
export function argumentsOf(settings: Settings): string[] {
  return names.flatMap((name) => {
    const value = settings[name];
    if (value === undefined) return [];
    return `${flagOf(name)}=${Array.isArray(value) ? value.join(",") || "none" : value}`;
  });
}

/** From such a command line, checked as if it had been typed. @throws {CommanderError} */
export function settingsFrom(line: readonly string[]): Settings {
  const command = new Command().configureOutput({ writeErr: () => {} }).exitOverride();
  return withSettings(command).parse(line, { from: "user" }).opts<Settings>();
}

/** Which of the settings stand on the command line, as flags. */
export function typed(command: Command): string[] {
  return names.filter((name) => command.getOptionValueSource(name) === "cli").map(flagOf);
}
