import { useMemo } from 'preact/hooks';
import { paths } from '../api/paths';
import type { Catalog, CatalogEntry } from '../api/types';
import { useLoad } from '../api/use_load';
import { toFind, toProduct } from '../frame/route';
import { Badge, Label } from '../parts/badge';
import { count } from '../parts/format';
import { Await } from '../parts/said';
import { choices, FACETS, found, queryOf, toggled, wantedOf, type Entry, type Wanted } from './find/search';

type Hit = CatalogEntry & Entry;

/** All products, by words that stand in them and by what they are. */
export function Find({ query }: { query: Record<string, string> }) {
  const catalog = useLoad<Catalog>(paths.catalog, 15_000);
  return (
    <>
      <h1>Find a product</h1>
      <Await what={catalog}>{({ products }) => <Search products={products} wanted={wantedOf(query)} />}</Await>
    </>
  );
}

function Search({ products, wanted }: { products: CatalogEntry[]; wanted: Wanted }) {
  const entries = useMemo<Hit[]>(() => products.map((one) => ({ ...one, id: `${one.product}@${one.version}` })), [products]);
  const hits = found(entries, wanted);
  // What is typed is no step to which the browser goes back.
  const change = (next: Wanted) => {
    history.replaceState(null, '', toFind(queryOf(next)));
    dispatchEvent(new HashChangeEvent('hashchange'));
  };
  return (
    <>
      <form role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          Search products, fields, owners, labels and docs
          <input
            type="search"
            value={wanted.text}
            onInput={(event) => change({ ...wanted, text: event.currentTarget.value })}
            autocomplete="off"
          />
        </label>
      </form>
      <div class="find">
        <section class="facets" aria-label="Filters">
          {FACETS.map((facet) => {
            const values = choices(entries, wanted, facet);
            if (values.length === 0) return null;
            return (
              <fieldset key={facet}>
                <legend>{facet[0]!.toUpperCase() + facet.slice(1)}</legend>
                {values.map(({ value, count: there }) => (
                  <label key={value}>
                    <input
                      type="checkbox"
                      checked={wanted[facet].includes(value)}
                      onChange={() => change(toggled(wanted, facet, value))}
                    />
                    {facet === 'label' ? `#${value}` : value} <span class="quiet">({there})</span>
                  </label>
                ))}
              </fieldset>
            );
          })}
        </section>
        <section aria-label="Products">
          <p role="status" class="quiet">
            {hits.length === entries.length ? `${count(hits.length)} products` : `${count(hits.length)} of ${count(entries.length)} products`}
          </p>
          {hits.length === 0 && (
            <p>
              No product fits. <a href={toFind()}>Show all</a>
            </p>
          )}
          <ul class="hits">
            {hits.map((hit) => (
              <Found key={hit.id} hit={hit} text={wanted.text} />
            ))}
          </ul>
        </section>
      </div>
    </>
  );
}

function Found({ hit, text }: { hit: Hit; text: string }) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const fields = words.length === 0 ? [] : hit.fields.filter((field) => words.some((word) => field.toLowerCase().includes(word)));
  return (
    <li>
      <div class="hit-head">
        <h2>
          <a href={toProduct(hit.id)}>{hit.product}</a> <span class="quiet">version {hit.version}</span>
        </h2>
        <Badge state={hit.status} />
        {hit.state !== 'active' && <Badge state={hit.state} />}
      </div>
      <p>{hit.doc.split('\n\n')[0]}</p>
      <p class="quiet small">
        {hit.kind}
        {hit.owner !== '' && ` of ${hit.owner}`}
        {!hit.served && ', not served here'}
        {fields.length > 0 && `, has ${fields.join(', ')}`}
      </p>
      {hit.labels.map((label) => (
        <Label key={label} name={label} />
      ))}
    </li>
  );
}
