// Writes down how its trials end; what it is told decides how long a step takes.
import { appendFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

export default async function* sleeper({ file, spin }, { number, signal }) {
  try {
    for (let step = 1; ; step++) {
      if (spin && step === 2) for (;;);
      await setTimeout(20, undefined, { signal }).catch(() => {});
      yield step;
    }
  } finally {
    appendFileSync(file, `${number} ${signal.aborted}\n`);
  }
}
