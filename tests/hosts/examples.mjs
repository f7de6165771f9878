// The examples, each in a folder of its own beside the package from its tarball, asked for what they are there for.
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { build } from "esbuild";
import { FormData, Miniflare } from "miniflare"; // it takes no other FormData
import { chromium as playwright } from "playwright-core";
import { chromium, command, missing } from "./browsers.mjs";
import { execute, processes } from "./processes.mjs";

const source = join(import.meta.dirname, "..", "..", "examples");

/** Of digits that nobody has trained on, how many must be read right. */
const least = 0.9;

export const examples = {
  name: "examples",
  absent: () => undefined,
  async open(project) {
    const folder = join(project, "examples");
    cpSync(source, folder, { recursive: true });
    const spokeshave = await import(join(project, "node_modules/spokeshave/build/index.js"));
    await spokeshave.init();
    const { test } = await spokeshave.digits();
    const { x, y } = test.batch(Array.from({ length: test.size }, (_, i) => i));
    const [pixels, labels] = [await x.data(), Array.from(await y.data())];
    const images = labels.map((_, i) => [...pixels.slice(64 * i, 64 * i + 64)]);
    return {
      version: "from the tarball",
      more: [
        ["model.mjs makes the model of 4 KB", () => makeModel(folder)],
        ["the function reads digits", () => callFunction(folder, images, labels)],
        ["the worker reads digits, and learns within its budget", () => callWorker(folder, images, labels, spokeshave)],
        ["the Deno script trains, prunes, rounds, saves and loads", () => runDeno(folder)],
        ["the page learns and reads, and is told of a policy without 'wasm-unsafe-eval'", () => visitPage(folder)],
      ],
      close() {},
    };
  },
};

async function makeModel(folder) {
  const file = join(folder, "digits.safetensors");
  const { stdout } = await execute(process.execPath, ["model.mjs", file], { cwd: folder });
  const { length } = readFileSync(file);
  if (length > 4000) throw new Error(`it has ${length} bytes; ${stdout}`);
  for (const name of ["worker", "function"]) cpSync(file, join(folder, name, "digits.safetensors"));
  return stdout.trim();
}

function readRight(answers, labels) {
  const right = answers.filter((answer, i) => answer === labels[i]).length / labels.length;
  if (!(right >= least)) throw new Error(`${right} of the answers are right`);
  return `${(100 * right).toFixed(1)} % right`;
}

async function callFunction(folder, images, labels) {
  const { handler } = await import(join(folder, "function", "index.mjs"));
  const read = async (pixels) => JSON.parse((await handler({ body: JSON.stringify({ pixels }) })).body).digit;
  for (const body of ["{", "{}", '{ "pixels": [1, 2] }']) {
    const { statusCode } = await handler({ body });
    if (statusCode !== 400) throw new Error(`the body ${body} gives ${statusCode}`);
  }
  return readRight(await Promise.all(images.map(read)), labels);
}

/** As wrangler makes it: one bundle, beside it the kernels as modules and the model as data. */
async function callWorker(folder, images, labels, spokeshave) {
  const root = join(folder, "worker");
  const outdir = join(root, "out");
  const modules = [
    { type: "ESModule", path: join(outdir, "worker.js") },
    { type: "Data", path: join(outdir, "digits.safetensors") },
  ];
  mkdirSync(outdir);
  cpSync(join(root, "digits.safetensors"), join(outdir, "digits.safetensors"));
  const beside = {
    name: "modules that are no JavaScript",
    setup({ onResolve }) {
      onResolve({ filter: /\.safetensors$/ }, ({ path }) => ({ path, external: true }));
      onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir }) => {
        const name = path.replace(/^.*\/|\?module$/g, "");
        cpSync(join(resolveDir, path.replace("?module", "")), join(outdir, name));
        modules.push({ type: "CompiledWasm", path: join(outdir, name) });
        return { path: `./${name}`, external: true };
      });
    },
  };
  const conditions = ["workerd", "worker", "browser"];
  const shared = { bundle: true, format: "esm", target: "es2022", logLevel: "error", conditions, plugins: [beside] };
  await build({ ...shared, absWorkingDir: root, entryPoints: ["worker.js"], outdir });
  const { compatibility_date: compatibilityDate } = JSON.parse(readFileSync(join(root, "wrangler.jsonc"), "utf8"));
  const worker = new Miniflare({ modules, modulesRoot: outdir, cf: false, compatibilityDate });
  try {
    const post = async (path, body) => {
      const response = await worker.dispatchFetch(`http://localhost${path}`, { method: "POST", body });
      if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
      return response;
    };
    const answers = [];
    for (const pixels of images) answers.push((await (await post("/read", JSON.stringify({ pixels }))).json()).digit);
    const { head, said } = await teachWorker(post, images, labels);
    const { argmax, fromBytes, load, scope, tensor } = spokeshave;
    const [model, last] = [await load(join(root, "digits.safetensors")), fromBytes(head)];
    const odd = scope(() => {
      const { values } = model.applyWith(["3.relu"], model.params, tensor(images));
      return argmax(last.apply(last.params, values["3.relu"]), { axis: 1 });
    });
    const parity = readRight(
      [...(await odd.data())],
      labels.map((label) => label % 2),
    );
    return `${readRight(answers, labels)}; ${said}, ${parity}`;
  } finally {
    await worker.dispose();
  }
}

/** Has it learn from 100 digits which are odd. */
async function teachWorker(post, images, labels) {
  const known = 100;
  const form = () => {
    const made = new FormData();
    made.set("pixels", new Blob([Uint8Array.from(images.slice(0, known).flat(), (x) => x * 255)]));
    made.set("labels", new Blob([Uint8Array.from(labels.slice(0, known), (label) => label % 2)]));
    return made;
  };
  let [answer, requests, most] = [new FormData(), 0, 0];
  do {
    const question = form();
    for (const [name, bytes] of answer) question.set(name, bytes);
    const start = performance.now();
    answer = await (await post("/learn", question)).formData();
    most = Math.max(most, performance.now() - start);
    if (++requests > 300) throw new Error("the training does not end");
  } while (answer.has("state"));
  if (requests < 2) throw new Error("one request does all");
  const head = new Uint8Array(await answer.get("head").arrayBuffer());
  return { head, said: `odd and even learned in ${requests} requests of ${most.toFixed(0)} ms at most` };
}

async function runDeno(folder) {
  const deno = processes.find(({ name }) => name === "Deno");
  if (deno.absent() !== undefined) return deno.absent();
  rmSync(join(folder, "deno", "deno.json")); // the package is the one beside it
  const args = ["run", "--allow-read", "--allow-write", "--allow-sys", "digits.ts"];
  const { stdout } = await execute(deno.path, args, { cwd: join(folder, "deno") });
  const [, right, bytes] = /of 8 bits: ([\d.]+) %.*\n(\d+) bytes/.exec(stdout) ?? [];
  if (!(Number(right) >= 100 * least)) throw new Error(stdout);
  return `${right} % right, ${bytes} bytes`;
}

async function visitPage(folder) {
  const absent = await missing(chromium);
  if (absent !== undefined) return absent;
  const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
  const server = createServer(({ url }, response) => {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    const path = pathname.startsWith("/node_modules/") ? join(folder, "..", pathname) : join(folder, "page", pathname);
    const policy = searchParams.has("strict") && { "Content-Security-Policy": "script-src 'self'" };
    try {
      const body = readFileSync(path);
      response.writeHead(200, { "Content-Type": types[extname(path)], ...policy }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const browser = await playwright.launch({
    executablePath: command(chromium)[0],
    args: ["--no-sandbox", "--disable-quic"],
  });
  try {
    const page = await browser.newPage();
    const wrong = [];
    page.on("pageerror", (error) => wrong.push(error.message));
    const address = `http://localhost:${server.address().port}/index.html`;
    await page.goto(address);
    await page.getByText(/this page reads [\d.]+ %/).waitFor();
    const learned = await page.locator("#status").textContent();
    const right = Number(/reads ([\d.]+) %/.exec(learned)[1]);
    if (right < 100 * least || wrong.length > 0) throw new Error(`${learned} ${wrong}`);
    const { x, y, width, height } = await page.locator("#pad").boundingBox();
    const at = (across, down) => [x + across * width, y + down * height];
    await page.mouse.move(...at(0.5, 0.1));
    await page.mouse.down();
    await page.mouse.move(...at(0.5, 0.9), { steps: 20 });
    await page.mouse.up();
    await page.getByText(/^1, \d+ % sure$/).waitFor({ timeout: 5000 });
    await page.goto(`${address}?strict`);
    await page.getByText("a page's content security policy must allow 'wasm-unsafe-eval'").waitFor({ timeout: 10_000 });
    return `${right} % right, and a stroke is a 1`;
  } finally {
    await browser.close();
    await new Promise((done) => server.close(done) && server.closeAllConnections());
  }
}
