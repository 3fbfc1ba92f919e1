import { useEffect, useRef, useState } from 'preact/hooks';
import { Find } from '../views/find';
import { Job } from '../views/job';
import { Lineage } from '../views/lineage';
import { Product } from '../views/product';
import { ReaderDialog } from './reader_dialog';
import { parseRoute, toFind, toJob, toLineage, type Route } from './route';
import { applyTheme, nextTheme, savedTheme } from './theme';

const TITLES: Record<Route['view'], string> = { find: 'Find', product: 'Product', lineage: 'Lineage', job: 'Job', unknown: 'Not found' };

function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = () => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

/** What the pages share: the way from one to the other, the theme, and who reads. */
export function App() {
  const route = useRoute();
  const [theme, setTheme] = useState(savedTheme);
  const main = useRef<HTMLElement>(null);
  const place = route.view === 'product' ? `product ${route.product}` : route.view;
  const before = useRef(place);

  useEffect(() => {
    document.title = `${route.view === 'product' ? route.product : TITLES[route.view]} · Braid`;
    // Who follows a link by keyboard or screen reader goes on at the new page, not at the link.
    if (before.current !== place) {
      main.current?.focus();
      scrollTo(0, 0);
    }
    before.current = place;
  }, [place]);

  const link = (view: Route['view'], href: string) => (
    <a href={href} aria-current={route.view === view ? 'page' : undefined}>
      {TITLES[view]}
    </a>
  );
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href={toFind()}>
          <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
            <path d="M3 6c9 0 9 12 18 12M3 18C12 18 12 6 21 6M3 12h4M17 12h4" />
          </svg>
          Braid
        </a>
        <nav aria-label="Pages">
          {link('find', toFind())}
          {link('lineage', toLineage())}
          {link('job', toJob())}
        </nav>
        <div class="top-end">
          <ReaderDialog />
          <button
            type="button"
            class="plain"
            onClick={() => {
              const next = nextTheme(theme);
              applyTheme(next);
              setTheme(next);
            }}
          >
            Theme: {theme}
          </button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Page route={route} />
      </main>
    </>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.view) {
    case 'find':
      return <Find query={route.query} />;
    case 'product':
      return <Product key={route.product} product={route.product} section={route.section} />;
    case 'lineage':
      return <Lineage focus={route.focus} query={route.query} />;
    case 'job':
      return <Job section={route.section} />;
    case 'unknown':
      return (
        <>
          <h1>Not found</h1>
          <p>
            There is no page <code>{route.path}</code>. <a href={toFind()}>Find a product</a>
          </p>
        </>
      );
  }
}
