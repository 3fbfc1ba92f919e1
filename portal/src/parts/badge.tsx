const TONES: Record<string, string> = {
  ok: 'good',
  running: 'good',
  active: 'good',
  granted: 'good',
  approved: 'good',
  recovered: 'good',
  'at risk': 'warn',
  requested: 'warn',
  deprecated: 'warn',
  draft: 'warn',
  recovering: 'warn',
  starting: 'warn',
  draining: 'warn',
  breached: 'bad',
  denied: 'bad',
  revoked: 'bad',
  failed: 'bad',
  retired: 'bad',
  expired: 'bad',
};

/** The state of something, as a word. Its colour says nothing that the word does not. */
export function Badge({ state }: { state: string }) {
  return <span class={`badge badge-${TONES[state] ?? 'none'}`}>{state}</span>;
}

export function Label({ name }: { name: string }) {
  return <span class="label">#{name.replace(/^#/, '')}</span>;
}
