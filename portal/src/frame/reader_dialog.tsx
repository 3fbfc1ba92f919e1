import { useEffect, useRef, useState } from 'preact/hooks';
import { currentReader, onReader, setReader } from '../api/token';
import { onTokenWanted } from '../api/client';

/** Who reads: a token and a purpose. It opens by itself when the server asks who reads. */
export function ReaderDialog() {
  const [reader, setShown] = useState(currentReader);
  const [wanted, setWanted] = useState('');
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => onReader(() => setShown(currentReader())), []);
  useEffect(
    () =>
      onTokenWanted((why) => {
        setWanted(why);
        if (!dialog.current?.open) dialog.current?.showModal();
      }),
    [],
  );

  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setWanted('');
    dialog.current?.close();
    setReader({ token: String(form.get('token')).trim(), purpose: String(form.get('purpose')).trim() });
  };
  return (
    <>
      <button type="button" class="plain" onClick={() => dialog.current?.showModal()}>
        {reader.token === '' ? 'Token' : 'Token: given'}
      </button>
      <dialog ref={dialog} aria-labelledby="reader-title">
        <h2 id="reader-title">Who reads</h2>
        {wanted !== '' && <p role="alert">{wanted}</p>}
        <form onSubmit={save}>
          <label>
            Token
            <input name="token" type="password" autocomplete="off" spellcheck={false} value={reader.token} />
          </label>
          <label>
            Purpose
            <input name="purpose" autocomplete="off" spellcheck={false} value={reader.purpose} placeholder="one word, or nothing" />
          </label>
          <p class="quiet">Both are kept in this tab until it is closed, and are sent to this server only.</p>
          <div class="buttons">
            <button type="submit">Use</button>
            <button type="button" class="plain" onClick={() => setReader({ token: '', purpose: '' })}>
              Forget
            </button>
            <button type="button" class="plain" onClick={() => dialog.current?.close()}>
              Close
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
