import { fromBase64 } from "./base64.js";
import { unpacking } from "./files/gzip.js";
import { type Dataset, dataset } from "./train/dataset.js";

/** Examples to train on, and others to test on. */
export interface Digits {
  readonly train: Dataset;
  readonly test: Dataset;
}

/**
 * 1,797 handwritten digits that come with the library: 8×8 pixels from 0 to 1, row by row, and labels 0 to 9. Every fifth is in `test`
 * (359), the others in `train` (1,438); the same 13 people wrote both. A chunk of 48 KB, which the first call loads.
 *
 * UCI Optical Recognition of Handwritten Digits (Alpaydin & Kaynak 1998, https://doi.org/10.24432/C50P49), CC BY 4.0.
 * @example
 * const { train: seen, test: unseen } = await digits();
 * const sizes = [seen.size, unseen.size, ...unseen.inputShape]; // [1438, 359, 64]
 */
export async function digits(): Promise<Digits> {
  const { default: base64 } = await import("#digits");
  const stream = await unpacking(fromBase64(base64), "deflate-raw");
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const pixels = 64;
  const count = bytes.length / (1 + pixels);
  const labels = bytes.subarray(0, count);
  // A pixel of all digits at a time, those of a class together (scripts/digits.mjs).
  const byClass = Array.from(labels.keys()).sort((a, b) => labels[a]! - labels[b]! || a - b);
  const images = new Uint8Array(count * pixels);
  for (const [place, digit] of byClass.entries())
    for (let pixel = 0; pixel < pixels; pixel++) images[digit * pixels + pixel] = bytes[count * (1 + pixel) + place]!;
  const all = dataset(images, labels, { inputShape: [pixels], scale: 1 / 16 });
  const held = Math.floor(count / 5);
  return { train: all.take(count - held), test: all.take(held, { start: count - held }) };
}
