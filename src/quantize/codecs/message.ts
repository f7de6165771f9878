// The bytes of a message, written and read piece by piece.
import { ArgumentError, FileError, type FileErrorCode } from "../../errors.js";
import { gammaBytes, gammaPack, gammaUnpack } from "../../ops/codec.js";
import { scope } from "../../scope.js";
import { readTensor, tensor } from "../../tensor.js";

/** Bytes to be, in order. Numbers are little-endian. */
export class Writer {
  private readonly parts: Uint8Array[] = [];

  bytes(part: Uint8Array): void {
    this.parts.push(part);
  }

  /** A count of any size, seven bits a byte. */
  count(value: number): void {
    const part: number[] = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) part.push(128 + (rest % 128));
    this.bytes(Uint8Array.of(...part, rest));
  }

  /** @throws {ArgumentError} if the scale is infinite: numbers near the largest of f32 add up to more. */
  scale(who: string, value: number): void {
    if (!Number.isFinite(value)) throw new ArgumentError(`${who} is too large, its scale ${value}; clip it`);
    this.floats(Float32Array.of(value));
  }

  floats(values: Float32Array): void {
    const view = new DataView(new ArrayBuffer(values.length * 4));
    for (const [i, value] of values.entries()) view.setFloat32(i * 4, value, true);
    this.bytes(new Uint8Array(view.buffer));
  }

  /** Integers from 1, gamma-coded. */
  integers(values: Int32Array): void {
    const code = scope(() => readTensor(gammaPack(tensor(values))));
    this.count(code.length);
    this.bytes(code);
  }

  done(): Uint8Array {
    const whole = new Uint8Array(this.parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** A message being read. Everything it gives has been checked against its end. */
export class Reader {
  private at = 0;

  constructor(
    private readonly who: string,
    private readonly whole: Uint8Array,
  ) {}

  error(what: string, code: FileErrorCode = "E_MESSAGE"): FileError {
    return new FileError(`${this.who}: ${what}`, code, this.at);
  }

  bytes(length: number): Uint8Array {
    if (length > this.whole.length - this.at)
      throw this.error(`${length} bytes are missing of ${this.whole.length}; is the message whole?`, "E_TRUNCATED");
    this.at += length;
    return this.whole.subarray(this.at - length, this.at);
  }

  /** A count up to `most`. */
  count(what: string, most: number): number {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = this.bytes(1)[0]!;
      value += (byte % 128) * unit;
      if (value > most || unit > 2 ** 42)
        throw this.error(`${what} is ${value} or more; at most ${most} can be`, "E_COUNT");
      if (byte < 128) return value;
    }
  }

  /** A finite number from 0. */
  scale(): number {
    const [value] = this.floats(1);
    if (value! < 0) throw this.error(`a scale is ${value}; scales are 0 or above`);
    return value!;
  }

  /** Finite numbers. */
  floats(count: number): Float32Array {
    const { buffer, byteOffset, byteLength } = this.bytes(count * 4);
    const view = new DataView(buffer, byteOffset, byteLength);
    return Float32Array.from({ length: count }, (_, i) => {
      const value = view.getFloat32(i * 4, true);
      if (!Number.isFinite(value)) throw this.error(`a number is ${value}; gradients are finite`);
      return value;
    });
  }

  /** Integers from 1, gamma-coded. */
  integers(count: number): Int32Array {
    // The longest code has 61 bits.
    const code = this.bytes(this.count("the bytes of a code", count * 8));
    const values = scope(() => readTensor(gammaUnpack(tensor(code), count)));
    if (values.includes(0) || gammaBytes(values) !== code.length)
      throw this.error(`a code of ${code.length} bytes does not hold ${count} integers`);
    return values;
  }

  done(): void {
    const rest = this.whole.length - this.at;
    if (rest > 0) throw this.error(`${rest} bytes follow the last gradient`, "E_TRAILING");
  }
}
