// A hash of whatever a scenario gives. Of NaN WebAssembly promises neither sign nor payload, so here all are one.

/** 64 bits over words of 32: two rows of multiplications that do not run alike. */
class Hash {
  a = 0x811c9dc5;
  b = 0x9e3779b9;

  word(value) {
    this.a = Math.imul(this.a ^ value, 0x85ebca6b);
    this.a ^= this.a >>> 13;
    this.b = Math.imul((this.b << 5) ^ (this.b >>> 27) ^ value, 0xc2b2ae35);
  }

  words(values) {
    this.word(values.length);
    for (let i = 0; i < values.length; i++) this.word(values[i]);
  }

  text(value) {
    this.word(value.length);
    for (let i = 0; i < value.length; i++) this.word(value.charCodeAt(i));
  }

  toString() {
    return [this.a, this.b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

/** The words of numbers in memory, with one NaN. */
function wordsOf(values) {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return values;
  const own = values.slice();
  const words = new Uint32Array(own.buffer);
  const wide = own.BYTES_PER_ELEMENT / 4;
  // A NaN that is copied may keep its bits.
  for (let i = 0; i < own.length; i++)
    if (Number.isNaN(own[i])) for (let part = 0; part < wide; part++) words[i * wide + part] = 0x7ff80000;
  return words;
}

async function take(spokeshave, into, value) {
  if (value instanceof spokeshave.Model) into.words(spokeshave.toBytes(value));
  else if (value instanceof spokeshave.Packed) into.words(wordsOf(await value.dense().data()));
  else if (value instanceof spokeshave.Tensor) {
    into.text(value.dtype);
    into.words(value.shape);
    into.words(wordsOf(await value.data()));
  } else if (ArrayBuffer.isView(value)) into.words(wordsOf(value));
  else if (typeof value === "number") into.words(wordsOf(Float64Array.of(value)));
  else if (typeof value === "object" && value !== null) {
    const parts = Object.entries(value);
    into.word(parts.length);
    for (const [name, part] of parts) {
      into.text(name);
      await take(spokeshave, into, part);
    }
  } else into.text(String(value));
}

/** 16 hexadecimal digits of a tensor, a model's file, numbers, texts, and lists and records of them. */
export async function hash(spokeshave, value) {
  const into = new Hash();
  await take(spokeshave, into, value);
  return into.toString();
}
