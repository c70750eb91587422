/*
 * What runs in the page of a report, as text: it is no module of ours, and has a browser's names. It draws the charts
 * of the data beside it, and writes nothing into the page but through uPlot, which takes labels as text.
 */

/** Style of the page. Colours of nodes and percentiles are fit for both backgrounds. */
export const reportStyle = `
:root{color-scheme:light dark;--text:#1a1a1a;--soft:#555;--line:#ddd;--back:#fff;--bad:#b00020;--good:#0a6b2d}
@media(prefers-color-scheme:dark){:root{--text:#e8e8e8;--soft:#aaa;--line:#3a3a3a;--back:#161616;--bad:#ff6b7d;
--good:#5fd38a}}
body{font:16px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:60rem;padding:0 1rem;
color:var(--text);background:var(--back)}
h1{font-size:1.4rem;margin-bottom:.25rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2rem 0 .25rem}
p{margin:.25rem 0}.soft{color:var(--soft)}.bad{color:var(--bad);font-weight:600}.good{color:var(--good)}
ul{padding-left:1.2rem;margin:.5rem 0}
table{border-collapse:collapse;width:100%}
th,td{padding:.3rem .75rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);
font-variant-numeric:tabular-nums}
td:last-child{overflow-wrap:anywhere}th{font-weight:600}
.wide{overflow-x:auto}.chart{min-height:1rem}
.u-legend{color:var(--text);font-size:.8rem;max-width:100%}.u-legend tr{max-width:100%}
.u-legend .u-label{overflow-wrap:anywhere;max-width:16rem}.u-legend .u-value{min-width:4.5em;text-align:left}
@media(max-width:30rem){body{font-size:15px;padding:0 .5rem}}
`;

/** Draws the charts. */
export const reportScript = `
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const text = () => css('--text');
  const line = () => css('--line');
  const marks = {
    hooks: {
      draw: [u => {
        const { ctx, bbox } = u;
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = text();
        ctx.textAlign = 'left';
        ctx.font = 11 * devicePixelRatio + 'px system-ui,sans-serif';
        ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
        data.events.forEach(({ atS }, i) => {
          const x = u.valToPos(atS, 'x', true);
          if (x < bbox.left || x > bbox.left + bbox.width) return;
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          ctx.fillText(String(i + 1), x + 3 * devicePixelRatio, bbox.top + 11 * devicePixelRatio);
        });
        ctx.restore();
      }],
    },
  };
  const axis = more => Object.assign(
    { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } }, more);
  const charts = data.charts.map(chart => {
    const place = document.getElementById(chart.id);
    const series = chart.series.map(({ label, color, fill, values, said = values }) => ({
      label, stroke: color, width: 1.5, spanGaps: false, points: { show: data.x.length < 3, size: 5 },
      ...(fill ? { fill: color } : {}),
      value: (u, v, series, i) => said[i] == null ? '-' : said[i].toFixed(said[i] < 10 ? 2 : 0) + ' ' + chart.unit,
    }));
    const u = new uPlot({
      width: place.clientWidth,
      height: 240,
      plugins: [marks],
      scales: {
        x: { time: false, range: [0, data.endS] },
        y: chart.log ? { distr: 3 } : { range: (u, least, most) => [0, chart.top || Math.max(1, most * 1.05)] },
      },
      axes: [axis({ values: (u, values) => values.map(v => v + ' s') }), axis({ size: 64 })],
      series: [{ label: 'time', value: (u, v) => v == null ? '-' : v.toFixed(1) + ' s' }, ...series],
    }, [data.x, ...chart.series.map(({ values }) => values)], place);
    return { u, place };
  });
  const fit = ({ u, place }) => u.setSize({ width: place.clientWidth, height: 240 });
  addEventListener('resize', () => charts.forEach(fit));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach(({ u }) => u.redraw()));
  document.documentElement.dataset.drawn = String(charts.length);
})();
`;
