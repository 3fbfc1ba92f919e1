import type { ProductDetail } from '../../api/types';
import { toProduct } from '../../frame/route';
import { Badge } from '../../parts/badge';
import { fromNow, instant } from '../../parts/format';

/** The versions of a product, and how long each of them is still there. */
export function Versions({ data }: { data: ProductDetail }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Versions">
      <table>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">State</th>
            <th scope="col">Published</th>
            <th scope="col">Ends</th>
          </tr>
        </thead>
        <tbody>
          {data.versions.map(({ version, minor, state, published, ends }) => (
            <tr key={version}>
              <th scope="row">
                <a href={toProduct(`${data.product}@${version}`)}>
                  {version}
                  {minor !== null && `.${minor}`}
                </a>
                {version === data.version && <span class="quiet"> this one</span>}
              </th>
              <td>
                <Badge state={state} />
              </td>
              <td>{published === null ? 'not published' : instant(published)}</td>
              <td>{ends === null ? 'no end' : `${fromNow(ends, Date.now())}, on ${instant(ends)}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
