import type { BaseName, Recipe } from '../builder.ts';

/** One spoilt message. Its name begins with the number of an attack: a letter for the topic, and two digits. */
export interface Scenario {
  readonly name: string;
  /** What it is held to. */
  readonly plan: BaseName;
  /** What it is made from. */
  readonly base: BaseName;
  readonly comment: string;
  readonly recipe: Recipe;
}

/** A list of scenarios, and what adds to it. */
export function scenarioList() {
  const scenarios: Scenario[] = [];
  const add = (plan: BaseName, name: string, comment: string, recipe: Recipe, base = plan): void => {
    scenarios.push({ name, plan, comment, recipe, base });
  };
  return { scenarios, add };
}

export const replace = (from: string | RegExp, to: string) => (text: string) => {
  const changed = text.replace(from, () => to);
  if (changed === text) throw new Error(`nothing to replace: ${from}`);
  return changed;
};
export const chain =
  (...steps: ((text: string) => string)[]) =>
  (text: string) =>
    steps.reduce((current, step) => step(current), text);
export const insertBefore = (marker: string, text: string) => replace(marker, text + marker);
export const insertAfter = (marker: string, text: string) => replace(marker, marker + text);
export const now = (seconds: number) => new Date(Date.UTC(2026, 10, 26, 12) + seconds * 1000).toISOString();
export const times = (created: string, expires: string) => (text: string) =>
  text.replace('2026-11-26T12:00:00.000Z', created).replace('2026-11-26T12:05:00.000Z', expires);
