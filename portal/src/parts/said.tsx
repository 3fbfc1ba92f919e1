import type { ComponentChildren } from 'preact';
import type { Loaded } from '../api/use_load';
import type { Problem } from '../api/problem';

/** An error of the server, as a sentence, with a way to try again. */
export function Said({ problem, again }: { problem: Problem; again?: () => void }) {
  return (
    <div class="said" role="alert">
      <p>{withCode(problem.message)}</p>
      {again !== undefined && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A text in which names stand in backticks. */
export function withCode(text: string): ComponentChildren {
  return text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

/** What has been loaded; until then a word about it. An error of a later answer stands above what was there. */
export function Await<T>({ what, children }: { what: Loaded<T>; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {what.problem !== undefined && <Said problem={what.problem} again={what.reload} />}
      {what.data !== undefined
        ? children(what.data)
        : what.problem === undefined && (
            <p class="quiet" role="status">
              Loading…
            </p>
          )}
    </>
  );
}
