// A Cloudflare Worker that reads digits with a model of 4 KB, and learns to tell other things from whoever calls it.
//   POST /read   { "pixels": [64 numbers from 0 to 1] } → { "digit": 7, "sure": 0.98 }
//   POST /learn  a form with pixels and labels as bytes → a form with `head`, a last layer of the caller's own, and until that is
//                trained `state`; sent back with the next request, they let it go on where this one ended
import * as sv from "spokeshave";
import file from "./digits.safetensors"; // an ArrayBuffer, by the rule in wrangler.jsonc

/** Of each request's CPU time, which is 10 ms on the free plan. */
const maxMs = 5;
/** The clock of a deployed worker stands still while it computes: there, steps are the limit that counts. */
const mostSteps = 100;

let loading;
/** Shared by all requests and made by the first: outside of one, a worker may not compute. */
const model = () => (loading ??= sv.init().then(() => sv.fromFile(new Uint8Array(file))));

export default {
  async fetch(request) {
    try {
      const { pathname } = new URL(request.url);
      if (pathname === "/read") return Response.json(await read(await request.json()));
      if (pathname === "/learn") return new Response(await learn(await request.formData()));
      return new Response("POST to /read or /learn", { status: 404 });
    } catch (error) {
      return new Response(String(error), { status: error instanceof sv.SpokeshaveError ? 400 : 500 });
    }
  },
};

async function read({ pixels }) {
  const net = await model();
  const chances = sv.scope(() => sv.softmax(net.apply(net.params, sv.tensor([pixels]))));
  const [...values] = await chances.data();
  chances.dispose();
  const sure = Math.max(...values);
  return { digit: values.indexOf(sure), sure };
}

async function learn(form) {
  const given = async (name) => form.has(name) && new Uint8Array(await form.get(name).arrayBuffer());
  const [pixels, labels, headBytes, stateBytes] = await Promise.all(["pixels", "labels", "head", "state"].map(given));
  const net = await model();

  // What the model makes of the pixels before its last layer; the new one reads that.
  const seen = sv.scope(() => {
    const images = sv.tensor(
      Float32Array.from(pixels, (x) => x / 255),
      [labels.length, 64],
    );
    return net.applyWith(["3.relu"], net.params, images).values["3.relu"];
  });
  const data = sv.dataset(await seen.data(), labels, { inputShape: seen.shape.slice(1) });
  seen.dispose();

  const head = headBytes
    ? sv.fromBytes(headBytes)
    : sv.nn.sequential([sv.nn.linear(data.inputShape[0], Math.max(...labels) + 1)], { seed: 1 });
  const state = stateBytes ? sv.stateFromBytes(stateBytes) : undefined;
  const training = sv.train(head, {
    ...{ data, state, maxMs, epochs: 100, batchSize: 32, seed: 1, report: 1 },
    optimizer: sv.optim.adamW({ lr: 1e-2 }),
  });
  const before = training.state.step;
  for await (const { step } of training) if (step - before === mostSteps) break;

  const answer = new FormData();
  answer.set("head", new Blob([sv.toBytes(head)]));
  if (training.stopped !== "epochs") answer.set("state", new Blob([sv.stateToBytes(training.state)]));
  training.dispose();
  head.dispose();
  return answer;
}
