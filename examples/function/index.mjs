// A serverless function, in the form that AWS Lambda calls; others differ in how they pass the body.
//   { "pixels": [64 numbers from 0 to 1] } → { "digit": 7, "sure": 0.98 }
import { init, load, SpokeshaveError, scope, softmax, tensor } from "spokeshave";

/** Loaded while the container starts, and shared by all that it is called for. */
const loading = init().then(() => load(new URL("digits.safetensors", import.meta.url)));

export async function handler(event) {
  try {
    const { pixels } = JSON.parse(event.body);
    return answer(200, await read(await loading, pixels));
  } catch (error) {
    const theirs = error instanceof SpokeshaveError || error instanceof SyntaxError;
    if (!theirs) throw error;
    return answer(400, { error: error.message });
  }
}

async function read(model, pixels) {
  const chances = scope(() => softmax(model.apply(model.params, tensor([pixels]))));
  const [...values] = await chances.data();
  chances.dispose();
  const sure = Math.max(...values);
  return { digit: values.indexOf(sure), sure };
}

function answer(statusCode, body) {
  return { statusCode, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
