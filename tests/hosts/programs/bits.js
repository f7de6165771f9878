// The hashes of everything that must come out the same everywhere, for any number of threads.
import * as spokeshave from "spokeshave";
import { ledger } from "./scenarios.js";

export default async function bits({ threads }) {
  const info = await spokeshave.init({ deterministic: true, threads });
  if (info.threads !== threads) throw new Error(`bits: ${info.threads} threads, not ${threads}`);
  const before = spokeshave.memory().tensors;
  const hashes = await ledger(spokeshave);
  const left = spokeshave.memory().tensors - before;
  if (left !== 0) throw new Error(`bits: ${left} tensors stayed`);
  await info.dispose();
  return hashes;
}
