// A page that trains a network when it is opened, and reads what is drawn on it. No bundler: any server of files will do.
import * as sv from "./node_modules/spokeshave/build/index.js";

const [status, progress, pad, answer, clear] = ["status", "progress", "pad", "answer", "clear"].map((id) =>
  document.getElementById(id),
);
const canvas = pad.getContext("2d", { willReadFrequently: true });

async function learn() {
  await sv.init();
  const { train: data, test } = await sv.digits();
  const model = sv.nn.sequential([sv.nn.linear(64, 64), sv.nn.relu(), sv.nn.linear(64, 10)], { seed: 1 });
  const optimizer = sv.optim.adamW({ lr: 3e-3 });
  // Every 50 ms the training lets the page do what else there is to do.
  for await (const { step, steps } of sv.train(model, { data, optimizer, epochs: 20, batchSize: 32, seed: 1 }))
    progress.value = step / steps;
  const { accuracy } = await sv.evaluate(model, test);
  status.textContent = `Of ${test.size} digits that it has not seen, this page reads ${(accuracy * 100).toFixed(1)} %.`;
  return model;
}

async function read(model) {
  const pixels = canvas.getImageData(0, 0, 8, 8).data.filter((_, i) => i % 4 === 0); // red of red, green, blue, alpha
  const chances = sv.scope(() =>
    sv.softmax(model.apply(model.params, sv.tensor([Array.from(pixels, (x) => x / 255)]))),
  );
  const values = Array.from(await chances.data());
  chances.dispose();
  const sure = Math.max(...values);
  answer.value = `${values.indexOf(sure)}, ${Math.round(sure * 100)} % sure`;
}

function draw({ offsetX, offsetY, buttons }) {
  if (buttons === 0) return;
  const [x, y] = [offsetX, offsetY].map((at) => (at / pad.clientWidth) * 8);
  canvas.fillStyle = "white";
  canvas.globalAlpha = 0.7; // the canvas smooths what lies between pixels
  canvas.fillRect(x - 0.6, y - 0.6, 1.2, 1.2);
}

function wipe() {
  canvas.globalAlpha = 1;
  canvas.fillStyle = "black";
  canvas.fillRect(0, 0, 8, 8);
  answer.value = "";
}

wipe();
clear.addEventListener("click", wipe);
for (const event of ["pointerdown", "pointermove"]) pad.addEventListener(event, draw);
try {
  const model = await learn();
  pad.addEventListener("pointerup", () => read(model));
} catch (error) {
  status.textContent = error.message; // names the fix, as where the policy above does not allow WebAssembly
  progress.hidden = true;
}
