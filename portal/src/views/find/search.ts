/** A product as it is searched for. */
export interface Entry {
  id: string;
  domain: string;
  status: string;
  labels: string[];
  owner: string;
  doc: string;
  fields: string[];
}

export interface Wanted {
  text: string;
  domain: string[];
  status: string[];
  label: string[];
}

export type Facet = 'domain' | 'status' | 'label';

export const FACETS: Facet[] = ['domain', 'status', 'label'];

const valuesOf = (entry: Entry, facet: Facet): string[] => (facet === 'label' ? entry.labels : [entry[facet]]);

/** How well a product fits the words, all of which must be somewhere in it; 0 if it does not. A name counts most. */
export function score(entry: Entry, text: string): number {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  let sum = 1;
  for (const word of words) {
    const name = entry.id.toLowerCase();
    const places: [boolean, number][] = [
      [name === word || name.split('.').includes(word), 60],
      [name.includes(word), 40],
      [entry.fields.some((field) => field.toLowerCase() === word), 25],
      [entry.labels.some((label) => `#${label}`.toLowerCase().includes(word)), 20],
      [entry.fields.some((field) => field.toLowerCase().includes(word)), 12],
      [entry.owner.toLowerCase().includes(word), 10],
      [entry.doc.toLowerCase().includes(word), 5],
    ];
    const best = places.find(([there]) => there)?.[1] ?? 0;
    if (best === 0) return 0;
    sum += best;
  }
  return sum;
}

/** Of one facet any of its values will do, and of each facet one must. */
export function fits(entry: Entry, wanted: Wanted, except?: Facet): boolean {
  return FACETS.every(
    (facet) => facet === except || wanted[facet].length === 0 || valuesOf(entry, facet).some((value) => wanted[facet].includes(value)),
  );
}

export function found<T extends Entry>(entries: T[], wanted: Wanted): T[] {
  return entries
    .filter((entry) => fits(entry, wanted))
    .map((entry) => ({ entry, points: score(entry, wanted.text) }))
    .filter(({ points }) => points > 0)
    .sort((left, right) => right.points - left.points || left.entry.id.localeCompare(right.entry.id))
    .map(({ entry }) => entry);
}

/** The values of a facet, and how many products each would give beside what is chosen in the other facets. */
export function choices(entries: Entry[], wanted: Wanted, facet: Facet): { value: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    const there = fits(entry, wanted, facet) && score(entry, wanted.text) > 0;
    for (const value of new Set(valuesOf(entry, facet))) counts.set(value, (counts.get(value) ?? 0) + (there ? 1 : 0));
  }
  return [...counts].map(([value, count]) => ({ value, count })).sort((left, right) => left.value.localeCompare(right.value));
}

const list = (text: string | undefined) => (text ?? '').split(',').filter((part) => part !== '');

/** What is wanted stands in the address, so it can be sent to others. */
export function wantedOf(query: Record<string, string>): Wanted {
  return { text: query.q ?? '', domain: list(query.domain), status: list(query.status), label: list(query.label) };
}

export function queryOf(wanted: Wanted): Record<string, string> {
  return { q: wanted.text, domain: wanted.domain.join(','), status: wanted.status.join(','), label: wanted.label.join(',') };
}

export function toggled(wanted: Wanted, facet: Facet, value: string): Wanted {
  const chosen = wanted[facet];
  return { ...wanted, [facet]: chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value] };
}
