// jax-js on its wasm backend, every function jitted. Without web workers it has one thread. Each call takes its arguments over, hence `.ref`.
import * as jax from "@jax-js/jax";
import { versionOf } from "./version.mjs";

const { jit, numpy: np } = jax;

export async function jaxjs() {
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  const name = "jax-js";
  const array = (values, shape) => np.array(values).reshape(shape);
  function contender(inputs, fn) {
    const jitted = jit(fn);
    const make = () => jitted(...inputs.map((input) => input.ref));
    return {
      name,
      run: () => make().blockUntilReady().then(free),
      result: () => make().dataSync(),
      dispose: () => inputs.forEach(free),
    };
  }
  return {
    name,
    version: versionOf("@jax-js/jax"),
    matmul(a, b, { aShape, bShape, transposeA, transposeB }) {
      const side = (x, turned) => (turned ? np.matrixTranspose(x) : x);
      const inputs = [array(a, aShape), array(b, bShape)];
      return contender(inputs, (x, y) => np.matmul(side(x, transposeA), side(y, transposeB)));
    },
  };
}

function free(array) {
  array.dispose();
}
