/** Where the page is. It stands in the fragment of the address, so the server has one file to give. */
export type Route =
  | { view: 'find'; query: Record<string, string> }
  | { view: 'product'; product: string; section: string }
  | { view: 'lineage'; focus: string; query: Record<string, string> }
  | { view: 'job'; section: string }
  | { view: 'unknown'; path: string };

/** The route of a fragment such as `#/product/shop.order@2/rows`. */
export function parseRoute(fragment: string): Route {
  const [path = '', search = ''] = fragment.replace(/^#/, '').split('?', 2);
  const query = Object.fromEntries(new URLSearchParams(search));
  const parts = path.split('/').filter((part) => part !== '').map(decoded);
  const [view, first = '', second = ''] = parts;
  if (view === undefined) return { view: 'find', query };
  if (view === 'product' && first !== '') return { view: 'product', product: first, section: second };
  if (view === 'lineage') return { view: 'lineage', focus: first, query };
  if (view === 'job') return { view: 'job', section: first };
  return { view: 'unknown', path };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function withQuery(path: string, query: Record<string, string>): string {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
  return text === '' ? path : `${path}?${text}`;
}

export const toFind = (query: Record<string, string> = {}) => withQuery('#/', query);
export const toJob = (section = '') => (section === '' ? '#/job' : `#/job/${encodeURIComponent(section)}`);
export const toLineage = (focus = '', query: Record<string, string> = {}) =>
  withQuery(focus === '' ? '#/lineage' : `#/lineage/${encodeURIComponent(focus)}`, query);
export const toProduct = (product: string, section = '') =>
  `#/product/${encodeURIComponent(product)}${section === '' ? '' : `/${section}`}`;
