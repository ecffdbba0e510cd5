// Keeps an open page current. Every page works without this file.
(() => {
  'use strict';
  const main = document.querySelector('main[data-live]');
  if (!main || !window.fetch) return;
  const $ = id => document.getElementById(id);
  const every = 12000, slowest = 60000;
  let tag = '', fails = 0, timer, seen = Date.now();

  // Someone is typing or choosing: swapping the page under their fingers would lose it.
  const busy = () => main.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);

  const swap = html => {
    const open = [...main.querySelectorAll('details')].map(d => d.open);
    const at = main.contains(document.activeElement) && document.activeElement, id = at && at.id;
    main.innerHTML = html;
    main.querySelectorAll('details').forEach((d, i) => { if (open[i] !== undefined) d.open = open[i]; });
    const back = at && ((id && $(id)) || [...main.querySelectorAll(at.tagName)].find(e => e.textContent === at.textContent));
    if (back) back.focus({ preventScroll: true });
  };

  const stale = on => {
    if (document.body.classList.toggle('is-stale', on) && $('checked')) $('stale-at').textContent = $('checked').textContent;
    $('stale').hidden = !on;
  };

  const ask = async () => {
    // AbortSignal.timeout is missing in the WebViews of older telephones.
    const stop = new AbortController(), limit = setTimeout(() => stop.abort(), 8000);
    try {
      const headers = { 'X-Part': 'main' };
      if (tag) headers['If-None-Match'] = tag;
      const answer = await fetch(location.href, { headers, cache: 'no-store', credentials: 'same-origin', signal: stop.signal });
      if (answer.redirected) return location.reload(); // signed out meanwhile
      if (answer.status === 200) { const html = await answer.text(); if (busy()) return; swap(html); tag = answer.headers.get('ETag') || ''; }
      else if (answer.status !== 304) throw answer.status;
      const checked = answer.headers.get('X-Checked'), title = answer.headers.get('X-Title');
      if (checked && $('checked')) $('checked').textContent = checked;
      if (title) document.title = decodeURIComponent(title);
      fails = 0; seen = Date.now(); stale(false);
    } catch (e) { if (++fails > 1) stale(true); }
    finally { clearTimeout(limit); }
  };

  const tick = async () => {
    clearTimeout(timer);
    if (!document.hidden && !busy()) await ask();
    clearTimeout(timer);
    timer = setTimeout(tick, Math.min(every * (1 + Math.max(0, fails - 1)), slowest));
  };
  document.addEventListener('visibilitychange', () => { if (!document.hidden && Date.now() - seen > 3000) tick(); });
  timer = setTimeout(tick, every);
})();
