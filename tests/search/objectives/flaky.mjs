// Ends its thread the first so many times that a trial comes to step 3: how often is kept in a file, as threads forget.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
export default async function* flaky({ x, file, times }, { number }) {
  for (let step = 1; step <= 5; step++) {
    const log = existsSync(file) ? readFileSync(file, "utf8") : "";
    const before = log.split("\n").filter((line) => line === `${number}`).length;
    if (step === 3 && number % 3 === 1 && before < times) {
      appendFileSync(file, `${number}\n`);
      process.exit(1);
    }
    yield x / step;
  }
}
