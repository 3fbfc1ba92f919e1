import { Problem, problemOf } from './problem';
import { currentReader } from './token';

type Listener = (why: string) => void;
let tokenWanted: Listener = () => undefined;

/** Calls the listener, the only one, when the server asks who reads. */
export function onTokenWanted(listener: Listener): () => void {
  tokenWanted = listener;
  return () => {
    tokenWanted = () => undefined;
  };
}

/** Asks the server. A failure of any kind is a Problem. */
async function ask(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  const { token, purpose } = currentReader();
  if (token !== '') headers.set('Authorization', `Bearer ${token}`);
  if (purpose !== '') headers.set('Braid-Purpose', purpose);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (failure) {
    if (init.signal?.aborted) throw failure;
    throw problemOf(0, '', '');
  }
  if (!response.ok) {
    const problem = problemOf(response.status, response.headers.get('Content-Type') ?? '', await response.text());
    if (problem.status === 401) tokenWanted(problem.message);
    throw problem;
  }
  return response;
}

async function json<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new Problem(response.status, '', 'The server has sent something that is not JSON.');
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return json<T>(await ask(path, { signal, headers: { Accept: 'application/json' } }));
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
  return json<T>(await ask(path, { method: 'POST', headers, body: JSON.stringify(body) }));
}
