// `spokeshave/files`: what keeps things on a disk, and the formats of the bytes. Where there is no disk, bytes go in and come out.
export { FileError, type FileErrorCode } from "./errors.js";
export { readFile, writeFileAtomic } from "./files/disk.js";
export { type IdxTensor, readIdx } from "./files/idx.js";
export { fromBytes, fromFile, load, save, toBytes, toFile } from "./files/model.js";
export {
  type Bytes,
  parseSafetensors,
  type Safetensors,
  type StoredTensor,
  serializeSafetensors,
} from "./files/safetensors.js";
export { stateFromBytes, stateToBytes } from "./files/state.js";
export { journal } from "./search/journal.js";
