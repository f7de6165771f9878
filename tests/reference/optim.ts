// The optimizers' rules in f64, for one number at a time, as their papers write them.

/** A number, or one by step. */
type Setting = number | ((step: number) => number);

export interface Settings {
  readonly lr: Setting;
  readonly momentum?: Setting;
  readonly dampening?: Setting;
  readonly nesterov?: boolean;
  readonly maximize?: boolean;
  readonly weightDecay?: Setting;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly amsgrad?: boolean;
  readonly alpha?: number;
  readonly centered?: boolean;
  readonly lrDecay?: number;
  readonly initialSum?: number;
}

/** What a rule keeps of a number between steps, by the name that our optimizers give it; 0 before the first. */
export type Memory = Record<string, number>;

/** The number after step t, from 0, whose gradient is g; changes the memory. */
export type Rule = (w: number, g: number, t: number, memory: Memory) => number;

function at(setting: Setting | undefined, t: number): number {
  return typeof setting === "function" ? setting(t) : (setting ?? 0);
}

/** The gradient that is descended: up instead of down, and with the penalty λ w²/2. */
function descent(g: number, w: number, t: number, { maximize = false, weightDecay }: Settings): number {
  return (maximize ? -g : g) + at(weightDecay, t) * w;
}

function recall(memory: Memory, name: string): number {
  return memory[name] ?? 0;
}

export function sgd(settings: Settings): Rule {
  const { lr, momentum = 0, dampening, nesterov = false } = settings;
  return (w, g, t, memory) => {
    const d = descent(g, w, t, settings);
    if (momentum === 0) return w - at(lr, t) * d;
    const mu = at(momentum, t);
    const v = t === 0 ? d : mu * recall(memory, "velocity") + (1 - at(dampening, t)) * d;
    memory.velocity = v;
    return w - at(lr, t) * (nesterov ? d + mu * v : v);
  };
}

/** Adam; with `decoupled` AdamW, whose decay bypasses the moments. */
function adamRule(settings: Settings, decoupled: boolean): Rule {
  const { lr, betas: [b1, b2] = [0.9, 0.999], eps = 1e-8, amsgrad = false } = settings;
  const { weightDecay = decoupled ? 0.01 : 0, ...rest } = settings;
  return (w, g, t, memory) => {
    const d = descent(g, w, t, decoupled ? rest : settings);
    const m = b1 * recall(memory, "m") + (1 - b1) * d;
    const v = b2 * recall(memory, "v") + (1 - b2) * d * d;
    memory.m = m;
    memory.v = v;
    if (amsgrad) memory.largest = Math.max(recall(memory, "largest"), v);
    const mean = m / (1 - b1 ** (t + 1));
    const square = (amsgrad ? memory.largest! : v) / (1 - b2 ** (t + 1));
    const kept = decoupled ? w - at(lr, t) * at(weightDecay, t) * w : w;
    return kept - (at(lr, t) * mean) / (Math.sqrt(square) + eps);
  };
}

export const adam = (settings: Settings): Rule => adamRule(settings, false);
export const adamW = (settings: Settings): Rule => adamRule(settings, true);

export function rmsprop(settings: Settings): Rule {
  const { lr, alpha = 0.99, eps = 1e-8, momentum = 0, centered = false } = settings;
  return (w, g, t, memory) => {
    const d = descent(g, w, t, settings);
    const square = alpha * recall(memory, "square") + (1 - alpha) * d * d;
    memory.square = square;
    let variance = square;
    if (centered) {
      memory.mean = alpha * recall(memory, "mean") + (1 - alpha) * d;
      variance -= memory.mean ** 2;
    }
    const move = d / (Math.sqrt(variance) + eps);
    if (momentum === 0) return w - at(lr, t) * move;
    memory.velocity = at(momentum, t) * recall(memory, "velocity") + move;
    return w - at(lr, t) * memory.velocity;
  };
}

export function adagrad(settings: Settings): Rule {
  const { lr, lrDecay = 0, eps = 1e-10, initialSum = 0 } = settings;
  return (w, g, t, memory) => {
    const d = descent(g, w, t, settings);
    memory.total = (memory.total ?? initialSum) + d * d;
    return w - ((at(lr, t) / (1 + t * lrDecay)) * d) / (Math.sqrt(memory.total) + eps);
  };
}
