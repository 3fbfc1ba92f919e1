import type { ProductDetail } from '../../api/types';
import { toLineage } from '../../frame/route';
import { Label } from '../../parts/badge';

/** The fields with what they mean, who sees them masked, and the way to what they are made of. */
export function Fields({ data }: { data: ProductDetail }) {
  const roles = (name: string) => [
    data.key.includes(name) && 'key',
    data.event_time === name && 'event time',
    data.indexes.includes(name) && 'index',
  ];
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Fields">
      <table>
        <caption>{data.fields.length} fields</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Type</th>
            <th scope="col">Meaning</th>
            <th scope="col">Labels</th>
            <th scope="col">Mask</th>
          </tr>
        </thead>
        <tbody>
          {data.fields.map(({ name, type, doc, labels, mask }) => (
            <tr key={name}>
              <th scope="row">
                <a href={toLineage(data.product, { field: name })} aria-label={`${name}: what it is made of`}>
                  <code>{name}</code>
                </a>
              </th>
              <td>
                <code>{type}</code>
              </td>
              <td class="value">
                {doc} <span class="quiet">{roles(name).filter(Boolean).join(', ')}</span>
              </td>
              <td>
                {labels.map((label) => (
                  <Label key={label} name={label} />
                ))}
              </td>
              <td>{mask ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
