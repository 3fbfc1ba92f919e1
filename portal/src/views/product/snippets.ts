/** What is known of a product that is read from here. */
export interface Readable {
  product: string;
  version: number;
  /** The address of the server, as the browser has it. */
  origin: string;
  key: string[];
  /** The server asks who reads. */
  token: boolean;
}

export interface Way {
  name: string;
  note: string;
  text: string;
}

const quoted = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;

/** The same product, as each tool reads it. What is pasted works as it stands; a token comes from the variable TOKEN. */
export function ways({ product, version, origin, key, token }: Readable): Way[] {
  const rows = `${origin}/v1/products/${product}@${version}/rows`;
  const header = token ? ` -H "Authorization: Bearer $TOKEN"` : '';
  const domain = product.split('.')[0]!;
  const name = product.slice(domain.length + 1);
  const table = `${domain}."${name}@${version}"`;
  const sql = `select * from ${table} limit 100`;
  const host = origin.replace(/^https?:\/\//, '');
  const way = (title: string, note: string, ...lines: string[]): Way => ({ name: title, note, text: lines.filter((line) => line !== '').join('\n') });
  return [
    way(
      'curl',
      'Rows as they are now, then what each commit changes.',
      `curl${header} ${quoted(`${rows}?limit=10`)}`,
      `curl -N${header} -H 'Accept: text/event-stream' ${quoted(rows.replace(/rows$/, 'changes?from=snapshot'))}`,
    ),
    way(
      'Python',
      'A table of Arrow; needs the packages requests and pyarrow.',
      `import io, ${token ? 'os, ' : ''}pyarrow, requests`,
      `answer = requests.post("${origin}/v1/query", data=${JSON.stringify(sql)},`,
      `                       headers={"Content-Type": "application/sql",`,
      token ? `                                "Authorization": f"Bearer {os.environ['TOKEN']}",` : '',
      `                                "Accept": "application/vnd.apache.arrow.stream"})`,
      'answer.raise_for_status()',
      'print(pyarrow.ipc.open_stream(io.BytesIO(answer.content)).read_all())',
    ),
    way(
      'DuckDB',
      'All rows as a Parquet file, with their types.',
      `curl${header} -H 'Accept: application/vnd.apache.parquet' -H 'Content-Type: application/sql' \\`,
      `  -d ${quoted(`select * from ${table}`)} -o ${name}.parquet ${origin}/v1/query`,
      `duckdb -c "select count(*) from '${name}.parquet'"`,
    ),
    way(
      'Excel',
      'Data → Get data → From other sources → OData feed, with this address; then choose the product.',
      `${origin}/odata`,
    ),
    way(
      'Braid',
      'In a script of another project.',
      `use ${product} version ${version}`,
    ),
    way(
      'Terminal',
      'Rows one a line; with --follow what each commit changes.',
      `braid read ${product}@${version}${key.length === 1 ? ' KEY' : ''} --at ${host}${token ? ' --token FILE' : ''}`,
    ),
  ];
}
