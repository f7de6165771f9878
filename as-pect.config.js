// Kernel specs written in AssemblyScript: `npx asp --verbose`.
export default {
  entries: ["assembly/__tests__/*.spec.ts"],
  include: ["assembly/__tests__/*.include.ts"],
  disclude: [/node_modules/],
  instantiate: (memory, createImports, instantiate, binary) => instantiate(binary, createImports({ env: { memory } })),
  outputBinary: false,
};
