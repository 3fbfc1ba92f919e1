/** What the server answers. docs/serving.md has the requests. */

export interface Portal {
  job: string;
  environment: string;
  braid_version: string;
  /** Nothing if nobody is asked who reads. */
  reader: { name: string; roles: string[]; domains: string[] } | null;
  /** Whether access is asked for and decided here: the project has a registry. */
  access: boolean;
}

export interface CatalogEntry {
  product: string;
  version: number;
  domain: string;
  kind: string;
  owner: string;
  doc: string;
  state: string;
  status: string;
  labels: string[];
  fields: string[];
  served: boolean;
}

export interface Catalog {
  products: CatalogEntry[];
}

export interface Field {
  name: string;
  type: string;
  doc: string;
  labels: string[];
  mask: string | null;
}

export interface Promised {
  promise: string;
  state: string;
  since: string | null;
  measured: string;
  /** The share of the budget that is left. */
  budget: number | null;
  /** Left budget as it was. */
  history: { at: string; budget: number; state: string }[];
}

export interface Version {
  version: number;
  minor: number | null;
  state: string;
  published: string | null;
  ends: string | null;
}

export interface ReaderOf {
  reader: string;
  owner: string;
  fields: string[];
  purpose: string | null;
}

export interface ProductDetail extends Omit<CatalogEntry, 'fields'> {
  fields: Field[];
  key: string[];
  event_time: string | null;
  indexes: string[];
  epoch: number | null;
  watermark: string | null;
  promises: Promised[];
  versions: Version[];
  readers: ReaderOf[];
  you: { may_read: boolean; may_decide: boolean };
}

export interface Rows {
  epoch: number;
  watermark: string | null;
  status: string;
  rows: Record<string, unknown>[];
  next: string | null;
}

export interface AccessRequest {
  id: string;
  product: string;
  version: number;
  by: string;
  purpose: string;
  until: string | null;
  columns: string[] | null;
  state: string;
  decided_by: string | null;
  because: string | null;
  at: string | null;
}

export interface LineageAnswer {
  relations: {
    name: string;
    version: number | null;
    kind: string;
    domain: string;
    status: string;
    fields: { name: string; type: string; labels: string[]; mask: string | null }[];
  }[];
  edges: {
    from: { relation: string; field: string };
    to: { relation: string; field: string | null };
    kind: string;
    masked: boolean;
  }[];
}

export interface JobAnswer {
  job: string;
  environment: string;
  phase: string;
  ready: boolean;
  reason: string;
  started_at: string;
  braid_version: string;
  taken_at: string;
  epoch: number;
  events: number;
  turns: number;
  watermark: string | null;
  state: { rows: number; cold_rows: number; memory_bytes: number; budget_bytes: number; disk_bytes: number };
  partitions: Partition[];
  commits: { epoch: number; at: string; duration_ms: number }[];
  products: JobProduct[];
}

export interface Partition {
  source: string;
  partition: string;
  lag_records: number | null;
  watermark: string | null;
  position: number | null;
}

export interface JobProduct {
  name: string;
  version: number;
  rows: number;
  alerts: number;
  inputs: Counts[];
}

export interface Counts {
  name: string;
  in: number;
  used: number;
  filtered: number;
  duplicate: number;
  unmatched: number;
  rejected: number;
  late: number;
}

export interface Fault {
  product: string;
  port: string;
  at: string | null;
  code: string | null;
  reason: string;
  origin: { source: string; partition: string; position: number; line: number } | null;
  script: { file: string; line: number } | null;
  bytes: string | null;
  row: Record<string, unknown> | null;
}

export interface Faults {
  rows: Fault[];
  next: string | null;
  counts: { product: string; port: string; reason: string; count: number }[];
}
