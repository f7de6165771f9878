// The same with the kernels embedded, for every host that may compile them.
export * from "./core.js";
export { init } from "./runtime/embedded.js";
