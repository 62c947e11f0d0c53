// The users: who brings clients in, who looks, who operates.

import { useState } from 'preact/hooks';
import { ask, pathOf } from './api';
import { usePage } from './context';
import { Dialog, FormAnswers, useAction } from './dialogs';
import { day } from './format';
import { Empty, Loading, Section } from './section';
import { ROLES, type User } from './types';

export function Users() {
  const { known, say } = usePage();
  return (
    <Section id="users" title="users" shows={['users']}>
      {!known.users && !known.refused['users'] && <Loading />}
      {known.users?.length === 0 && <Empty text={say('noUsers')} />}
      {known.users && known.users.length > 0 && <UserTable users={known.users} />}
    </Section>
  );
}

function UserTable({ users }: { users: User[] }) {
  const { say, language, mayAct } = usePage();
  return (
    <table class="card">
      <caption class="hidden">{say('users')}</caption>
      <thead>
        <tr>
          <th scope="col">{say('email')}</th>
          <th scope="col">{say('role')}</th>
          <th scope="col">{say('outerPorts')}</th>
          <th scope="col">{say('userSince')}</th>
          {mayAct && (
            <th scope="col">
              <span class="hidden">{say('edit')}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <tr key={user.id}>
            <th scope="row">{user.email}</th>
            <td data-label={say('role')}>
              <span class="pill">{say(user.role)}</span>
            </td>
            <td data-label={say('outerPorts')}>
              {user.ports === 'any' ? say('anyPort') : user.ports}
            </td>
            <td data-label={say('userSince')}>{day(user.created, language)}</td>
            {mayAct && (
              <td class="act">
                <Edit of={user} /> <Remove of={user} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Edit({ of }: { of: User }) {
  const { say } = usePage();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-label={say('editNamed', { name: of.email })}
        onClick={() => setOpen(true)}
      >
        {say('edit')}
      </button>
      {isOpen && <EditUser of={of} close={() => setOpen(false)} />}
    </>
  );
}

/** What the form's fields change of a user, each in a request of its own. */
export function changesOf(user: User, form: FormData): Record<string, string>[] {
  const wanted = { role: user.role as string, ports: user.ports };
  for (const name of ['role', 'ports'] as const) {
    wanted[name] = String(form.get(name) ?? '').trim() || wanted[name];
  }
  return [
    ...(wanted.role === user.role ? [] : [{ role: wanted.role }]),
    ...(wanted.ports === user.ports ? [] : [{ ports: wanted.ports }]),
  ];
}

function EditUser({ of, close }: { of: User; close: () => void }) {
  const { say, live, tell } = usePage();
  const { isBusy, why, run } = useAction();
  const submit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const changes = changesOf(of, new FormData(event.currentTarget));
    void run(async () => {
      for (const change of changes) await ask('PATCH', pathOf('users', of.email), change);
      live.refresh('accounts');
      if (changes.length > 0) tell(say('userChanged', { name: of.email }));
      close();
    });
  };
  return (
    <Dialog title={say('editTitle', { name: of.email })} close={close}>
      <form onSubmit={submit}>
        <label class="field">
          {say('role')}
          <select name="role">
            {ROLES.map((role) => (
              <option key={role} value={role} selected={role === of.role}>
                {say(role)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          {say('portsHint')}
          <input name="ports" required maxLength={1024} autocomplete="off" defaultValue={of.ports} />
        </label>
        <FormAnswers why={why} isBusy={isBusy} submit={say('save')} close={close} />
      </form>
    </Dialog>
  );
}

function Remove({ of }: { of: User }) {
  const { say, confirm, live, tell } = usePage();
  const name = of.email;
  const remove = () =>
    confirm({
      title: say('removeTitle', { name }),
      text: say('removeText'),
      answer: say('remove'),
      isDangerous: true,
      act: async () => {
        await ask('DELETE', pathOf('users', name));
        live.refresh('accounts');
        tell(say('removed', { name }));
      },
    });
  return (
    <button type="button" class="risky" aria-label={say('removeNamed', { name })} onClick={remove}>
      {say('remove')}
    </button>
  );
}
