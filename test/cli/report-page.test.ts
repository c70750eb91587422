import { expect, test } from 'vitest';
import { writeReportPage } from '../../src/cli/load/report-page.ts';
import { hostile, hostilePage } from './report-page.ts';

const html = writeReportPage(hostilePage());

test('nothing that a peer says stands in the page as more than text', () => {
  expect(html).not.toContain(hostile);
  expect(html).not.toContain('<img');
  expect(html.match(/<script/g)).toHaveLength(3);
  expect(html.match(/<\/script>/g)).toHaveLength(3);
  expect(html.match(/-->/g)).toHaveLength(1);
});

test('the data in the page is what was measured', () => {
  const [, data = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html) ?? [];
  const { x, events, charts } = JSON.parse(data);
  expect({ x, events }).toEqual({ x: [0.5, 1.5, 2.5], events: [{ atS: 1.5 }] });
  const seriesOf = (id: string) => charts.find((chart: { id: string }) => chart.id === id).series;
  expect(seriesOf('rate')).toMatchObject([
    { label: 'due', values: [10, 10, 10] },
    { label: 'good', values: [10, 10, 10] },
    { label: 'failed', values: [0, 1, 0] },
  ]);
  expect(seriesOf('nodes')).toMatchObject([
    { label: 'node2', values: [100, 100, 100], said: [40, 40, 40] },
    { label: hostile, values: [60, 60, 60], said: [60, 60, 60] },
  ]);
});

test('the licence of what draws the charts stands in the page', () => {
  expect(html).toMatch(/uPlot \(https:\S+\), under this licence:\n\nThe MIT License \(MIT\)\n\nCopyright \(c\) /);
});
