import { createHash } from 'node:crypto';
import { printable } from '../printable.ts';

/** HTML, as it is sent: made by {@link html} alone, so that no text of others gets into a page unescaped. */
export interface Html {
  readonly html: string;
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Any text, fit for the content of an element or a quoted attribute; what does not print is written out. */
function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, char => references[char] ?? '');
}

type Part = Html | string | number | readonly Html[];

/** HTML with values in it: texts are escaped, HTML stays as it is. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const written = strings.map((text, i) => (i === 0 ? text : `${partText(parts[i - 1] ?? '')}${text}`));
  return { html: written.join('') };
}

function partText(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part));
  return Array.isArray(part) ? part.map(each => each.html).join('\n') : (part as Html).html;
}

/** What a table is made of. */
export interface Table {
  readonly caption: Html;
  readonly heads: readonly string[];
  /** How many of the first columns hold text; the others hold numbers. */
  readonly textColumns: number;
  readonly rows: readonly (readonly Part[])[];
}

/** A table, whose rows are cards on a narrow screen: each cell is there named by the head of its column. */
export function table({ caption, heads, textColumns, rows }: Table): Html {
  const kind = (column: number) => (column < textColumns ? 'text' : 'number');
  const head = heads.map((text, i) => html`<th scope="col" class="${kind(i)}">${text}</th>`);
  const cellOf = (cell: Part, i: number) =>
    html`<td class="${kind(i)}" data-head="${heads[i] ?? ''}"><span>${cell}</span></td>`;
  const row = (cells: readonly Part[]) => html`<tr>${cells.map(cellOf)}</tr>`;
  return html`<table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.map(row)}
</tbody>
</table>`;
}

/** Has a Content-Security-Policy take a script or a style that stands in the page. */
export function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
