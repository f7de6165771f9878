// A file of its own, so that bundles load it where packed models are saved and nowhere else.
export { gzipSync } from "fflate";
