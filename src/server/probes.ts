/** What a program is answered with that asks for a page. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

const json = (status: number, value: object): Page => ({
  status,
  contentType: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

/** A node that can answer is alive: one that is not ready must not be killed for it. */
export function alivePage(): Page {
  return json(200, { alive: true });
}

/** How a node or a farm is. */
export function readinessPage(now: { readonly ready: boolean }): Page {
  return json(now.ready ? 200 : 503, now);
}
