import { useState } from 'preact/hooks';
import { post } from '../../api/client';
import { paths } from '../../api/paths';
import { Problem } from '../../api/problem';
import type { AccessRequest, Portal, ProductDetail } from '../../api/types';
import { useLoad } from '../../api/use_load';
import { Badge } from '../../parts/badge';
import { fromNow, instant } from '../../parts/format';
import { Await, Said } from '../../parts/said';

/** Who has asked to read the product, and what became of it. Whoever may decide does so here. */
export function Access({ data, portal }: { data: ProductDetail; portal: Portal | undefined }) {
  const here = portal?.access ?? false;
  const requests = useLoad<{ requests: AccessRequest[] }>(here ? paths.requests(`${data.product}@${data.version}`) : undefined, 5_000);
  if (portal === undefined) return null;
  if (!here) return <p>This project has no registry, so access is what its scripts say.</p>;
  return (
    <>
      {data.you.may_read && <p>You may read this product.</p>}
      <Ask data={data} done={requests.reload} />
      <h2>Requests</h2>
      <Await what={requests}>
        {({ requests: list }) =>
          list.length === 0 ? (
            <p class="quiet">Nobody has asked.</p>
          ) : (
            <ul class="hits">
              {list.map((request) => (
                <Request key={request.id} request={request} mayDecide={data.you.may_decide} done={requests.reload} />
              ))}
            </ul>
          )
        }
      </Await>
    </>
  );
}

/** Runs something that the server may refuse; what it says then is shown. */
function useAction() {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const run = async (action: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await action();
    } catch (failure) {
      setProblem(failure instanceof Problem ? failure : new Problem(0, '', String(failure)));
    }
    setBusy(false);
  };
  return { problem, busy, run };
}

function Ask({ data, done }: { data: ProductDetail; done: () => void }) {
  const { problem, busy, run } = useAction();
  const [made, setMade] = useState<AccessRequest>();
  const ask = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const columns = form.getAll('columns').map(String);
    void run(async () => {
      setMade(
        await post<AccessRequest>(paths.request, {
          product: data.product,
          version: data.version,
          purpose: String(form.get('purpose')).trim(),
          until: String(form.get('until')).trim(),
          ...(columns.length > 0 && { columns }),
        }),
      );
      done();
    });
  };
  return (
    <details open={!data.you.may_read}>
      <summary>Ask for access</summary>
      <form class="narrow" onSubmit={ask}>
        <label>
          Purpose
          <input name="purpose" required autocomplete="off" placeholder="one word, such as reporting" />
        </label>
        <label>
          Until
          <input name="until" required autocomplete="off" placeholder="2027-01-01, or 30d" />
        </label>
        <fieldset>
          <legend>Fields; without a choice all of them</legend>
          <div class="choices">
            {data.fields.map(({ name }) => (
              <label key={name}>
                <input type="checkbox" name="columns" value={name} /> {name}
              </label>
            ))}
          </div>
        </fieldset>
        <button type="submit" disabled={busy}>
          Ask
        </button>
      </form>
      {problem !== undefined && <Said problem={problem} />}
      {made !== undefined && (
        <p class="said said-good" role="status">
          Request {made.id} is with the owner. Its answer will stand below.
        </p>
      )}
    </details>
  );
}

function Request({ request, mayDecide, done }: { request: AccessRequest; mayDecide: boolean; done: () => void }) {
  const { problem, busy, run } = useAction();
  const [because, setBecause] = useState('');
  const { id, by, purpose, until, columns, state, decided_by: decidedBy, because: reason } = request;
  const decide = (decision: string) =>
    run(async () => {
      await post(paths.decide(id), { decision, ...(because.trim() !== '' && { because: because.trim() }) });
      setBecause('');
      done();
    });
  const decisions = state === 'requested' ? ['approve', 'deny'] : state === 'granted' ? ['revoke'] : [];
  const title = (word: string) => word[0]!.toUpperCase() + word.slice(1);
  return (
    <li aria-label={`Request ${id}`}>
      <p>
        <Badge state={state} /> <strong>{by}</strong> for {purpose}
        {until !== null && `, until ${instant(until)} (${fromNow(until, Date.now())})`}
      </p>
      <p class="quiet small">
        request {id}
        {columns !== null && `, fields ${columns.join(', ')}`}
        {decidedBy !== null && `, decided by ${decidedBy}`}
        {reason !== null && reason !== '' && `: ${reason}`}
      </p>
      {mayDecide && decisions.length > 0 && (
        <div class="buttons">
          <input aria-label={`Reason for request ${id}`} placeholder="because" value={because} onInput={(event) => setBecause(event.currentTarget.value)} />
          {decisions.map((decision) => (
            <button
              key={decision}
              type="button"
              class={decision === 'approve' ? '' : 'plain'}
              disabled={busy}
              aria-label={`${title(decision)} request ${id}`}
              onClick={() => decide(decision)}
            >
              {title(decision)}
            </button>
          ))}
        </div>
      )}
      {problem !== undefined && <Said problem={problem} />}
    </li>
  );
}
