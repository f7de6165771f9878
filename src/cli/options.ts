// Values of flags: what the text after a flag must be, said where it is not.
import { InvalidArgumentError } from "commander";

/** An integer in a range. */
export function count(low: number, high = 2 ** 53 - 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < low || value > high)
      throw new InvalidArgumentError(
        `It must be an integer from ${low}${high === 2 ** 53 - 1 ? "" : ` to ${high}`}, such as ${Math.max(low, 1)}.`,
      );
    return value;
  };
}

/** A number above `low`, or from it on where `from` says so, and up to `high`. */
export function amount(low: number, high: number, { from = true } = {}): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const fits = (from ? value >= low : value > low) && value <= high;
    if (text.trim() === "" || !fits)
      throw new InvalidArgumentError(
        `It must be a number ${from ? "from" : "above"} ${low}${high === Number.MAX_VALUE ? "" : `${from ? "" : ","} up to ${high}`}.`,
      );
    return value;
  };
}

/** Bytes: 40000, 40k, 40KB, 1.5M. */
export function bytes(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([kKmM]?)[bB]?$/.exec(text.trim()) ?? [];
  const value = Math.round(Number(digits) * (unit === "" ? 1 : unit?.toLowerCase() === "k" ? 1e3 : 1e6));
  if (!(Number.isSafeInteger(value) && value > 0))
    throw new InvalidArgumentError("It must be a number of bytes, such as 40000, 40k or 1.5M.");
  return value;
}

/** Widths of hidden layers: 300,100; none for a model without. */
export function widths(text: string): number[] {
  if (text.trim() === "none") return [];
  const values = text.split(",").map((each) => (each.trim() === "" ? Number.NaN : Number(each)));
  if (values.every((value) => Number.isInteger(value) && value > 0 && value <= 65536)) return values;
  throw new InvalidArgumentError("It must be widths from 1 to 65536 with commas between, such as 300,100, or none.");
}
