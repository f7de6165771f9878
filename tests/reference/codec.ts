// Elias's gamma code (1975) as text: as many zeros as bits follow the leading 1, the 1, and these, from the lowest up.

export function gamma(values: readonly number[]): string {
  return values
    .map((value) => {
      const bits = value.toString(2);
      return `${"0".repeat(bits.length - 1)}1${[...bits.slice(1)].reverse().join("")}`;
    })
    .join("");
}

/** Bits as bytes, the first the lowest of its byte. */
export function bytesOf(bits: string): number[] {
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt([...byte.padEnd(8, "0")].reverse().join(""), 2));
}
