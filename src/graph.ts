// Ways through the graph of a model.
import { layers } from "./layers.js";
import type { GraphNode } from "./model.js";

/** Nodes that read what another gives: itself, or through pointwise nodes. Nothing if it reaches the model's output so. */
export function readersOf(graph: readonly GraphNode[], name: string): readonly GraphNode[] | undefined {
  if (graph.at(-1)?.name === name) return undefined;
  const found: GraphNode[] = [];
  for (const node of graph) {
    if (node.input !== name) continue;
    const readers = layers.get(node.op)!.pointwise === true ? readersOf(graph, node.name) : [node];
    if (readers === undefined) return undefined;
    found.push(...readers);
  }
  return found;
}
