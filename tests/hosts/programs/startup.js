// How long a user waits before the first op: the package is loaded, the kernels are compiled. In milliseconds.
export default async function startup() {
  const before = performance.now();
  const { init } = await import("spokeshave");
  await init();
  return performance.now() - before;
}
