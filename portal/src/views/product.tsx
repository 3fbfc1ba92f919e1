import { paths } from '../api/paths';
import type { Portal, ProductDetail } from '../api/types';
import { useLoad } from '../api/use_load';
import { toLineage, toProduct } from '../frame/route';
import { Badge, Label } from '../parts/badge';
import { instant } from '../parts/format';
import { Await, withCode } from '../parts/said';
import { Access } from './product/access';
import { Fields } from './product/fields';
import { Promises } from './product/promises';
import { Readers } from './product/readers';
import { Sample } from './product/sample';
import { Ways } from './product/ways';
import { Versions } from './product/versions';

const SECTIONS: [string, string][] = [
  ['', 'Fields'],
  ['promises', 'Promises'],
  ['rows', 'Sample rows'],
  ['read', 'How to read it'],
  ['versions', 'Versions'],
  ['readers', 'Readers'],
  ['access', 'Access'],
];

/** One product: what it is, what it promises, who reads it, and how one comes to read it. */
export function Product({ product, section }: { product: string; section: string }) {
  const detail = useLoad<ProductDetail>(paths.product(product), 5_000);
  const portal = useLoad<Portal>(paths.portal);
  return (
    <Await what={detail}>
      {(data) => (
        <>
          <Head data={data} />
          <nav class="tabs" aria-label="Parts of the product">
            {SECTIONS.map(([name, title]) => (
              <a key={name} href={toProduct(product, name)} aria-current={section === name ? 'page' : undefined}>
                {title}
              </a>
            ))}
          </nav>
          <Section section={section} data={data} portal={portal.data} />
        </>
      )}
    </Await>
  );
}

function Section({ section, data, portal }: { section: string; data: ProductDetail; portal: Portal | undefined }) {
  switch (section) {
    case 'promises':
      return <Promises promises={data.promises} />;
    case 'rows':
      return <Sample data={data} />;
    case 'read':
      return <Ways data={data} token={portal?.reader != null} />;
    case 'versions':
      return <Versions data={data} />;
    case 'readers':
      return <Readers readers={data.readers} />;
    case 'access':
      return <Access data={data} portal={portal} />;
    default:
      return <Fields data={data} />;
  }
}

function Head({ data }: { data: ProductDetail }) {
  return (
    <>
      <h1>{data.product}</h1>
      <p class="quiet">
        {data.kind}, version {data.version}
        {data.owner !== '' && (
          <>
            , of <a href={`mailto:${data.owner}`}>{data.owner}</a>
          </>
        )}{' '}
        · <a href={toLineage(data.product)}>Lineage</a>
      </p>
      <p class="doc">{withCode(data.doc)}</p>
      {data.labels.map((label) => (
        <Label key={label} name={label} />
      ))}
      <dl class="facts">
        <div>
          <dt>Promises</dt>
          <dd>
            <Badge state={data.status} />
          </dd>
        </div>
        <div>
          <dt>State</dt>
          <dd>
            <Badge state={data.state} />
          </dd>
        </div>
        <div>
          <dt>Key</dt>
          <dd>{data.key.length === 0 ? 'none' : data.key.join(', ')}</dd>
        </div>
        <div>
          <dt>Watermark</dt>
          <dd>{instant(data.watermark)}</dd>
        </div>
        <div>
          <dt>Epoch</dt>
          <dd>{data.epoch ?? 'not served here'}</dd>
        </div>
      </dl>
    </>
  );
}
