// What a braid that serves a shop answers, for tests of the page: fixed values, as of one instant.
export const NOW = Date.parse('2026-03-10T12:00:00Z');
const ago = (seconds) => new Date(NOW - seconds * 1000).toISOString();
const ahead = (days) => new Date(NOW + days * 86_400_000).toISOString();

const field = (name, type, doc = '', labels = [], mask = null) => ({ name, type, doc, labels, mask });

const promise = (text, state, measured, budgets) => ({
  promise: text,
  state,
  since: ago(7200),
  measured,
  budget: budgets.at(-1),
  history: budgets.map((budget, index) => ({ at: ago((budgets.length - index) * 300), budget, state: budget < 0.25 ? 'at risk' : 'ok' })),
});

const product = (name, version, more) => ({
  product: name,
  version,
  domain: name.split('.')[0],
  kind: 'table',
  owner: `${name.split('.')[0]}@shop.example`,
  doc: '',
  state: 'active',
  status: 'ok',
  labels: [],
  served: true,
  key: ['id'],
  event_time: 'at',
  indexes: [],
  epoch: 42,
  watermark: ago(3),
  promises: [],
  versions: [{ version, minor: 0, state: 'active', published: ago(40 * 86_400), ends: null }],
  readers: [],
  you: { may_read: true, may_decide: false },
  ...more,
});

const orderFields = [
  field('id', 'uuid', 'The number on the invoice.'),
  field('at', 'timestamp', 'When the customer pressed the button.'),
  field('customer', 'int'),
  field('amount', 'decimal(12,2)', 'With taxes, in the currency of the order.'),
  field('currency', 'enum { EUR, USD, CHF }'),
  field('email', 'string', 'Where the receipt goes.', ['pii'], 'hash except role crm'),
];

export const products = [
  product('shop.order', 2, {
    kind: 'stream',
    doc: 'Orders as they are placed, once each.\n\nReturns are in `shop.return`.',
    labels: ['pii'],
    fields: orderFields,
    indexes: ['customer'],
    status: 'at risk',
    promises: [
      promise('fresh within 5m', 'at risk', 'the newest row is 252.0 s old', [0.95, 0.9, 0.92, 0.8, 0.55, 0.3, 0.16]),
      promise('latency p99 < 2s', 'ok', '0.4 % of the rows of the last hour took longer', [0.7, 0.66, 0.64, 0.62, 0.61, 0.6, 0.6]),
      promise('complete 99.9%', 'ok', '99.98 % of the records were used', [0.9, 0.88, 0.87, 0.86, 0.85, 0.83, 0.8]),
    ],
    versions: [
      { version: 1, minor: 4, state: 'deprecated', published: ago(400 * 86_400), ends: ahead(21) },
      { version: 2, minor: 1, state: 'active', published: ago(30 * 86_400), ends: null },
    ],
    readers: [
      { reader: 'insight.customer_view', owner: 'insight@shop.example', fields: ['customer', 'amount', 'at'], purpose: null },
      { reader: 'crm.letter', owner: 'crm@shop.example', fields: ['email'], purpose: 'care' },
    ],
    you: { may_read: true, may_decide: true },
  }),
  product('shop.return', 1, {
    kind: 'stream',
    doc: 'Orders that came back, with the reason.',
    fields: [field('id', 'uuid'), field('order', 'uuid'), field('reason', 'string'), field('at', 'timestamp')],
    status: 'ok',
  }),
  product('insight.customer_view', 1, {
    doc: 'What is known of a customer: orders, segment, city.',
    fields: [field('customer', 'int'), field('segment', 'string'), field('orders', 'int'), field('spent', 'decimal(38,2)'), field('email', 'string?', '', ['pii'], 'hash for all')],
    key: ['customer'],
    labels: ['pii'],
    event_time: null,
    indexes: ['segment'],
    you: { may_read: false, may_decide: false },
  }),
  product('insight.revenue', 1, {
    kind: 'stream',
    doc: 'Revenue by hour and currency.',
    fields: [field('hour', 'timestamp'), field('currency', 'enum { EUR, USD, CHF }'), field('revenue', 'decimal(38,2)')],
    key: [],
    status: 'breached',
    promises: [promise('fresh within 1h', 'breached', 'the newest row is 5400.0 s old', [0.6, 0.4, 0.2, 0.05, 0, 0, 0])],
  }),
  product('payments.payment', 3, {
    kind: 'stream',
    doc: 'Payments as the bank tells of them.',
    fields: [field('id', 'uuid'), field('order', 'uuid'), field('iban', 'string', '', ['pii', 'bank'], 'last 4 digits'), field('at', 'timestamp')],
    labels: ['pii', 'bank'],
    state: 'draft',
    status: 'nothing is watched',
    served: false,
    epoch: null,
    watermark: null,
  }),
];

export const catalog = { products: products.map(({ fields, ...one }) => ({ ...one, fields: fields.map(({ name }) => name) })) };

export const rows = {
  product: 'shop.order',
  version: 2,
  epoch: 42,
  watermark: ago(3),
  status: 'at risk',
  rows: Array.from({ length: 8 }, (_, index) => ({
    id: `7a344a7a-89a1-488d-ad23-69e14f9968${10 + index}`,
    at: ago(100 - index * 10),
    customer: 100 + index * 7,
    amount: 12.5 * (index + 1),
    currency: ['EUR', 'USD', 'CHF'][index % 3],
    email: 'b4c9a289323b21a01c3e940f150eb9b8c542587f1abfd8f0e1cc1ffc5e475514',
  })),
  next: null,
};

export const requests = () => [
  { id: '3f2a9c1b04de', product: 'shop.order', version: 2, by: 'kpi', purpose: 'reporting', until: ahead(90), columns: ['id', 'amount', 'at'], state: 'requested', decided_by: null, because: null, at: ago(3600) },
  { id: '77aa01c2e5f0', product: 'shop.order', version: 2, by: 'fraud', purpose: 'safety', until: ahead(12), columns: null, state: 'granted', decided_by: 'shop', because: null, at: ago(86_400) },
];

export const job = (turn) => ({
  job: 'shop',
  environment: 'prod',
  phase: 'running',
  ready: true,
  reason: 'ok',
  started_at: ago(86_400),
  braid_version: '0.1.0',
  taken_at: new Date(NOW + turn * 2000).toISOString(),
  epoch: 42 + turn,
  events: 1_250_000 + turn * 2400 + (turn % 3) * 350,
  turns: 9000,
  watermark: new Date(NOW + turn * 2000 - 2600 - (turn % 4) * 300).toISOString(),
  state: { rows: 88_120, cold_rows: 0, memory_bytes: 41_000_000, budget_bytes: 1_073_741_824, disk_bytes: 230_000_000 },
  partitions: [0, 1, 2, 3].map((partition) => ({
    source: 'shop.event',
    partition: String(partition),
    lag_records: 120 * (partition + 1) + ((turn * (partition + 3)) % 7) * 15,
    watermark: new Date(NOW + turn * 2000 - 2600 - partition * 120).toISOString(),
    position: 312_000 + turn * 600 + partition,
  })),
  commits: [{ epoch: 42 + turn, at: new Date(NOW + turn * 2000 - 100).toISOString(), duration_ms: 12 + (turn % 5) }],
  products: [
    {
      name: 'shop.order',
      version: 2,
      rows: 1_190_000,
      alerts: 3,
      inputs: [{ name: 'shop.event', in: 1_250_000, used: 1_190_000, filtered: 58_000, duplicate: 1500, unmatched: 0, rejected: 420, late: 80 }],
    },
  ],
});

export const faults = {
  counts: [
    { product: 'shop.order@2', port: 'rejected', reason: '`amount` is not a decimal(12,2)', count: 412 },
    { product: 'shop.order@2', port: 'late', reason: 'behind the watermark', count: 80 },
  ],
  rows: [
    {
      product: 'shop.order@2',
      port: 'rejected',
      at: ago(60),
      code: 'E6001',
      reason: '`amount` is not a decimal(12,2)',
      origin: { source: 'shop.event', partition: '2', position: 311_987, line: 0 },
      script: { file: 'shop.braid', line: 14 },
      bytes: '{"id":"7a344a7a","amount":"tbd","currency":"EUR"}',
      row: null,
    },
    {
      product: 'shop.order@2',
      port: 'late',
      at: ago(90),
      code: null,
      reason: 'behind the watermark',
      origin: { source: 'shop.event', partition: '0', position: 311_002, line: 0 },
      script: null,
      bytes: null,
      row: { id: '11', amount: 3.5 },
    },
  ],
  next: null,
};

const relation = (name, kind, fields, more = {}) => ({ name, version: null, kind, domain: name.split('.')[0], status: '', fields, ...more });
const plain = (name, type = 'string', labels = [], mask = null) => ({ name, type, labels, mask });
const edge = (from, to, kind = 'IDENTITY', masked = false) => {
  const [fromRelation, fromField] = from.split('#');
  const [toRelation, toField] = to.split('#');
  return { from: { relation: fromRelation, field: fromField }, to: { relation: toRelation, field: toField ?? null }, kind, masked };
};

export const lineage = {
  relations: [
    relation('shop.event', 'source', [plain('id', 'uuid'), plain('amount', 'decimal(12,2)'), plain('email', 'string', ['pii']), plain('at', 'timestamp')]),
    relation('crm.customer', 'table', [plain('id', 'int'), plain('segment')]),
    relation('shop.order', 'product', [plain('id', 'uuid'), plain('amount', 'decimal(12,2)'), plain('email', 'string', ['pii'], 'hash except role crm'), plain('at', 'timestamp')], { status: 'at risk' }),
    relation('insight.customer_view', 'product', [plain('customer', 'int'), plain('segment'), plain('spent', 'decimal(38,2)'), plain('email', 'string', ['pii'])], { status: 'ok' }),
    relation('insight.revenue', 'product', [plain('hour', 'timestamp'), plain('revenue', 'decimal(38,2)')], { status: 'breached' }),
  ],
  edges: [
    edge('shop.event#id', 'shop.order#id'),
    edge('shop.event#amount', 'shop.order#amount'),
    edge('shop.event#email', 'shop.order#email'),
    edge('shop.event#at', 'shop.order#at'),
    edge('shop.event#id', 'shop.order', 'FILTER'),
    edge('crm.customer#id', 'insight.customer_view#customer'),
    edge('crm.customer#segment', 'insight.customer_view#segment'),
    edge('shop.order#amount', 'insight.customer_view#spent', 'AGGREGATION'),
    edge('shop.order#email', 'insight.customer_view#email', 'IDENTITY', true),
    edge('crm.customer#id', 'insight.customer_view', 'JOIN'),
    edge('shop.order#amount', 'insight.revenue#revenue', 'AGGREGATION'),
    edge('shop.order#at', 'insight.revenue#hour', 'TRANSFORMATION'),
  ],
};

/** A mesh of that many relations in ten layers, each made of one to three of the layer before. The same each time. */
export function largeLineage(count) {
  let seed = 7;
  const random = (below) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const layers = 10;
  const relations = [];
  const edges = [];
  for (let index = 0; index < count; index++) {
    const layer = Math.floor((index * layers) / count);
    const name = `domain${index % 12}.${layer === 0 ? 'source' : 'product'}_${index}`;
    const fields = ['id', 'at', 'value', 'name'].map((one) => plain(one, 'string', [], one === 'name' && index % 9 === 0 ? 'hash' : null));
    relations.push(relation(name, layer === 0 ? 'source' : 'product', fields, { status: index % 17 === 0 ? 'breached' : 'ok' }));
    if (layer === 0) continue;
    const first = Math.ceil(((layer - 1) * count) / layers);
    const width = Math.floor(count / layers);
    for (let parents = 1 + random(3); parents > 0; parents--) {
      const from = relations[first + random(width)];
      for (const one of ['id', 'at', 'value', 'name']) edges.push(edge(`${from.name}#${one}`, `${name}#${one}`, 'IDENTITY', one === 'name' && index % 9 === 0));
    }
  }
  return { relations, edges };
}
