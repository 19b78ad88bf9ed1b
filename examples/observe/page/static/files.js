// Files: those under way, with the segments of large ones, and the latest that have ended.

import { bytes, count, rate } from './format.js';
import { at, keep, text } from './dom.js';

const speeds = new Map(); // of files, by what came between two states

function speedOf(f, now) {
  let s = speeds.get(f.id);
  if (!s) speeds.set(f.id, s = { at: now, done: f.done, speed: 0 });
  const passed = (now - s.at) / 1000;
  if (passed >= 0.4) {
    const fresh = Math.max(f.done - s.done, 0) / passed;
    s.speed = s.speed ? s.speed + (fresh - s.speed) * Math.min(passed / 2, 1) : fresh;
    s.at = now;
    s.done = f.done;
  }
  return s.speed;
}

export function showFiles(state, now) {
  const { files, moreFiles } = state;
  for (const id of speeds.keys()) if (!files.some(f => f.id === id)) speeds.delete(id);
  const large = files.filter(f => f.segments.length), small = files.filter(f => !f.segments.length);
  keep(at('large'), large, f => f.id, 'large-row', (e, f) => showLarge(e, f, speedOf(f, now)));
  keep(at('small'), small, f => f.id, 'small-row', showSmall);
  hold(at('small'), files.length > 0);
  at('no-files').hidden = files.length > 0;
  text(at('more-files'), moreFiles ? `${moreFiles} more are under way` : '');
}

// hold keeps the place of rows that come and go, so that what is below does not jump.
function hold(list, busy) {
  list.style.minHeight = busy ? `${Math.max(list.offsetHeight, parseFloat(list.style.minHeight) || 0)}px` : '';
}

onresize = () => hold(at('small'), false);

function name(element, f) {
  const e = element.querySelector('.name');
  text(e, f.name);
  e.title = f.url;
}

function showLarge(element, f, speed) {
  name(element, f);
  const part = f.done / f.size, percent = `${Math.floor(100 * part)} %`;
  text(element.querySelector('.note'), f.state !== 'receiving' ? f.state : speed ? rate(speed) : '');
  text(element.querySelector('.amount'), `${percent} · ${bytes(f.done)} of ${bytes(f.size)} · ${count(f.requests, 'request')}`);
  const bar = element.querySelector('.segments');
  bar.ariaLabel = f.name;
  bar.ariaValueNow = String(Math.floor(100 * part));
  bar.ariaValueText = `${percent}, ${count(f.segments.length, 'segment')}, ${count(f.requests, 'request')} under way`;
  while (bar.children.length > f.segments.length) bar.lastElementChild.remove();
  f.segments.forEach((s, i) => {
    let e = bar.children[i];
    if (!e) {
      e = bar.appendChild(document.createElement('i'));
      e.appendChild(document.createElement('b'));
    }
    const length = s.end - s.start;
    e.className = length === s.done ? 'whole' : s.source >= 0 ? 'filling' : '';
    e.dataset.source = s.source < 0 ? '' : s.source % 4;
    e.style.width = `${100 * length / f.size}%`;
    e.firstElementChild.style.width = `${100 * s.done / length}%`;
  });
  keep(element.querySelector('.sources'), f.sources.map((host, i) => ({ host, i })), s => s.host, 'source', (e, s) => {
    e.dataset.source = s.i % 4;
    text(e, s.host);
  });
}

function showSmall(element, f) {
  name(element, f);
  const known = f.size > 0, bar = element.querySelector('progress');
  text(element.querySelector('.note'), f.state !== 'receiving' ? f.state : known ? bytes(f.size) : bytes(f.done));
  bar.ariaLabel = f.name;
  if (known) bar.value = f.done / f.size;
  else if (f.state === 'waiting' || f.state === 'paused') bar.value = 0;
  else bar.removeAttribute('value');
}

export function showEnded(state) {
  const { ended, moreEnded } = state;
  keep(at('ended'), ended, e => String(e.n), 'ended-row', (element, e) => {
    name(element, e);
    const pill = element.querySelector('.pill');
    pill.dataset.is = { completed: 'good', failed: 'bad' }[e.outcome] ?? 'warn';
    text(pill, e.outcome);
    text(element.querySelector('.note'), e.note);
  });
  at('no-ended').hidden = ended.length > 0;
  text(at('more-ended'), moreEnded ? `${moreEnded} more before these` : '');
}
