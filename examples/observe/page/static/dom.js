// What of the document changes, and only that. Text is set as text: names come from servers.

export const at = id => document.getElementById(id);

export function text(element, s) {
  if (element.textContent !== s) element.textContent = s;
}

// number shows a number in words and keeps it, too.
export function number(id, value, words = String(value)) {
  const element = at(id);
  element.value = String(value);
  text(element, words);
}

export function make(template) {
  return at(template).content.firstElementChild.cloneNode(true);
}

// keep has a list show these items, each by the element that it had before.
export function keep(list, items, key, template, fill) {
  const wanted = new Set(items.map(key));
  const there = new Map();
  for (const element of [...list.children]) {
    if (wanted.has(element.dataset.key)) there.set(element.dataset.key, element);
    else element.remove();
  }
  items.forEach((item, i) => {
    let element = there.get(key(item));
    if (!element) {
      element = make(template);
      element.dataset.key = key(item);
    }
    fill(element, item);
    if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
  });
}
