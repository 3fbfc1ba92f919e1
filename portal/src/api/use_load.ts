import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { get } from './client';
import { Problem } from './problem';
import { onReader } from './token';

export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  reload: () => void;
}

/**
 * What the server has at a path. With `everyMs` it is asked for again and again, but not while the page is hidden. What was
 * there stays while a new answer is awaited, and when one fails. Another reader asks anew. Without a path nothing is asked.
 */
export function useLoad<T>(path: string | undefined, everyMs = 0): Loaded<T> {
  const [data, setData] = useState<T>();
  const [problem, setProblem] = useState<Problem>();
  const [loading, setLoading] = useState(path !== undefined);
  const [turn, setTurn] = useState(0);
  const shown = useRef(path);
  const reload = useCallback(() => setTurn((count) => count + 1), []);

  useEffect(() => onReader(reload), [reload]);
  useEffect(() => {
    if (shown.current !== path) {
      shown.current = path;
      setData(undefined);
      setProblem(undefined);
    }
    if (path === undefined) return setLoading(false);
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const once = async () => {
      if (!document.hidden || everyMs === 0) {
        try {
          const answer = await get<T>(path, ended.signal);
          if (ended.signal.aborted) return;
          setData(() => answer);
          setProblem(undefined);
        } catch (failure) {
          if (ended.signal.aborted) return;
          setProblem(failure instanceof Problem ? failure : new Problem(0, '', String(failure)));
        }
        setLoading(false);
      }
      if (everyMs > 0) timer = setTimeout(once, everyMs);
    };
    setLoading(true);
    void once();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, turn]);
  return { data, problem, loading, reload };
}
