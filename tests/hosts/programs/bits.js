// The hashes of everything that must come out the same everywhere.
import * as spokeshave from "spokeshave";
import { ledger } from "./scenarios.js";

export default async function bits({ threads }) {
  const info = await spokeshave.init({ deterministic: true, threads });
  const before = spokeshave.memory().tensors;
  const hashes = await ledger(spokeshave);
  const left = spokeshave.memory().tensors - before;
  if (left !== 0) throw new Error(`bits: ${left} tensors stayed`);
  return { binary: info.binary, threads: info.threads ?? 1, hashes };
}
