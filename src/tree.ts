import { DTypeError } from "./errors.js";
import { Tensor } from "./tensor.js";

/** A tensor, or arrays and objects of tensors, nested. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };

/** The tensors of a tree; those of an object by the order of their names, however it was made: trees of one kind pair up. */
export function leaves(tree: Tree): Tensor[] {
  const found: Tensor[] = [];
  collect(tree, found);
  return found;
}

function collect(tree: Tree, found: Tensor[]): void {
  if (tree instanceof Tensor) found.push(tree);
  else if (typeof tree !== "object" || tree === null)
    throw new DTypeError(`tree: expected tensors in arrays or objects, got ${tree === null ? "null" : typeof tree}`);
  else if (Array.isArray(tree)) for (const branch of tree) collect(branch, found);
  else for (const name of Object.keys(tree).sort()) collect((tree as Record<string, Tree>)[name]!, found);
}

/** The same tree with each tensor replaced. Objects come back without a prototype: names are data. */
export function mapTree<T extends Tree>(tree: T, fn: (leaf: Tensor) => Tensor): T {
  if (tree instanceof Tensor) return fn(tree) as Tree as T;
  if (Array.isArray(tree)) return tree.map((branch: Tree) => mapTree(branch, fn)) as Tree as T;
  const made: Record<string, Tree> = Object.create(null);
  for (const name of Object.keys(tree)) made[name] = mapTree((tree as Record<string, Tree>)[name]!, fn);
  return made as Tree as T;
}

/** The same tree with its tensors replaced by others, which come in the order of `leaves`. */
export function withLeaves<T extends Tree>(tree: T, others: readonly Tensor[]): T {
  let next = 0;
  const walk = (branch: Tree): Tree => {
    if (branch instanceof Tensor) return others[next++]!;
    if (Array.isArray(branch)) return branch.map(walk);
    const made: Record<string, Tree> = Object.create(null);
    for (const name of Object.keys(branch).sort()) made[name] = walk((branch as Record<string, Tree>)[name]!);
    return made;
  };
  return walk(tree) as T;
}
