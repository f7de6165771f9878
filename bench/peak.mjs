// The machine's own limit: 128-bit multiplies and adds that touch nothing but registers.

const [local, v128] = [0x20, 0x7b];
const chains = 14;
const iterations = 10_000;
/** 4 lanes, a multiply and an add each. */
const flops = chains * iterations * 8;

/** Bytes of an opcode behind the SIMD prefix. */
const simd = (opcode) => [0xfd, ...leb(opcode)];
const add = simd(0xe4);
const mul = simd(0xe6);
const relaxedMadd = simd(0x105);

function leb(value) {
  const bytes = [];
  for (; value > 127; value >>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

const section = (id, ...bytes) => [id, ...leb(bytes.length), ...bytes];

/**
 * A module that exports `run(n)`: n times, in fourteen chains, x ← x · ½ + ½. So many hide the time an instruction takes behind
 * others, and fit the 15 vector registers that engines give out, with the constant. Nothing can be left out: the
 * sum of the chains comes back as its first lane.
 */
function assemble(relaxed) {
  const [n, half, x] = [0, 1, 2];
  const one = [0xfd, 0x0c, ...new Uint8Array(new Float32Array(4).fill(0.5).buffer)];
  const all = Array.from({ length: chains }, (_, i) => x + i);
  const step = (at) =>
    relaxed
      ? [local, at, local, half, local, half, ...relaxedMadd, 0x21, at]
      : [local, at, local, half, ...mul, local, half, ...add, 0x21, at];
  const body = [
    ...[2, 1, v128, chains, v128], // the locals
    ...[...one, 0x21, half],
    ...[0x03, 0x40, ...all.flatMap(step)], // loop
    ...[local, n, 0x41, 1, 0x6b, 0x22, n, 0x0d, 0, 0x0b], // n = n − 1, again unless 0
    ...[local, x, ...all.slice(1).flatMap((at) => [local, at, ...add])],
    ...[0xfd, 0x1f, 0, 0x0b], // the first lane
  ];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 1, 0x7f, 1, 0x7d), // (i32) → f32
    ...section(3, 1, 0),
    ...section(7, 1, 3, ...new TextEncoder().encode("run"), 0, 0),
    ...section(10, 1, ...leb(body.length), ...body),
  ]);
}

/** A contender that measures the limit of a binary: multiply and add of plain SIMD, or relaxed SIMD's one instruction for both. */
export async function peak(binary) {
  const { instance } = await WebAssembly.instantiate(assemble(binary === "relaxed"));
  return { name: "peak", amount: flops, run: () => void instance.exports.run(iterations) };
}
