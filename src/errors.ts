/** Gives an error class its name for good: a minifier renames constructors. */
export function named(error: abstract new (...args: never[]) => Error, name: string): void {
  Object.defineProperty(error, "name", { value: name });
  Object.defineProperty(error.prototype, "name", { value: name, writable: true, configurable: true });
}

/** Base of every error that Spokeshave throws on purpose: who, what was expected, what came, the fix. */
export class SpokeshaveError extends Error {
  static {
    named(SpokeshaveError, "SpokeshaveError");
  }
}

/** A shape, axis, size or index that an op cannot take. */
export class ShapeError extends SpokeshaveError {
  static {
    named(ShapeError, "ShapeError");
  }
}

/** A dtype that an op cannot take. */
export class DTypeError extends SpokeshaveError {
  static {
    named(DTypeError, "DTypeError");
  }
}

/** An option, argument or setting outside its range. */
export class ArgumentError extends SpokeshaveError {
  static {
    named(ArgumentError, "ArgumentError");
  }
}

/** Tensors of different devices, or a device that this host does not have. */
export class DeviceError extends SpokeshaveError {
  static {
    named(DeviceError, "DeviceError");
  }
}

/** A tensor, scope or runtime used after it was disposed of, or before it was there. */
export class DisposedError extends SpokeshaveError {
  static {
    named(DisposedError, "DisposedError");
  }
}

/** No gradient can be computed: an op has none, or the function does not return a scalar. */
export class GradientError extends SpokeshaveError {
  static {
    named(GradientError, "GradientError");
  }
}

/** The wasm memory cannot grow; all that was alive before still is. */
export class OutOfMemoryError extends SpokeshaveError {
  static {
    named(OutOfMemoryError, "OutOfMemoryError");
  }

  constructor(
    message: string,
    /** Bytes asked for. */
    readonly needed: number,
    /** Bytes that were free, not necessarily in one piece. */
    readonly free: number,
    /** Bytes that the memory may hold in all. */
    readonly limit: number,
  ) {
    super(message);
  }
}

/** What is wrong with a file. */
export type FileErrorCode =
  | "E_HEADER_SIZE"
  | "E_HEADER"
  | "E_UTF8"
  | "E_DUPLICATE"
  | "E_DEPTH"
  | "E_COUNT"
  | "E_DTYPE"
  | "E_SHAPE"
  | "E_OFFSETS"
  | "E_TRUNCATED"
  | "E_TRAILING"
  | "E_GZIP"
  | "E_MODEL"
  | "E_MAGIC"
  | "E_MESSAGE"
  | "E_JOURNAL"
  | "E_LOCKED"
  | "E_NO_DISK"
  | "E_READ"
  | "E_WRITE";

/** A file that cannot be read or written; `offset` is the byte where reading went wrong, if there is one. */
export class FileError extends SpokeshaveError {
  static {
    named(FileError, "FileError");
  }

  constructor(
    message: string,
    readonly code: FileErrorCode,
    readonly offset?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
