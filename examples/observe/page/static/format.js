// How numbers are written.

export function bytes(n) {
  if (n < 0) return '?';
  if (n < 1024) return `${n} B`;
  let v = n / 1024, unit = 0;
  while (v >= 999.95 && unit < 4) {
    v /= 1024;
    unit++;
  }
  return `${v.toFixed(1)} ${'KMGTP'[unit]}iB`;
}

export const rate = perSecond => `${bytes(Math.round(perSecond))}/s`;

export function time(seconds) {
  const s = Math.ceil(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}

export const clock = milliseconds => new Date(milliseconds).toTimeString().slice(0, 8);

export const count = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;
