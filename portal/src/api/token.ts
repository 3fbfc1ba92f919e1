/** What the reader says of itself. It is kept for this tab alone: another tab, or a tab that is opened anew, has no token. */
export interface Reader {
  token: string;
  purpose: string;
}

const KEY = 'braid.reader';
let reader: Reader = read();
const listeners = new Set<() => void>();

function read(): Reader {
  try {
    const saved = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Reader>;
    return { token: saved.token ?? '', purpose: saved.purpose ?? '' };
  } catch {
    return { token: '', purpose: '' };
  }
}

export const currentReader = (): Reader => reader;

export function setReader(next: Reader): void {
  reader = next;
  if (next.token === '' && next.purpose === '') sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, JSON.stringify(next));
  listeners.forEach((listener) => listener());
}

/** Calls the listener whenever the reader changes; the result ends that. */
export function onReader(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
