/** A stretch of text, marked when it is what was typed. */
export type Stretch = { text: string; marked: boolean };

/** Folds case and accents away: `Müller` reads as `muller`. Keeps where each folded character came from. */
function fold(text: string): { folded: string; from: number[] } {
  let folded = "";
  const from: number[] = [];
  let at = 0;
  for (const character of text) {
    const plain = character.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    folded += plain;
    for (let i = 0; i < plain.length; i++) from.push(at);
    at += character.length;
  }
  from.push(at);
  return { folded, from };
}

const isWordStart = (text: string, at: number) => at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? "");

/** Where `word` stands in `text`: at the start of a word rather than, if allowed, `inside` one; -1 when nowhere. */
function find(text: string, word: string, inside: boolean): number {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) if (isWordStart(text, at)) return at;
  return inside ? text.indexOf(word) : -1;
}

/** Cuts `text` into stretches, marking each typed word once; `inside` words too unless told otherwise. */
export function highlight(text: string, typed: string, inside = true): Stretch[] {
  const { folded, from } = fold(text);
  const marks: boolean[] = Array.from({ length: text.length }, () => false);
  for (const word of fold(typed).folded.split(/[\s*]+/)) {
    const at = word === "" ? -1 : find(folded, word, inside);
    if (at < 0) continue;
    const start = from[at] ?? 0;
    // An accent written as a character of its own belongs to the letter before it.
    let end = from[at + word.length] ?? text.length;
    while (end < text.length && /\p{M}/u.test(text[end] ?? "")) end++;
    marks.fill(true, start, end);
  }
  return cut(text, marks);
}

/** Cuts `text` at the places somebody else found, in UTF-16 units. Places beyond its end mark nothing. */
export function stretches(text: string, places: readonly { start: number; end: number }[]): Stretch[] {
  const marks: boolean[] = Array.from({ length: text.length }, () => false);
  for (const { start, end } of places) marks.fill(true, start, end);
  return cut(text, marks);
}

function cut(text: string, marks: readonly boolean[]): Stretch[] {
  const out: Stretch[] = [];
  for (let at = 0; at < text.length; at++) {
    const marked = marks[at] === true;
    const last = out.at(-1);
    if (last?.marked === marked) last.text += text[at];
    else out.push({ text: text[at] ?? "", marked });
  }
  return out;
}
