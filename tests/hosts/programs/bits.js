// The hashes of everything that must come out the same everywhere; none where the host has not so many threads.
import * as spokeshave from "spokeshave";
import { ledger } from "./scenarios.js";

export default async function bits({ threads }) {
  const info = await spokeshave.init({ deterministic: true, threads });
  if ((info.threads ?? 1) !== threads) return { threads: info.threads ?? 1 };
  const before = spokeshave.memory().tensors;
  const hashes = await ledger(spokeshave);
  const left = spokeshave.memory().tensors - before;
  if (left !== 0) throw new Error(`bits: ${left} tensors stayed`);
  return { threads, hashes };
}
