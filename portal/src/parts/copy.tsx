import { useEffect, useState } from 'preact/hooks';

/** A text to paste elsewhere, with a button that copies it. */
export function Snippet({ name, text }: { name: string; text: string }) {
  const [copied, setCopied] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setCopied(''), 4000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied('Copied');
    } catch {
      // Browsers have a clipboard for pages of https and of this machine alone.
      setCopied('Select the text and copy it');
    }
  };
  return (
    <div class="snippet">
      <pre tabIndex={0} aria-label={name}>
        <code>{text}</code>
      </pre>
      <button type="button" onClick={copy} aria-label={`Copy: ${name}`}>
        Copy
      </button>
      <span role="status" class="quiet">
        {copied}
      </span>
    </div>
  );
}
