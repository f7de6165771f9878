// The same with the kernels as precompiled modules, for Cloudflare Workers and Vercel's edge.
export * from "./core.js";
export { init } from "./runtime/precompiled.js";
