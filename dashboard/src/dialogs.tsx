// Dialogs: the browser's own, which keeps the focus inside and gives it back.

import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { usePage, type Question } from './context';

interface DialogProps {
  title: string;
  close: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, close, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

/** Runs what a dialog was asked to do: whether it runs, and why it failed. */
export function useAction(): {
  isBusy: boolean;
  why: string;
  run: (act: () => Promise<void>) => Promise<void>;
} {
  const [isBusy, setBusy] = useState(false);
  const [why, setWhy] = useState('');
  const run = async (act: () => Promise<void>) => {
    setBusy(true);
    setWhy('');
    try {
      await act();
    } catch (problem) {
      setWhy(problem instanceof Error ? problem.message : String(problem));
    }
    setBusy(false);
  };
  return { isBusy, why, run };
}

export const Why = ({ why }: { why: string }) => (
  <div role="alert">{why && <p class="notice bad">{why}</p>}</div>
);

interface FormAnswersProps {
  why: string;
  isBusy: boolean;
  submit: string;
  close: () => void;
}

/** How a form ends: why it was refused, the way out, and the button that sends it. */
export function FormAnswers({ why, isBusy, submit, close }: FormAnswersProps) {
  const { say } = usePage();
  return (
    <>
      <Why why={why} />
      <div class="answers">
        <button type="button" onClick={close}>
          {say('cancel')}
        </button>
        <button type="submit" class="primary" disabled={isBusy}>
          {submit}
        </button>
      </div>
    </>
  );
}

export function Confirm({ question, close }: { question: Question; close: () => void }) {
  const { say } = usePage();
  const { isBusy, why, run } = useAction();
  const answer = () =>
    run(async () => {
      await question.act();
      close();
    });
  return (
    <Dialog title={question.title} close={close}>
      <p>{question.text}</p>
      <Why why={why} />
      <div class="answers">
        <button type="button" onClick={close}>
          {say('cancel')}
        </button>
        <button
          type="button"
          class={question.isDangerous ? 'danger' : 'primary'}
          disabled={isBusy}
          onClick={() => void answer()}
        >
          {question.answer}
        </button>
      </div>
    </Dialog>
  );
}
