// Runs a program in a process: what it says goes out as it is said, what it gives as the last line.
import { programs } from "./programs.js";

const [program, options = "{}"] = process.argv.slice(2);
const { default: main } = await programs[program]();
console.log(`\n${JSON.stringify((await main?.(JSON.parse(options))) ?? null)}`);
