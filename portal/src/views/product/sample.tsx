import { paths } from '../../api/paths';
import type { ProductDetail, Rows } from '../../api/types';
import { useLoad } from '../../api/use_load';
import { cell, instant } from '../../parts/format';
import { Await } from '../../parts/said';

/** Some rows, as the one who looks may see them. */
export function Sample({ data }: { data: ProductDetail }) {
  const rows = useLoad<Rows>(data.served ? paths.rows(`${data.product}@${data.version}`, 20) : undefined);
  if (!data.served) return <p>This server does not keep rows of this product.</p>;
  return <Await what={rows}>{(answer) => <Table answer={answer} columns={data.fields.map(({ name }) => name)} again={rows.reload} />}</Await>;
}

function Table({ answer, columns, again }: { answer: Rows; columns: string[]; again: () => void }) {
  const there = columns.filter((name) => answer.rows.some((row) => name in row));
  return (
    <>
      <p class="quiet">
        Epoch {answer.epoch}, watermark {instant(answer.watermark)}{' '}
        <button type="button" class="plain" onClick={again}>
          Read again
        </button>
      </p>
      {answer.rows.length === 0 ? (
        <p>There are no rows that you may see.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Sample rows">
          <table>
            <thead>
              <tr>
                {there.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {answer.rows.map((row, index) => (
                <tr key={index}>
                  {there.map((name) => (
                    <td key={name} class={typeof row[name] === 'number' ? 'number' : row[name] === null ? 'quiet' : 'value'}>
                      {cell(row[name])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
