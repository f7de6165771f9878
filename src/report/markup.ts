/** Text that is markup already. Everything else is escaped where it meets markup. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What may stand between markup: nothing shows of `undefined` and `false`. */
export type Content = Markup | string | number | undefined | false | readonly Content[];

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function written(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (Array.isArray(content)) return content.map(written).join("");
  if (content === undefined || content === false) return "";
  return String(content).replace(/[&<>"']/g, (char) => escapes[char]!);
}

/** Markup with values in it; texts and numbers are escaped, whatever they hold. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(strings.reduce((text, string, i) => text + written(values[i - 1]) + string));
}

/** Data for programs. No text in it can end the element. */
export function json(id: string, data: unknown): Markup {
  const text = JSON.stringify(data).replaceAll("<", "\\u003c");
  return html`<script type="application/json" id="${id}">${new Markup(text)}</script>`;
}
