import { FileError, type FileErrorCode } from "../errors.js";

/** A JSON value as a file header holds it: objects are Maps, so that a key such as `__proto__` is only data. */
export type JsonValue = null | boolean | number | Numeral | string | JsonValue[] | Map<string, JsonValue>;

type Container = JsonValue[] | Map<string, JsonValue>;

/** A number that is no safe integer (fraction, exponent, -0, 2^53 or more), as written: nothing is rounded unseen. */
export class Numeral {
  constructor(readonly text: string) {}
}

/** How much a header may hold; its bytes bound the rest. */
export interface JsonLimits {
  /** Where in `bytes` the value starts; offsets of errors count from the start of `bytes`. */
  readonly start: number;
  /** Containers open at once. */
  readonly depth: number;
  /** Containers in all; three bytes of an empty object would otherwise cost two hundred of memory. */
  readonly containers: number;
  /** Members of any one container. */
  readonly members: number;
}

/**
 * Reads the one JSON value that fills `bytes` from `start`, only spaces after it (RFC 8259, stricter: no leading space).
 *
 * Linear in the bytes, without recursion; safe integers are numbers, all other numbers {@link Numeral}s.
 * @throws FileError E_HEADER, E_UTF8 (lone surrogates too), E_DUPLICATE (keys equal once unescaped), E_DEPTH, E_COUNT
 */
export function readJson(bytes: Uint8Array, limits: JsonLimits): JsonValue {
  const reader = new Reader(bytes, limits.start);
  const open: Container[] = [];
  let containers = 0;
  let key = "";
  for (;;) {
    const at = reader.at;
    const value = reader.value();
    const parent = open.at(-1);
    if (parent instanceof Map) parent.set(key, value);
    else parent?.push(value);

    let first = isContainer(value);
    if (isContainer(value)) {
      if (open.push(value) > limits.depth) throw error("E_DEPTH", at, `nested deeper than ${limits.depth}`);
      if (++containers > limits.containers) throw error("E_COUNT", at, `more than ${limits.containers} containers`);
    }
    // On to where the next value starts: past the brackets that close here, a comma and a key.
    for (;;) {
      const inner = open.at(-1);
      if (!inner) return reader.end(value);
      reader.skip();
      if (reader.take(inner instanceof Map ? "}" : "]")) {
        if (open.length === 1) return reader.end(inner);
        open.pop();
        first = false;
        continue;
      }
      if (!first) reader.expect(",");
      reader.skip();
      const count = inner instanceof Map ? inner.size : inner.length;
      if (count >= limits.members) throw error("E_COUNT", reader.at, `more than ${limits.members} members`);
      if (inner instanceof Map) {
        const keyAt = reader.at;
        key = reader.string();
        if (inner.has(key)) throw error("E_DUPLICATE", keyAt, `the key ${quote(key)} comes twice`);
        reader.skip();
        reader.expect(":");
        reader.skip();
      }
      break;
    }
  }
}

/** A hostile text made fit for an error message: quoted, ASCII only, cut after 60 characters. */
export function quote(text: string): string {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
  return shown.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function isContainer(value: JsonValue): value is Container {
  return value instanceof Map || Array.isArray(value);
}

function error(code: FileErrorCode, at: number, what: string): FileError {
  return new FileError(`header: byte ${at}: ${what}`, code, at);
}

const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const code = /* @__NO_SIDE_EFFECTS__ */ (character: string): number => character.charCodeAt(0);
const QUOTE = code('"');
const BACKSLASH = code("\\");
const SPACE = code(" ");
const WORDS: readonly [string, null | boolean][] = [
  ["null", null],
  ["true", true],
  ["false", false],
];
/** What the letter after a backslash stands for, `u` apart. */
const LETTERS = '"\\/bfnrt';
const MEANINGS = '"\\/\b\f\n\r\t';

class Reader {
  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
  ) {}

  /** A scalar, or a container of which only the opening bracket is read. */
  value(): JsonValue {
    if (this.take("{")) return new Map();
    if (this.take("[")) return [];
    const byte = this.bytes[this.at];
    if (byte === QUOTE) return this.string();
    if (byte === code("-") || isDigit(byte)) return this.number();
    for (const [word, value] of WORDS) {
      if (byte !== code(word)) continue;
      for (const letter of word) this.expect(letter);
      return value;
    }
    throw this.unexpected("a value");
  }

  string(): string {
    this.expect('"');
    const start = this.at;
    let escaped = false;
    for (let byte = this.bytes[start]; byte !== QUOTE; byte = this.bytes[this.at]) {
      if (byte === undefined || byte < SPACE) throw this.unexpected("a character of a string");
      if (byte >= 0x80) this.at += this.sequence(byte);
      else if (byte === BACKSLASH) {
        escaped = true;
        this.at += 2; // the escaped character may be a quote; unescape() judges it
      } else this.at++;
    }
    const raw = this.bytes.subarray(start, this.at++);
    return utf8.decode(escaped ? this.unescape(start, raw) : raw);
  }

  number(): number | Numeral {
    const start = this.at;
    const negative = this.take("-");
    let whole = 0; // grows past 2^53 for good, if it ever does
    if (!this.take("0")) whole = this.digits();
    let exact = !(negative && whole === 0);
    if (this.take(".")) {
      exact = false;
      this.digits();
    }
    if (this.take("e") || this.take("E")) {
      exact = false;
      if (!this.take("+")) this.take("-");
      this.digits();
    }
    if (exact && Number.isSafeInteger(whole)) return negative ? -whole : whole;
    return new Numeral(utf8.decode(this.bytes.subarray(start, this.at)));
  }

  skip(): void {
    while (this.take(" ") || this.take("\n") || this.take("\r") || this.take("\t"));
  }

  take(character: string): boolean {
    if (this.bytes[this.at] !== code(character)) return false;
    this.at++;
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) throw this.unexpected(character === '"' ? "a quoted key" : `'${character}'`);
  }

  end(value: JsonValue): JsonValue {
    while (this.take(" "));
    if (this.at < this.bytes.length) throw this.unexpected("only spaces after the value");
    return value;
  }

  private digits(): number {
    if (!isDigit(this.bytes[this.at])) throw this.unexpected("a digit");
    let value = 0;
    for (let byte = this.bytes[this.at]!; isDigit(byte); byte = this.bytes[++this.at]!)
      value = value * 10 + (byte - 48);
    return value;
  }

  /** The length of the well-formed multi-byte sequence here (Unicode 16, table 3-7). */
  private sequence(lead: number): number {
    const length = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    const second = this.bytes[this.at + 1] ?? 0;
    let wellFormed = length > 0 && second >= low && second <= high;
    for (let i = 2; i < length; i++) wellFormed &&= (this.bytes[this.at + i]! & 0xc0) === 0x80;
    if (!wellFormed) throw error("E_UTF8", this.at, "not UTF-8");
    return length;
  }

  /** The bytes between two quotes with each escape replaced by its UTF-8, which is never longer. */
  private unescape(start: number, raw: Uint8Array): Uint8Array {
    const out = new Uint8Array(raw.length);
    let length = 0;
    for (let i = 0; i < raw.length; ) {
      if (raw[i] !== BACKSLASH) {
        out[length++] = raw[i++]!;
        continue;
      }
      const at = start + i;
      const letter = raw[i + 1]!;
      if (letter !== code("u")) {
        const meant = LETTERS.indexOf(String.fromCharCode(letter));
        if (meant < 0) throw error("E_HEADER", at, "no such escape");
        out[length++] = MEANINGS.charCodeAt(meant);
        i += 2;
        continue;
      }
      let point = hex(raw, i, start);
      i += 6;
      if (point >= 0xd800 && point < 0xe000) {
        const paired = point < 0xdc00 && raw[i] === BACKSLASH && raw[i + 1] === code("u");
        const low = paired ? hex(raw, i, start) : 0;
        if (low < 0xdc00 || low > 0xdfff) throw error("E_UTF8", at, "a surrogate without its other half");
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        i += 6;
      }
      length = put(out, length, point);
    }
    return out.subarray(0, length);
  }

  private unexpected(expected: string): FileError {
    const byte = this.bytes[this.at];
    const got = byte === undefined ? "the end" : `byte 0x${byte.toString(16).padStart(2, "0")}`;
    return error("E_HEADER", Math.min(this.at, this.bytes.length), `expected ${expected}, got ${got}`);
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** The number of the escape `\uXXXX` at `i`. */
function hex(raw: Uint8Array, i: number, start: number): number {
  let value = 0;
  for (let k = i + 2; k < i + 6; k++) {
    const digit = "0123456789abcdef".indexOf(String.fromCharCode(raw[k] ?? 0).toLowerCase());
    if (digit < 0) throw error("E_HEADER", start + i, "an escape \\u without four hexadecimal digits");
    value = value * 16 + digit;
  }
  return value;
}

/** Writes a code point as UTF-8 and returns where the next goes. */
function put(out: Uint8Array, at: number, point: number): number {
  const extra = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  out[at] = extra === 0 ? point : ((0xff00 >> (extra + 1)) & 0xff) | (point >> (6 * extra));
  for (let i = 1; i <= extra; i++) out[at + i] = 0x80 | ((point >> (6 * (extra - i))) & 0x3f);
  return at + extra + 1;
}
