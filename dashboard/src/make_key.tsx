// Makes a key: what it may do is asked, then the key is shown, this once.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from './api';
import { usePage } from './context';
import { Dialog, FormAnswers, useAction } from './dialogs';

interface Wish {
  name: string;
  user?: string;
  expires?: string;
  rpm?: number;
  max_inflight?: number;
  models?: string[];
}

const DAYS = [7, 30, 90, 365];

/** What the form's fields come to; empty ones are left out. */
export function wishOf(form: FormData): Wish {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  const models = text('models')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  return {
    name: text('name'),
    ...(text('user') && { user: text('user') }),
    ...(text('expires') && { expires: text('expires') }),
    ...(text('rpm') && { rpm: Number(text('rpm')) }),
    ...(text('max_inflight') && { max_inflight: Number(text('max_inflight')) }),
    ...(models.length > 0 && { models }),
  };
}

export function MakeKey({ close }: { close: () => void }) {
  const { say, live } = usePage();
  const [made, setMade] = useState<{ name: string; key: string } | null>(null);
  const { isBusy, why, run } = useAction();
  const submit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const wish = wishOf(new FormData(event.currentTarget));
    void run(async () => {
      const { key } = await ask<{ key: string }>('POST', '/api/keys', wish);
      setMade({ name: wish.name, key });
      live.refresh('accounts');
    });
  };
  if (made) return <KeyOnce made={made} close={close} />;
  return (
    <Dialog title={say('makeKey')} close={close}>
      <form onSubmit={submit}>
        <label class="field">
          {say('keyName')}
          <input name="name" required maxLength={128} autocomplete="off" />
        </label>
        <label class="field">
          {say('keyExpires')}
          <select name="expires">
            <option value="">{say('never')}</option>
            {DAYS.map((n) => (
              <option key={n} value={`${n}d`}>
                {say('days', { n })}
              </option>
            ))}
          </select>
        </label>
        <div class="pair">
          <label class="field">
            {say('keyRpm')}
            <input name="rpm" type="number" min={1} inputMode="numeric" />
          </label>
          <label class="field">
            {say('keyInflight')}
            <input name="max_inflight" type="number" min={1} inputMode="numeric" />
          </label>
        </div>
        <label class="field">
          {say('keyModels')}
          <input name="models" autocomplete="off" />
        </label>
        <label class="field">
          {say('keyOwner')}
          <input name="user" type="email" autocomplete="off" />
        </label>
        <FormAnswers why={why} isBusy={isBusy} submit={say('makeKey')} close={close} />
      </form>
    </Dialog>
  );
}

function KeyOnce({ made, close }: { made: { name: string; key: string }; close: () => void }) {
  const { say } = usePage();
  const [isCopied, setCopied] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.select(), []);
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(made.key);
      setCopied(true);
    } catch {
      field.current?.focus(); // without permission the selected text is there to copy
    }
  };
  return (
    <Dialog title={say('keyMade', { name: made.name })} close={close}>
      <p>{say('keyOnce')}</p>
      <label class="field">
        {say('theKey')}
        <textarea ref={field} class="secret" readOnly rows={2} value={made.key} />
      </label>
      <div class="answers">
        <button type="button" aria-live="polite" onClick={() => void copy()}>
          {say(isCopied ? 'copied' : 'copy')}
        </button>
        <button type="button" class="primary" onClick={close}>
          {say('keptIt')}
        </button>
      </div>
    </Dialog>
  );
}
