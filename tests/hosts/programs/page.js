// Runs the program that the address names, tells the server what came of it, and goes to the next page.
import { programs } from "./programs.js";

const asked = new URLSearchParams(location.search);
const said = [];
console.log = (...words) => said.push(words.map((word) => JSON.stringify(word)).join(" "));
const answer = await run().catch((error) => ({ error: `${error?.name}: ${error?.message}` }));
await fetch("/done", { method: "POST", body: JSON.stringify({ ...answer, said: said.join("\n") }) });
location.replace("/next");

async function run() {
  const { default: main } = await programs[asked.get("program")]();
  return { value: (await main?.(JSON.parse(asked.get("options")))) ?? null };
}
