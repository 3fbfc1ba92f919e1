import type { ProductDetail } from '../../api/types';
import { Snippet } from '../../parts/copy';
import { ways } from './snippets';

/** How each tool reads the product: ready to be pasted. */
export function Ways({ data, token }: { data: ProductDetail; token: boolean }) {
  const { product, version, key } = data;
  return (
    <>
      {!data.served && <p>This server does not keep rows of this product. Where it is served, these read it.</p>}
      {ways({ product, version, key, token, origin: location.origin }).map(({ name, note, text }) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          <p class="quiet">{note}</p>
          <Snippet name={name} text={text} />
        </section>
      ))}
    </>
  );
}
