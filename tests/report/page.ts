import { type DefaultTreeAdapterTypes, parse } from "parse5";

type Node = DefaultTreeAdapterTypes.ChildNode;
export type Element = DefaultTreeAdapterTypes.Element;

/** A page as a parser that follows the HTML standard reads it. */
export interface Page {
  /** What the parser did not like, by its code of the standard. */
  readonly errors: readonly string[];
  readonly elements: readonly Element[];
}

export function pageOf(text: string): Page {
  const errors: string[] = [];
  const document = parse(text, { onParseError: ({ code }) => errors.push(code) });
  const elements: Element[] = [];
  const walk = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      if ("tagName" in node) elements.push(node);
      if ("childNodes" in node) walk(node.childNodes as Node[]);
    }
  };
  walk(document.childNodes as Node[]);
  return { errors, elements };
}

export const attribute = ({ attrs }: Element, name: string): string | undefined =>
  attrs.find((attr) => attr.name === name)?.value;

export function textOf(node: Node): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? (node.childNodes as Node[]).map(textOf).join("") : "";
}

/** The elements of a name, with a class if one is given. */
export const all = ({ elements }: Page, tag: string, name?: string): readonly Element[] =>
  elements.filter(
    (element) =>
      element.tagName === tag && (name === undefined || (attribute(element, "class") ?? "").split(" ").includes(name)),
  );
