import type { ReaderOf } from '../../api/types';

/** Who reads the product, by which fields: whom a change would break. */
export function Readers({ readers }: { readers: ReaderOf[] }) {
  if (readers.length === 0) return <p>No reader is known.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Readers">
      <table>
        <thead>
          <tr>
            <th scope="col">Reader</th>
            <th scope="col">Owner</th>
            <th scope="col">Purpose</th>
            <th scope="col">Fields</th>
          </tr>
        </thead>
        <tbody>
          {readers.map(({ reader, owner, fields, purpose }) => (
            <tr key={reader}>
              <th scope="row">{reader}</th>
              <td>{owner}</td>
              <td>{purpose ?? ''}</td>
              <td class="value">{fields.join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
