const name = (product: string) => encodeURIComponent(product);

/** The requests of the page. Each can be asked with curl. */
export const paths = {
  portal: '/v1/portal',
  catalog: '/v1/catalog',
  product: (product: string) => `/v1/catalog/${name(product)}`,
  rows: (product: string, limit: number) => `/v1/products/${name(product)}/rows?limit=${limit}`,
  requests: (product: string) => `/v1/access/requests?product=${name(product)}`,
  request: '/v1/access/requests',
  decide: (id: string) => `/v1/access/requests/${name(id)}`,
  lineage: '/v1/lineage',
  job: '/v1/job',
  faults: (wanted: { product: string; port: string; reason: string; after: string }) => {
    const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== ''));
    return `/v1/job/rejected?${query}`;
  },
};
