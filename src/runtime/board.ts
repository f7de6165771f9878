// What the threads of a pool see: words and, behind them, numbers; and the program that they run over it.
import { port } from "./spawn.js";

/** Slices that nobody has claimed yet, counted down; 0 or less between two launches. */
export const left = 0;
/** Slices that are done. */
export const done = 1;
/** One that failed, counted from 1. */
export const failed = 2;
/** Threads that sleep until `left` changes and they are called. */
export const asleep = 3;
/** 1 when all threads are to end. */
export const over = 4;
/** Where among the numbers the calls of slice i begin; they end where those of the next do. */
export const starts = 5;

export const mostSlices = 50;
/** The first of the numbers, and how many 8 bytes there are in all. */
export const firstNumber = 64;
export const boardSize = 1 << 13;

/**
 * How long a thread with nothing to do spins, and then dozes: naps, the longer the longer it has been idle. Only then it sleeps until it
 * is called: in virtual machines it would wake on the caller's processor, and push the caller aside while its own stands idle.
 */
const spinMs = 0.1;
const dozeMs = 2000;
const shortestNapMs = 0.1;
const longestNapMs = 2;

/** Waits for slices and claims one after the other. Of a call there is noted: which kernel, how many arguments, the arguments. */
export const program = `
const port = ${port};
const pause = Atomics.pause ?? (() => {});
const work = (kernels, words, numbers) => {
  for (;;) {
    let since = performance.now();
    for (let slices, i = 0; (slices = Atomics.load(words, ${left})) <= 0; ) {
      pause();
      if (++i & 63) continue;
      if (Atomics.load(words, ${over})) return;
      const idle = performance.now() - since;
      if (idle < ${spinMs}) continue;
      if (idle < ${dozeMs}) Atomics.wait(words, ${left}, slices, Math.min(${longestNapMs}, ${shortestNapMs} + idle / 20));
      else {
        Atomics.add(words, ${asleep}, 1);
        Atomics.wait(words, ${left}, slices);
        Atomics.sub(words, ${asleep}, 1);
        since = performance.now();
      }
      i = 62;
    }
    const slice = Atomics.sub(words, ${left}, 1);
    if (slice <= 0) continue;
    try {
      const end = words[${starts} + slice];
      for (let at = words[${starts - 1} + slice], next; at < end; at = next) {
        next = at + 2 + numbers[at + 1];
        kernels[numbers[at]](...numbers.subarray(at + 2, next));
      }
    } catch {
      Atomics.store(words, ${failed}, slice);
    }
    Atomics.add(words, ${done}, 1);
  }
};
port.onmessage = async ({ data: { module, memory, board } }) => {
  try {
    const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
    port.postMessage("");
    work(Object.values(exports), new Int32Array(board), new Float64Array(board));
  } catch (error) {
    port.postMessage(String(error));
  }
};
`;
