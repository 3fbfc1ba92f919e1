/** What the server has said instead of an answer, as a sentence for people. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
  ) {
    super(detail);
  }
}

const MEANINGS: Record<number, string> = {
  0: 'The server does not answer. It may have been stopped.',
  401: 'The server wants to know who reads. Give a token.',
  403: 'You may not see this.',
  404: 'The server does not have this.',
  410: 'What was asked for is not kept any more.',
  429: 'The server has had too many requests from this reader. Try again in a moment.',
  501: 'This server does not do that.',
  503: 'The job has not begun, or it ends. Try again in a moment.',
};

/** The problem of an answer: RFC 9457 says what stands in its body; others have a text, or nothing. */
export function problemOf(status: number, type: string, body: string): Problem {
  const fallback = MEANINGS[status] ?? `The server has answered ${status}.`;
  if (type.includes('json')) {
    try {
      const { title, detail } = JSON.parse(body) as { title?: string; detail?: string };
      return new Problem(status, title ?? '', sentence(detail ?? title ?? fallback));
    } catch {
      return new Problem(status, '', fallback);
    }
  }
  const text = body.trim();
  const readable = type.startsWith('text/plain') && text !== '' && text.length < 300;
  return new Problem(status, '', readable ? sentence(text) : fallback);
}

/** With a capital in front and a full stop behind. Names in backticks stay as they are. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const begun = trimmed[0]!.toUpperCase() + trimmed.slice(1);
  return /[.!?:]$/.test(begun) ? begun : `${begun}.`;
}
