/** What of the page is the same for everyone: how it looks, and what follows the feed. */

export const style = `
:root{color-scheme:light dark;--text:#1a1a1a;--faint:#5c5c5c;--back:#fff;--line:#d8d8d8;--card:#f6f6f4;
--good:#0a6b2d;--bad:#b00020;--warn:#7a4b00;--issues:#2f7d4f;--opens:#a9c9b5;--pending:#c9c9c9}
@media(prefers-color-scheme:dark){:root{--text:#e8e8e8;--faint:#a8a8a8;--back:#161616;--line:#3a3a3a;--card:#202020;
--good:#5fd38a;--bad:#ff7285;--warn:#f0b95a;--issues:#4cae74;--opens:#2c5a3f;--pending:#555}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem;color:var(--text);
background:var(--back);overflow-wrap:anywhere}
h1{font-size:1.4rem;margin:.5rem 0}h2{font-size:1.1rem;margin:2rem 0 .25rem}p{margin:.25rem 0}
.faint,caption{color:var(--faint)}.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}
.warn{color:var(--warn);font-weight:600}
#cut{background:var(--bad);color:var(--back);padding:.5rem .75rem;border-radius:.25rem}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.5rem;margin:1rem 0}
dl div{background:var(--card);border-radius:.25rem;padding:.5rem .75rem}dt{color:var(--faint)}
dd{margin:0;font-size:1.3rem;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%}caption{text-align:left;padding-bottom:.5rem}
th,td{padding:.35rem .5rem;text-align:right;vertical-align:top;border-bottom:1px solid var(--line);
font-variant-numeric:tabular-nums}
th{font-weight:600}.text{text-align:left}
svg{display:block;width:100%;height:.75rem;margin:.25rem 0}
.pending{fill:var(--pending)}.issues{fill:var(--issues)}.opens{fill:var(--opens)}.now{fill:var(--text)}
li{margin:.75rem 0}ol{list-style:none;padding:0}
@media(max-width:48rem){thead{display:none}table,tbody,tr,td,caption{display:block}
tr{background:var(--card);border-radius:.25rem;padding:.5rem .75rem;margin:.5rem 0}
td,td.text{border:0;padding:.1rem 0;display:flex;justify-content:space-between;gap:1rem;
text-align:right}
td::before{content:attr(data-head);color:var(--faint);text-align:left;flex:none}
td:first-child{font-weight:600}}
`;

/** No event for so long: whatever the reason, the figures on the screen are old. */
export const silentMs = 20_000;

/**
 * Puts what the feed sends in place of what is there. It is parsed as a document of its own, in which nothing runs, and
 * the page's policy runs no script but this one.
 */
export const script = `(() => {
  const cut = document.getElementById('cut');
  let heardMs = Date.now();
  let feed;
  const open = () => {
    feed = new EventSource('events');
    feed.onmessage = ({ data }) => {
      heardMs = Date.now();
      cut.hidden = true;
      const next = new DOMParser().parseFromString(JSON.parse(data), 'text/html');
      document.title = next.title;
      document.querySelector('main').replaceChildren(...next.body.childNodes);
    };
    feed.onerror = () => { cut.hidden = false; };
  };
  setInterval(() => {
    if (Date.now() - heardMs > ${silentMs}) cut.hidden = false;
    if (feed.readyState === EventSource.CLOSED) open();
  }, 5000);
  open();
})();
`;
