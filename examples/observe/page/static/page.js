// The page: takes the states that the server sends, and shows each.

import { bytes, clock, rate, time } from './format.js';
import { at, keep, make, number, text } from './dom.js';
import { showEnded, showFiles } from './files.js';

const maxLines = 300;

function showStats(s) {
  const cancelled = s.TotalFiles - s.CompletedFiles - s.FailedFiles - s.ActiveFiles - s.PendingFiles;
  number('percent', s.ProgressPercent, `${Math.floor(s.ProgressPercent)} %`);
  at('progress').value = s.ProgressPercent;
  number('downloaded', s.DownloadedBytes, bytes(s.DownloadedBytes));
  number('total-bytes', s.TotalBytes, bytes(s.TotalBytes));
  number('completed', s.CompletedFiles);
  number('total', s.TotalFiles);
  number('active', s.ActiveFiles);
  number('pending', s.PendingFiles);
  number('failed', s.FailedFiles);
  number('cancelled', cancelled);
  number('speed', s.OverallSpeed, rate(s.OverallSpeed));
  number('received', s.ReceivedBytes, bytes(s.ReceivedBytes));
  number('reused', s.ReusedFiles);
  number('saved', s.BytesSaved, bytes(s.BytesSaved));
  number('concurrency', s.CurrentConcurrency);
  at('enhanced').hidden = s.TotalThreads === 0;
  number('threads', s.ActiveThreads);
  number('all-threads', s.TotalThreads);
  number('joined', s.DynamicChunksAdded);
  const left = (s.TotalBytes - s.DownloadedBytes) / s.OverallSpeed;
  text(at('left'), left > 0 && Number.isFinite(left) ? `about ${time(left)} left` : '');
}

function status(s) {
  if (!s) return ['no batch yet', ''];
  if (s.Paused) return ['paused', 'warn'];
  if (s.TotalFiles === 0) return ['nothing to do', ''];
  if (s.ActiveFiles + s.PendingFiles > 0) return ['running', 'busy'];
  if (s.CompletedFiles === s.TotalFiles) return ['complete', 'good'];
  return [`ended; ${s.TotalFiles - s.CompletedFiles} not complete`, 'bad'];
}

function say(words, is) {
  text(at('status'), words);
  at('status').dataset.is = is;
}

function showHosts({ hosts, moreHosts }) {
  keep(at('hosts'), hosts, h => h.origin, 'host-row', (e, h) => {
    text(e.querySelector('.name'), h.origin);
    const pill = e.querySelector('.pill');
    pill.dataset.is = { up: 'good', busy: 'warn', down: 'bad' }[h.state] ?? '';
    text(pill, h.wait > 0 ? `${h.state}, ${time(h.wait)}` : h.state);
    text(e.querySelector('.in-flight'), `${h.inFlight} of ${h.allowed}`);
    text(e.querySelector('.speed'), h.inFlight ? rate(h.speed) : '–');
    text(e.querySelector('.bytes'), bytes(h.bytes));
    text(e.querySelector('.trip'), h.protocol ? `${h.trip || '< 1'} ms, ${h.protocol}` : 'not known');
  });
  at('no-hosts').hidden = hosts.length > 0;
  text(at('more-hosts'), moreHosts ? `and ${moreHosts} more` : '');
}

let last = 0; // number of the latest line

function showLog(lines) {
  const log = at('log');
  if (lines.length && lines[0].n <= last) log.replaceChildren(); // all of them come again
  for (const line of lines) {
    const e = make('line');
    e.dataset.is = line.level;
    text(e.querySelector('time'), clock(line.time));
    text(e.querySelector('.kind'), line.kind);
    text(e.querySelector('.name'), line.who);
    text(e.querySelector('.what'), line.what);
    log.prepend(e);
    last = line.n;
  }
  while (log.children.length > maxLines) log.lastElementChild.remove();
}

// The curve is the speed of the last minute.
const samples = [];
let speed = 0, running = false;

function sample() {
  if (!running) return;
  if (samples.push(speed) > 120) samples.shift();
  const most = Math.max(...samples, 1), first = 120 - samples.length;
  const line = samples.map((v, i) => `${first + i},${(29 - 27 * v / most).toFixed(1)}`).join('L');
  const [area, edge] = at('curve').children;
  area.setAttribute('d', `M${first},30L${line}L119,30Z`);
  edge.setAttribute('d', `M${line}`);
}

function show(state) {
  showStats(state.stats);
  showFiles(state, performance.now());
  showHosts(state);
  showEnded(state);
  showLog(state.log);
  const [words, is] = status(state.watching ? state.stats : null);
  say(words, is);
  speed = state.stats.OverallSpeed;
  running = is === 'busy';
  document.title = running ? `${Math.floor(state.stats.ProgressPercent)} % · littledl` : `${words} · littledl`;
}

function connect() {
  const source = new EventSource('events');
  source.onmessage = e => show(JSON.parse(e.data));
  source.onerror = () => {
    running = false;
    say('connection lost, trying again', 'warn');
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000); // it was refused
  };
}

at('problems').onchange = e => at('log').classList.toggle('problems', e.target.checked);
setInterval(sample, 500);
connect();
