import { readFileSync } from "node:fs";
import { Command } from "commander";
import { compressCommand } from "./compress.js";
import { demoCommand } from "./demo.js";
import { fail } from "./failure.js";
import { inspectCommand } from "./inspect.js";
import { searchCommand } from "./search.js";
import { trainCommand } from "./train.js";

/** Of the package that build/ lies in. */
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("spokeshave")
  .description("Trains neural networks, searches for good ones, and makes them small.")
  .version(version)
  .option("--debug", "show where an error comes from")
  .configureOutput({ writeErr: () => {} })
  .exitOverride()
  .addHelpText("after", "\nExample:\n  $ spokeshave demo --quick\n\nMore: spokeshave <command> --help");
for (const add of [demoCommand, trainCommand, compressCommand, searchCommand, inspectCommand]) add(program);

// A reader that goes away, such as head, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});

if (process.argv.length <= 2) program.outputHelp();
else await program.parseAsync().catch(fail);
