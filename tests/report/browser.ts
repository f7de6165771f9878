import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

/** A Chromium of this machine, by the names that its packages have. */
export function browserHere(): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

/** Without what would reach for the network by itself. */
export function start(executablePath: string): Promise<Browser> {
  const quiet = ["background-networking", "component-update", "sync"].map((name) => `--disable-${name}`);
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", ...quiet] });
}

/** What a reader would stumble over, measured where it is laid out. */
export interface Look {
  /** Wider than the window, or texts that stick out of it or of their box. */
  readonly cut: readonly string[];
  /** Texts that stand out from what is behind them by less than 4.5 to 1. */
  readonly pale: readonly string[];
  /** Marks of the front, with their labels, that cover each other. */
  readonly covered: readonly string[];
  /** Numbers on the page by the place of the data that they name. */
  readonly numbers: Readonly<Record<string, string>>;
  readonly data: unknown;
}

/** Runs in the page. */
export const look = (page: Page): Promise<Look> =>
  page.evaluate(() => {
    const root = document.documentElement;
    const cut: string[] = [];
    if (root.scrollWidth > root.clientWidth) cut.push(`page: ${root.scrollWidth} > ${root.clientWidth}`);
    const pale: string[] = [];
    const rgb = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const light = (color: string) => {
      const [r = 0, g = 0, b = 0] = rgb(color).map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element: Element | null): string => {
      for (let at = element; at !== null; at = at.parentElement) {
        const { backgroundColor } = getComputedStyle(at);
        if (backgroundColor !== "transparent" && rgb(backgroundColor)[3] !== 0) return backgroundColor;
      }
      return "rgb(255, 255, 255)";
    };
    const texts = [...document.body.querySelectorAll("*")].filter(
      (element) =>
        element.tagName !== "SCRIPT" &&
        element.tagName !== "title" &&
        [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim()),
    );
    for (const element of texts) {
      const name = element.textContent!.trim().slice(0, 40);
      const { left, right, width } = element.getBoundingClientRect();
      const scrolls = element.closest(".scroll") !== null;
      if (width > 0 && !scrolls && (left < 0 || right > root.clientWidth)) cut.push(`${name}: ${left} to ${right}`);
      if (element instanceof HTMLElement && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
        cut.push(`${name}: ${element.scrollWidth} in ${element.clientWidth}`);
      const style = getComputedStyle(element);
      const color = element instanceof SVGElement ? style.fill : style.color;
      const [low, high] = [light(color), light(behind(element))].sort((a, b) => a - b) as [number, number];
      if ((high + 0.05) / (low + 0.05) < 4.5) pale.push(`${name}: ${color} on ${behind(element)}`);
    }
    const covered: string[] = [];
    const marks = [
      ...document.querySelectorAll("#front .plot .mark.front, #front .plot .mark.best, #front .plot .mark.dense"),
    ];
    const boxes = marks.flatMap((mark) =>
      [...mark.querySelectorAll("text")].map((text) => ({
        mark,
        text: text as Element,
        box: text.getBoundingClientRect(),
      })),
    );
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1)) {
        if (a.mark.closest(".plot") !== b.mark.closest(".plot")) continue;
        const apart =
          a.box.right <= b.box.left ||
          b.box.right <= a.box.left ||
          a.box.bottom <= b.box.top ||
          b.box.bottom <= a.box.top;
        if (!apart) covered.push(`${a.text.textContent} and ${b.text.textContent}`);
      }
    const numbers = Object.fromEntries(
      [...document.querySelectorAll("data[data-of]")].map((one) => [
        one.getAttribute("data-of")!,
        one.getAttribute("value")!,
      ]),
    );
    return { cut, pale, covered, numbers, data: JSON.parse(document.querySelector("#data")!.textContent!) };
  });
