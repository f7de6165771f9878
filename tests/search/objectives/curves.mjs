// Curves that fall, of different lengths; one trial throws, others end their thread as their parameters say.
export default async function* curves({ rate, end }, { number, seed, signal }) {
  if (!Number.isSafeInteger(seed) || signal.aborted) throw new Error("no context");
  for (let step = 1; step <= 9 + (number % 3) * 9; step++) {
    if (number % 9 === 4 && step === 2) throw new RangeError("broken");
    if (step === 4) {
      if (end === "exit") process.exit(3);
      if (end === "outside")
        setTimeout(() => {
          throw new Error("outside");
        });
      if (end === "rejection") Promise.reject(new Error("nobody's"));
      if (end !== "none") await new Promise((resolve) => setTimeout(resolve, 1e6));
    }
    if (number % 2) await new Promise((resolve) => setTimeout(resolve, (number * step) % 3));
    yield 1 / (rate * step);
  }
}
